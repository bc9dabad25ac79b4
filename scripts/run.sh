#!/usr/bin/env bash
# Starts voice-host, for a browser on this machine and for a real telephone number.   scripts/run.sh [PORT] [AGENTS]
#
#   HOST=0.0.0.0                            also for other machines; the page with the call button is not for them
#   PUBLIC_URL=https://agent.example.com    how Twilio reaches it, if the proxy does not pass the Host header on
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
port=${1:-8080}
agents=${2:-examples/agents}
host=${HOST:-127.0.0.1}
cat <<TEXT
To let a Twilio number call this machine:
  1. Make port $port reachable over https, with a reverse proxy or a tunnel, for example at https://agent.example.com
     (HOST=0.0.0.0 if the proxy runs on another machine)
  2. In Twilio's console, Phone Numbers > your number > Voice > "A call comes in":
     Webhook, https://agent.example.com/twilio/voice/receptionist, HTTP POST
  3. Call the number.
Set PUBLIC_URL=https://agent.example.com if the proxy does not pass the Host header on.

TEXT
exec dist/bin/voice-host serve --agents "$agents" --host "$host" --port "$port" ${PUBLIC_URL:+--public-url "$PUBLIC_URL"}

#!/usr/bin/env bash
# Starts voice-host for a real telephone number.   scripts/run.sh [PORT] [AGENTS]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
port=${1:-8080}
agents=${2:-examples/agents}
cat <<TEXT
To let a Twilio number call this machine:
  1. Make port $port reachable over https, with a reverse proxy or a tunnel, for example at https://agent.example.com
  2. In Twilio's console, Phone Numbers > your number > Voice > "A call comes in":
     Webhook, https://agent.example.com/twilio/voice/receptionist, HTTP POST
  3. Call the number.
Set PUBLIC_URL=https://agent.example.com if the proxy does not pass the Host header on.

TEXT
exec dist/bin/voice-host serve --agents "$agents" --host 0.0.0.0 --port "$port" ${PUBLIC_URL:+--public-url "$PUBLIC_URL"}

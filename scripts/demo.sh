#!/usr/bin/env bash
# The demo: a real call on local models, from a recorded human voice to a picture.   make demo
#
# Starts voice-host, places a call to it as Twilio would, prints the conversation as it happens and where the time of
# each turn went, and leaves demo-output/call.wav (left the caller, right the agent as played), demo-output/timeline.svg,
# demo-output/call.json and the logs.
#
#   VOICE_HOST, VOICE_LAB, LD_LIBRARY_PATH   other builds than dist/ and .build/release/
#   DEMO_AGENTS=DIR DEMO_AGENT=NAME          another agent than examples/agents' receptionist
#   DEMO_SCENARIO=FILE DEMO_OUTPUT=DIR
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  sed -n '2,10s/^# \{0,1\}//p' "$0"
  exit
fi

output=${DEMO_OUTPUT:-demo-output}
agents=${DEMO_AGENTS:-examples/agents}
agent=${DEMO_AGENT:-receptionist}
scenario=${DEMO_SCENARIO:-examples/demo/call.json}

# Run alone, it gets what it needs; under make all of this is done already and takes no time.
scripts/system-packages.sh
if [[ -z ${VOICE_HOST:-} && ! -x dist/bin/voice-host ]]; then make build; fi
if [[ -z ${VOICE_LAB:-} && ! -x .build/release/voice-lab ]]; then make build; fi
[[ -n ${DEMO_NO_MODELS:-} ]] || scripts/models/fetch.sh

source scripts/demo/host.sh
need_program "$voice_host"
need_program "$voice_lab"

mkdir -p "$output"
rm -f "$output"/{events.jsonl,host.log,call.wav,call.json,timeline.svg}
scripts/demo/caller-audio.sh "$output/caller"

port=$(free_port)
echo "Starting voice-host on port $port; it loads the models …"
"$voice_host" serve --agents "$agents" --port "$port" --events "$output/events.jsonl" > "$output/host.log" 2>&1 &
host=$!
started+=("$host")
wait_ready "http://127.0.0.1:$port/readyz" "$host" 120 "$output/host.log"

status=0
"$voice_lab" call --plain --url "http://127.0.0.1:$port/twilio/voice/$agent" --scenario "$scenario" \
  --sounds "$output/caller" --events "$output/events.jsonl" --out "$output" || status=$?
echo "  $output/events.jsonl (the engine's events)"
echo "  $output/host.log"
exit "$status"

#!/usr/bin/env bash
# Every step of every provider is failed in turn, in real calls to a real voice-host.   scripts/failures.sh
#
# Scripted providers on the loopback interface, plain and TLS; one agent for each fault; one short call to each agent, all
# at the same time. After each the caller has heard an answer or an apology, or the agent has ended the call, within the
# limit; after all of them the host has no calls, sockets or descriptors left. Ends with "failures: N passed, M failed".
#
#   FAILURES_ONLY=TEXT       only agents whose name contains TEXT
#   FAILURES_LIMIT_MS=15000  within which the caller must hear something or the call must end
#   FAILURES_PARALLEL=75     calls at the same time
#   FAILURES_OUTPUT=DIR      logs, default failures-output
#   VOICE_HOST, VOICE_LAB, LD_LIBRARY_PATH   other builds than dist/ and .build/release/
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  sed -n '2,12s/^# \{0,1\}//p' "$0"
  exit
fi

output=${FAILURES_OUTPUT:-failures-output}
source scripts/demo/host.sh
need_program "$voice_host"
need_program "$voice_lab"
ulimit -n "$(ulimit -Hn)"
rm -rf "$output"
mkdir -p "$output"

"$voice_lab" providers --port 0 --tls-dir "$output/tls" --log "$output/providers.jsonl" \
  --llm-text "Certainly TAG we are open until six." > "$output/providers.log" 2>&1 &
started+=("$!")
port_of() { sed -n "s/^$1 //p" "$output/providers.log"; }
for _ in $(seq 300); do
  [[ -n $(port_of ready) ]] && break
  sleep 0.1
done
[[ -n $(port_of ready) ]] || { echo "failures: the providers did not start: $output/providers.log" >&2; exit 1; }

python3 -B scripts/failures/matrix.py "$output" --plain "$(port_of ready)" --tls "$(port_of ready-tls)" \
  --closed "$(free_port)" --only "${FAILURES_ONLY:-}"

port=$(free_port)
# The scripted providers take any key. Their certificate authority is the only one that the host trusts.
SSL_CERT_FILE="$output/tls/ca.pem" VOICE_LAB_KEY=lab "$voice_host" serve --agents "$output/agents" --port "$port" \
  --events "$output/events.jsonl" --log-level info > "$output/host.log" 2>&1 &
host=$!
started+=("$host")
wait_ready "http://127.0.0.1:$port/readyz" "$host" 60 "$output/host.log"

python3 -B scripts/failures/watch.py "$output" --host "$port" --pid "$host" --providers "$(port_of ready)" \
  --lab "$voice_lab" --limit-ms "${FAILURES_LIMIT_MS:-15000}" --parallel "${FAILURES_PARALLEL:-75}"

#!/usr/bin/env bash
# voice-host beside pipecat and a bare relay: the same callers and scripted providers, one after the other.   make bench-peer
#
# Each server has the first processor for itself, with two processors or more. pipecat comes from PyPI into
# .build/peer-venv. Writes BENCH_OUTPUT/peer.md and prints it.
#
#   BENCH_CALLS=10,100   levels of concurrent calls at voice-host     BENCH_SECONDS=21   measured at each level
#   BENCH_PEER="relay:100 transcripts:10,20,30 silero:5,10"   at the relay, and at pipecat by what tells it turns
#   BENCH_PIN=0          no pinning                                   BENCH_OUTPUT=DIR   default bench-output
#   VOICE_HOST, VOICE_LAB, LD_LIBRARY_PATH                            other builds than dist/ and .build/release/
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  sed -n '2,10s/^# \{0,1\}//p' "$0"
  exit
fi

output=${BENCH_OUTPUT:-bench-output}/peer
calls=${BENCH_CALLS:-10,100}
peers=${BENCH_PEER:-relay:100 transcripts:10,20,30 silero:5,10}
seconds=${BENCH_SECONDS:-21}
source scripts/demo/host.sh
# Both servers alike: the peer begins no answer ahead of time, and turns that were begun so do not show what is added.
BENCH_REALTIME=0
BENCH_SPECULATE=0
source scripts/bench/setup.sh
need_program "$voice_host"
need_program "$voice_lab"
# A call is two descriptors here and four at the host.
ulimit -n "$(ulimit -Hn)"

# The peer, once for each version of it.
requirements=scripts/bench/peer/requirements.txt
venv=$PWD/.build/peer-venv
marker=$venv/.ready-$(cksum < "$requirements" | cut -d' ' -f1)
if [[ ! -e $marker ]]; then
  echo "bench-peer: installing pipecat into $venv"
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q --disable-pip-version-check -r "$requirements"
  # Each call's clients load the certificates of all authorities, 0.1 s that no other call of the process is served.
  # Here nobody speaks TLS: one certificate does.
  sed '/-----BEGIN/,/-----END/!d; /-----END/q' "$("$venv/bin/python" -m certifi)" > "$venv/one-authority.pem"
  touch "$marker"
fi

rm -rf "$output"
mkdir -p "$output"

# measure NAME LEVELS URL PID: the callers against one server; then ends it and its providers. A level without a whole
# call is a result, not a failure of the script.
measure() {
  local name=$1 levels=$2 url=$3 pid=$4
  share_processors
  echo "bench-peer: $name"
  "$voice_lab" bench --plain --url "$url" --pid "$pid" --calls "$levels" --seconds "$seconds" \
    --provider-log "$output/$name/providers.jsonl" --out "$output/$name.json" "${speech[@]}" "${pin[@]}" \
    > "$output/$name/report.txt" || [[ -s $output/$name.json ]] || { cat "$output/$name/report.txt" >&2; exit 1; }
  stop_all
  started=()
}

mkdir -p "$output/voice-host"
start_providers "$output/voice-host"
start_voice_host "$output/voice-host"
measure voice-host "$calls" "$host_url/twilio/voice/bench" "$host_pid"

on_first=()
[[ ${#pin[@]} == 0 ]] || on_first=(taskset -c 0)
for peer in $peers; do
  turns=${peer%%:*}
  name=pipecat-$turns
  program=(bot.py --turns "$turns")
  if [[ $turns == relay ]]; then
    name=relay
    program=(relay.py)
  fi
  mkdir -p "$output/$name"
  start_providers "$output/$name"
  port=$(free_port)
  # From the start on its processor, so that thread pools are made for one.
  SSL_CERT_FILE=$venv/one-authority.pem "${on_first[@]}" "$venv/bin/python" -B \
    scripts/bench/peer/"${program[0]}" "${program[@]:1}" --port "$port" --providers "$provider_port" \
    > "$output/$name/host.log" 2>&1 &
  started+=("$!")
  wait_ready "http://127.0.0.1:$port/readyz" "${started[-1]}" 120 "$output/$name/host.log"
  measure "$name" "${peer#*:}" "http://127.0.0.1:$port/twilio/voice/bench" "${started[-1]}"
done

python3 scripts/bench/peer/report.py "$output" | tee "$output.md"
echo "Written: $output.md; the whole reports are in $output/"

#!/usr/bin/env bash
# The load benchmark: simulated callers and scripted providers around a real voice-host.   make bench
#
# Three processes: the host alone (its CPU and memory are what is reported), the providers, the callers. With two
# processors or more the host gets the first one for itself.
#
#   BENCH_CALLS=10,50,100   levels of concurrent calls     BENCH_SECONDS=42   measured at each level
#   BENCH_TLS=1             TLS on every leg: callers, recogniser, model, voice
#   BENCH_PIN=0             no pinning                     BENCH_OUTPUT=DIR   default bench-output
#   BENCH_SPECULATE=0       no answer is begun ahead of its turn's end: what the engine adds to a turn shows in all of them
#   BENCH_REALTIME=1        host and callers under SCHED_FIFO: for more calls than the other processors can simulate
#   VOICE_HOST, VOICE_LAB, LD_LIBRARY_PATH                 other builds than dist/ and .build/release/
#
# With several levels it also draws BENCH_OUTPUT/bench.svg. In place of the levels, one of these:
#
#   BENCH_BURST=1000        so many calls arrive within BENCH_BURST_MS=1000: when is each of them answered? Twice: with a
#                           greeting recorded ahead and with one that is spoken live; and a third time with admission
#                           limits (BENCH_ADMISSION, a JSON object as in docs/server.md), where calls are refused
#   BENCH_SHORT=100000      so many calls of a few frames, BENCH_AT_ONCE=32 at a time; ends with 1 when memory grows
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  sed -n '2,19s/^# \{0,1\}//p' "$0"
  exit
fi

output=${BENCH_OUTPUT:-bench-output}
calls=${BENCH_CALLS:-10,50,100}
seconds=${BENCH_SECONDS:-42}
source scripts/demo/host.sh
source scripts/bench/setup.sh
need_program "$voice_host"
need_program "$voice_lab"
# A call is two descriptors here and four at the host.
ulimit -n "$(ulimit -Hn)"
mkdir -p "$output"

never_refuses='{"admission": {"late_ms": 0}, "limits": {"connections": 16384, "waiting_connections": 8192}}'

# burst NAME AGENT [OPTION...]: a host of its own, so that memory begins at the same place.
burst() {
  local name=$1 agent=$2
  shift 2
  mkdir -p "$output/$name"
  start_providers "$output/$name"
  start_voice_host "$output/$name"
  share_processors
  # The greeting is recorded while the host takes calls already.
  sleep 2
  "$voice_lab" burst "${trust[@]}" --url "$host_url/twilio/voice/$agent" --pid "$host_pid" --calls "$BENCH_BURST" \
    --within-ms "${BENCH_BURST_MS:-1000}" --out "$output/$name.json" "${pin[@]}" "$@" || status=1
  stop_all
  started=()
}

if [[ -n ${BENCH_BURST:-} ]]; then
  status=0
  # Refusing while frames are late is what the third run is about.
  BENCH_SETTINGS=$never_refuses
  echo "A greeting recorded ahead: all of it is the engine's own time."
  burst burst bench
  echo
  echo "A greeting that is spoken live: the scripted voice takes 80 ms."
  burst burst-live bench-live --provider-log "$output/burst-live/providers.jsonl"
  admission=${BENCH_ADMISSION:-"{\"calls_per_second\": 200, \"burst\": 50}"}
  echo
  echo "Admission limits $admission: the rest is refused."
  BENCH_SETTINGS="{\"admission\": $admission}"
  burst burst-limited bench --may-refuse
  exit "$status"
fi

[[ -z ${BENCH_SHORT:-} ]] || BENCH_SETTINGS=$never_refuses
start_providers "$output"
start_voice_host "$output"
share_processors
if [[ -n ${BENCH_SHORT:-} ]]; then
  "$voice_lab" short "${trust[@]}" --url "$host_url/twilio/voice/bench" --pid "$host_pid" --calls "$BENCH_SHORT" \
    --at-once "${BENCH_AT_ONCE:-32}" --out "$output/short.json" "${pin[@]}"
  exit
fi
"${realtime[@]}" "$voice_lab" bench --plain "${trust[@]}" --url "$host_url/twilio/voice/bench" --pid "$host_pid" \
  --provider-pid "$provider_pid" --calls "$calls" --seconds "$seconds" --provider-log "$output/providers.jsonl" \
  --out "$output/bench.json" "${speech[@]}" "${pin[@]}"
if [[ $calls == *,* ]]; then
  python3 -B scripts/bench/plot.py "$output/bench.json" "$output/bench.svg"
  echo "Plot: $output/bench.svg"
fi
echo "Host log: $output/host.log"

#!/usr/bin/env bash
# Measures the engine from within, on one processor: calls over the C ABI alone, set-up, short calls.   make bench-engine
#
#   BENCH_CALLS=100,1000,4000   levels of concurrent calls     BENCH_SECONDS=42   measured at each level
#   BENCH_SHORT=100000          short calls                    BENCH_OUTPUT=DIR   default bench-output
#   BENCH_PIN=0                 the processor; none: no pinning
#   BENCH_HOST_CORE=1           the host's threads apart from the engine's loop, on this processor
#   VOICE_BENCH                 another build than .build/release/voice-bench
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  sed -n '2,8s/^# \{0,1\}//p' "$0"
  exit
fi

output=${BENCH_OUTPUT:-bench-output}
bench=${VOICE_BENCH:-.build/release/voice-bench}
[[ -x $bench ]] || { echo "voice-bench: there is no $bench (make build)" >&2; exit 1; }
# Every call has a descriptor for its events.
ulimit -n "$(ulimit -Hn)"
mkdir -p "$output"

pin=()
core=()
case ${BENCH_PIN:-0} in
  none) ;;
  *)
    processors=${BENCH_PIN:-0}
    if [[ -n ${BENCH_HOST_CORE:-} ]]; then
      processors=$processors,$BENCH_HOST_CORE
      core=(--host-core "$BENCH_HOST_CORE")
    fi
    pin=(taskset -c "$processors")
    ;;
esac

source scripts/bench/speech.sh

"${pin[@]}" "$bench" calls --calls "${BENCH_CALLS:-100,1000,4000}" --seconds "${BENCH_SECONDS:-42}" "${speech[@]}" \
  "${core[@]}" --out "$output/calls.json"
"${pin[@]}" "$bench" create --out "$output/create.json"
"${pin[@]}" "$bench" short --count "${BENCH_SHORT:-100000}" --out "$output/short.json"

#!/usr/bin/env bash
# The load benchmark: simulated callers and scripted providers around a real voice-host.   make bench
#
# Three processes: the host alone (its CPU and memory are what is reported), the providers, the callers. With two
# processors or more the host gets the first one for itself.
#
#   BENCH_CALLS=10,50,100   levels of concurrent calls     BENCH_SECONDS=42   measured at each level
#   BENCH_TLS=1             TLS on every leg: callers, recogniser, model, voice
#   BENCH_PIN=0             no pinning                     BENCH_OUTPUT=DIR   default bench-output
#   VOICE_HOST, VOICE_LAB, LD_LIBRARY_PATH                 other builds than dist/ and .build/release/
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  sed -n '2,10s/^# \{0,1\}//p' "$0"
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
start_providers "$output"
start_voice_host "$output"
pin_providers
"$voice_lab" bench --plain "${trust[@]}" --url "$host_url/twilio/voice/bench" --pid "$host_pid" --provider-pid "$provider_pid" --calls "$calls" \
  --seconds "$seconds" --provider-log "$output/providers.jsonl" --out "$output/bench.json" "${speech[@]}" "${pin[@]}"
echo "Host log: $output/host.log"

#!/usr/bin/env bash
# The load benchmark: simulated callers and scripted providers around a real voice-host.   make bench
#
# Three processes: the host alone (its CPU and memory are what is reported), the providers, the callers. With two
# processors or more the host gets the first one for itself.
#
#   BENCH_CALLS=10,50,100   levels of concurrent calls     BENCH_SECONDS=42   measured at each level
#   BENCH_PIN=0             no pinning                     BENCH_OUTPUT=DIR   default bench-output
#   VOICE_HOST, VOICE_LAB, LD_LIBRARY_PATH                 other builds than dist/ and .build/release/
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  sed -n '2,9s/^# \{0,1\}//p' "$0"
  exit
fi

output=${BENCH_OUTPUT:-bench-output}
calls=${BENCH_CALLS:-10,50,100}
seconds=${BENCH_SECONDS:-42}
source scripts/demo/host.sh
need_program "$voice_host"
need_program "$voice_lab"
# A call is two descriptors here and four at the host.
ulimit -n "$(ulimit -Hn)"

rm -rf "$output/agents"
mkdir -p "$output/agents"
: > "$output/providers.jsonl"

# Two sentences of a few seconds: 21 s hold three turns and an interruption.
"$voice_lab" providers --port 0 --log "$output/providers.jsonl" \
  --llm-text "Certainly TAG we are open until six. Just tell me TAG when you would like to come and see us." \
  > "$output/providers.log" 2>&1 &
providers=$!
started+=("$providers")
provider_port=
for _ in $(seq 100); do
  provider_port=$(sed -n 's/^ready //p' "$output/providers.log")
  [[ -n $provider_port ]] && break
  sleep 0.1
done
[[ -n $provider_port ]] || { echo "bench: the providers did not start: $output/providers.log" >&2; exit 1; }
sed "s/PORT/$provider_port/g" examples/demo/bench-agent.json > "$output/agents/bench.json"

port=$(free_port)
# The scripted providers take any key.
VOICE_LAB_KEY=lab "$voice_host" serve --agents "$output/agents" --port "$port" --max-calls 4096 --loops 1 \
  --log-level warning > "$output/host.log" 2>&1 &
host=$!
started+=("$host")
wait_ready "http://127.0.0.1:$port/readyz" "$host" 60 "$output/host.log"

# Recorded speech, where there is any: voice detectors are made for it. Two sentences without a pause inside.
sounds=/usr/share/asterisk/sounds/en_US_f_Allison
speech=()
if [[ -f $sounds/vm-num-i-have.wav && -f $sounds/one-moment-please.wav ]]; then
  speech=(--utterance "$sounds/vm-num-i-have.wav" --interruption "$sounds/one-moment-please.wav")
fi

pin=()
processors=$(nproc)
if ((processors >= 2)) && [[ ${BENCH_PIN:-1} != 0 ]]; then
  taskset -a -p -c "1-$((processors - 1))" "$providers" > /dev/null
  pin=(--pin-host 0 --pin-lab "1-$((processors - 1))")
fi
"$voice_lab" bench --plain --url "http://127.0.0.1:$port/twilio/voice/bench" --pid "$host" --calls "$calls" \
  --seconds "$seconds" --provider-log "$output/providers.jsonl" --out "$output/bench.json" "${speech[@]}" "${pin[@]}"
echo "Host log: $output/host.log"

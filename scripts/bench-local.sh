#!/usr/bin/env bash
# Local speech under load: simulated callers talk to the receptionist of the demo, which hears, thinks and speaks on
# this machine's own models, more and more of them until the models are full.   make bench-local
#
# The table goes to BENCH_OUTPUT/local.md: turns a minute and for a minute of one core, how long callers wait, frames
# that came late, answers that were refused because too many others waited.
#
#   BENCH_CALLS=1,2,4,8,16,32   levels of concurrent calls     BENCH_SECONDS=42   measured at each level
#   BENCH_CORES=0               processors of the host, as for taskset; default all of them: the callers need little
#   BENCH_OUTPUT=DIR            default bench-output
#   VOICE_HOST, VOICE_LAB, LD_LIBRARY_PATH                     other builds than dist/ and .build/release/
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  sed -n '2,11s/^# \{0,1\}//p' "$0"
  exit
fi

output=${BENCH_OUTPUT:-bench-output}/local
calls=${BENCH_CALLS:-1,2,4,8,16,32}
source scripts/demo/host.sh
need_program "$voice_host"
need_program "$voice_lab"
ulimit -n "$(ulimit -Hn)"
rm -rf "$output"
mkdir -p "$output/agents"
cp examples/agents/receptionist.json "$output/agents/"
scripts/demo/caller-audio.sh "$output/caller"

port=$(free_port)
# On its processors from the start: the pool of inference threads is made for as many as there are.
cores=${BENCH_CORES:-0-$(($(nproc) - 1))}
taskset -c "$cores" "$voice_host" serve --agents "$output/agents" --port "$port" --max-calls 4096 --loops 1 \
  --events "$output/events.jsonl" --log-level warning > "$output/host.log" 2>&1 &
host=$!
started+=("$host")
wait_ready "http://127.0.0.1:$port/readyz" "$host" 120 "$output/host.log"
# The greeting is recorded while the host takes calls already.
sleep 3
# A level at which nothing was answered is a result, not a failure of the script.
"$voice_lab" bench --plain --url "http://127.0.0.1:$port/twilio/voice/receptionist" --pid "$host" --calls "$calls" \
  --seconds "${BENCH_SECONDS:-42}" --out "$output.json" --utterance "$output/caller/hours.wav" \
  --interruption "$output/caller/one-moment.wav" > "$output/report.txt" || [[ -s $output.json ]] || {
  cat "$output/report.txt" >&2
  exit 1
}
python3 -B scripts/bench/local.py "$output.json" "$output/events.jsonl" | tee "$output.md"
echo "Written: $output.md; the whole report is $output/report.txt, the processors were $cores"

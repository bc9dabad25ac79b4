#!/usr/bin/env bash
# What a frame of audio costs, in instructions and allocations, against what was recorded: figures without a clock.
#
#   scripts/check/gate.sh            compares with frames.json; 1 when a frame costs more, 77 when it cannot be counted
#   scripts/check/gate.sh --accept   records the figures of this build
#   scripts/check/gate.sh --profile CASE   where the instructions of a case go, such as twilio/agent/1
#
# Counted is the release build of voice-bench (make build), under valgrind, whose processor is the same
# wherever there is AVX2 (it has no AVX-512).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

mode=compare
only=
case ${1:-} in
  '') ;;
  --accept) mode=accept ;;
  --profile) mode=profile; only=${2:?--profile needs the name of a case} ;;
  -h | --help) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit ;;
  *) echo "gate: unknown option $1; see --help" >&2; exit 2 ;;
esac

program=${VOICE_BENCH:-.build/release/voice-bench}
cannot() { echo "gate: $1" >&2; exit 77; }
[[ -x $program ]] || cannot "there is no $program (make build)"
command -v valgrind > /dev/null || cannot "valgrind is not installed (scripts/system-packages.sh)"
if [[ -z ${VOICE_BENCH:-} && -n $(find Sources Package.swift -path Sources/VoiceLab -prune -o \( -name '*.swift' -o -name '*.[ch]' \) -newer "$program" -print -quit) ]]; then
  cannot "$program is older than the sources (make build)"
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# valgrind cannot read the debugging information that this compiler writes; names of functions are enough.
objcopy --strip-debug "$program" "$folder/voice-bench"
SWIFT_DETERMINISTIC_HASHING=1 valgrind --tool=callgrind --compress-strings=no --compress-pos=no \
  --callgrind-out-file="$folder/counts" --dump-before=voice_bench_mark \
  "$folder/voice-bench" frames --frames 200 --sessions 1 --only "$only" --out "$folder/frames.json" > "$folder/log" 2>&1 ||
  { cat "$folder/log" >&2; exit 1; }
python3 scripts/check/gate.py "$mode" "$folder/frames.json" "$folder/counts" scripts/check/frames.json

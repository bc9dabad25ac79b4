#!/usr/bin/env bash
# What the microphone of the browser hears: one WAV of recorded sentences and silence.   Tests/browser/caller.sh OUT.wav
#
#   9 s of silence, for the page and the greeting; a question; a sentence into the middle of its answer; another question;
#   silence, in which it is answered.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
out=${1:?usage: caller.sh OUT.wav}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

scripts/demo/caller-audio.sh "$work" > /dev/null

# said NAME SECONDS: the sentence, as loud as people speak (the browser's gain control would clip what is louder), and
# silence behind it.
parts=()
said() {
  sox "$work/$1.wav" -r 48000 -c 1 -b 16 "$work/${#parts[@]}.part.wav" gain -12 pad 0 "$2"
  parts+=("$work/${#parts[@]}.part.wav")
}
sox -n -r 48000 -c 1 -b 16 "$work/begin.wav" trim 0 9
parts+=("$work/begin.wav")
said hours 4.5
said one-moment 13
said prices 90
sox "${parts[@]}" "$out"

#!/usr/bin/env bash
# Prepares what the caller of the demo says: 8 kHz mono WAVs.   scripts/demo/caller-audio.sh DIR
#
# Recorded human speech is Debian's asterisk-core-sounds-en-wav (Allison Smith; the words are in
# /usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz). Sentences that no recording says are put together from
# recorded words, or are synthetic (Flite, espeak-ng), which the scenario says for each.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

out=${1:?usage: caller-audio.sh DIR}
sounds=${ASTERISK_SOUNDS:-}
for folder in "$sounds" /usr/share/asterisk/sounds/en_US_f_Allison /usr/share/asterisk/sounds/en; do
  if [[ -n $folder && -f $folder/one-moment-please.wav ]]; then
    sounds=$folder
    break
  fi
done
if [[ ! -f $sounds/one-moment-please.wav ]]; then
  echo "caller-audio: no recorded speech; install asterisk-core-sounds-en-wav" >&2
  exit 1
fi
for tool in sox espeak-ng; do
  command -v "$tool" > /dev/null || { echo "caller-audio: $tool is missing; run scripts/system-packages.sh" >&2; exit 1; }
done
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# recorded NAME GAP WORD...: the words one after the other, silence around each cut off, GAP seconds between them.
recorded() {
  local name=$1 gap=$2 parts=() index=0 word
  shift 2
  for word in "$@"; do
    index=$((index + 1))
    if [[ $word == pause ]]; then
      sox -n -r 8000 -c 1 -b 16 "$work/$index.wav" trim 0 0.25
    else
      sox "$sounds/$word.wav" -r 8000 -c 1 -b 16 "$work/$index.wav" \
        silence 1 0.02 0.4% reverse silence 1 0.02 0.4% reverse pad 0 "$gap"
    fi
    parts+=("$work/$index.wav")
  done
  sox "${parts[@]}" "$out/$name.wav" norm -4
}

# synthetic NAME TEXT: another voice of Flite than the agent's.
synthetic() {
  python3 scripts/demo/flite_say.py rms "$work/voice.wav" "$2"
  sox "$work/voice.wav" -r 8000 -c 1 -b 16 "$out/$1.wav" \
    silence 1 0.02 0.4% reverse silence 1 0.02 0.4% reverse norm -4
}

synthetic appointment "I would like to make an appointment."
recorded friday 0.05 digits/day-5 digits/at digits/10 digits/a-m
synthetic hours "What are your opening hours?"
synthetic prices "What does a cleaning cost?"
recorded one-moment 0 one-moment-please
recorded thanks-goodbye 0.15 auth-thankyou goodbye
# A hum in two parts, as people make it while they listen.
espeak-ng -v en-us+m3 -s 145 -w "$work/voice.wav" "[[m'mhm]]"
sox "$work/voice.wav" -r 8000 -c 1 -b 16 "$out/mhm.wav" silence 1 0.02 0.4% reverse silence 1 0.02 0.4% reverse norm -8

#!/usr/bin/env bash
# Measures turn-taking on recorded telephone speech and writes the tables of docs/turn-taking.md.   make turns
#
#   scripts/turns.sh            measures and writes docs/turn-taking.md
#   scripts/turns.sh --print    measures and prints the tables
#
# The speech: Debian's asterisk-core-sounds-en-wav (Allison Smith, CC-BY-SA 3.0; the words are in
# /usr/share/doc/asterisk-core-sounds-en), 8 kHz, silence around it cut off, through mu-law as on a telephone line. The
# hums of a listener are espeak-ng's. Noises are made by the measurement itself from a fixed seed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case ${1:-} in
  '' | --print) ;;
  -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit ;;
  *) echo "turns: unknown option $1; see --help" >&2; exit 2 ;;
esac
for tool in sox espeak-ng; do
  command -v "$tool" > /dev/null || { echo "turns: $tool is missing; run scripts/system-packages.sh" >&2; exit 1; }
done
sounds=${ASTERISK_SOUNDS:-/usr/share/asterisk/sounds/en_US_f_Allison}
texts=/usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz
[[ -f $sounds/vm-goodbye.wav && -f $texts ]] || { echo "turns: no recorded speech; install asterisk-core-sounds-en-wav" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: > "$work/clips.tsv"

# clip KIND NAME TEXT FILE: silence around the recording cut off, 8 kHz mono, once through mu-law.
clip() {
  sox "$4" -r 8000 -c 1 -b 16 "$work/clean.wav" silence 1 0.02 0.4% reverse silence 1 0.02 0.4% reverse gain -n -6
  sox "$work/clean.wav" -e mu-law "$work/line.wav"
  sox "$work/line.wav" -e signed-integer -b 16 "$work/$2.wav"
  printf '%s\t%s\t%s\n' "$1" "$2" "$3" >> "$work/clips.tsv"
}

# One breath each, without a pause inside.
for name in all-circuits-busy-now cannot-complete-as-dialed check-number-dial-again conf-extended conf-getpin \
  conf-invalidpin conf-kicked conf-leaderhasleft conf-lockednow conf-noempty conf-nonextended conf-now-muted \
  conf-now-recording conf-onlyone conf-onlyperson conf-placeintoconf conf-unlockednow conf-waitforleader \
  confbridge-invalid confbridge-lock-no-join confbridge-removed demo-echodone dir-nomatch dir-nomore \
  enter-num-blacklist entr-num-rmv-blklist feature-not-avail-line number-not-answering please-try-call-later \
  pls-hold-while-try pls-try-call-later queue-thankyou simul-call-limit-reached transfer vm-enter-num-to-call \
  vm-mailboxfull vm-msgsaved vm-nobodyavail vm-passchanged vm-reachoper; do
  text=$(zcat "$texts" | sed -n "s/^$name: *//p" | head -1)
  [[ -n $text && -f $sounds/$name.wav ]] && clip sentence "$name" "$text" "$sounds/$name.wav"
done
for speed in 120 145 170; do
  espeak-ng -v en-us+m3 -s "$speed" -w "$work/hum.wav" "[[m'mhm]]"
  clip backchannel "mhm-$speed" mhm "$work/hum.wav"
  espeak-ng -v en-us+f2 -s "$speed" -w "$work/hum.wav" "[[m'hm]]"
  clip backchannel "hm-$speed" mhm "$work/hum.wav"
  for word in yeah okay right; do
    espeak-ng -v en-us+m3 -s "$speed" -w "$work/hum.wav" "$word"
    clip backchannel "$word-$speed" "$word" "$work/hum.wav"
  done
done

VOICE_ENGINE_TURNS=$work VOICE_ENGINE_TURNS_WRITE=$([[ ${1:-} == --print ]] || echo 1) \
  swift test --filter TurnMeasurement 2>&1 | sed -n '/^|/p; /^###/p; /error:/p; /✘/p; /Test run/p'

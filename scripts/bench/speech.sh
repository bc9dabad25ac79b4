# Sourced by the benchmarks: what their callers say, as options of voice-lab and voice-bench.
# Recorded speech, where there is any: voice detectors are made for it. Two sentences without a pause inside, the second
# one voiced from its first sound on, as nearly all recordings are: barge-in counts from the first audible 10 ms.
speech=()
sounds=/usr/share/asterisk/sounds/en_US_f_Allison
if [[ -f $sounds/vm-num-i-have.wav && -f $sounds/please-try-again.wav ]]; then
  speech=(--utterance "$sounds/vm-num-i-have.wav" --interruption "$sounds/please-try-again.wav")
fi

#!/usr/bin/env bash
# mod_voice_engine on a STAND-IN of FreeSWITCH: a small program that implements the functions of FreeSWITCH which the module
# uses, and telephones that play recorded speech in real 20 ms frames. No FreeSWITCH runs here: there is none to be had.
#   Tests/freeswitch/run.sh
#
# Exit status 77: skipped, because there is no recorded speech here.
#   VOICE_ENGINE, VOICE_LAB   other builds than dist/ and .build/release/voice-lab
#   FREESWITCH_SANITIZE=0     without the second run, under AddressSanitizer and UBSan
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
engine=$(realpath "${VOICE_ENGINE:-dist}")
voice_lab=${VOICE_LAB:-.build/release/voice-lab}
export ASTERISK_SOUNDS=${ASTERISK_SOUNDS:-/usr/share/asterisk/sounds/en_US_f_Allison}
out=$PWD/.build/freeswitch
here=Tests/freeswitch
[[ -f $ASTERISK_SOUNDS/vm-num-i-have.wav ]] || {
  echo "freeswitch: SKIPPED: no recorded speech in $ASTERISK_SOUNDS; run scripts/system-packages.sh"
  exit 77
}
[[ -x $voice_lab && -e $engine/lib/libvoiceengine.so.1 ]] || { echo "freeswitch: run make build first" >&2; exit 1; }

rm -rf "$out"
mkdir -p "$out"
started=()
stop() { for pid in "${started[@]}"; do kill "$pid" 2> /dev/null; done; }
trap stop EXIT

# start NAME COMMAND...: waits for its line "ready PORT"; the port is in $port.
start() {
  local name=$1
  shift
  "$@" > "$out/$name.log" 2>&1 &
  started+=("$!")
  for _ in $(seq 100); do
    port=$(sed -n 's/^ready //p' "$out/$name.log")
    [[ -n $port ]] && return
    sleep 0.1
  done
  echo "freeswitch: $name did not start: $out/$name.log" >&2
  exit 1
}
start providers env LD_LIBRARY_PATH="$engine/lib" "$voice_lab" providers --port 0 --tts-first-byte-ms 30
lab=$port
start llm python3 -B $here/llm.py
llm=$port

# build FLAGS...: the module, with its own Makefile, and the host.
warnings=(-std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wno-missing-field-initializers -Werror)
build() {
  local to=$1
  shift
  mkdir -p "$to"
  make -s -C examples/freeswitch OUT="$to/mod_voice_engine.so" VOICE_ENGINE="$engine" CFLAGS="-O1 -g $*" \
    FREESWITCH_CFLAGS="-isystem $PWD/$here/stand-in" FREESWITCH_LIBS= || return 1
  "${CC:-cc}" "${warnings[@]}" -O1 -g "$@" -pthread -rdynamic $here/scenarios.c $here/stand-in/*.c -ldl -o "$to/scenarios"
}

# A library of the next major version, to be refused.
cat > "$out/other.c" << 'C'
#include <voice_engine.h>
uint32_t voice_abi_version(void) { return (VOICE_ABI_MAJOR + 1) << 16; }
C
sed -n 's/.*\b\(voice_[a-z_]*\)(.*/\1/p' examples/freeswitch/*.c | sort -u > /dev/null

listening=()
any=(-DVE_LISTEN_ANY)
if python3 -B - "$engine/lib/libvoiceengine.so.1" << 'PYTHON'; then
import ctypes, sys
engine = ctypes.CDLL(sys.argv[1])
document = b'{"name": "x", "mode": "listen", "stt": {"provider": "deepgram"}}'
sys.exit(0 if engine.voice_agent_check(document, len(document)) == 0 else 1)
PYTHON
  listening=(--listen)
  any=()
fi
python3 -B $here/agents.py "$out" "$lab" "$llm" examples/freeswitch/conf/voice_engine.conf.xml "${listening[@]}"

status=0
run() {
  local to=$1
  VOICE_LAB_KEY=lab timeout 120 "$to/scenarios" "$to/mod_voice_engine.so" "$out/conf" "$out" "${listening[@]}" ||
    { status=1; echo "  log: $out/freeswitch.log"; }
}
echo "mod_voice_engine on a stand-in of FreeSWITCH"
build "$out/plain" "${any[@]}" || exit 1
run "$out/plain"
if [[ ${FREESWITCH_SANITIZE:-1} != 0 ]]; then
  mv "$out/freeswitch.log" "$out/freeswitch-plain.log"
  echo "the same under AddressSanitizer and UBSan"
  build "$out/sanitized" "${any[@]}" -fsanitize=address,undefined -fno-sanitize-recover=undefined || exit 1
  export ASAN_OPTIONS=detect_leaks=1:exitcode=99 UBSAN_OPTIONS=print_stacktrace=1
  run "$out/sanitized"
fi
exit $status

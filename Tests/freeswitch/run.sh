#!/usr/bin/env bash
# mod_voice_engine on a STAND-IN of FreeSWITCH: a small program that implements the functions of FreeSWITCH which the module
# uses, and telephones that play recorded speech in real 20 ms frames. No FreeSWITCH runs here.
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
  port=
  for _ in $(seq 100); do
    port=$(sed -n 's/^ready //p' "$out/$name.log" 2> /dev/null)
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
  "${CC:-cc}" "${warnings[@]}" -O1 -g "$@" -pthread -rdynamic $here/*.c $here/stand-in/*.c -ldl -o "$to/scenarios"
}

# A library of the next major version, to be refused.
other() {
  local name
  mkdir -p "$out/other"
  {
    echo 'unsigned voice_abi_version(void) { return 2u << 16; }'
    while read -r name _; do
      [[ $name == voice_* && $name != voice_abi_version ]] && echo "long $name(void) { return 0; }"
    done < bindings/c/symbols.txt
  } > "$out/other/engine.c"
  "${CC:-cc}" -shared -fPIC -Wl,-soname,libvoiceengine.so.1 -Wl,--version-script=Sources/CVoiceEngine/exports.map \
    "$out/other/engine.c" -o "$out/other/libvoiceengine.so.1"
}

python3 -B $here/agents.py "$out" "$lab" "$llm" examples/freeswitch/conf/voice_engine.conf.xml

status=0
run() {
  local to=$1
  shift
  VOICE_LAB_KEY=lab timeout 120 "$to/scenarios" "$to/mod_voice_engine.so" "$out/conf" "$out" "$@" \
    2>&1 | tee -a "$out/result" | grep -v ' passed, '
  local code=${PIPESTATUS[0]}
  if ((code != 0)); then
    status=1
    # A crash, a hang or a leak has no line of its own.
    if ! tail -n 1 "$out/result" | grep -qE ' passed, [1-9]'; then
      echo "0 passed, 1 failed" >> "$out/result"
      echo "  FAILED  stand-in: the program ended with code $code (124 hang, 134 and 139 crash)"
    fi
    echo "  log: $out/freeswitch.log"
  fi
}
echo "mod_voice_engine on a stand-in of FreeSWITCH (no FreeSWITCH runs here)"
build "$out/plain" || exit 1
other || exit 1
LD_LIBRARY_PATH="$out/other" run "$out/plain" --refuse
run "$out/plain"
if [[ ${FREESWITCH_SANITIZE:-1} != 0 ]]; then
  mv "$out/freeswitch.log" "$out/freeswitch-plain.log"
  echo "the same under AddressSanitizer and UBSan"
  build "$out/sanitized" -fsanitize=address,undefined -fno-sanitize-recover=undefined || exit 1
  export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
  run "$out/sanitized" --short
fi
# Whatever was said, every transcript is JSON.
python3 - "$out/transcripts" << 'PYTHON' || { status=1; echo "0 passed, 1 failed" >> "$out/result"; }
import json, pathlib, sys
calls = [json.loads(path.read_text()) for path in pathlib.Path(sys.argv[1]).glob("*.json")]
assert len(calls) > 50 and all(call["status"] and isinstance(call["turns"], list) for call in calls), len(calls)
print(f"  {len(calls)} transcripts are as they should be")
PYTHON
awk '/ passed, / { passed += $1; failed += $3 } END { print passed " passed, " failed " failed" }' "$out/result"
exit $status

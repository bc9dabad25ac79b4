#!/usr/bin/env bash
# VoiceAgent() inside a real Asterisk: the module of examples/asterisk, compiled here, called by SIP.
#
#   Tests/asterisk/module.sh [GROUP or SCENARIO...]      part of make asterisk-test
#
# Recordings and logs are left in .build/asterisk/module. Exit status 77: skipped, because Asterisk cannot be had here.
#   VOICE_LAB, VOICE_PREFIX (dist)   other builds
#   MODULE_CALLS (100), MODULE_ROUNDS (20)   how much of load and modules
#   MODULE_SOURCES=DIR               another module than examples/asterisk
#   MODULE_ASAN=1                    the module with AddressSanitizer, in an Asterisk that has its runtime loaded
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

tree=$(scripts/asterisk/fetch.sh)
status=$?
if ((status == 77)); then
  echo "asterisk module: SKIPPED: no call was made"
  exit 77
fi
((status == 0)) || exit 1
source scripts/demo/host.sh
prefix=${VOICE_PREFIX:-$PWD/dist}
need_program "$voice_lab"
sounds=${ASTERISK_SOUNDS:-/usr/share/asterisk/sounds/en_US_f_Allison}
[[ -f $sounds/vm-num-i-have.wav ]] || { echo "asterisk: $sounds: no recorded speech; run scripts/system-packages.sh" >&2; exit 1; }
major=$(sed -n 's/^Asterisk \([0-9]*:\)\{0,1\}\([0-9]*\)\..*/\2/p' "$tree/.version")

out=$PWD/.build/asterisk/module
[[ -n ${MODULE_ASAN:-} ]] && out+=-asan
rm -rf "$out"
mkdir -p "$out"/{agents,transcripts}
run=$(mktemp -d)
trap 'scripts/asterisk/stop.sh "$run"; cp "$run"/log/full "$out/asterisk.log" 2> /dev/null
  cp "$run"/log/console "$out/console.log" 2> /dev/null; stop_all; rm -rf "$run"' EXIT

# compile NAME [MAKE ARGUMENT...]: the module as $out/NAME/app_voice_engine.so
compile() {
  local folder=$out/$1
  shift
  mkdir -p "$folder"
  make -s -C "${MODULE_SOURCES:-examples/asterisk}" ASTERISK_MAJOR="$major" ASTERISK_INCLUDE="$tree/usr/include" PREFIX="$prefix" \
    OUT="$folder/app_voice_engine.so" "$@" > "$folder/make.log" 2>&1 ||
    { cat "$folder/make.log"; echo "  FAILED  the module does not compile"; exit 1; }
}
if [[ -n ${MODULE_ASAN:-} ]]; then
  compile module CFLAGS='-O1 -g -fsanitize=address -fno-omit-frame-pointer' LDFLAGS=-fsanitize=address
  export ASTERISK_WRAP="env LD_PRELOAD=$(gcc -print-file-name=libasan.so) \
ASAN_OPTIONS=detect_leaks=1:verify_asan_link_order=0:log_path=$out/asan"
else
  compile module
fi
compile wrong-asterisk ASTERISK_MAJOR=17
# A library with the same functions, of another ABI.
mkdir -p "$out"/wrong-abi/{lib,include}
{
  awk '/^voice_/ && $1 != "voice_abi_version" { print "int " $1 "(void); int " $1 "(void) { return -61; }" }' \
    bindings/c/symbols.txt | sed 's/^int voice_library_version.*/const char *voice_library_version(void) { return "99"; }/'
  echo 'unsigned voice_abi_version(void) { return 99u << 16; }'
} > "$out/wrong-abi/other.c"
gcc -shared -fPIC -w -Wl,-soname,libvoiceengine.so.1 -Wl,--version-script=Sources/CVoiceEngine/exports.map \
  -o "$out/wrong-abi/lib/libvoiceengine.so.1" "$out/wrong-abi/other.c" || exit 1
ln -sf libvoiceengine.so.1 "$out/wrong-abi/lib/libvoiceengine.so"
cp "$prefix/include/voice_engine.h" "$out/wrong-abi/include/"
compile wrong-abi PREFIX="$out/wrong-abi"

"$voice_lab" providers --port 0 --log "$out/providers.jsonl" \
  --llm-text "Certainly TAG we are open until six. Just tell me TAG when you would like to come and see us." \
  > "$out/providers.log" 2>&1 &
started+=("$!")
python3 -B -c 'import sys, time; sys.path.insert(0, "Tests/asterisk"); import llm; print("ready", llm.start(), flush=True)
while True: time.sleep(60)' > "$out/llm.log" 2>&1 &
started+=("$!")
# port_of FILE: what the program says that it listens on
port_of() {
  local port=
  for _ in $(seq 100); do
    port=$(sed -n 's/^ready //p' "$1")
    [[ -n $port ]] && break
    sleep 0.1
  done
  echo "$port"
}
provider_port=$(port_of "$out/providers.log") llm_port=$(port_of "$out/llm.log")
[[ -n $provider_port && -n $llm_port ]] || { echo "asterisk: the providers did not start" >&2; exit 1; }
python3 -B Tests/asterisk/module/agents.py "$out/agents" "$provider_port" "$llm_port" || exit 1
echo 'VOICE_LAB_KEY = "lab"' > "$out/keys"
chmod 600 "$out/keys"

sip_port=$(free_port) manager_port=$(free_port) ari_port=$(free_port)
fill() {
  sed "s|AGENTS|$out/agents|; s|KEYS|$out/keys|; s|TRANSCRIPTS|$out/transcripts|; s|SIP_PORT|$sip_port|
    s|AGI_SCRIPT|$PWD/Tests/asterisk/module/agi.sh|" "$1" > "$2"
}
fill Tests/asterisk/module/voice_engine.conf "$run/voice_engine.conf"
fill Tests/asterisk/module/extensions.conf "$run/extensions.conf"
scripts/asterisk/configure.sh "$run" --rtp-port "${MODULE_RTP_PORT:-22000}" --sip-port "$sip_port" --dialplan "$run/extensions.conf" \
  --manager-port "$manager_port" --ari-port "$ari_port" --conf "$run/voice_engine.conf" --module "$out/module/app_voice_engine.so" \
  > /dev/null || exit 1
rm "$run/voice_engine.conf" "$run/extensions.conf"
scripts/asterisk/start.sh "$run" || exit 1

# other_abi: an Asterisk of its own, because a library that is loaded stays.
other_abi() {
  local other=$run/other text
  mkdir -p "$other"
  scripts/asterisk/configure.sh "$other" --sip-port "$(free_port)" --conf "$run/etc/voice_engine.conf" \
    --module "$out/wrong-abi/app_voice_engine.so" > /dev/null && scripts/asterisk/start.sh "$other" > /dev/null || return 1
  text=$(scripts/asterisk/stop.sh "$other"; grep -h 'ERROR.*app_voice_engine' "$other/log/full")
  if [[ $text == *"for version 1.0 of the engine's interface, this library (99) has 99.0"* ]]; then
    echo "  ok      module, other_abi: declined, with the reason in the log; Asterisk started without it"
  else
    echo "  FAILED  module, other_abi: $text"
    return 1
  fi
}

models=${VOICE_ENGINE_MODELS:-${XDG_CACHE_HOME:-$HOME/.cache}/voice-engine/models}
VOICE_ENGINE_MODELS=$models scripts/models/fetch.sh --check > /dev/null 2>&1 || models=
python3 -B Tests/asterisk/module.py --run "$run" --sip-port "$sip_port" --manager-port "$manager_port" \
  --ari-port "$ari_port" --out "$out" \
  --models "$models" --calls "${MODULE_CALLS:-100}" --rounds "${MODULE_ROUNDS:-20}" "$@"
status=$?
[[ $# -gt 0 && " $* " != *" modules "* ]] || other_abi || status=1
if ! kill -0 "$(cat "$run/pid")" 2> /dev/null; then
  echo "  FAILED  Asterisk ended: $out/console.log"
  status=1
fi
if [[ -n ${MODULE_ASAN:-} ]]; then
  grep -q libasan "/proc/$(cat "$run/pid")/maps" || { echo "  FAILED  AddressSanitizer is not there"; status=1; }
  # At the end it looks for memory that nobody can free any more. What Asterisk and its libraries leave is theirs.
  scripts/asterisk/stop.sh "$run"
  for report in "$out"/asan.*; do
    [[ -e $report ]] || continue
    if grep -q 'ERROR: AddressSanitizer' "$report" || grep -qE ' in .*(voice_[a-z]+|app_voice_engine)\.c:' "$report"; then
      echo "  FAILED  AddressSanitizer: $report"
      grep -E 'ERROR|(voice_[a-z]+|app_voice_engine)\.c:' "$report" | head -n 12
      status=1
    fi
  done
  ((status == 0)) && echo "  ok      module, no complaint of AddressSanitizer"
fi
exit "$status"

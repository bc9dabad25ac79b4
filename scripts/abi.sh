#!/usr/bin/env bash
# Is the library's ABI what is promised?
#
#   scripts/abi.sh [LIBRARY]     checks a built library (dist/lib/libvoiceengine.so.1, else .build/release) and the header
#   scripts/abi.sh --header      checks the header alone
#   scripts/abi.sh --accept      takes the header's types as the new baseline; refused when a compiled host would break
#
# The library: exported names = bindings/c/symbols.txt, SONAME, nodelete, no RUNPATH, known NEEDED, stripped size.
# The header: abidiff on a C library made from its prototypes against bindings/c/abi-baseline.xml (the Swift library
# shows abidiff names, but no types).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly header=Sources/CVoiceEngine/include/voice_engine.h
readonly symbols=bindings/c/symbols.txt
readonly baseline=bindings/c/abi-baseline.xml
readonly numbers=bindings/c/abi-constants.txt
readonly breaking='offset changed|name of .* changed to|data member deletion|type name changed|typedef name changed|return type changed'
readonly soname=libvoiceengine.so.1
readonly max_bytes=$((20 * 1024 * 1024))
readonly allowed='^(libc\.so\.6|libm\.so\.6|libstdc\+\+\.so\.6|libgcc_s\.so\.1|libssl\.so\.[0-9.]+|libcrypto\.so\.[0-9.]+|libopus\.so\.0|libsamplerate\.so\.0|ld-linux[^ ]*)$'

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
fail() { echo "abi: FAIL $*" >&2; failures=$((failures + 1)); }
pass() { echo "abi: ok   $*"; }

find_library() {
  local candidate
  for candidate in "dist/lib/$soname" .build/release/libvoiceengine.so .build/debug/libvoiceengine.so; do
    if [[ -e $candidate ]]; then echo "$candidate"; return; fi
  done
  echo "abi: no library; build it first (make build), or name it: scripts/abi.sh PATH" >&2
  exit 2
}

declared() { grep -oP '^VOICE_API .*?\K\bvoice_[a-z0-9_]+(?=\()' "$header"; }
listed() { grep -v '^#' "$symbols" | awk 'NF { print $1 }'; }

check_names() {
  if diff <(declared) <(listed) > "$work/names"; then
    pass "$symbols lists the $(listed | wc -l) functions of the header, in its order"
  else
    fail "$symbols and $header differ (< header, > list):"
    sed 's/^/    /' "$work/names" >&2
  fi
}

# The numbers that hosts have compiled in.
constants() {
  sed -nE 's/^#define (VOICE_[A-Z0-9_]+) (\(?-?[0-9]+u?\)?)( .*)?$/\1 \2/p' "$header" | tr -d '()u' | grep -v '^VOICE_ABI_MINOR '
}

# Every recorded constant still has its number; new ones are recorded with --accept.
check_constants() {
  if [[ ! -e $numbers ]]; then fail "$numbers is missing; scripts/abi.sh --accept writes it"; return; fi
  constants > "$work/numbers"
  diff "$numbers" "$work/numbers" > "$work/changed" || true
  if grep -q '^<' "$work/changed"; then
    fail "constants that hosts have compiled in are changed or gone (< recorded, > header):"
    sed 's/^/    /' "$work/changed" >&2
  elif [[ -s $work/changed ]]; then
    fail "new constants are not recorded; scripts/abi.sh --accept"
    sed 's/^/    /' "$work/changed" >&2
  else
    pass "the $(wc -l < "$numbers") constants have their numbers"
  fi
}

constants_changed() { [[ -e $numbers ]] && grep '^<' <(diff "$numbers" <(constants)); }

# A library of empty functions with the header's prototypes.
build_witness() {
  {
    echo '#include "voice_engine.h"'
    awk '/^VOICE_API / { on = 1 } on { if (sub(/\);.*/, ") { __builtin_trap(); }")) { print; on = 0 } else print }' "$header"
  } > "$work/witness.c"
  cp "$header" "$work/"
  # Compiled inside the folder, so that the baseline names no folder of this machine.
  (cd "$work" && ${CC:-cc} -std=c11 -g -O0 -fPIC -shared -w -fno-eliminate-unused-debug-types -I. \
    witness.c -o libwitness.so -Wl,-soname="$soname")
}

check_types() {
  if ! command -v abidiff > /dev/null; then
    echo "abi: skip types: abidiff is not installed (apt-get install abigail-tools)"
    return
  fi
  if [[ ! -e $baseline ]]; then
    fail "$baseline is missing; scripts/abi.sh --accept writes it"
    return
  fi
  build_witness
  local code=0
  abidiff "$baseline" "$work/libwitness.so" > "$work/types" || code=$?
  if ((code == 0)); then
    pass "types of the header are those of $baseline"
    return
  fi
  fail "the header's types changed (abidiff $code). If every change only appends, take it with scripts/abi.sh --accept:"
  sed 's/^/    /' "$work/types" >&2
}

accept() {
  command -v abidw > /dev/null || { echo "abi: abidw is not installed (apt-get install abigail-tools)" >&2; exit 2; }
  build_witness
  if [[ -e $baseline ]]; then
    local code=0
    abidiff "$baseline" "$work/libwitness.so" > "$work/types" || code=$?
    cat "$work/types"
    # 1, 2: could not compare; 8: functions are gone. abidiff takes a moved or retyped field for harmless: we do not.
    if (((code & 11) != 0)) || grep -qE "$breaking" "$work/types" || constants_changed; then
      if [[ ${1:-} != --major ]]; then
        echo "abi: refused: this breaks compiled hosts. With a new ABI major: scripts/abi.sh --accept --major" >&2
        exit 1
      fi
    fi
  fi
  constants > "$numbers"
  abidw --no-corpus-path --no-comp-dir-path --no-show-locs --out-file "$baseline" "$work/libwitness.so"
  echo "abi: wrote $baseline and $numbers"
}

check_exports() {
  # Not what is local: the linker may keep names in the table that nobody can bind to.
  nm -D --defined-only --extern-only "$1" | awk '$2 != "A" { print $3 }' | sed 's/@.*//' | sort > "$work/exported"
  listed | sort > "$work/expected"
  if diff "$work/expected" "$work/exported" > "$work/exports"; then
    pass "exports exactly the functions of $symbols"
  else
    fail "exports differ from $symbols (< missing, > too many):"
    sed 's/^/    /' "$work/exports" >&2
  fi
}

check_dynamic() {
  local library=$1 dynamic name
  dynamic=$(readelf -dW "$library")
  name=$(sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p' <<< "$dynamic")
  if [[ $name == "$soname" ]]; then pass "SONAME $name"; else fail "SONAME is \"$name\", expected $soname"; fi
  if grep -q 'FLAGS_1.*NODELETE' <<< "$dynamic"; then
    pass "nodelete: stays mapped after dlclose"
  else
    fail "no NODELETE flag (-z nodelete): a host that unloads and loads again would crash"
  fi
  if grep -qE '\((RUNPATH|RPATH)\)' <<< "$dynamic"; then
    fail "a RUNPATH of the build machine: $(sed -n 's/.*(R\(UN\)\?PATH).*\[\(.*\)\]/\2/p' <<< "$dynamic")"
  else
    pass "no RUNPATH"
  fi
  if grep -q '(TEXTREL)' <<< "$dynamic"; then fail "text relocations"; fi
  local needed other
  needed=$(sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' <<< "$dynamic")
  other=$(grep -vE "$allowed" <<< "$needed" || true)
  if [[ -z $other ]]; then
    pass "needs $(tr '\n' ' ' <<< "$needed")"
  else
    fail "needs libraries that a host may not have: $(tr '\n' ' ' <<< "$other")"
  fi
}

check_size() {
  strip --strip-unneeded -o "$work/stripped.so" "$1"
  local bytes
  bytes=$(stat -c %s "$work/stripped.so")
  if ((bytes <= max_bytes)); then
    pass "$((bytes / 1024)) KiB stripped"
  else
    fail "$((bytes / 1024)) KiB stripped, at most $((max_bytes / 1024))"
  fi
}

case ${1:-} in
  --accept) accept "${2:-}"; exit ;;
  --header) check_names; check_constants; check_types ;;
  -h | --help) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit ;;
  *)
    library=${1:-$(find_library)}
    echo "abi: $library"
    check_names
    check_constants
    check_types
    check_exports "$library"
    check_dynamic "$library"
    check_size "$library"
    ;;
esac
if ((failures > 0)); then echo "abi: $failures failed" >&2; exit 1; fi
echo "abi: all as promised"

#!/usr/bin/env bash
# Compiles and runs the C tests, and voice-host's, against a library, from the public header alone.
#
#   Tests/ABI/run.sh [LIBRARY] [TEST]     LIBRARY: default dist/lib, else .build/release, else .build/debug
#                                         TEST: only tests whose name contains this
#
#   ABI_STRESS_SECONDS=N   how long random calls are made; 3
#   ABI_SANITIZE=1   also runs the C11 build with AddressSanitizer and UBSan on the test's side
set -uo pipefail
# A library is named from where the caller stands.
if [[ ${1:-} == */* ]]; then set -- "$(realpath -m -- "$1")" "${@:2}"; fi
cd "$(dirname "${BASH_SOURCE[0]}")"
root=$(cd ../.. && pwd)
header=$root/Sources/CVoiceEngine/include
case ${1:-} in
  -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit ;;
esac

library=${1:-}
if [[ -z $library ]]; then
  for candidate in "$root/dist/lib/libvoiceengine.so.1" "$root/.build/release/libvoiceengine.so" \
    "$root/.build/debug/libvoiceengine.so"; do
    if [[ -e $candidate ]]; then library=$candidate; break; fi
  done
fi
if [[ -z $library || ! -e $library ]]; then
  echo "abi tests: no library${library:+ at $library}; build it first (make build)" >&2
  exit 2
fi
library=$(realpath "$library")
only=${2:-}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The loader looks for the SONAME, whatever the file is called.
ln -s "$library" "$work/libvoiceengine.so.1"
ln -s "$library" "$work/libvoiceengine.so"

passed=0
failed=0
strict=(-Wall -Wextra -Wpedantic -Werror)
link=("-L$work" -lvoiceengine -lpthread "-Wl,-rpath,$work")

broken() { echo "FAIL $*"; failed=$((failed + 1)); }

# The header alone is clean in every language that hosts are written in.
printf '#include <voice_engine.h>\n#include <voice_engine.h>\nint unused_by_anybody;\n' > "$work/header.c"
check_header() {
  if ${2} -x "$3" -std="$1" "${strict[@]}" -I"$header" -fsyntax-only "$work/header.c"; then
    passed=$((passed + 1))
  else
    broken "voice_engine.h is not clean as $1"
  fi
}
for standard in c99 c11 c17; do check_header $standard "${CC:-cc}" c; done
for standard in c++11 c++17 c++20; do check_header $standard "${CXX:-c++}" c++; done

# A program that crashes or hangs counts as one failure; its own numbers are added up.
run_program() {
  local name=$1 last code=0
  shift
  timeout 300 "$@" > "$work/out" 2>&1 || code=$?
  last=$(tail -n 1 "$work/out")
  if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
    passed=$((passed + BASH_REMATCH[1]))
    failed=$((failed + BASH_REMATCH[2]))
    echo "$name: $last"
    if ((code != 0)); then
      grep -E 'FAIL' "$work/out" | head -50
      if ((BASH_REMATCH[2] == 0)); then broken "$name ended with code $code after its tests"; tail -30 "$work/out"; fi
    elif [[ -n ${ABI_VERBOSE:-} ]]; then
      cat "$work/out"
    fi
  else
    tail -n 40 "$work/out"
    broken "$name ended with code $code (139 crash, 124 hang)"
  fi
}

build() {
  local name=$1
  shift
  if "$@" -o "$work/$name"; then return 0; fi
  broken "$name does not compile"
  return 1
}

sources=(main.c process_tests.c engine_tests.c session_tests.c event_tests.c server_tests.c thread_tests.c)
if build c99 "${CC:-cc}" -std=c99 -D_GNU_SOURCE -O1 -g "${strict[@]}" -I"$header" "${sources[@]}" "${link[@]}"; then
  run_program c99 "$work/c99" $only
fi
if build c++ "${CXX:-c++}" -x c++ -std=c++17 -D_GNU_SOURCE -O1 -g "${strict[@]}" -I"$header" "${sources[@]}" -x none "${link[@]}"; then
  run_program c++ "$work/c++" $only
fi
if build load "${CC:-cc}" -std=c11 -D_GNU_SOURCE -O1 -g "${strict[@]}" -I"$header" load_test.c -ldl; then
  run_program load "$work/load" "$library"
fi
if [[ -z $only ]] && build stress "${CC:-cc}" -std=c11 -D_GNU_SOURCE -O1 -g "${strict[@]}" -I"$header" stress_test.c "${link[@]}"; then
  MALLOC_CHECK_=3 MALLOC_PERTURB_=165 run_program stress "$work/stress" "${ABI_STRESS_SECONDS:-3}"
fi
mkdir "$work/bin"
if [[ -z $only ]] && build bin/voice-host "${CC:-cc}" -std=c11 -D_GNU_SOURCE -O1 -g "${strict[@]}" -Wshadow \
  -Wstrict-prototypes -I"$header" "$root"/examples/host/*.c "${link[@]}"; then
  run_program voice-host env PYTHONDONTWRITEBYTECODE=1 python3 host_test.py "$work/bin/voice-host"
  run_program voice-host-call env PYTHONDONTWRITEBYTECODE=1 python3 call_test.py "$work/bin/voice-host"
fi
if [[ -z $only ]]; then
  build minimal_call "${CC:-cc}" -std=c11 -O1 "${strict[@]}" -I"$header" "$root/bindings/c/minimal_call.c" "${link[@]}"
fi
if [[ -n ${ABI_SANITIZE:-} ]]; then
  # The test is the executable, so the sanitizer's runtime is loaded first, without LD_PRELOAD. It watches the memory
  # that the tests hand out and all heap; leaks are left out, because the library's thread-local memory stays mapped.
  if build asan "${CC:-cc}" -std=c11 -D_GNU_SOURCE -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
    "${strict[@]}" -I"$header" "${sources[@]}" "${link[@]}"; then
    ASAN_OPTIONS=detect_leaks=0:abort_on_error=0 run_program asan "$work/asan" $only
  fi
  if [[ -z $only ]] && build asan-stress "${CC:-cc}" -std=c11 -D_GNU_SOURCE -O1 -g -fsanitize=address,undefined \
    -fno-sanitize-recover=all "${strict[@]}" -I"$header" stress_test.c "${link[@]}"; then
    ASAN_OPTIONS=detect_leaks=0:abort_on_error=0 run_program asan-stress "$work/asan-stress" "${ABI_STRESS_SECONDS:-3}"
  fi
fi
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))

#!/usr/bin/env bash
# The tests behind `make test` that need the built library in dist/: C, Python, documents, a real call on local models.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

failed=()
skipped=()
# step NAME COMMAND...: exit status 77 of the command means that it could not be tried here.
step() {
  local name=$1 status=0
  shift
  printf '\n== %s\n' "$name"
  "$@" || status=$?
  case $status in
    0) ;;
    77) skipped+=("$name") ;;
    *) failed+=("$name") ;;
  esac
}

step "exported symbols and ABI" scripts/abi.sh
step "C: the header's contract" Tests/ABI/run.sh dist/lib/libvoiceengine.so.1
step "Python" scripts/python-tests.sh
step "a call on local models" scripts/demo.sh --quiet
step "failures of every provider at every step" scripts/failures.sh
step "real servers" Tests/real-servers/run.sh
step "calls through a real Asterisk" Tests/asterisk/run.sh
step "FreeSWITCH module, on a stand-in of its host" Tests/freeswitch/run.sh
step "a call from a browser" Tests/browser/run.sh

if ((${#failed[@]})); then
  printf '\nFAILED: %s\n' "${failed[@]}" >&2
  exit 1
fi
if ((${#skipped[@]})); then
  printf '\nSKIPPED, not tested here: %s\n' "${skipped[@]}" >&2
  printf '\nAll other tests passed.\n'
  exit
fi
printf '\nAll tests passed.\n'

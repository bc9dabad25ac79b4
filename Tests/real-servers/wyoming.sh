#!/usr/bin/env bash
# The Wyoming adapters against AsyncServer of the official library, with PocketSphinx and eSpeak NG behind it.
#
# The adapters are driven by RealWyomingTests, which must have been built (make swift-test).
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
name="real server, Wyoming"
source Tests/real-servers/common.sh

environment "$cache/wyoming-venv" Tests/real-servers/requirements-wyoming.txt ||
  skip "the packages of the server could not be installed"
"$cache/wyoming-venv/bin/python" Tests/real-servers/wyoming_server.py "$work/address" > "$work/server.log" 2>&1 &
server=$!
started+=("$server")
begin=$SECONDS
until [[ -s $work/address ]]; do
  if ! kill -0 "$server" 2> /dev/null || ((SECONDS - begin > 60)); then
    tail -n 5 "$work/server.log" >&2
    failed "the server does not start"
  fi
  sleep 0.1
done
VOICE_ENGINE_REAL_WYOMING=$(< "$work/address") swift test --skip-build --filter RealWyomingTests > "$work/tests.log" 2>&1
if ! grep -q "Test run with [1-9][0-9]* tests\? .*passed" "$work/tests.log"; then
  tail -n 15 "$work/tests.log" >&2
  failed "the adapters did not pass, or were not built"
fi
echo "$name: passed: $(grep "Test run with" "$work/tests.log")"

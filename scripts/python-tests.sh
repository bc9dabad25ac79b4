#!/usr/bin/env bash
# Runs the Python tests: the binding against dist/lib, the agent schema, the providers' official types.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

venv=${XDG_CACHE_HOME:-$HOME/.cache}/voice-engine/test-venv
if [[ ! -e $venv/.ready-1 ]]; then
  echo "python tests: installing pytest, jsonschema and the providers' SDKs into $venv"
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q --disable-pip-version-check pytest jsonschema deepgram-sdk openai
  touch "$venv/.ready-1"
fi
export VOICE_ENGINE_LIBRARY=${VOICE_ENGINE_LIBRARY:-$PWD/dist/lib/libvoiceengine.so.1}
suites=()
for suite in bindings/python/tests Tests/schema Tests/provider-types; do
  if compgen -G "$suite/test_*.py" > /dev/null; then suites+=("$suite"); fi
done
exec "$venv/bin/python" -m pytest -q "${suites[@]}"

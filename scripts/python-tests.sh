#!/usr/bin/env bash
# Runs the Python tests: the binding against dist/lib, the agent schema, the providers' official types.
#
#   scripts/python-tests.sh [SUITE ...]     SUITE: a folder or file of tests; all of them
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly requirements=Tests/provider-types/requirements.txt
readonly tools=('pytest>=8' jsonschema prometheus-client)
venv=${XDG_CACHE_HOME:-$HOME/.cache}/voice-engine/test-venv
marker=$venv/.ready-$({ echo "${tools[@]}"; cat "$requirements"; } | cksum | cut -d' ' -f1)
if [[ ! -e $marker ]]; then
  echo "python tests: installing pytest, jsonschema and the providers' SDKs into $venv"
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q --disable-pip-version-check "${tools[@]}" -r "$requirements"
  touch "$marker"
fi
export VOICE_ENGINE_LIBRARY=${VOICE_ENGINE_LIBRARY:-$PWD/dist/lib/libvoiceengine.so.1}
suites=("$@")
if ((${#suites[@]} == 0)); then suites=(bindings/python/tests Tests/schema Tests/provider-types); fi
exec "$venv/bin/python" -m pytest -q -p no:cacheprovider "${suites[@]}"

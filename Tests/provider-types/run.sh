#!/bin/sh
# Holds the messages in *.jsonl against the official SDKs. The environment is kept in the user's cache between runs.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv="${XDG_CACHE_HOME:-$HOME/.cache}/voice-engine/provider-types"
marker="$venv/ready-voices-1"
if [ ! -e "$marker" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet "deepgram-sdk==7.17.0" "openai==3.52.0" "pytest>=8" \
        "elevenlabs==2.78.0" "cartesia==4.2.0"
    touch "$marker"
fi
exec "$venv/bin/python" -m pytest -q -p no:cacheprovider "$here" "$@"

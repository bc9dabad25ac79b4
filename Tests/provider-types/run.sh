#!/bin/sh
# Holds the .jsonl files against the official SDKs. The environment is kept in the user's cache between runs.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv="${XDG_CACHE_HOME:-$HOME/.cache}/voice-engine/provider-types"
marker="$venv/ready-$(cksum <"$0" | cut -d" " -f1)"
if [ ! -e "$marker" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet "pytest>=8" "deepgram-sdk==7.17.0" "openai==3.52.0" "elevenlabs==2.78.0" \
        "cartesia==4.2.0" "anthropic==2.11.0" "groq==1.7.0" "wyoming==1.10.2" "assemblyai==1.8.2" "soniox==2.10.0" \
        websockets
    touch "$marker"
fi
exec "$venv/bin/python" -m pytest -q -p no:cacheprovider "$here" "$@"

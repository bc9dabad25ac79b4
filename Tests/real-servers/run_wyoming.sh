#!/bin/sh
# Runs the Wyoming adapters against a server of the official library, over loopback. The tests must have been built.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv="${XDG_CACHE_HOME:-$HOME/.cache}/voice-engine/real-wyoming"
marker="$venv/ready-$(cksum <"$0" | cut -d" " -f1)"
if [ ! -e "$marker" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet "wyoming==1.10.2" "pocketsphinx==5.1.1" "espeakng-loader==0.2.4"
    touch "$marker"
fi
address=$(mktemp)
"$venv/bin/python" "$here/wyoming_server.py" "$address" &
server=$!
trap 'kill "$server" 2>/dev/null || true; rm -f "$address"' EXIT
waited=0
while [ ! -s "$address" ]; do
    kill -0 "$server"
    waited=$((waited + 1))
    [ "$waited" -lt 300 ] || { echo "the server did not start" >&2; exit 1; }
    sleep 0.1
done
cd "$here/../.."
VOICE_ENGINE_REAL_WYOMING=$(cat "$address") swift test --skip-build --filter RealWyomingTests

#!/usr/bin/env bash
# Calls an agent on local models from the page, in a real Chromium with a recording as its microphone.
#
#   Tests/browser/run.sh [OUTPUT]     pictures and records in OUTPUT; default demo-output/browser
#
#   VOICE_HOST, LD_LIBRARY_PATH       another build than dist/
#   CHROMIUM=PROGRAM                  another browser than Debian's chromium
#   BROWSER_STRICT=1                  what cannot be tested is a failure
#
# Installs Debian's chromium where it is missing and it may. Without a browser the test is skipped, with a word.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  sed -n '2,10s/^# \{0,1\}//p' "$0"
  exit
fi
output=${1:-demo-output/browser}

find_chromium() {
  local name
  for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
    [[ -n $name ]] && command -v "$name" && return
  done
  return 1
}

install_chromium() {
  command -v apt-get > /dev/null || return 1
  local as=()
  ((EUID == 0)) || { sudo -n true 2> /dev/null && as=(sudo -n) || return 1; }
  echo "Installing Debian's chromium …"
  "${as[@]}" apt-get update -qq > /dev/null 2>&1
  "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium > /dev/null 2>&1
}

if ! chromium=$(find_chromium) && ! { install_chromium && chromium=$(find_chromium); }; then
  echo "SKIPPED: the page was not tested: there is no Chromium, and it cannot be installed here"
  # Could not be tried; see scripts/test.sh.
  [[ -n ${BROWSER_STRICT:-} ]] && exit 1
  exit 77
fi

source scripts/demo/host.sh
need_program "$voice_host"
mkdir -p "$output"
Tests/browser/caller.sh "$output/caller.wav" || exit 1

port=$(free_port)
echo "Starting voice-host on port $port; it loads the models …"
"$voice_host" serve --agents examples/agents --port "$port" --events "$output/events.jsonl" > "$output/host.log" 2>&1 &
host=$!
started+=("$host")
wait_ready "http://127.0.0.1:$port/readyz" "$host" 240 "$output/host.log"
python3 -B Tests/browser/call_test.py --url "http://127.0.0.1:$port/" --chromium "$chromium" \
  --caller "$PWD/$output/caller.wav" --output "$output"

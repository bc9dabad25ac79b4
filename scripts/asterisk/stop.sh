#!/usr/bin/env bash
# Stops the Asterisk that scripts/asterisk/start.sh started in RUN.   scripts/asterisk/stop.sh RUN
set -uo pipefail
run=$(realpath "${1:?usage: stop.sh RUN}")
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

pid=$(cat "$run/pid" 2> /dev/null) || exit 0
asterisk_cli "$run" 'core stop now' > /dev/null
for _ in $(seq 50); do
  kill -0 "$pid" 2> /dev/null || break
  sleep 0.1
done
kill -KILL "$pid" 2> /dev/null
rm -f "$run/pid"
[[ -e $run/control-folder ]] && rm -rf "$(< "$run/control-folder")"
exit 0

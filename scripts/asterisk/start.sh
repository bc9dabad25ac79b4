#!/usr/bin/env bash
# Starts the Asterisk that scripts/asterisk/configure.sh prepared in RUN, and waits until it takes calls.
#
#   scripts/asterisk/start.sh RUN    its process id is in RUN/pid
#
# ASTERISK_WRAP="…" goes in front of the command (an environment, a tool).
set -euo pipefail
run=$(realpath "${1:?usage: start.sh RUN}")
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

read -ra wrap <<< "${ASTERISK_WRAP:-}"
tree=$(asterisk_tree "$run")
libraries=("$tree"/usr/lib/*-linux-gnu)
${wrap[@]+"${wrap[@]}"} "${libraries[0]}"/ld-linux-*.so.* --library-path "${libraries[0]}" "$tree/usr/sbin/asterisk" \
  -f -n -C "$run/etc/asterisk.conf" > "$run/log/console" 2>&1 < /dev/null &
pid=$!
echo "$pid" > "$run/pid"
for _ in $(seq 200); do
  if ! kill -0 "$pid" 2> /dev/null; then
    echo "asterisk: it ended at its start:" >&2
    tail -n 15 "$run/log/console" >&2
    exit 1
  fi
  if [[ $(asterisk_cli "$run" 'core waitfullybooted') == *'fully booted'* ]]; then
    echo "asterisk: $(< "$tree/.version"), SIP on 127.0.0.1:$(< "$run/sip-port")"
    exit
  fi
  sleep 0.1
done
kill -KILL "$pid"
echo "asterisk: not ready after 20 s: $run/log/console" >&2
exit 1

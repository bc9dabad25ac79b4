# Sourced by demo.sh, bench.sh and bench-peer.sh: starts voice-host and ends what was started.

# The programs, as the Makefile builds them; every path can be given by the environment.
voice_host=${VOICE_HOST:-dist/bin/voice-host}
voice_lab=${VOICE_LAB:-.build/release/voice-lab}
export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:-$PWD/dist/lib}

started=()

# Ends only what this script started, in reverse order.
stop_all() {
  local index pid
  for ((index = ${#started[@]} - 1; index >= 0; index--)); do
    pid=${started[index]}
    kill -TERM "$pid" 2> /dev/null || continue
    for _ in $(seq 50); do
      kill -0 "$pid" 2> /dev/null || break
      sleep 0.1
    done
    kill -KILL "$pid" 2> /dev/null || true
  done
}
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

need_program() {
  [[ -x $1 ]] || { echo "$(basename "$0"): $1 is missing; run make build" >&2; exit 1; }
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# http_ok URL: whether it answers 2xx.
http_ok() {
  python3 - "$1" << 'PYTHON' 2> /dev/null
import sys, urllib.request
with urllib.request.urlopen(sys.argv[1], timeout=2) as answer:
    sys.exit(0 if answer.status < 300 else 1)
PYTHON
}

# wait_ready URL PID SECONDS FILE: until the URL answers; shows the end of FILE when the process has died.
wait_ready() {
  local url=$1 pid=$2 seconds=$3 file=$4 begin=$SECONDS
  until http_ok "$url"; do
    if ! kill -0 "$pid" 2> /dev/null; then
      echo "$(basename "$0"): the server of $url ended:" >&2
      tail -n 15 "$file" >&2
      exit 1
    fi
    if ((SECONDS - begin > seconds)); then
      echo "$(basename "$0"): $url is not ready after $seconds s; its log is $file" >&2
      tail -n 15 "$file" >&2
      exit 1
    fi
    sleep 0.2
  done
}

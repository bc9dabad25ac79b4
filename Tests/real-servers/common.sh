# Sourced by the scripts of this folder, which set `name`. Starts and ends servers; expects the repository as directory.
# shellcheck shell=bash

cache=${XDG_CACHE_HOME:-$HOME/.cache}/voice-engine/real-servers
models=${VOICE_ENGINE_MODELS:-${XDG_CACHE_HOME:-$HOME/.cache}/voice-engine/models}
source scripts/demo/host.sh
# A folder for this run; scripts/demo/host.sh ends what was started when the script exits.
work=$(mktemp -d)
trap 'stop_all; rm -rf "$work"' EXIT

skip() {
  echo "$name: skipped: $*"
  exit 0
}

failed() {
  echo "$name: FAILED: $*"
  exit 1
}

# environment DIR REQUIREMENTS: a Python environment with these packages; made once.
environment() {
  local folder=$1 requirements=$2 stamp
  stamp=$(sha256sum "$requirements" | cut -c1-16)
  [[ -e $folder/.ready-$stamp ]] && return
  echo "$name: installing its packages into $folder"
  rm -rf "$folder"
  python3 -m venv "$folder" || return 1
  "$folder/bin/pip" install -q --disable-pip-version-check -r "$requirements" || return 1
  touch "$folder/.ready-$stamp"
}

# answers URL PID SECONDS: waits until the server answers; false when it ended or took too long.
answers() {
  local begin=$SECONDS
  until http_ok "$1"; do
    kill -0 "$2" 2> /dev/null || return 1
    ((SECONDS - begin > $3)) && return 1
    sleep 0.3
  done
}

# call SOUND: plays the demo's recording SOUND to the agent in $work/agent.json; sets `summary`.
call() {
  scripts/demo/caller-audio.sh "$work/caller" > "$work/audio.log" 2>&1 || skip "$(tail -n 1 "$work/audio.log")"
  "$voice_host" talk "$work/agent.json" "$work/caller/$1.wav" "$work/call.wav" --events "$work/events.jsonl" \
    > "$work/talk.log" 2>&1 || { tail -n 15 "$work/talk.log" >&2; failed "the call did not end as it should"; }
  if ! summary=$(python3 -B Tests/real-servers/judge.py "$work/events.jsonl"); then
    tail -n 15 "$work/talk.log" "$work/server.log" >&2
    failed "$summary"
  fi
}

# Sourced by bench.sh and bench-peer.sh after demo/host.sh: the scripted providers and the callers' voice.

# BENCH_TLS=1: every leg is encrypted. One certificate, made for this run, serves the host and the providers; its
# authority is the only one that host and callers trust.
wire=plain
[[ ${BENCH_TLS:-0} == 0 ]] || wire=tls
trust=()

# start_providers FOLDER: their log is FOLDER/providers.jsonl. Sets provider_port and provider_pid.
start_providers() {
  local folder=$1
  : > "$folder/providers.jsonl"
  : > "$folder/providers.log"
  local mode=() word=ready
  if [[ $wire == tls ]]; then
    mode=(--tls-dir "$folder/tls")
    trust=(--ca "$folder/tls/ca.pem")
    word=ready-tls
  fi
  # Two sentences of a few seconds: 21 s hold three turns and an interruption.
  "$voice_lab" providers --port 0 "${mode[@]}" --log "$folder/providers.jsonl" \
    --llm-text "Certainly TAG we are open until six. Just tell me TAG when you would like to come and see us." \
    > "$folder/providers.log" 2>&1 &
  provider_pid=$!
  started+=("$provider_pid")
  provider_port=
  for _ in $(seq 100); do
    provider_port=$(sed -n "s/^$word //p" "$folder/providers.log")
    [[ -n $provider_port ]] && return
    sleep 0.1
  done
  echo "$(basename "$0"): the providers did not start: $folder/providers.log" >&2
  exit 1
}

# start_voice_host FOLDER [OPTION...]: voice-host with the agent of the benchmark. Sets host_pid, host_port and host_url.
# BENCH_SETTINGS is a server document without its TLS; default {}.
start_voice_host() {
  local folder=$1 addresses=() scheme=http
  shift
  rm -rf "$folder/agents"
  mkdir -p "$folder/agents"
  if [[ $wire == tls ]]; then
    scheme=https
    export SSL_CERT_FILE=$folder/tls/ca.pem
    addresses=(-e 's|ws://|wss://|; s|http://|https://|')
  fi
  # Else nearly every request to the model is sent before its turn is over, and waits.
  [[ ${BENCH_SPECULATE:-1} != 0 ]] || addresses+=(-e 's|"turn": {|&"speculate": false, |')
  sed "${addresses[@]}" -e "s/PORT/$provider_port/g" examples/demo/bench-agent.json > "$folder/agents/bench.json"
  # The same agent with a greeting that differs from call to call, so that it cannot be recorded ahead.
  sed -e 's/"name": "bench"/"name": "bench-live"/' -e 's/"greeting": .*/"greeting": "Thanks for calling {{tag}}, how can I help?",/' \
    "$folder/agents/bench.json" > "$folder/agents/bench-live.json"
  host_settings "$folder" > "$folder/server.json"
  host_port=$(free_port)
  host_url=$scheme://127.0.0.1:$host_port
  # The scripted providers take any key.
  VOICE_LAB_KEY=lab "$voice_host" serve --agents "$folder/agents" --port "$host_port" \
    --public-url "$host_url" --settings "$folder/server.json" --max-calls 4096 --loops 1 --log-level warning "$@" \
    > "$folder/host.log" 2>&1 &
  host_pid=$!
  started+=("$host_pid")
  wait_ready "$host_url/readyz" "$host_pid" 60 "$folder/host.log"
}

# host_settings FOLDER: the server document.
host_settings() {
  local settings=${BENCH_SETTINGS:-}
  python3 - "${settings:-"{}"}" "$wire" "$(realpath "$1")/tls" << 'PYTHON'
import json, sys
document, wire, folder = json.loads(sys.argv[1]), sys.argv[2], sys.argv[3]
if wire == "tls":
    document["tls"] = {"certificate": folder + "/server.pem", "key": folder + "/server.key"}
print(json.dumps(document))
PYTHON
}

source scripts/bench/speech.sh

# With two processors or more the first one belongs to the host.
pin=()
others=
if (($(nproc) >= 2)) && [[ ${BENCH_PIN:-1} != 0 ]]; then
  others=1-$(($(nproc) - 1))
  pin=(--pin-host 0 --pin-lab "$others")
fi

# BENCH_REALTIME=1: host and callers come before everything else, as Asterisk does with -p, so that the providers may use
# what the host leaves of its processor. Two processors carry a thousand calls only so.
realtime=()
if [[ ${BENCH_REALTIME:-0} != 0 ]]; then
  realtime=(chrt -f 1)
  "${realtime[@]}" true || { echo "$(basename "$0"): BENCH_REALTIME needs the right to real-time scheduling" >&2; exit 1; }
fi

# share_processors: precedence for the host, or a processor apart from it for the providers. To be called when both run.
share_processors() {
  if ((${#realtime[@]})); then
    chrt -a -f -p 1 "$host_pid"
  elif [[ -n $others ]]; then
    taskset -a -p -c "$others" "$provider_pid" > /dev/null
  fi
}

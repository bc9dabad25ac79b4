#!/usr/bin/env bash
# Calls through a real, unmodified Asterisk to voice-host.   make asterisk-test, or Tests/asterisk/run.sh [NAME...]
#
# A caller with recorded speech telephones by SIP; Asterisk connects the call to voice-host by AudioSocket
# or chan_websocket; the agent has scripted providers. Recordings, what the caller noticed, and the logs are left in .build/asterisk/calls.
#
# Exit status 77: skipped, because Asterisk cannot be had here.
# Without NAME, VoiceAgent() of the module is called too (Tests/asterisk/module.sh), as it is and with AddressSanitizer.
#
#   VOICE_HOST, VOICE_LAB, LD_LIBRARY_PATH   other builds than dist/ and .build/release/
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

scripts/asterisk/fetch.sh > /dev/null
status=$?
if ((status == 77)); then
  echo "asterisk: SKIPPED: no call was made"
  exit 77
fi
((status == 0)) || exit 1
source scripts/demo/host.sh
need_program "$voice_host"
need_program "$voice_lab"
sounds=${ASTERISK_SOUNDS:-/usr/share/asterisk/sounds/en_US_f_Allison}
[[ -f $sounds/vm-num-i-have.wav ]] || { echo "asterisk: $sounds: no recorded speech; run scripts/system-packages.sh" >&2; exit 1; }

out=.build/asterisk/calls
rm -rf "$out"
mkdir -p "$out/agents"
run=$(mktemp -d)
trap 'scripts/asterisk/stop.sh "$run"; cp "$run"/log/full "$out/asterisk.log" 2> /dev/null; stop_all; rm -rf "$run"' EXIT

"$voice_lab" providers --port 0 --log "$out/providers.jsonl" \
  --llm-text "Certainly TAG we are open until six. Just tell me TAG when you would like to come and see us." \
  > "$out/providers.log" 2>&1 &
started+=("$!")
provider_port=
for _ in $(seq 100); do
  provider_port=$(sed -n 's/^ready //p' "$out/providers.log")
  [[ -n $provider_port ]] && break
  sleep 0.1
done
[[ -n $provider_port ]] || { echo "asterisk: the providers did not start: $out/providers.log" >&2; exit 1; }
sed "s/PROVIDER_PORT/$provider_port/g" Tests/asterisk/agent.json > "$out/agents/lab.json"

port=$(free_port) audiosocket_port=$(free_port) sip_port=$(free_port)
echo "{ \"audiosocket\": { \"port\": $audiosocket_port, \"agent\": \"lab\" } }" > "$out/server.json"
VOICE_LAB_KEY=lab "$voice_host" serve --agents "$out/agents" --port "$port" --settings "$out/server.json" \
  --events "$out/events.jsonl" > "$out/host.log" 2>&1 &
host=$!
started+=("$host")
wait_ready "http://127.0.0.1:$port/readyz" "$host" 60 "$out/host.log"

sed "s/AUDIOSOCKET_PORT/$audiosocket_port/g" Tests/asterisk/extensions.conf > "$run/extensions.conf"
sed "s/HTTP_PORT/$port/g" Tests/asterisk/websocket_client.conf > "$run/websocket_client.conf"
scripts/asterisk/configure.sh "$run" --sip-port "$sip_port" --dialplan "$run/extensions.conf" \
  --websocket-client "$run/websocket_client.conf" > /dev/null || exit 1
scripts/asterisk/start.sh "$run" || exit 1

# The module, in an Asterisk of its own, while these calls go on.
if (($# == 0)); then
  (
    failed=0
    Tests/asterisk/module.sh || failed=1
    MODULE_ASAN=1 MODULE_ROUNDS=5 Tests/asterisk/module.sh conversation g722 opus listener mute agent_ends transfer refer keys_out hold tools \
      redirect say dead fork console ends reload load modules || failed=1
    exit "$failed"
  ) > "$out/module.log" 2>&1 &
  module=$!
  started+=("$module")
fi

python3 -B Tests/asterisk/calls.py --sip-port "$sip_port" --events "$out/events.jsonl" --out "$out" "$@"
status=$?
if ! kill -0 "$host" 2> /dev/null; then
  echo "  FAILED  voice-host ended: $out/host.log"
  status=1
fi
if (($# == 0)); then
  wait "$module" || status=1
  cat "$out/module.log"
fi
exit "$status"

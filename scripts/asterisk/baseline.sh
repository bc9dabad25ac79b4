#!/usr/bin/env bash
# What it gains to be inside: the same calls, in the same Asterisk, to the same scripted providers, three ways.
#
#   scripts/asterisk/baseline.sh [CALLS]      prints the table of docs/asterisk.md; takes about two minutes
#
#   module   VoiceAgent(), the engine inside Asterisk (examples/asterisk)
#   host     AudioSocket to voice-host, the engine beside Asterisk
#   relay    AudioSocket to scripts/asterisk/plain_relay.py, a relay as people write it, without an engine
#
# Exit status 77: Asterisk cannot be had here. Needs make build; leaves its files in .build/asterisk/baseline.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

tree=$(scripts/asterisk/fetch.sh)
source scripts/demo/host.sh
need_program "$voice_host"
need_program "$voice_lab"
out=$PWD/.build/asterisk/baseline
rm -rf "$out"
mkdir -p "$out/agents"
run=$(mktemp -d)
trap 'scripts/asterisk/stop.sh "$run"; cp "$run/log/full" "$out/asterisk.log" 2> /dev/null || true; stop_all; rm -rf "$run"' EXIT

make -s -C examples/asterisk ASTERISK_INCLUDE="$tree/usr/include" PREFIX="$PWD/dist" OUT="$out/app_voice_engine.so" \
  ASTERISK_MAJOR="$(sed -n 's/^Asterisk \([0-9]*:\)\{0,1\}\([0-9]*\)\..*/\2/p' "$tree/.version")"
"$voice_lab" providers --port 0 \
  --llm-text "Certainly TAG we are open until six. Just tell me TAG when you would like to come and see us." > "$out/providers.log" 2>&1 &
started+=("$!")
until grep -q '^ready ' "$out/providers.log"; do sleep 0.1; done
provider_port=$(sed -n 's/^ready //p' "$out/providers.log")
sed "s/PROVIDER_PORT/$provider_port/g" Tests/asterisk/agent.json > "$out/agents/lab.json"

port=$(free_port) audiosocket_port=$(free_port) relay_port=$(free_port) sip_port=$(free_port)
echo "{ \"audiosocket\": { \"port\": $audiosocket_port, \"agent\": \"lab\" } }" > "$out/server.json"
VOICE_LAB_KEY=lab "$voice_host" serve --agents "$out/agents" --port "$port" --settings "$out/server.json" \
  --events "$out/host.jsonl" > "$out/host.log" 2>&1 &
host=$!
started+=("$host")
wait_ready "http://127.0.0.1:$port/readyz" "$host" 60 "$out/host.log"
python3 -B scripts/asterisk/plain_relay.py --port "$relay_port" --providers "$provider_port" --events "$out/relay.jsonl" \
  > "$out/relay.log" 2>&1 &
relay=$!
started+=("$relay")
until grep -q '^ready' "$out/relay.log"; do sleep 0.1; done

echo 'VOICE_LAB_KEY=lab' > "$out/keys"
chmod 600 "$out/keys"
printf '[general]\nagents = %s\nkeys = %s\n' "$out/agents" "$out/keys" > "$out/voice_engine.conf"
cat > "$out/extensions.conf" << END
[lab]
exten => module,1,VoiceAgent(lab)
 same => n,Hangup()
exten => host,1,Answer()
 same => n,AudioSocket(\${UUID()},127.0.0.1:$audiosocket_port)
 same => n,Hangup()
exten => relay,1,Answer()
 same => n,AudioSocket(\${UUID()},127.0.0.1:$relay_port)
 same => n,Hangup()
END
scripts/asterisk/configure.sh "$run" --sip-port "$sip_port" --rtp-port 24000 --dialplan "$out/extensions.conf" \
  --conf "$out/voice_engine.conf" --module "$out/app_voice_engine.so" > /dev/null
scripts/asterisk/start.sh "$run"
asterisk=$(< "$run/pid")
python3 -B scripts/asterisk/baseline.py --run "$run" --sip-port "$sip_port" --out "$out" --calls "${1:-40}" \
  --asterisk "$asterisk" --host "$host" --relay "$relay"

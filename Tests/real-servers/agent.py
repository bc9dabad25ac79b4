"""Prints an agent that uses an OpenAI-compatible server on a port of this machine in one role: agent.py ROLE PORT."""

import json
import sys

role, port = sys.argv[1:]
document = {
    "name": "real-server",
    "language": "en-US",
    "prompt": "You answer the telephone of a dental practice. It is open Monday to Friday from nine to five. "
              "Answer in one short sentence.",
    "stt": {"provider": "local"},
    "llm": {"provider": "local", "max_tokens": 40, "temperature": 0.1},
    "tts": {"provider": "local"},
    "manners": {"on_failure": "FAILURE."},
}
entry = {"provider": "openai_compatible", "model": "local", "base_url": f"http://127.0.0.1:{port}/v1"}
if role == "llm":
    entry |= {"max_tokens": 40, "temperature": 0.1}
else:
    # The server loads its model with the first request.
    document["turn"] = {"end": {"max_wait_ms": 10_000}}
document[role] = entry
print(json.dumps(document, indent=1))

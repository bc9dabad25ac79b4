"""Prints an agent whose language model is the OpenAI-compatible server on a port of this machine."""

import json
import sys

print(json.dumps({
    "name": "real-server",
    "language": "en-US",
    "prompt": "You answer the telephone of a dental practice. It is open Monday to Friday from nine to five. "
              "Answer in one short sentence.",
    "stt": {"provider": "local"},
    "llm": {"provider": "openai_compatible", "model": "local", "base_url": f"http://127.0.0.1:{sys.argv[1]}/v1",
            "max_tokens": 40, "temperature": 0.1},
    "tts": {"provider": "local"},
    "manners": {"on_failure": "FAILURE."},
}, indent=1))

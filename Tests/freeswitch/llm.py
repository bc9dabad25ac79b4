"""A language model that speaks OpenAI's chat completions and does what the model's name says, for Tests/freeswitch.
llm.py: prints "ready PORT".

talk: an answer in words. tool:NAME: asks for that tool, then repeats its result. transfer, digits, end: the engine's own
tools."""

import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ANSWER = "Certainly, we are open until six, every day."
# Words that would be commands, if anybody took them for such.
ARGUMENTS = {"day": "next Monday; system touch /tmp/x ${caller} 'a", "people": 3}
BUILT_IN = {
    "transfer": ("I put you through.", "transfer", {"to": "desk"}),
    "digits": ("", "send_dtmf", {"digits": "42#"}),
    "end": ("", "end_call", {"goodbye": "Goodbye then."}),
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text, call = answer(request["model"], request["messages"])
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        time.sleep(0.05)
        for word in text.split(" ") if text else []:
            self.chunk({"content": word + " "})
        if call:
            name, arguments = call
            function = {"name": name, "arguments": json.dumps(arguments)}
            self.chunk({"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]})
        self.chunk({}, "tool_calls" if call else "stop")
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True

    def chunk(self, delta, reason=None):
        body = {"id": "x", "object": "chat.completion.chunk", "model": "x",
                "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
        self.wfile.write(f"data: {json.dumps(body)}\n\n".encode())
        self.wfile.flush()


def answer(model, messages):
    last = messages[-1]
    if last["role"] == "tool":
        return f"Result {last['content']}", None
    if model.startswith("tool:"):
        return "", (model.partition(":")[2], ARGUMENTS)
    if model in BUILT_IN:
        text, name, arguments = BUILT_IN[model]
        return text, (name, arguments)
    return ANSWER, None


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(f"ready {server.server_address[1]}", flush=True)
    server.serve_forever()

"""A scripted language model with tools, for the calls of module.py: the protocol of OpenAI's chat completions, streamed.

The name of the model says what it does in each turn of the caller; see ANSWERS. A tool's result is read out."""

import http.server
import json
import threading

# model: for each turn of the caller a text, or a tool with its arguments; the last one is for all further turns
ANSWERS = {
    "tool": [
        ("look_up", {"number": "4711", "exact": True}), ("ask_agi", {"question": "opening hours, please"}),
        ("nobody_has_this", {}), ("slow", {}),
    ],
    "transfer": [("transfer", {"to": "desk"})],
    "keys": [("send_dtmf", {"digits": "42#"})],
    "bye": [("end_call", {"goodbye": "Thank you very much for calling. Goodbye."})],
    "long": ["I will tell you all about it now, and it will take a while. " * 6],
}


def pieces(request):
    """The answer as deltas."""
    messages = request["messages"]
    if messages[-1]["role"] == "tool":
        return [{"role": "assistant", "content": f"The result says: {messages[-1]['content']} That is all."}]
    answers = ANSWERS[request["model"]]
    turn = sum(message["role"] == "user" for message in messages)
    answer = answers[min(max(turn, 1), len(answers)) - 1]
    if isinstance(answer, str):
        return [{"role": "assistant", "content": word + " "} for word in answer.split(" ")]
    call = {"index": 0, "id": f"call_{turn}", "type": "function",
            "function": {"name": answer[0], "arguments": json.dumps(answer[1])}}
    return [{"role": "assistant", "content": None, "tool_calls": [call]}]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        deltas = pieces(request)
        reason = "tool_calls" if "tool_calls" in deltas[0] else "stop"
        chunks = [(delta, None) for delta in deltas] + [({}, reason)]
        body = "".join(
            "data: " + json.dumps({
                "id": "lab", "object": "chat.completion.chunk", "created": 0, "model": request["model"],
                "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}) + "\n\n"
            for delta, finish in chunks) + "data: [DONE]\n\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


def start():
    """A server in a thread of its own; its port."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]

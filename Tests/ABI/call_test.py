#!/usr/bin/env python3
"""voice-host call against a control API that is scripted.   call_test.py VOICE_HOST"""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
import unittest

HOST = ""
TOKEN = "s3cret-token"
ID = "call_0123456789abcdef"


class API(http.server.BaseHTTPRequestHandler):
    """Answers POST /calls, walks through the states with each GET, and keeps what it was asked."""

    protocol_version = "HTTP/1.1"
    states: list[dict] = []
    asked: list[tuple[str, str, dict]] = []

    def answer(self, status: int, value: dict) -> None:
        body = (json.dumps(value, separators=(",", ":")) + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def take(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        API.asked.append((self.command, self.path, json.loads(body) if body else {}))
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            return self.answer(401, {"error": {"message": "not the token of this server"}})
        if self.command == "POST":
            if API.asked[-1][2]["to"] == "+1":
                return self.answer(400, {"error": {"message": 'to: expected "+15551234567"', "key": "to"}})
            return self.answer(201, {"id": ID, "status": "queued", "goal": 'a "status":"ended" trap'})
        if self.path != f"/calls/{ID}":
            return self.answer(404, {"error": {"message": "there is no such call"}})
        state = API.states.pop(0) if len(API.states) > 1 else API.states[0]
        return self.answer(202 if self.command == "DELETE" else 200, {"id": ID, **state})

    do_GET = do_POST = do_DELETE = take

    def log_message(self, *_: object) -> None:
        pass


class CallTest(unittest.TestCase):
    def setUp(self) -> None:
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), API)
        thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        thread.start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        API.asked = []
        API.states = [{"status": "ended", "cause": "completed"}]

    def call(self, *arguments: str, token: str | None = TOKEN) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ}
        environment.pop("VOICE_CONTROL_TOKEN", None)
        if token is not None:
            environment["VOICE_CONTROL_TOKEN"] = token
        command = [HOST, "call", "--server", self.url, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)

    def test_follows_the_call_to_its_end(self) -> None:
        API.states = [
            {"status": "queued"},
            {"status": "ringing"},
            {"status": "ringing"},
            {"status": "answered"},
            {"status": "answered", "answered_by": "human"},
            {"status": "ended", "cause": "completed", "answered_by": "human"},
        ]
        done = self.call(
            "+15551234567", "--agent", "x", "--goal", 'say "hi"\n', "--var", "name=A=B", "--var", "n=1", "--machine",
            "--from", "+1555", "--carrier", "twilio",
        )  # fmt: skip
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], ID)
        told = [line.split("  ", 1)[1] for line in lines[1:]]
        expected = ["queued", "ringing", "answered", "answered by human", "ended by human: completed"]
        self.assertEqual(told, expected)
        self.assertEqual(
            API.asked[0],
            ("POST", "/calls", {
                "to": "+15551234567", "agent": "x", "goal": 'say "hi"\n', "from": "+1555", "carrier": "twilio",
                "machine_detection": True, "variables": {"name": "A=B", "n": "1"},
            }),
        )  # fmt: skip

    def test_a_call_that_nobody_takes_is_one(self) -> None:
        API.states = [{"status": "ended", "cause": "failed", "detail": "SIP 404"}]
        done = self.call("sip:a@b")
        self.assertEqual(done.returncode, 1)
        self.assertTrue(done.stdout.endswith("ended: failed (SIP 404)\n"), done.stdout)

    def test_does_not_wait_when_told_so(self) -> None:
        done = self.call("+15551234567", "--no-wait")
        self.assertEqual((done.returncode, done.stdout), (0, ID + "\n"))
        self.assertEqual(len(API.asked), 1)

    def test_what_the_server_refuses_is_told(self) -> None:
        done = self.call("+1")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, 'voice-host: the server answered 400: to: expected "+15551234567"\n')
        wrong = self.call("+15551234567", token="wrong")
        self.assertEqual(wrong.returncode, 3)
        self.assertIn("not the token of this server", wrong.stderr)

    def test_hangs_up(self) -> None:
        API.states = [{"status": "answered"}]
        done = self.call("--hang-up", ID)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(API.asked[0][:2], ("DELETE", f"/calls/{ID}"))
        self.assertEqual(self.call("--hang-up", "call_9").returncode, 1)
        self.assertEqual(self.call("--hang-up", "../x").returncode, 2)

    def test_needs_a_token_and_a_server(self) -> None:
        for token in (None, "", "a\nb"):
            done = self.call("+15551234567", token=token)
            self.assertEqual(done.returncode, 3)
            self.assertIn("VOICE_CONTROL_TOKEN", done.stderr)
        for url in ("https://a", "http://", "http://a:x", "http://127.0.0.1:1/path", "ftp://a"):
            self.url = url
            self.assertEqual(self.call("+15551234567").returncode, 3, url)
        self.url = "http://127.0.0.1:1"
        self.assertIn("no server at 127.0.0.1:1", self.call("+15551234567").stderr)

    def test_wrong_usage_is_two(self) -> None:
        for arguments in ((), ("+1555", "+1556"), ("--dance",), ("+1555", "--var", "x"), ("x", "--hang-up", ID)):
            self.assertEqual(self.call(*arguments).returncode, 2, arguments)
        self.assertEqual(API.asked, [])
        help_text = self.call("--help")
        self.assertEqual((help_text.returncode, help_text.stderr), (0, ""))
        self.assertLessEqual(max(len(line) for line in help_text.stdout.splitlines()), 80)


if __name__ == "__main__":
    if len(sys.argv) < 2 or not os.access(sys.argv[1], os.X_OK):
        print("usage: call_test.py VOICE_HOST [unittest options]", file=sys.stderr)
        sys.exit(2)
    HOST = os.path.abspath(sys.argv.pop(1))
    program = unittest.main(exit=False, verbosity=0)
    bad = len(program.result.failures) + len(program.result.errors)
    print(f"{program.result.testsRun - bad} passed, {bad} failed", flush=True)
    sys.exit(1 if bad else 0)

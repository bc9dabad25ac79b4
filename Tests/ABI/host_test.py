#!/usr/bin/env python3
"""voice-host as a stranger meets it: usage, documents, WAV files, signals.   host_test.py VOICE_HOST

No model, no key, no network: the agent's providers are refused on port 1.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import ssl
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import wave
from pathlib import Path

HOST = ""
PROVIDERS = {
    "stt": {"provider": "deepgram", "base_url": "ws://127.0.0.1:1", "api_key_env": "VOICE_TEST_KEY"},
    "llm": {
        "provider": "openai",
        "model": "test",
        "base_url": "http://127.0.0.1:1/v1",
        "api_key_env": "VOICE_TEST_KEY",
    },
    "tts": {"provider": "deepgram", "base_url": "ws://127.0.0.1:1", "api_key_env": "VOICE_TEST_KEY"},
}
AGENT = {"name": "test", "language": "en-US", "prompt": "x", "greeting": "Hello.", **PROVIDERS}
ENVIRONMENT = {**os.environ, "VOICE_TEST_KEY": "not-a-key"}
ENVIRONMENT.pop("VOICE_TEST_UNSET_KEY", None)
STAGES = ("endpoint_wait_ns", "transcript_wait_ns", "commit_ns", "llm_first_token_ns", "segment_ns", "total_ns")


def run(*arguments: str, timeout: float = 30) -> subprocess.CompletedProcess[str]:
    return subprocess.run([HOST, *arguments], capture_output=True, text=True, timeout=timeout, env=ENVIRONMENT)


def chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) & 1)


def riff(*chunks: bytes) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def fmt(tag: int, channels: int, rate: int, bits: int) -> bytes:
    frame = channels * bits // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, rate * frame, frame, bits))


class HostTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.agent = self.folder / "test.json"
        self.agent.write_text(json.dumps(AGENT))

    def wav(self, content: bytes) -> str:
        path = self.folder / "in.wav"
        path.write_bytes(content)
        return str(path)

    def talk(self, content: bytes, *options: str) -> subprocess.CompletedProcess[str]:
        return run("talk", str(self.agent), self.wav(content), str(self.folder / "out.wav"), "--tail-s", "0", *options)

    # -- Usage

    def test_help_of_everything_goes_to_stdout_and_succeeds(self) -> None:
        for arguments in (("--help",), ("serve", "--help"), ("check", "--help"), ("talk", "--help"), ("call", "--help")):
            done = run(*arguments)
            self.assertEqual((done.returncode, done.stderr), (0, ""), arguments)
            self.assertIn("voice-host", done.stdout)
            self.assertLessEqual(max(len(line) for line in done.stdout.splitlines()), 80)

    def test_wrong_usage_is_two_and_says_so_on_stderr(self) -> None:
        rows = (
            (),
            ("dance",),
            ("serve",),
            ("serve", "--agents"),
            ("serve", "--agents", ".", "--port", "65536"),
            ("serve", "--agents", ".", "--port", "-1"),
            ("serve", "--agents", ".", "--port", "80x"),
            ("serve", "--agents", ".", "--loops", "0"),
            ("serve", "--agents", ".", "--loop-cpus"),
            ("serve", "--agents", ".", "--log-level", "loud"),
            ("serve", "--agents", ".", "extra"),
            ("check",),
            ("talk", "one"),
            ("talk", "a", "b", "c", "--var", "novalue"),
            ("talk", "a", "b", "c", "--tail-s", "241"),
        )
        for arguments in rows:
            done = run(*arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertNotEqual(done.stderr, "", arguments)

    def test_version_names_library_and_abi(self) -> None:
        done = run("version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"libvoiceengine \d+\.\d+\.\d+\S*, ABI 1\.\d+")

    # -- check

    def test_check_prints_ok_or_the_path_of_the_key(self) -> None:
        wrong = self.folder / "wrong.json"
        wrong.write_text(json.dumps({**AGENT, "bogus": 1}))
        done = run("check", "--offline", str(self.agent), str(wrong), str(self.folder / "nothing.json"))
        self.assertEqual(done.returncode, 1)
        first, second = done.stdout.splitlines()
        self.assertEqual(first, f"{self.agent}: OK")
        self.assertIn("bogus", second)
        self.assertIn("nothing.json", done.stderr)
        self.assertEqual(run("check", "--offline", str(self.agent)).returncode, 0)

    def test_check_tries_the_providers_and_says_what_is_wrong_with_each(self) -> None:
        chain = [PROVIDERS["tts"], {**PROVIDERS["tts"], "api_key_env": "VOICE_TEST_UNSET_KEY"}]
        self.agent.write_text(json.dumps({**AGENT, "tts": chain}))
        done = run("check", str(self.agent))
        self.assertEqual(done.returncode, 1)
        lines = [line.split(maxsplit=2) for line in done.stdout.splitlines()[1:]]
        self.assertEqual([line[:2] for line in lines], [
            ["stt", "deepgram"], ["llm", "openai"], ["tts[0]", "deepgram"], ["tts[1]", "deepgram"],
        ])
        for line in lines[:3]:
            self.assertRegex(line[2], "FAILED: .*127.0.0.1:1")
        self.assertIn("VOICE_TEST_UNSET_KEY is not set", lines[3][2])
        self.assertNotIn("not-a-key", done.stdout + done.stderr)

    def test_check_tries_a_model_that_does_everything(self) -> None:
        realtime = {**PROVIDERS["llm"], "base_url": "ws://127.0.0.1:1/v1"}
        self.agent.write_text(json.dumps({"name": "test", "prompt": "x", "realtime": realtime}))
        done = run("check", str(self.agent))
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"realtime +openai +FAILED: .*127\.0\.0\.1:1")

    def test_a_document_of_two_megabytes_is_refused(self) -> None:
        large = self.folder / "large.json"
        large.write_text(" " * (2 << 20))
        done = run("check", str(large))
        self.assertEqual(done.returncode, 1)
        self.assertIn("larger than", done.stderr)

    # -- talk

    def test_talk_takes_every_format_and_writes_both_sides(self) -> None:
        rows = (
            (1, 16, 8000, b"\0\1" * 1600),
            (1, 16, 22050, b"\0\1" * 4410),
            (1, 16, 48000, b"\0\1" * 9600),
            (7, 8, 8000, b"\x80" * 1600),
            (6, 8, 8000, b"\x80" * 1600),
        )
        for tag, bits, rate, samples in rows:
            done = self.talk(riff(fmt(tag, 1, rate, bits), chunk(b"data", samples)))
            self.assertEqual(done.returncode, 0, done.stderr)
            with wave.open(str(self.folder / "out.wav")) as out:
                self.assertEqual((out.getnchannels(), out.getframerate(), out.getsampwidth()), (2, rate, 2))
                self.assertGreaterEqual(out.getnframes(), len(samples) * 8 // bits)
                frames = out.readframes(100)
            caller = struct.unpack("<200h", frames)[::2]
            expected = {1: 256, 7: 32124, 6: 5504}[tag]
            self.assertEqual(set(caller), {expected}, f"format {tag}")
            self.assertIn("started", done.stdout)
            self.assertIn("closed", done.stdout.splitlines()[-1])

    def test_stereo_gives_its_first_channel_and_mono_the_agent_alone(self) -> None:
        samples = struct.pack("<2h", 1000, -1000) * 800
        done = self.talk(riff(fmt(1, 2, 8000, 16), chunk(b"data", samples)))
        self.assertEqual(done.returncode, 0, done.stderr)
        with wave.open(str(self.folder / "out.wav")) as out:
            self.assertEqual(set(struct.unpack("<200h", out.readframes(100))[::2]), {1000})
        self.talk(riff(fmt(1, 2, 8000, 16), chunk(b"data", samples)), "--mono")
        with wave.open(str(self.folder / "out.wav")) as out:
            self.assertEqual(out.getnchannels(), 1)

    def test_a_wav_that_cannot_be_used_is_explained(self) -> None:
        data = chunk(b"data", b"\0" * 320)
        rows = (
            (b"", "not a WAV"),
            (b"RIFF", "not a WAV"),
            (b"hello, world, this is text", "not a WAV"),
            (riff(), "fmt chunk"),
            (riff(data), "fmt chunk"),
            (riff(fmt(1, 1, 8000, 16)), "data chunk"),
            (riff(fmt(1, 1, 8000, 16), chunk(b"data", b"")), "single sample"),
            (riff(fmt(1, 1, 8000, 24), data), "24 bits"),
            (riff(fmt(3, 1, 8000, 32), data), "format 3"),
            (riff(fmt(1, 1, 7999, 16), data), "7999 Hz"),
            (riff(fmt(1, 1, 96000, 16), data), "96000 Hz"),
            (riff(fmt(1, 1, 11025, 16), data), "output_rate 11025"),
            (riff(fmt(1, 0, 8000, 16), data), "0 channels"),
            (riff(chunk(b"fmt ", b"\1\0"), data), "fmt chunk"),
        )
        for content, reason in rows:
            done = self.talk(content)
            self.assertEqual(done.returncode, 3, reason)
            self.assertIn(reason, done.stderr)

    def test_a_data_chunk_longer_than_its_file_ends_with_the_file(self) -> None:
        for claimed in (0, 0xFFFFFFFF, 10_000_000):
            content = riff(fmt(1, 1, 8000, 16)) + b"data" + struct.pack("<I", claimed) + b"\0\1" * 160
            self.assertEqual(self.talk(content).returncode, 0, claimed)

    def test_garbage_never_crashes_the_reader(self) -> None:
        seed = random.randrange(1 << 30)
        chance = random.Random(seed)
        sound = riff(fmt(1, 1, 8000, 16), chunk(b"data", b"\0" * 32))
        for _ in range(60):
            content = bytearray(sound)
            for _ in range(chance.randint(1, 8)):
                content[chance.randrange(len(content))] = chance.choice((0, 255, chance.randrange(256)))
            # A document that is refused ends it before the call, in a millisecond.
            path = self.wav(bytes(content[: chance.randint(0, len(content))]))
            done = run("talk", str(self.folder / "test.json"), path, "/nonexistent/out.wav")
            self.assertEqual(done.returncode, 3, f"seed {seed}: {bytes(content)!r} {done.stderr}")

    def test_events_are_json_lines(self) -> None:
        log = self.folder / "events.jsonl"
        done = self.talk(
            riff(fmt(1, 1, 8000, 16), chunk(b"data", b"\0" * 6400)), "--events", str(log), "--call-id", 'a "b"'
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        self.assertEqual((lines[0]["type"], lines[0]["text"]), ("started", 'a "b"'))
        self.assertEqual(lines[-1]["type"], "closed")
        self.assertEqual([line["sequence"] for line in lines], list(range(1, len(lines) + 1)))
        for line in lines:
            self.assertEqual(line["call"], 'a "b"')
            for key in ("time_ns", "turn", "text", "flags", "position"):
                self.assertIn(key, line)
            if line["type"] == "turn_metrics":
                self.assertTrue(set(STAGES) <= set(line["metrics"]))

    # -- serve

    def serve(self, *options: str) -> subprocess.Popen[bytes]:
        self.unread = ""
        host = subprocess.Popen(
            [HOST, "serve", "--agents", str(self.folder), "--port", "0", *options],
            stderr=subprocess.PIPE,
            bufsize=0,
            env=ENVIRONMENT,
        )
        self.addCleanup(host.stderr.close if host.stderr else lambda: None)
        self.addCleanup(host.wait)
        self.addCleanup(host.kill)
        return host

    def read_until(self, host: subprocess.Popen[bytes], text: str, seconds: float = 60) -> str:
        """What the host says up to the end of the line with this text; fails with it when the line does not come."""
        assert host.stderr is not None
        said = self.unread
        deadline = time.monotonic() + seconds
        while (found := said.find(text)) < 0 or (end := said.find("\n", found)) < 0:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([host.stderr], [], [], left)[0]:
                self.fail(f'voice-host did not say "{text}" within {seconds} s, but:\n{said}')
            more = os.read(host.stderr.fileno(), 1 << 16)
            if not more:
                self.fail(f'voice-host ended without "{text}":\n{said}')
            said += more.decode(errors="replace")
        self.unread = said[end + 1 :]
        return said[: end + 1]

    def test_serve_says_what_to_enter_at_twilio_and_drains(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            host = self.serve("--public-url", "https://agent.example.com/")
            said = self.read_until(host, "/twilio/voice/")
            self.assertRegex(said, r"listening on http://127\.0\.0\.1:\d+")
            self.assertIn("https://agent.example.com/twilio/voice/test\n", said)
            host.send_signal(number)
            self.assertEqual(host.wait(10), 0)

    def test_hangup_reads_the_agents_again(self) -> None:
        host = self.serve()
        self.read_until(host, "loading")
        (self.folder / "second.json").write_text(json.dumps({**AGENT, "name": "second"}))
        host.send_signal(signal.SIGHUP)
        said = self.read_until(host, "the agents were read again")
        # So it is once the models are there, and a wrong one does not end the host.
        if "ready for calls" not in said:
            self.read_until(host, "ready for calls")
        (self.folder / "third.json").write_text("{")
        host.send_signal(signal.SIGHUP)
        self.read_until(host, "third.json")
        host.send_signal(signal.SIGTERM)
        self.assertEqual(host.wait(10), 0)

    def test_what_cannot_start_is_three_and_says_why(self) -> None:
        empty = self.folder / "empty"
        empty.mkdir()
        done = run("serve", "--agents", str(empty), "--port", "0")
        self.assertEqual(done.returncode, 3)
        self.assertIn(str(empty), done.stderr)
        done = run("serve", "--agents", str(self.folder / "nothing"), "--port", "0")
        self.assertEqual(done.returncode, 3)
        done = run("serve", "--agents", str(self.folder), "--port", "0", "--host", "256.1.1.1")
        self.assertEqual(done.returncode, 3)
        self.assertIn("256.1.1.1", done.stderr)
        (self.folder / "wrong.json").write_text(json.dumps({**AGENT, "bogus": 1}))
        done = run("serve", "--agents", str(self.folder), "--port", "0")
        self.assertEqual(done.returncode, 3)
        self.assertIn("wrong.json", done.stderr)
        self.assertIn("bogus", done.stderr)

    def certificate(self, name: str) -> dict[str, str]:
        """A fresh certificate, as the section "tls"."""
        files = {"certificate": str(self.folder / "chain.pem"), "key": str(self.folder / "key.pem")}
        command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2".split()
        command += ["-subj", f"/CN={name}", "-keyout", files["key"], "-out", files["certificate"]]
        subprocess.run(command, check=True, capture_output=True)
        return files

    def test_a_server_document_brings_tls_and_hangup_its_renewal(self) -> None:
        def shown(port: int) -> str:
            return ssl.get_server_certificate(("127.0.0.1", port), timeout=5)

        settings = self.folder / "server.settings"
        settings.write_text(json.dumps({"tls": self.certificate("first") | {"watch_s": 0}}))
        host = self.serve("--settings", str(settings))
        said = self.read_until(host, "listening on")
        self.assertIn("listening on https://127.0.0.1:", said)
        port = int(said.rsplit("https://127.0.0.1:", 1)[1].split()[0])
        first = shown(port)
        self.certificate("second")
        self.assertEqual(shown(port), first)
        host.send_signal(signal.SIGHUP)
        self.read_until(host, "the agents were read again")
        second = shown(port)
        self.assertNotEqual(second, first)
        (self.folder / "key.pem").write_text("nothing")
        host.send_signal(signal.SIGHUP)
        self.read_until(host, "key.pem holds no private key")
        self.assertEqual(shown(port), second)
        host.send_signal(signal.SIGTERM)
        self.assertEqual(host.wait(10), 0)

    def test_a_wrong_server_document_is_three_and_names_the_key(self) -> None:
        settings = self.folder / "server.settings"
        for text, named in (
            ('{"limits":{"request_s":0}}', "limits.request_s"),
            ('{"tls":{"certificate":"/no/such.pem","key":"/no/such.key"}}', "/no/such.pem"),
            ('{"control":{"token_env":"VOICE_TEST_UNSET_KEY"}}', "VOICE_TEST_UNSET_KEY"),
            ("{\0}", "not a JSON document"),
        ):
            settings.write_text(text)
            done = run("serve", "--agents", str(self.folder), "--port", "0", "--settings", str(settings))
            self.assertEqual(done.returncode, 3)
            self.assertIn(named, done.stderr)

    def test_an_agent_without_its_key_is_left_out(self) -> None:
        keyless = {**AGENT, "name": "keyless", "stt": {**PROVIDERS["stt"], "api_key_env": "VOICE_TEST_UNSET_KEY"}}
        (self.folder / "keyless.json").write_text(json.dumps(keyless))
        host = self.serve()
        said = self.read_until(host, "/twilio/voice/")
        self.assertIn("VOICE_TEST_UNSET_KEY", said)
        self.assertNotIn("/twilio/voice/keyless", said)
        host.send_signal(signal.SIGTERM)
        self.assertEqual(host.wait(10), 0)


if __name__ == "__main__":
    if len(sys.argv) < 2 or not os.access(sys.argv[1], os.X_OK):
        print("usage: host_test.py VOICE_HOST [unittest options]", file=sys.stderr)
        sys.exit(2)
    HOST = os.path.abspath(sys.argv.pop(1))
    program = unittest.main(exit=False, verbosity=0)
    bad = len(program.result.failures) + len(program.result.errors)
    print(f"{program.result.testsRun - bad} passed, {bad} failed", flush=True)
    sys.exit(1 if bad else 0)

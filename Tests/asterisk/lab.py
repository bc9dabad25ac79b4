"""What the scenarios of module.py share: the Asterisk under test, and a telephone that calls it."""

import json
import os
import random
import subprocess
import sys
import time
import urllib.parse

from calls import Wrong, expect
from manager import Manager


class Lab:
    def __init__(self, arguments):
        self.run, self.port, self.out = arguments.run, arguments.sip_port, arguments.out
        self.manager = Manager(arguments.manager_port)
        self.random = random.Random(arguments.seed)
        self.ari_port = arguments.ari_port
        self.models, self.rounds = arguments.models, arguments.rounds
        self.count, self.calls = 0, arguments.calls
        # ERROR lines of the module that a scenario meant to cause, as regular expressions.
        self.expected = []

    def cli(self, text):
        # The manager may not load and unload modules.
        if not text.startswith("module "):
            return self.manager.command(text)
        return subprocess.run(
            ["bash", "-c", 'source scripts/asterisk/common.sh; asterisk_cli "$@"', "cli", self.run, text],
            capture_output=True, text=True, timeout=60, check=False).stdout

    def log(self):
        with open(f"{self.run}/log/full", encoding="utf-8", errors="replace") as file:
            return file.read()


class Phone:
    """One call: its caller's report, and what the manager told of it."""

    def __init__(self, lab, extension, *steps, codec="ulaw", mute=False, status=200):
        lab.count += 1
        self.lab, self.name = lab, f"n{lab.count}x{lab.random.randrange(1000, 9999)}"
        self.sound = os.path.join(lab.out, f"module-{extension}-{self.name}.wav")
        command = [sys.executable, "-B", "scripts/asterisk/call.py", f"sip:{extension}@127.0.0.1:{lab.port}", *steps,
                   "--codec", codec, "--from", self.name, "--out", self.sound]
        self.expected_status = status
        self.process = subprocess.Popen(
            command + (["--mute"] if mute else []), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def is_start(self, event):
        return event["Event"] == "VoiceAgentStart" and event.get("CallerIDNum") == self.name

    def started(self, limit=20):
        """The event of the call's begin: Uniqueid, Channel."""
        event = self.lab.manager.wait(self.is_start, limit)
        expect(event, "VoiceAgentStart did not come")
        return event

    def finish(self, has_dialplan=True):
        """Waits for its end. A channel that Bridge() took has no dialplan of its own any more."""
        out, error = self.process.communicate(timeout=180)
        expect(out, f"the caller failed: {error[-500:]}")
        self.call = json.loads(out)
        expect(self.call["status"] == self.expected_status, f"status {self.call['status']}")
        if self.expected_status == 200:
            expect(not self.call["failure"], self.call["failure"])
            expect(self.call["lost"] == 0, f"{self.call['lost']} packets were lost")
        if not has_dialplan:
            return self
        # A call through another channel has two ends.
        start = self.lab.manager.wait(self.is_start, 0)
        self.after = self.lab.manager.wait(
            lambda e: e.get("UserEvent") == "After" and e.get("Caller") == self.name
            and (start is None or e["Uniqueid"] == start["Uniqueid"]))
        expect(self.after, "the dialplan's h was not reached")
        self.after |= {key: urllib.parse.unquote(self.after.get(key, "")) for key in ("Reason", "Summary")}
        return self

    def events(self, name=None):
        id = self.started()["Uniqueid"]
        return self.lab.manager.all(
            lambda e: e.get("Uniqueid") == id and e["Event"].startswith("VoiceAgent")
            and (name is None or e["Event"] == "VoiceAgent" + name))

    def texts(self, who):
        return [e["Text"] for e in self.events("Turn") if e["Who"] == who and e.get("Text")]

    def ended(self, status):
        """Checks how it ended; the event of the end."""
        end = self.lab.manager.wait(
            lambda e: e["Event"] == "VoiceAgentEnd" and e["Uniqueid"] == self.started()["Uniqueid"])
        expect(end, "VoiceAgentEnd did not come")
        expect(end["Status"] == status, f"status {end['Status']} ({end.get('Reason')}), expected {status}")
        expect(self.after["Status"] == status, f"VOICE_AGENT_STATUS {self.after['Status']}")
        return end


def expect_quiet(lab):
    """Nothing is left of the calls."""
    for _ in range(50):
        calls, channels = lab.cli("voice show calls"), lab.cli("core show channels")
        if "\n0 calls" in "\n" + calls and "0 active channels" in channels:
            return
        time.sleep(0.1)
    raise Wrong(f"left over: {calls} {channels}")

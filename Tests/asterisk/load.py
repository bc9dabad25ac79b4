"""Many calls at once, from one thread: each hears the greeting, asks once, hears the answer, and hangs up.

  load.py sip:NAME@HOST:PORT --calls N --sound QUESTION.wav [--pid PID]...

Prints one JSON object: packets and those lost, the answer's delay as the callers heard it, and what the
processes PID took of a processor."""

import argparse
import json
import os
import random
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../scripts/asterisk"))

import call as calls  # noqa: E402
import sip  # noqa: E402

SILENCE = b"\xff" * 160
# Bytes of a mu-law frame that are next to zero, above which it counts as silence.
QUIET = 120
NEAR_ZERO = bytes(range(256)).translate(None, bytes([0xFF, 0x7F, 0xFE, 0x7E, 0xFD, 0x7D, 0xFC, 0x7C]))
TALK_SECONDS, PAUSE_SECONDS = 12, 0.8


class Load:
    """One call under way: greeting, question, answer."""

    def __init__(self, telephone, question):
        self.telephone, self.question = telephone, question
        telephone.media.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.began = time.monotonic()
        self.offset = random.random() * 0.02
        self.sent = self.packets = self.lost = 0
        self.last = self.last_sound = self.asked = self.delay = None
        self.position = len(question)

    def tick(self, now):
        due = self.began + self.offset + self.sent * 0.02
        while now >= due:
            payload = SILENCE
            if self.position < len(self.question):
                payload = self.question[self.position]
                self.position += 1
                if self.position == len(self.question):
                    self.asked = now
            head = struct.pack(">BBHII", 0x80, 0, self.sent & 0xFFFF, self.sent * 160, self.telephone.source)
            self.telephone.media.sendto(head + payload, self.telephone.remote)
            self.sent += 1
            due += 0.02
        self.receive(now)
        # The greeting is over: the question.
        if self.last_sound and now - self.last_sound > PAUSE_SECONDS and self.asked is None and self.position:
            self.position = 0 if self.position == len(self.question) else self.position

    def receive(self, now):
        while True:
            try:
                packet = self.telephone.media.recv(2048)
            except BlockingIOError:
                return
            if len(packet) < 172 or packet[1] & 0x7F:
                continue
            number = packet[2] << 8 | packet[3]
            if self.last is not None:
                self.lost += min((number - self.last - 1) & 0xFFFF, 1000)
            self.last = number
            self.packets += 1
            if len(packet[12:].translate(None, NEAR_ZERO)) < QUIET:
                self.last_sound = now
                if self.asked is not None and self.delay is None:
                    self.delay = now - self.asked


def frames(path):
    codec = sip.Codec("ulaw")
    samples = calls.load(path, 8000)
    loud = [i for i in range(0, len(samples), 160) if calls.loudness(samples[i : i + 160]) > calls.AUDIBLE]
    samples = samples[: loud[-1] + 160]
    return [codec.encode(samples[i : i + 160]).ljust(160, b"\xff") for i in range(0, len(samples), 160)]


def processor_seconds(pids):
    used = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        used += int(fields[11]) + int(fields[12])
    return used / os.sysconf("SC_CLK_TCK")


def dial_all(arguments, question, under_way, refused):
    for index in range(arguments.calls):
        telephone = sip.Call(arguments.uri, sip.Codec("ulaw"), f"load{index}")
        status = telephone.dial()
        if status == 200:
            under_way.append(Load(telephone, question))
        else:
            refused.append(status)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("uri")
    parser.add_argument("--calls", type=int, required=True)
    parser.add_argument("--sound", required=True)
    parser.add_argument("--pid", type=int, action="append", default=[])
    arguments = parser.parse_args()
    under_way, refused = [], []
    question = frames(arguments.sound)
    dialler = threading.Thread(target=dial_all, args=(arguments, question, under_way, refused))
    began = time.monotonic()
    dialler.start()
    together = None
    while together is None or time.monotonic() - together < TALK_SECONDS:
        now = time.monotonic()
        for one in list(under_way):
            one.tick(now)
        if together is None and not dialler.is_alive():
            together, before = now, processor_seconds(arguments.pid)
        time.sleep(max(0.0, 0.005 - (time.monotonic() - now)))
    used = processor_seconds(arguments.pid) - before
    for one in under_way:
        one.telephone.hang_up()
    delays = sorted(one.delay * 1000 for one in under_way if one.delay is not None)
    report = {
        "calls": len(under_way), "refused": len(refused), "dialled_in_s": round(together - began, 1),
        "packets": sum(one.packets for one in under_way), "lost": sum(one.lost for one in under_way),
        "answered": len(delays)}
    if delays:
        report |= {"answer_ms_p50": round(delays[len(delays) // 2]), "answer_ms_p95": round(delays[len(delays) * 95 // 100])}
    report["processor_percent"] = round(100 * used / TALK_SECONDS, 1)
    print(json.dumps(report))
    return 0 if not refused else 1


if __name__ == "__main__":
    sys.exit(main())

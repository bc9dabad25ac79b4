"""The baseline of scripts/asterisk/baseline.sh: a relay as people write it, without an engine. AudioSocket on one side,
speech-to-text, language model and text-to-speech (the scripted ones of voice-lab) on the other.

It does what the usual examples do: streaming recognition, the end of a turn where the recogniser says so, the answer
sentence by sentence to the voice, the audio at the pace of playing, an interruption on the recogniser's first words. It knows what it
has sent; what was heard it takes to be the same.

  plain_relay.py --port N --providers PORT --events FILE"""

import argparse
import asyncio
import base64
import itertools
import json
import os
import struct
import time

FRAME = 320
RATE = 8000


class WebSocket:
    """As much of a client as is needed here."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, port, path):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write((
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n"
            "Authorization: Token lab\r\n\r\n").encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise ConnectionError(head.decode())
        return cls(reader, writer)

    def send(self, kind, data):
        mask = os.urandom(4)
        size = bytes([0x80 | len(data)]) if len(data) < 126 else bytes([0xFE]) + struct.pack(">H", len(data))
        masked = (int.from_bytes(data, "big") ^ int.from_bytes((mask * (len(data) // 4 + 1))[: len(data)], "big")).to_bytes(
            len(data), "big") if data else b""
        self.writer.write(bytes([0x80 | kind]) + size + mask + masked)

    async def receive(self):
        head = await self.reader.readexactly(2)
        size = head[1] & 127
        if size == 126:
            size = struct.unpack(">H", await self.reader.readexactly(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", await self.reader.readexactly(8))[0]
        return head[0] & 15, await self.reader.readexactly(size)


class Call:
    numbers = itertools.count()

    def __init__(self, reader, writer, providers, events):
        self.reader, self.writer, self.providers, self.events = reader, writer, providers, events
        self.number = next(self.numbers)
        self.queue = bytearray()
        self.sent = 0
        self.answering = None
        self.talking = False
        self.messages = [{"role": "system", "content": "You answer the telephone. Be brief."}]

    def tell(self, kind, **more):
        self.events.write(json.dumps({"at": time.monotonic(), "call": self.number, "type": kind, **more}) + "\n")
        self.events.flush()

    async def run(self):
        self.ears = await WebSocket.open(
            self.providers,
            f"/v1/listen?model=nova-3&encoding=linear16&sample_rate={RATE}&channels=1&interim_results=true&endpointing=300"
            "&smart_format=true&punctuate=true&utterance_end_ms=1000&vad_events=true")
        tasks = [asyncio.create_task(one()) for one in (self.listen, self.play, self.recognise)]
        self.answering = asyncio.create_task(self.say("Thanks for calling, how can I help?"))
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in (*tasks, self.answering):
            task.cancel()
        for one in (self.writer, self.ears.writer):
            one.close()

    async def listen(self):
        while True:
            kind, size = struct.unpack(">BH", await self.reader.readexactly(3))
            data = await self.reader.readexactly(size)
            if kind == 0x00:
                return
            if kind == 0x10:
                self.ears.send(2, data)

    async def play(self):
        due = time.monotonic()
        while True:
            frame = bytes(self.queue[:FRAME]).ljust(FRAME, b"\0")
            if self.queue:
                self.sent += 1
                self.talking = True
            elif self.talking:
                self.talking = False
                self.tell("silent", sent_frames=self.sent)
            del self.queue[:FRAME]
            self.writer.write(struct.pack(">BH", 0x10, FRAME) + frame)
            due += 0.02
            await asyncio.sleep(max(0, due - time.monotonic()))

    async def recognise(self):
        said = ""
        while True:
            kind, data = await self.ears.receive()
            if kind == 8:
                return
            if kind != 1:
                continue
            message = json.loads(data)
            if message.get("type") != "Results":
                continue
            text = message["channel"]["alternatives"][0]["transcript"]
            # An interruption: two words, as the engine's default.
            if len((said + " " + text).split()) >= 2 and (self.queue or not self.answering.done()):
                self.answering.cancel()
                self.queue.clear()
                self.tell("interrupted", sent_frames=self.sent)
            if message.get("is_final") and text:
                said = (said + " " + text).strip()
            if message.get("speech_final") and said:
                self.tell("turn", text=said)
                self.messages.append({"role": "user", "content": said})
                self.answering.cancel()
                self.answering = asyncio.create_task(self.answer())
                said = ""

    async def answer(self):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.providers)
        body = json.dumps({"model": "lab", "stream": True, "messages": self.messages}).encode()
        writer.write((
            "POST /v1/chat/completions HTTP/1.1\r\nHost: lab\r\nAuthorization: Bearer lab\r\nConnection: close\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body)
        sentence, voice = "", None
        try:
            while line := await reader.readline():
                if not line.startswith(b"data: {"):
                    continue
                delta = json.loads(line[6:])["choices"]
                sentence += delta[0]["delta"].get("content", "") if delta else ""
                if sentence.strip() and sentence.strip()[-1] in ".!?":
                    voice = voice or await self.open_voice()
                    self.speak(voice, sentence.strip())
                    sentence = ""
            await self.hear_out(voice)
        finally:
            writer.close()
            if voice:
                voice.writer.close()

    async def say(self, text):
        voice = await self.open_voice()
        try:
            self.speak(voice, text)
            await self.hear_out(voice)
        finally:
            voice.writer.close()

    async def open_voice(self):
        voice = await WebSocket.open(
            self.providers, f"/v1/speak?model=aura-2-thalia-en&encoding=linear16&sample_rate={RATE}")
        voice.task = asyncio.create_task(self.take_audio(voice))
        voice.owed = 0
        return voice

    def speak(self, voice, text):
        voice.owed += 1
        voice.send(1, json.dumps({"type": "Speak", "text": text}).encode())
        voice.send(1, b'{"type":"Flush"}')

    async def take_audio(self, voice):
        while True:
            kind, data = await voice.receive()
            if kind == 2:
                self.queue += data
            elif kind == 1 and json.loads(data).get("type") == "Flushed":
                voice.owed -= 1

    async def hear_out(self, voice):
        try:
            while voice and voice.owed > 0 and not voice.task.done():
                await asyncio.sleep(0.005)
        finally:
            if voice:
                voice.task.cancel()


async def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--providers", type=int, required=True)
    parser.add_argument("--events", required=True)
    arguments = parser.parse_args()
    with open(arguments.events, "w", encoding="utf-8") as events:

        async def accept(reader, writer):
            try:
                await Call(reader, writer, arguments.providers, events).run()
            except (ConnectionError, asyncio.IncompleteReadError) as error:
                print("relay:", error, flush=True)

        server = await asyncio.start_server(accept, "127.0.0.1", arguments.port)
        print("ready", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

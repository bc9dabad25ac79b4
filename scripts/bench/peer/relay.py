"""A bare relay for the benchmark: Twilio's media streams in, Deepgram and OpenAI behind, and nothing of its own between.

    relay.py --port PORT --providers PORT

What a server of calls costs that does not listen itself: no voice activity, no echo, no resampling, no pacing, no failover, no
record of what was heard. Frames go to the recogniser as they come; its final transcript goes to the model, whose
sentences go to the voice, whose audio goes to the carrier as it comes; an interim transcript over the agent interrupts it. One process on uvloop, with picows for the WebSockets: the quickest that Python has.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from base64 import b64decode, b64encode
from contextlib import suppress
from dataclasses import dataclass

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_connect, ws_create_server

# As examples/demo/bench-agent.json has them.
PROMPT = "You answer the telephone. Be brief."
GREETING = "Thanks for calling, how can I help?"
MAX_TOKENS = 150
LISTEN = "/v1/listen?model=nova-3&encoding=mulaw&sample_rate=8000&channels=1&interim_results=true&endpointing=300"
SPEAK = "/v1/speak?model=aura-2-thalia-en&encoding=mulaw&sample_rate=8000"
HEADERS = {"Authorization": "Token lab"}
FRAME_BYTES = 160
BYTES_PER_SECOND = 8_000
MEDIA = b'"media":{'
PAYLOAD = b'"payload":"'


@dataclass(frozen=True)
class Options:
    """What the command line tells."""

    port: int
    stream_port: int
    providers: int


class Listening(WSListener):  # type: ignore[misc, unused-ignore]
    """The recogniser's socket of one call."""

    def __init__(self, call: Call) -> None:
        self.call = call

    def on_ws_frame(self, _transport: WSTransport, frame: WSFrame) -> None:
        """A transcript."""
        if frame.msg_type != WSMsgType.TEXT:
            return
        message = json.loads(frame.get_payload_as_bytes())
        if message.get("type") != "Results":
            return
        text = message["channel"]["alternatives"][0]["transcript"]
        if text:
            self.call.heard(text, bool(message.get("speech_final")))


class Speaking(WSListener):  # type: ignore[misc, unused-ignore]
    """The voice's socket of one call."""

    def __init__(self, call: Call) -> None:
        self.call = call

    def on_ws_frame(self, _transport: WSTransport, frame: WSFrame) -> None:
        """Audio, or that a `Clear` was obeyed."""
        if frame.msg_type == WSMsgType.BINARY:
            self.call.play(frame.get_payload_as_bytes())
        elif frame.msg_type == WSMsgType.TEXT and b'"Cleared"' in frame.get_payload_as_bytes():
            self.call.cleared()


class Call(WSListener):  # type: ignore[misc, unused-ignore]
    """One stream of Twilio."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.clear = b""
        self.carrier: WSTransport | None = None
        self.recogniser: WSTransport | None = None
        self.voice: WSTransport | None = None
        self.task: asyncio.Task[None] | None = None
        self.answering: asyncio.Task[None] | None = None
        self.before = b""
        self.messages: list[dict[str, str]] = [{"role": "system", "content": PROMPT}]
        # Audio that came before a `Clear` was obeyed is of the reply that was interrupted.
        self.clearing = 0
        self.plays_until = 0.0

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Twilio is there."""
        self.carrier = transport

    def on_ws_disconnected(self, _transport: WSTransport) -> None:
        """The call is over."""
        for task in (self.task, self.answering):
            if task is not None:
                task.cancel()
        for transport in (self.recogniser, self.voice):
            if transport is not None:
                transport.disconnect()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """A message of Twilio: nearly always a frame of the caller's voice."""
        if frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()
            return
        message = frame.get_payload_as_bytes()
        if MEDIA in message:
            if self.recogniser is not None:
                begin = message.index(PAYLOAD) + len(PAYLOAD)
                self.recogniser.send(WSMsgType.BINARY, b64decode(message[begin : message.index(b'"', begin)]))
        elif b'"start"' in message:
            stream = json.loads(message).get("streamSid", "")
            self.before = f'{{"event":"media","streamSid":"{stream}","media":{{"payload":"'.encode()
            self.clear = f'{{"event":"clear","streamSid":"{stream}"}}'.encode()
            self.task = asyncio.ensure_future(self.begin())

    async def begin(self) -> None:
        """Connects to recogniser and voice, and greets."""
        base = f"ws://127.0.0.1:{self.options.providers}"
        (self.recogniser, _), (self.voice, _) = await asyncio.gather(
            ws_connect(lambda: Listening(self), base + LISTEN, extra_headers=HEADERS),
            ws_connect(lambda: Speaking(self), base + SPEAK, extra_headers=HEADERS),
        )
        self.say(GREETING)
        self.tell({"type": "Flush"})

    def tell(self, message: dict[str, str]) -> None:
        """To the voice."""
        if self.voice is not None:
            self.voice.send(WSMsgType.TEXT, json.dumps(message).encode())

    def say(self, text: str) -> None:
        """A sentence."""
        self.tell({"type": "Speak", "text": text})

    def play(self, audio: bytes) -> None:
        """Audio of the voice goes to the carrier, which keeps what is not due."""
        if self.clearing or self.carrier is None:
            return
        now = asyncio.get_running_loop().time()
        self.plays_until = max(self.plays_until, now) + len(audio) / BYTES_PER_SECOND
        for begin in range(0, len(audio), FRAME_BYTES):
            payload = b64encode(audio[begin : begin + FRAME_BYTES])
            self.carrier.send(WSMsgType.TEXT, self.before + payload + b'"}}')

    def cleared(self) -> None:
        """What comes from now on is of the next reply."""
        self.clearing = max(0, self.clearing - 1)

    def heard(self, text: str, is_final: bool) -> None:
        """Any words interrupt the agent; final ones are answered."""
        if self.answering is not None or asyncio.get_running_loop().time() < self.plays_until:
            self.interrupt()
        if is_final:
            self.messages.append({"role": "user", "content": text})
            self.answering = asyncio.ensure_future(self.answer())

    def interrupt(self) -> None:
        """Silence, at the carrier and at the voice."""
        if self.answering is not None:
            self.answering.cancel()
            self.answering = None
        self.plays_until = 0.0
        if self.carrier is not None:
            self.carrier.send(WSMsgType.TEXT, self.clear)
        self.clearing += 1
        self.tell({"type": "Clear"})

    async def answer(self) -> None:
        """Asks the model; its sentences go on to the voice."""
        body = json.dumps(
            {"model": "lab", "stream": True, "max_tokens": MAX_TOKENS, "messages": self.messages[-100:]}
        ).encode()
        head = (
            "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer lab\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", self.options.providers)
        words: list[str] = []
        sentence = ""
        try:
            writer.write(head.encode() + body)
            # An event is a line of its own in whatever chunk it comes.
            while line := await reader.readline():
                if not line.startswith(b"data: "):
                    continue
                if line.startswith(b"data: [DONE]"):
                    break
                choices = json.loads(line[6:])["choices"]
                text = choices[0]["delta"].get("content") if choices else None
                if text:
                    words.append(text)
                    sentence += text
                    if text[-1] in ".!?":
                        self.say(sentence)
                        sentence = ""
            if sentence:
                self.say(sentence)
            self.tell({"type": "Flush"})
            self.answering = None
        finally:
            writer.close()
            self.messages.append({"role": "assistant", "content": "".join(words)})


async def webhook(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, options: Options) -> None:
    """`/readyz`, and the voice webhook that names the stream, at the paths of voice-host."""
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next((int(line[15:]) for line in head.split("\r\n") if line.lower().startswith("content-length:")), 0)
            await reader.readexactly(length)
            body = "ready\n"
            if head.startswith("POST"):
                # voice-lab speaks ws:// to a wss:// address with --plain.
                url = f"wss://127.0.0.1:{options.stream_port}/twilio/stream"
                body = f'<?xml version="1.0"?><Response><Connect><Stream url="{url}"/></Connect></Response>'
            writer.write(
                f"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
            )
            await writer.drain()
    writer.close()


async def serve(port: int, providers: int) -> None:
    """Serves until it is ended."""

    def accept(_request: WSUpgradeRequest) -> Call:
        return Call(options)

    streams = await ws_create_server(accept, "127.0.0.1", 0)
    options = Options(port, streams.sockets[0].getsockname()[1], providers)
    web = await asyncio.start_server(lambda reader, writer: webhook(reader, writer, options), "127.0.0.1", port)
    await asyncio.gather(streams.serve_forever(), web.serve_forever())


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description="The bare relay of make bench-peer.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--providers", type=int, required=True, help="port of voice-lab providers")
    arguments = parser.parse_args()
    uvloop.run(serve(arguments.port, arguments.providers))


if __name__ == "__main__":
    main()

"""A WAV file calls an agent: plays it in real time, prints what happens, writes the agent's audio.

    PYTHONPATH=bindings/python python3 examples/python/talk_wav.py agent.json in.wav out.wav

IN.wav is 16-bit mono PCM of 8 to 48 kHz. The call ends when the recording has ended and the agent has been silent for
three seconds, or when the agent hangs up.
"""

from __future__ import annotations

import sys
import time
import wave

from voice_engine import Call, Engine, VoiceEngineError
from voice_engine.events import (
    AgentStarted,
    Closed,
    Event,
    Failure,
    HangUp,
    ToolCall,
    TurnStarted,
)

FRAME_S = 0.020
TAIL_S = 3.0
REPLY_S = 30.0


class Talk:
    """Whether the conversation is over: from events and audio."""

    def __init__(self) -> None:
        self.active = time.monotonic()
        self.reply_due = 0.0
        self.closed = False

    def take(self, call: Call, event: Event, start_ns: int) -> None:
        print(f"{(event.time_ns - start_ns) / 1e9:8.3f}  {event}", flush=True)
        self.active = time.monotonic()
        if isinstance(event, TurnStarted):
            self.reply_due = time.monotonic() + REPLY_S
        elif isinstance(event, (AgentStarted, Failure)):
            self.reply_due = 0.0
        elif isinstance(event, ToolCall):
            call.tool_result(event.id, {"error": "this script has no tools"})
        elif isinstance(event, HangUp):
            call.hang_up()
        elif isinstance(event, Closed):
            self.closed = True

    def over(self) -> bool:
        now = time.monotonic()
        return self.closed or (now > self.reply_due and now - self.active > TAIL_S)


def talk(engine: Engine, document: bytes, recording: wave.Wave_read, output: wave.Wave_write) -> None:
    rate = recording.getframerate()
    state = Talk()
    start_ns = time.monotonic_ns()
    with engine.call(document=document, rate=rate, call_id="talk-wav") as call:
        sent = frame = 0
        while not state.closed:
            # 11,025 Hz has no whole number of samples in 20 ms.
            frame += 1
            count = frame * rate // 50 - sent
            sent += count
            audio = recording.readframes(count)
            if not audio and state.over():
                break
            call.write(audio + bytes(2 * count - len(audio)))
            reply = call.read(2 * count)
            output.writeframes(reply)
            if reply.count(0) != len(reply):
                state.active = time.monotonic()
            due = start_ns / 1e9 + frame * FRAME_S
            while (left := due - time.monotonic()) > 0 and not state.closed:
                event = call.next_event(left)
                if event is not None:
                    state.take(call, event, start_ns)
        call.hang_up()
        while not state.closed and (event := call.next_event(0.5)) is not None:
            state.take(call, event, start_ns)


def main() -> int:
    if len(sys.argv) != 4:
        print(__doc__, file=sys.stderr)
        return 2
    with open(sys.argv[1], "rb") as file:
        document = file.read()
    try:
        with wave.open(sys.argv[2], "rb") as recording, wave.open(sys.argv[3], "wb") as output, Engine() as engine:
            if recording.getnchannels() != 1 or recording.getsampwidth() != 2:
                print(f"{sys.argv[2]}: expected 16-bit mono PCM", file=sys.stderr)
                return 1
            output.setnchannels(1)
            output.setsampwidth(2)
            output.setframerate(recording.getframerate())
            # Adding the agent loads its models before the call.
            engine.add_agent(document)
            engine.wait_ready(120)
            talk(engine, document, recording, output)
    except (VoiceEngineError, wave.Error, OSError) as error:
        print(f"talk_wav: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

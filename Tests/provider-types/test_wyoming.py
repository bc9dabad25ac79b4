"""The Wyoming events that the engine reads are as the official library writes them, and the other way round.

HouseGoldenTests.swift holds the Swift codec against the same file.
"""

import base64
import io
import json
import pathlib

import pytest
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.event import read_event, write_event
from wyoming.info import Describe, Info
from wyoming.ping import Pong
from wyoming.tts import Synthesize

ROWS = [
    json.loads(line)
    for line in pathlib.Path(__file__).with_name("wyoming.jsonl").read_text("utf-8").splitlines()
]
SENT = {
    "describe": Describe,
    "transcribe": Transcribe,
    "audio-start": AudioStart,
    "audio-chunk": AudioChunk,
    "audio-stop": AudioStop,
    "synthesize": Synthesize,
    "pong": Pong,
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f'{row["direction"]} {row["name"]}')
def test_event_is_of_the_library(row: dict) -> None:
    data = base64.b64decode(row["bytes"])
    stream = io.BytesIO(data)
    event = read_event(stream)
    assert event is not None and stream.read() == b""
    assert "wyoming." + event.type == row["type"]
    if row["direction"] == "received":
        # Read and written again it is the same: these are the library's own bytes.
        again = io.BytesIO()
        write_event(event, again)
        assert again.getvalue() == data
        return
    kind = SENT[event.type]
    assert kind.is_type(event.type)
    message = kind.from_event(event)
    # What we send says all that the library understands, and nothing that it drops.
    said = {key: value for key, value in message.event().data.items() if value is not None}
    assert said == event.data
    assert message.event().payload == event.payload


def test_the_library_understands_what_is_in_them() -> None:
    rows = {(row["direction"], row["name"]): base64.b64decode(row["bytes"]) for row in ROWS}
    transcript = Transcript.from_event(read_event(io.BytesIO(rows["received", "transcript"])))
    assert transcript.text == "Grüß Gott."
    synthesize = Synthesize.from_event(read_event(io.BytesIO(rows["sent", "synthesize"])))
    assert (synthesize.text, synthesize.voice.name, synthesize.voice.speaker) == ('Grüß "Gott".', "v", "s")
    assert Info.from_event(read_event(io.BytesIO(rows["received", "info"]))).tts[0].supports_synthesize_streaming

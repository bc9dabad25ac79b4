"""The messages in scribe.jsonl are what ElevenLabs' SDK (Scribe realtime) sends and accepts; `RecogniserGoldenTests.swift` holds ours against them."""

import json
import pathlib

import elevenlabs.types as types
import pydantic
import pytest
from elevenlabs.realtime.scribe import AudioFormat, CommitStrategy, RealtimeAudioOptions

MESSAGES = [
    json.loads(line)
    for line in pathlib.Path(__file__).with_name("scribe.jsonl").read_text("utf-8").splitlines()
]


def unknown_fields(model: pydantic.BaseModel) -> list[str]:
    """Names that the SDK's type does not know, at any depth."""
    names = list(model.model_extra or {})
    for field in type(model).model_fields:
        value = getattr(model, field)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, pydantic.BaseModel):
                names += unknown_fields(item)
    return names


@pytest.mark.parametrize("row", MESSAGES, ids=lambda row: row["name"])
def test_message_is_of_the_sdk(row: dict) -> None:
    message = row["message"]
    if row["type"] == "query":
        assert set(message) <= set(RealtimeAudioOptions.__annotations__)
        AudioFormat(message["audio_format"])
        CommitStrategy(message["commit_strategy"])
        return
    model = getattr(types, row["type"]).model_validate(message)
    assert unknown_fields(model) == []
    assert model.message_type == message["message_type"]


def test_a_wrong_message_is_noticed() -> None:
    with pytest.raises(pydantic.ValidationError):
        types.InputAudioChunkPayload.model_validate({"audio_base_64": "", "commit": True})

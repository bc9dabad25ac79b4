"""The messages in scribe.jsonl are what ElevenLabs' SDK (Scribe realtime) sends and accepts; `RecogniserGoldenTests.swift` holds ours against them."""

import elevenlabs.types as types
import pydantic
import pytest
from elevenlabs.realtime.scribe import AudioFormat, CommitStrategy, RealtimeAudioOptions

from sdk_types import rows, unknown_fields

MESSAGES = rows("scribe.jsonl")


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

"""The messages in elevenlabs.jsonl are what ElevenLabs' own SDK knows; the Swift side is VoiceGoldenTests.swift."""

import inspect

import elevenlabs.types as types
import pydantic
import pytest
from elevenlabs.text_to_speech.raw_client import RawTextToSpeechClient

from sdk_types import rows, unknown_fields

MESSAGES = rows("elevenlabs.jsonl")


@pytest.mark.parametrize("row", MESSAGES, ids=lambda row: row["name"])
def test_message_is_of_the_sdk(row: dict) -> None:
    message = row["message"]
    if row["type"] == "Request":
        known = inspect.signature(RawTextToSpeechClient.stream).parameters
        assert set(message) <= set(known)
        settings = types.VoiceSettings.model_validate(message["voice_settings"])
        assert unknown_fields(settings) == []
        return
    model = getattr(types, row["type"]).model_validate(message)
    assert unknown_fields(model) == []


def test_a_wrong_message_is_noticed() -> None:
    with pytest.raises(pydantic.ValidationError):
        types.KeepContextAlive.model_validate({"text": "x"})
    assert unknown_fields(types.SendTextMulti.model_validate({"text": "x", "context_id": "r", "flsh": True})) == ["flsh"]

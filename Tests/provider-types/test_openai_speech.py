"""The requests in openai_speech.jsonl are what OpenAI's own SDK knows; the Swift side is VoiceGoldenTests.swift."""

import pydantic
import pytest
from openai.types.audio import SpeechCreateParams

from sdk_types import rows, unknown_members


@pytest.mark.parametrize("row", rows("openai_speech.jsonl"), ids=lambda row: row["name"])
def test_request_is_of_the_sdk(row: dict) -> None:
    pydantic.TypeAdapter(SpeechCreateParams).validate_python(row["message"])
    assert unknown_members(SpeechCreateParams, row["message"]) == []


def test_a_wrong_request_is_noticed() -> None:
    with pytest.raises(pydantic.ValidationError):
        pydantic.TypeAdapter(SpeechCreateParams).validate_python(
            {"model": "m", "input": "i", "voice": "v", "response_format": "mulaw"}
        )

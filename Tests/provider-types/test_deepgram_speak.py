"""The request in deepgram_speak.jsonl is what Deepgram's own SDK knows; the Swift side is VoiceGoldenTests.swift."""

import inspect
import typing

import pytest
from deepgram.speak.v1.audio import types as audio_types
from deepgram.speak.v1.audio.raw_client import RawAudioClient

from sdk_types import rows


def allowed(kind: object) -> list[object]:
    """The values of an enumeration of the SDK, which is a union of literals and Any."""
    return [value for part in typing.get_args(kind) for value in typing.get_args(part) or [part]]


@pytest.mark.parametrize("row", rows("deepgram_speak.jsonl"), ids=lambda row: row["name"])
def test_request_is_of_the_sdk(row: dict) -> None:
    message = row["message"]
    assert set(message) <= set(inspect.signature(RawAudioClient.generate).parameters)
    if row["type"] == "Query":
        assert message["encoding"] in allowed(audio_types.AudioGenerateRequestEncoding)
        assert message["container"] in allowed(audio_types.AudioGenerateRequestContainer)
        float(message["sample_rate"])

"""The forms and answers of transcriptions, and Groq's chunks, are of the official SDKs of OpenAI and Groq.

HouseGoldenTests.swift holds the Swift codecs against the same file. A list in "sent" is a field that is
repeated.
"""

import json
import pathlib
import typing

import groq.types.audio.transcription_create_params as groq_params
import openai.types.audio.transcription_create_params as openai_params
import pytest
from groq.types.audio import Transcription as GroqTranscription
from groq.types.chat import ChatCompletionChunk as GroqChunk
from openai.types.audio import Transcription, TranscriptionVerbose

ROWS = [
    json.loads(line)
    for line in pathlib.Path(__file__).with_name("transcription.jsonl").read_text("utf-8").splitlines()
]
RECEIVED = {
    "openai.Transcription": Transcription,
    "openai.TranscriptionVerbose": TranscriptionVerbose,
    "groq.Transcription": GroqTranscription,
    "groq.Chunk": GroqChunk,
}


def form_fields(library: str) -> set[str]:
    params = (
        openai_params.TranscriptionCreateParamsBase
        if library == "openai"
        else groq_params.TranscriptionCreateParams
    )
    return set(typing.get_type_hints(params))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f'{row["direction"]} {row["name"]}')
def test_message_is_of_the_sdk(row: dict) -> None:
    library = row["type"].split(".")[0]
    if row["direction"] == "sent":
        fields = form_fields(library)
        for name, value in row["message"].items():
            # A list travels as `name[]`.
            assert name.removesuffix("[]") in fields
            assert isinstance(value, list) == name.endswith("[]")
    else:
        model = RECEIVED[row["type"]].model_validate(row["message"])
        assert set(model.model_extra or {}) == set()


def test_a_wrong_field_is_noticed() -> None:
    assert "keyterms" not in form_fields("openai")
    assert "keywords" not in form_fields("groq")

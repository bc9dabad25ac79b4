"""The messages in messages.jsonl are what the providers' own SDKs send and accept.

`WireGoldenTests.swift` holds the Swift codecs against the same file: what is "sent" is what they write, what is
"received" is what they read. Run by scripts/python-tests.sh.
"""

import deepgram.listen.v1.types as listen
import deepgram.speak.v1.types as speak
import pydantic
import pytest
from openai.types.chat import ChatCompletionChunk
from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming

from sdk_types import rows, unknown_fields

MESSAGES = rows("messages.jsonl")


def deepgram_type(name: str) -> type[pydantic.BaseModel]:
    return getattr(listen if name.startswith("Listen") else speak, name)


@pytest.mark.parametrize("row", MESSAGES, ids=lambda row: row["name"])
def test_message_is_of_the_sdk(row: dict) -> None:
    library, name = row["type"].split(".")
    message = row["message"]
    if library == "deepgram":
        model = deepgram_type(name).model_validate(message)
        assert unknown_fields(model) == []
        # The SDKs leave `type` open in places: our spelling must be the one the class stands for.
        assert message["type"] in name or (name == "SpeakV1Text" and message["type"] == "Speak")
    elif name == "Chunk":
        assert unknown_fields(ChatCompletionChunk.model_validate(message)) == []
    else:
        pydantic.TypeAdapter(CompletionCreateParamsStreaming).validate_python(message)
        assert set(message) <= set(CompletionCreateParamsStreaming.__annotations__) | {
            key for base in CompletionCreateParamsStreaming.__orig_bases__ for key in base.__annotations__
        }


def test_a_wrong_message_is_noticed() -> None:
    with pytest.raises(pydantic.ValidationError):
        listen.ListenV1Results.model_validate({"type": "Results", "start": "soon"})
    with pytest.raises(pydantic.ValidationError):
        pydantic.TypeAdapter(CompletionCreateParamsStreaming).validate_python({"model": "m", "messages": 1})

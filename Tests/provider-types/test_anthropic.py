"""Every message of Anthropic's protocol that the engine writes or reads is of the official SDK.

HouseGoldenTests.swift holds the Swift codec against the same file.
"""

import pydantic
import pytest
from anthropic.types import RawMessageStreamEvent
from anthropic.types.message_create_params import MessageCreateParamsStreaming
from anthropic.types.shared import ErrorResponse

from sdk_types import rows, unknown_fields

MESSAGES = rows("anthropic.jsonl")


def plain(value: object) -> object:
    """The value with its lists read: the SDK's iterables are checked as they are read."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        return value
    return [plain(item) for item in value]


@pytest.mark.parametrize("row", MESSAGES, ids=lambda row: row["name"])
def test_message_is_of_the_sdk(row: dict) -> None:
    message = row["message"]
    if row["direction"] == "sent":
        # Typed dictionaries drop what they do not know, so what comes out must be what went in.
        adapter = pydantic.TypeAdapter(MessageCreateParamsStreaming)
        assert plain(adapter.validate_python(message)) == message
        known = set(MessageCreateParamsStreaming.__annotations__) | {
            key for base in MessageCreateParamsStreaming.__orig_bases__ for key in base.__annotations__
        }
        assert set(message) <= known
    elif row["type"] == "anthropic.Error":
        assert unknown_fields(ErrorResponse.model_validate(message)) == []
    else:
        event = pydantic.TypeAdapter(RawMessageStreamEvent).validate_python(message)
        assert unknown_fields(event) == []
        assert event.type == message["type"]


def test_a_wrong_message_is_noticed() -> None:
    with pytest.raises(pydantic.ValidationError):
        pydantic.TypeAdapter(MessageCreateParamsStreaming).validate_python({"model": "m", "messages": 1})
    with pytest.raises(pydantic.ValidationError):
        pydantic.TypeAdapter(RawMessageStreamEvent).validate_python({"type": "content_block_delta", "index": "x"})

"""The messages in openai_realtime.jsonl are what OpenAI's own SDK sends and accepts on the Realtime API.

`OpenAIRealtimeWireTests.swift` holds the Swift codec against the same file.
"""

import pydantic
import pytest
from openai.types import realtime

from sdk_types import rows

MESSAGES = rows("openai_realtime.jsonl")


def unknown_fields(model: object) -> list[str]:
    """Names that the SDK's types do not know, at any depth."""
    if isinstance(model, list):
        return [name for item in model for name in unknown_fields(item)]
    if not isinstance(model, pydantic.BaseModel):
        return []
    names = list(model.model_extra or {})
    for field in type(model).model_fields:
        names += unknown_fields(getattr(model, field))
    return names


@pytest.mark.parametrize("row", MESSAGES, ids=lambda row: row["name"])
def test_message_is_of_the_sdk(row: dict) -> None:
    model = pydantic.TypeAdapter(getattr(realtime, row["type"])).validate_python(row["message"])
    # Unions are tried one after the other: the type must be the one that was meant.
    assert model.type == row["message"]["type"]
    assert unknown_fields(model) == []


@pytest.mark.parametrize(
    "row", [row for row in MESSAGES if row["direction"] == "sent"], ids=lambda row: row["name"]
)
def test_nothing_gets_lost(row: dict) -> None:
    model = pydantic.TypeAdapter(getattr(realtime, row["type"])).validate_python(row["message"])
    assert model.model_dump(exclude_unset=True, by_alias=True) == row["message"]


def test_a_wrong_message_is_noticed() -> None:
    with pytest.raises(pydantic.ValidationError):
        realtime.ConversationItemTruncateEvent.model_validate({"type": "conversation.item.truncate"})
    with pytest.raises(pydantic.ValidationError):
        realtime.SessionUpdateEvent.model_validate({"type": "session.update", "session": {"type": "live"}})
    beta = {"type": "session.update", "session": {"type": "realtime", "input_audio_format": "g711_ulaw"}}
    assert unknown_fields(realtime.SessionUpdateEvent.model_validate(beta)) == ["input_audio_format"]

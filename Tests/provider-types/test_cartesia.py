"""The messages in cartesia.jsonl are what Cartesia's own SDK knows; the Swift side is VoiceGoldenTests.swift."""

import pydantic
import pytest
from cartesia.types import TTSGenerateParams, websocket_client_event_param, websocket_response
from cartesia.types.generation_request_param import GenerationRequestParam

from sdk_types import rows, unknown_members

MESSAGES = rows("cartesia.jsonl")
SENT = {"GenerationRequest": GenerationRequestParam, "TTSGenerate": TTSGenerateParams}
# The client's other message has a class of its own beside the request.
CANCEL = websocket_client_event_param.CancelContextRequest


def unknown_fields(model: pydantic.BaseModel) -> list[str]:
    names = list(model.model_extra or {})
    for field in type(model).model_fields:
        value = getattr(model, field)
        if isinstance(value, pydantic.BaseModel):
            names += unknown_fields(value)
    return names


@pytest.mark.parametrize("row", MESSAGES, ids=lambda row: row["name"])
def test_message_is_of_the_sdk(row: dict) -> None:
    message = row["message"]
    if row["direction"] == "received":
        model = getattr(websocket_response, row["type"]).model_validate(message)
        assert unknown_fields(model) == []
        return
    params = SENT.get(row["type"], CANCEL)
    pydantic.TypeAdapter(params).validate_python(message)
    # The voice's mode is of the version that is asked for; newer ones know the id alone.
    message.get("voice", {}).pop("mode", None)
    assert unknown_members(params, message) == []


def test_a_wrong_message_is_noticed() -> None:
    with pytest.raises(pydantic.ValidationError):
        pydantic.TypeAdapter(GenerationRequestParam).validate_python({"context_id": "r"})
    assert unknown_members(CANCEL, {"context_id": "r", "cancell": True}) == ["cancell"]

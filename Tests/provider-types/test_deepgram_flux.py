"""The messages in deepgram_flux.jsonl are what Deepgram's SDK (listen v2) sends and accepts; `RecogniserGoldenTests.swift` holds ours against them."""

import inspect
import json
import pathlib

import deepgram.listen.v2.types as listen
import pydantic
import pytest
from deepgram.listen.v2.client import V2Client

MESSAGES = [
    json.loads(line)
    for line in pathlib.Path(__file__).with_name("deepgram_flux.jsonl").read_text("utf-8").splitlines()
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
        assert set(message) <= set(inspect.signature(V2Client.connect).parameters)
        return
    model = getattr(listen, row["type"]).model_validate(message)
    assert unknown_fields(model) == []
    # The SDK leaves `type` open: our spelling must be the one the class stands for.
    assert type(model).model_fields["type"].default in (None, message["type"]) or row["type"] == "ListenV2CloseStream"


def test_a_wrong_message_is_noticed() -> None:
    with pytest.raises(pydantic.ValidationError):
        listen.ListenV2TurnInfo.model_validate({"type": "TurnInfo", "turn_index": "soon"})

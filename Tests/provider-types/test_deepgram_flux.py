"""The messages in deepgram_flux.jsonl are what Deepgram's SDK (listen v2) sends and accepts; `RecogniserGoldenTests.swift` holds ours against them."""

import inspect

import deepgram.listen.v2.types as listen
import pydantic
import pytest
from deepgram.listen.v2.client import V2Client

from sdk_types import rows, unknown_fields

MESSAGES = rows("deepgram_flux.jsonl")


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

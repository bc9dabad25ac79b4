"""The messages in soniox.jsonl are what Soniox's SDK sends and accepts; `RecogniserGoldenTests.swift` holds ours against them."""

import pydantic
import pytest

from sdk_types import rows

MESSAGES = rows("soniox.jsonl")
from soniox.types.realtime import RealtimeEvent, RealtimeSTTConfig


@pytest.mark.parametrize("row", MESSAGES, ids=lambda row: row["name"])
def test_message_is_of_the_sdk(row: dict) -> None:
    message = row["message"]
    if row["type"] == "control":
        # The SDK has no types for these; it writes them as they stand here, without the silence.
        assert message["type"] in {"keepalive", "finalize"}
        return
    if row["type"] == "RealtimeSTTConfig":
        model = RealtimeSTTConfig.model_validate(message)
        assert model.model_dump(exclude_none=True) == message
        return
    model = RealtimeEvent.model_validate(message)
    assert not model.model_extra
    assert not any(token.model_extra for token in model.tokens)


def test_a_wrong_message_is_noticed() -> None:
    with pytest.raises(pydantic.ValidationError):
        RealtimeSTTConfig.model_validate({"model": "m", "audio_format": "mulaw"})
    with pytest.raises(pydantic.ValidationError):
        RealtimeEvent.model_validate({"tokens": [{"start_ms": 1}]})

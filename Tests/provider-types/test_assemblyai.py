"""The messages in assemblyai.jsonl are what AssemblyAI's SDK (streaming v3) sends and accepts; `RecogniserGoldenTests.swift` holds ours against them."""

import json

import assemblyai.streaming.v3.models as models
import pydantic
import pytest

from sdk_types import rows

MESSAGES = rows("assemblyai.jsonl")


@pytest.mark.parametrize("row", MESSAGES, ids=lambda row: row["name"])
def test_message_is_of_the_sdk(row: dict) -> None:
    message = row["message"]
    kind = getattr(models, row["type"])
    if kind is models.RealTimeParameters:
        # Lists are JSON in one parameter.
        message = {name: json.loads(text) if text.startswith("[") else text for name, text in message.items()}
    assert set(message) <= set(kind.model_fields)
    model = kind.model_validate(message)
    for word in message.get("words", []):
        assert set(word) <= set(models.Word.model_fields)
    if kind is models.RealTimeParameters:
        assert model.sample_rate == 8000


def test_a_wrong_message_is_noticed() -> None:
    with pytest.raises(pydantic.ValidationError):
        models.TurnEvent.model_validate({"type": "Turn", "turn_order": "soon"})
    with pytest.raises(pydantic.ValidationError):
        models.RealTimeParameters.model_validate({"encoding": "pcm_mulaw"})

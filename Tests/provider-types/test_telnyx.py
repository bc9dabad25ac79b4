"""The messages in telnyx.jsonl are what Telnyx's own library sends and accepts; `CarrierGoldenTests.swift` holds ours against them."""

import base64
import inspect
import json
import operator

import pydantic
import pytest
import telnyx.types
import telnyx.types.calls
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from sdk_types import members, rows, unknown_fields

MESSAGES = rows("telnyx.jsonl")

# RFC 8032, the first test; the vector of TelnyxTests.swift.
KEY = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
SIGNATURE = "MGVTDtGuYLW5kjFwnqNofgeDUyzsF7r4H1L6jz1lD6palyxYTP6fEPDmGoaV769eef2agFBoHmAp47aBRgOyAw=="
SIGNED = b'1700000000|{"data":{"event_type":"call.initiated"}}'


@pytest.mark.parametrize("row", MESSAGES, ids=lambda row: row["name"])
def test_message_is_of_the_library(row: dict) -> None:
    kind = operator.attrgetter(row["type"])(telnyx.types)
    message = row["message"]
    if inspect.isclass(kind) and issubclass(kind, pydantic.BaseModel):
        assert unknown_fields(kind.model_validate(message)) == []
        return
    # `from` is a keyword of Python: the type has it as from_.
    renamed = {"from_" if name == "from" else name: value for name, value in message.items()}
    pydantic.TypeAdapter(kind).validate_python(renamed)
    assert [name for name in renamed if name not in members(kind)] == []


def test_a_wrong_message_is_noticed() -> None:
    with pytest.raises(pydantic.ValidationError):
        pydantic.TypeAdapter(telnyx.types.calls.ActionRejectParams).validate_python({"cause": "BUSY"})


def test_signature_is_ed25519_over_time_and_body() -> None:
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(KEY))
    key.verify(base64.b64decode(SIGNATURE), SIGNED)
    with pytest.raises(InvalidSignature):
        key.verify(base64.b64decode(SIGNATURE), SIGNED + b" ")


def test_client_states_are_json_in_base64() -> None:
    for row in MESSAGES:
        state = row["message"].get("client_state") or row["message"].get("data", {}).get("payload", {}).get("client_state")
        if state:
            assert isinstance(json.loads(base64.b64decode(state)), dict)

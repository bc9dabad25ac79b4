"""The rows of twilio.jsonl are what Twilio's own library writes, sends and signs; `CarrierGoldenTests.swift` holds ours against them."""

import xml.etree.ElementTree

import pytest
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.twiml.voice_response import Dial, VoiceResponse

from sdk_types import rows

ROWS = rows("twilio.jsonl")
TOKEN = "12345"


def of_kind(kind: str) -> pytest.MarkDecorator:
    chosen = [row for row in ROWS if row["kind"] == kind]
    assert chosen
    return pytest.mark.parametrize("row", chosen, ids=lambda row: row["name"])


def built(name: str) -> VoiceResponse:
    response = VoiceResponse()
    if name == "connect":
        stream = response.connect(action="https://a.example/twilio/after").stream(
            url="wss://a.example/twilio/media/x", status_callback="https://a.example/twilio/stream-status"
        )
        stream.parameter(name="caller", value="+15551 & <co>")
        stream.parameter(name="token", value="9f1c")
    elif name == "say":
        response.say("Sorry, all lines are busy & so are we.")
        response.hangup()
    elif name == "dial":
        response.dial("+15551234567")
    elif name == "sip":
        dial = Dial()
        dial.sip("sip:desk@pbx.example")
        response.append(dial)
    elif name == "client":
        dial = Dial()
        dial.client("anna")
        response.append(dial)
    elif name == "redirect":
        response.redirect("https://b.example/?x=1&y=2", method="POST")
    else:
        response.play(digits="1ww2#")
    return response


@of_kind("twiml")
def test_twiml_is_what_the_library_writes(row: dict) -> None:
    ours = xml.etree.ElementTree.canonicalize(row["xml"])
    assert ours == xml.etree.ElementTree.canonicalize(str(built(row["name"])))


class Recorder(HttpClient):
    """Keeps the request, and answers with a call."""

    def __init__(self) -> None:
        super().__init__(None, False, None)
        self.last: tuple[str, str, dict] = ("", "", {})

    def request(self, method, url, params=None, data=None, headers=None, auth=None, timeout=None, allow_redirects=False):
        assert auth == ("AC1", TOKEN) or (headers or {}).get("Authorization")
        self.last = (method, url.removeprefix("https://api.twilio.com"), dict(data or {}))
        return Response(201 if url.endswith("Calls.json") else 200, '{"sid":"CA1","status":"queued"}')


def requested(name: str) -> tuple[str, str, dict]:
    recorder = Recorder()
    client = Client("AC1", TOKEN, http_client=recorder)
    if name == "create":
        client.calls.create(
            to="+15551",
            from_="+15552",
            twiml="<Response><Hangup/></Response>",
            status_callback="https://a.example/status",
            status_callback_method="POST",
            status_callback_event=["initiated", "ringing", "answered", "completed"],
            machine_detection="DetectMessageEnd",
            async_amd="true",
            async_amd_status_callback="https://a.example/status",
            async_amd_status_callback_method="POST",
            timeout=25,
        )
    elif name == "complete":
        client.calls("CA1").update(status="completed")
    elif name == "transfer":
        client.calls("CA1").update(twiml="<Response><Dial>+15551234567</Dial></Response>")
    else:
        client.calls("CA1").fetch()
    return recorder.last


@of_kind("request")
def test_request_is_what_the_library_sends(row: dict) -> None:
    method, path, data = requested(row["name"])
    assert (row["method"], row["path"]) == (method.upper(), path)
    ours: dict[str, list[str]] = {}
    for name, value in row["form"]:
        ours.setdefault(name, []).append(value)
    theirs = {key: [str(item) for item in value] if isinstance(value, list) else [str(value)] for key, value in data.items()}
    assert ours == theirs


class Form(dict):
    """A form whose names may come more than once, as web frameworks hand it to the validator."""

    def __init__(self, fields: list[list[str]]) -> None:
        super().__init__(fields)
        self.fields = fields

    def getall(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name]


@of_kind("signature")
def test_signature_is_what_the_library_computes(row: dict) -> None:
    form = Form(row["form"])
    validator = RequestValidator(TOKEN)
    assert validator.compute_signature(row["url"], form) == row["signature"]
    assert validator.validate(row["url"], form, row["signature"])
    assert not validator.validate(row["url"] + "x", form, row["signature"])

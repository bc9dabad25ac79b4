"""The server: start, port, drain, stop. Calls of a carrier are as simple as events need them."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import queue
import re
import socket
import ssl
import struct
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from voice_engine import Engine, ServerCall, errors, events


def get(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_it_listens_and_answers(engine: Engine) -> None:
    with engine.serve() as server:
        assert 0 < server.port <= 65535
        status, _ = get(server.port, "/healthz")
        assert status == 200
        status, body = get(server.port, "/metrics")
        assert status == 200 and b"voice_engine_" in body
        assert server.calls == 0
        assert server.drain(1) is True
    assert server.closed
    with pytest.raises(errors.ClosedError):
        server.port


def test_a_port_in_use_is_a_network_error(engine: Engine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(errors.NetworkError, match=str(port)):
            engine.serve(port=port)


@pytest.mark.parametrize(("port", "max_calls"), [(65536, 0), (-1, 0), (0, 65536), (0, -1)])
def test_options_are_checked(engine: Engine, port: int, max_calls: int) -> None:
    with pytest.raises(ValueError, match="port" if port else "max_calls"):
        engine.serve(port=port, max_calls=max_calls)


def test_the_metrics_are_what_prometheus_reads(engine: Engine) -> None:
    with engine.serve() as server:
        _, body = get(server.port, "/metrics")
    families = {family.name: family for family in text_string_to_metric_families(body.decode())}
    assert families["voice_engine_tick_lateness_seconds"].type == "histogram"
    reasons = {sample.labels["reason"] for sample in families["voice_engine_server_calls_refused"].samples}
    assert reasons == {"draining", "calls", "rate", "lateness"}
    for family in families.values():
        assert family.documentation and family.name.startswith("voice_engine_")
        # What promtool refuses beyond the syntax: other units than the base ones.
        assert not re.search("milli|micro|nano|minute|hour|kilo|mega", family.name)
        for sample in family.samples:
            assert (family.type != "counter") or sample.name.endswith("_total")


@pytest.mark.parametrize(
    ("settings", "status", "detail"),
    [
        ({"tlss": {}}, errors.BadConfigError, 'settings: tlss: unknown key, did you mean "tls"'),
        ("{", errors.BadConfigError, "settings: "),
        ({"limits": {"request_s": 0}}, errors.BadConfigError, "limits.request_s: found 0"),
        ({"control": {"token_env": "NOT_SET_ANYWHERE"}}, errors.KeyMissingError, "NOT_SET_ANYWHERE is not set"),
        (
            {"tls": {"certificate": "/nowhere.pem", "key": "/nowhere.key"}},
            errors.BadConfigError,
            "tls: cannot read the certificate /nowhere.pem: No such file",
        ),
    ],
)
def test_wrong_settings_are_named(engine: Engine, settings: Any, status: type[Exception], detail: str) -> None:
    with pytest.raises(status, match=re.escape(detail)):
        engine.serve(settings=settings)


def certificate(folder: Path, name: str) -> None:
    """A fresh certificate for localhost as chain.pem and key.pem, put in place as tools do it."""
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj".split()
    command += [f"/CN={name}", "-addext", "subjectAltName=DNS:localhost"]
    command += ["-keyout", str(folder / "new.key"), "-out", str(folder / "new.pem")]
    subprocess.run(command, check=True, capture_output=True)
    (folder / "new.pem").rename(folder / "chain.pem")
    (folder / "new.key").rename(folder / "key.pem")


def shown(port: int, version: ssl.TLSVersion | None = None) -> tuple[ssl.SSLSocket, bytes]:
    """A connection, and the certificate that it was shown."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if version is not None:
        context.minimum_version, context.maximum_version = version, version
    connection = context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=5))
    return connection, connection.getpeercert(binary_form=True) or b""


def asked(connection: ssl.SSLSocket) -> bytes:
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return connection.recv(1000)


def test_a_certificate_is_renewed_under_live_connections(engine: Engine, tmp_path: Path) -> None:
    certificate(tmp_path, "first")
    settings = {"tls": {"certificate": str(tmp_path / "chain.pem"), "key": str(tmp_path / "key.pem"), "watch_s": 0}}
    with engine.serve(settings=settings) as server:
        connection, first = shown(server.port)
        with connection:
            assert b"200 OK" in asked(connection)
            certificate(tmp_path, "second")
            server.reload()
            other, second = shown(server.port)
            other.close()
            assert first != second
            # What was open goes on.
            assert b"200 OK" in asked(connection)
        (tmp_path / "key.pem").write_text("nothing")
        with pytest.raises(errors.BadConfigError, match="key.pem holds no private key"):
            server.reload()
        connection, third = shown(server.port)
        with connection:
            assert third == second and b"200 OK" in asked(connection)


def test_tls_is_1_2_or_newer_and_plain_text_is_refused(engine: Engine, tmp_path: Path) -> None:
    certificate(tmp_path, "only")
    settings = {"tls": {"certificate": str(tmp_path / "chain.pem"), "key": str(tmp_path / "key.pem")}}
    with engine.serve(settings=settings) as server:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            connection, _ = shown(server.port, version)
            with connection:
                assert b"200 OK" in asked(connection)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            with pytest.raises((ssl.SSLError, ConnectionError)):
                shown(server.port, ssl.TLSVersion.TLSv1_1)
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            get(server.port, "/healthz")


def test_a_handshake_that_does_not_come_is_not_waited_for(engine: Engine, tmp_path: Path) -> None:
    certificate(tmp_path, "only")
    tls = {"certificate": str(tmp_path / "chain.pem"), "key": str(tmp_path / "key.pem")}
    with engine.serve(settings={"tls": tls, "limits": {"handshake_s": 1}}) as server:
        clients = [socket.create_connection(("127.0.0.1", server.port), timeout=10) for _ in range(30)]
        for index, client in enumerate(clients):
            client.sendall([b"", b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/1.1\r\n\r\n"][index % 3])
        # Meanwhile others are served.
        connection, _ = shown(server.port)
        with connection:
            assert b"200 OK" in asked(connection)
        for client in clients:
            with client, contextlib.suppress(ConnectionError):
                while client.recv(1000):
                    pass
        connection, _ = shown(server.port)
        with connection:
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            page = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    assert 'voice_engine_server_clients_dropped_total{reason="handshake"} 30\n' in page
    assert 'voice_engine_server_connections{kind="waiting"} 1\n' in page


def test_the_engine_may_be_closed_before_its_server() -> None:
    engine = Engine(loops=1)
    server = engine.serve()
    engine.close()
    server.close()
    server.close()


class Carrier:
    """As much of Twilio as a test of events needs: one WebSocket, text frames, no audio checks."""

    def __init__(self, port: int, path: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = self.socket.recv(1)
            assert byte, head
            head += byte
        assert head.startswith(b"HTTP/1.1 101"), head

    def send(self, message: dict[str, Any]) -> None:
        payload = json.dumps(message).encode()
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        self.socket.sendall(b"\x81\xfe" + struct.pack(">H", len(payload)) + mask + masked)

    def start(self, call_id: str) -> None:
        self.send({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        stream = "MZ" + "0" * 32
        self.send(
            {
                "event": "start",
                "sequenceNumber": "1",
                "streamSid": stream,
                "start": {
                    "streamSid": stream,
                    "accountSid": "AC" + "0" * 32,
                    "callSid": call_id,
                    "tracks": ["inbound"],
                    "customParameters": {},
                    "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                },
            }
        )


def test_the_events_of_a_carriers_call_reach_the_host(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: queue.SimpleQueue[tuple[ServerCall, events.Event]] = queue.SimpleQueue()
    unraisable: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)

    def on_event(call: ServerCall, event: events.Event) -> None:
        seen.put((call, event))
        if isinstance(event, events.DtmfIn):
            raise RuntimeError("of the handler")

    call_id = "CA" + "1" * 32
    with engine.serve(on_event=on_event) as server:
        carrier = Carrier(server.port, "/twilio/media/test")
        carrier.start(call_id)
        call, first = seen.get(timeout=5)
        assert isinstance(first, events.Started)
        assert (first.call_id, first.agent) == (call_id, "test")
        assert (call.id, call.agent) == (call_id, "test")
        assert server.calls == 1
        # The call is controlled through its events; audio is the carrier's.
        call.dtmf("5")
        call.hang_up()
        told: list[events.Event] = [first]
        while not isinstance(told[-1], events.Closed):
            same, event = seen.get(timeout=5)
            assert same is call
            told.append(event)
        assert any(isinstance(event, events.DtmfIn) and event.digits == "5" for event in told)
        assert [event.sequence for event in told] == list(range(1, len(told) + 1))
        carrier.socket.close()
    assert [type(entry.exc_value) for entry in unraisable] == [RuntimeError]
    with pytest.raises(errors.BadHandleError):
        call.say("too late")


def test_stopping_the_server_ends_its_calls(engine: Engine) -> None:
    closed = threading.Event()
    started = threading.Event()

    def on_event(call: ServerCall, event: events.Event) -> None:
        if isinstance(event, events.Started):
            started.set()
        if isinstance(event, events.Closed):
            closed.set()

    server = engine.serve(on_event=on_event)
    carrier = Carrier(server.port, "/twilio/media/test")
    carrier.start("CA" + "2" * 32)
    assert started.wait(5)
    server.close()
    assert closed.is_set()
    carrier.socket.close()

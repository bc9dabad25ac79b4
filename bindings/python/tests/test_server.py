"""The server: start, port, drain, stop. Calls over the wire are the business of the engine's own tests."""

from __future__ import annotations

import http.client
import socket

import pytest

from voice_engine import Engine, errors


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


def test_the_engine_may_be_closed_before_its_server() -> None:
    engine = Engine(loops=1)
    server = engine.serve()
    engine.close()
    server.close()
    server.close()

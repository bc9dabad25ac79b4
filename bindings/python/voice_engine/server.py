"""Carriers over the network: the engine's own server."""

from __future__ import annotations

import ctypes
import json
import weakref
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ._native import TIMEOUT, Handle, create, encoded, lib
from ._structs import EventFunction, ServerConfig, sized
from .call import CallControls
from .events import Closed, Event, Started, event_from

if TYPE_CHECKING:
    from .engine import Engine


class ServerCall(CallControls):
    """A call of a server, until its ``Closed`` event."""

    __slots__ = ("_session", "agent", "id")

    def __init__(self, session: int, call_id: str, agent: str) -> None:
        self._session = session
        self.id = call_id
        self.agent = agent

    def _native(self) -> int:
        return self._session

    def __repr__(self) -> str:
        return f"<ServerCall {self.id} agent={self.agent}>"


EventHandler = Callable[[ServerCall, Event], None]


def _event_function(on_event: EventHandler) -> Any:
    """The native callback: copies the event and looks up its call."""
    calls: dict[int, ServerCall] = {}

    def entry(user_data: Any, native: Any) -> None:
        # ctypes hands an exception of a callback to sys.unraisablehook; nothing unwinds into C.
        session = int(native.contents.session or 0)
        event = event_from(native.contents)
        if isinstance(event, Started):
            calls[session] = ServerCall(session, event.call_id, event.agent)
        call = calls.get(session) or ServerCall(session, "", "")
        if isinstance(event, Closed):
            calls.pop(session, None)
        on_event(call, event)

    return EventFunction(entry)


class Server:
    """Listens for carriers and answers their calls with the engine's agents. Created by ``Engine.serve``.

    ``settings`` is a server document (``docs/server.md``), as a mapping or as JSON text.

    ``on_event(call, event)`` runs on threads of the engine: per call one at a time and in order. It must not block; an
    exception in it goes to ``sys.unraisablehook``.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        public_url: str | None = None,
        max_calls: int = 0,
        settings: Mapping[str, Any] | str | None = None,
        on_event: EventHandler | None = None,
    ) -> None:
        config: Any = sized(ServerConfig)
        if not 0 <= port <= 65535:
            raise ValueError(f"port: {port}, expected 0 to 65535")
        if not 0 <= max_calls <= 65535:
            raise ValueError(f"max_calls: {max_calls}, expected 0 to 65535")
        config.port = port
        config.host = encoded(host, "host")
        config.public_url = encoded(public_url, "public_url")
        config.max_calls = max_calls
        if settings is not None and not isinstance(settings, str):
            settings = json.dumps(settings)
        config.settings = encoded(settings, "settings")
        # Kept until stop has returned: the engine calls it until then.
        self._on_event = EventFunction() if on_event is None else _event_function(on_event)
        config.on_event = self._on_event
        value = create(lib.voice_server_start, engine.native_handle(), ctypes.byref(config))
        self._handle = Handle(value, lib.voice_server_stop)
        # The finalizer holds the callback as well: it may outlive this object by the time that stop takes.
        self._finalizer = weakref.finalize(self, _stop, self._handle, self._on_event)

    @property
    def port(self) -> int:
        """The port that the server listens on."""
        return int(lib.voice_server_port(self._handle.get()))

    @property
    def calls(self) -> int:
        """How many calls are live."""
        return int(lib.voice_server_calls(self._handle.get()))

    def reload(self) -> None:
        """Reads the files of the certificate again, for connections from now on; without TLS it does nothing."""
        lib.voice_server_reload(self._handle.get())

    def drain(self, timeout: float) -> bool:
        """Takes no new calls and waits for the live ones. True when all ended by themselves within ``timeout`` seconds."""
        return bool(lib.voice_server_drain(self._handle.get(), milliseconds(timeout)) != TIMEOUT)

    @property
    def closed(self) -> bool:
        return self._handle.closed

    def close(self) -> None:
        """Ends all calls and closes the port; idempotent. Not while holding a lock that ``on_event`` takes."""
        self._finalizer()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _stop(handle: Handle, callback: Any) -> None:
    handle.close()
    del callback


def milliseconds(seconds: float) -> int:
    """Seconds as the milliseconds of a uint32_t."""
    if not 0 <= seconds <= 4_000_000:
        raise ValueError(f"timeout: {seconds}, expected 0 to 4000000 seconds")
    return int(seconds * 1000)

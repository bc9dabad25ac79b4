"""The engine: agents, calls and servers hang off it."""

from __future__ import annotations

import ctypes
import dataclasses
import weakref
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

from ._native import Handle, create, encoded, lib
from ._structs import EngineConfig, LogFunction, ProbeFunction, sized
from .call import Call, Document, Encoding, document_bytes
from .errors import BadArgumentError
from .server import EventHandler, Server, milliseconds

# level (1 trace ... 5 error), component, message
LogHandler = Callable[[int, str, str], None]

_LEVELS = {"trace": 1, "debug": 2, "info": 3, "warning": 4, "error": 5}


@dataclasses.dataclass(frozen=True)
class ProbeResult:
    """How one provider of an agent document did."""

    path: str
    """Where it stands in the document, such as ``stt[0]``."""
    provider: str
    status: int
    """0, or the status that an exception would carry."""
    detail: str
    """What went wrong and what to do; empty when nothing did."""
    elapsed: float
    """Seconds until the first result, or the failure."""

    @property
    def ok(self) -> bool:
        """It did its work."""
        return self.status == 0


def check_agent(document: Document) -> None:
    """Checks an agent document; raises BadConfigError, which names the key's path."""
    json = document_bytes(document)
    lib.voice_agent_check(json, len(json))


def library_version() -> str:
    """The version of the shared library."""
    return str(lib.voice_library_version().decode())


def _log_function(on_log: LogHandler) -> Any:
    def entry(user_data: Any, level: int, component: bytes | None, message: bytes | None) -> None:
        # ctypes hands an exception of a callback to sys.unraisablehook; nothing unwinds into C.
        on_log(level, (component or b"").decode("utf-8", "replace"), (message or b"").decode("utf-8", "replace"))

    return LogFunction(entry)


def _count(value: int, high: int, name: str) -> int:
    if not 0 <= value <= high:
        raise ValueError(f"{name}: {value}, expected 1 to {high}, or 0 for the default")
    return value


class Engine:
    """An engine with its own threads, models and connections; independent of other engines.

    ``on_log(level, component, message)`` runs on any thread of the engine, also on those that pace audio: hand the line
    on, to a ``queue.SimpleQueue`` for instance, and return.
    """

    def __init__(
        self,
        *,
        loops: int = 0,
        inference_threads: int = 0,
        max_sessions: int = 0,
        models_dir: str | None = None,
        ca_file: str | None = None,
        proxy: str | None = None,
        no_proxy: str | None = None,
        loop_cpus: str | None = None,
        on_log: LogHandler | None = None,
        log_level: str = "info",
    ) -> None:
        if log_level not in _LEVELS:
            raise ValueError(f"log_level: {log_level!r}, expected one of {', '.join(_LEVELS)}")
        config: Any = sized(EngineConfig)
        config.loops = _count(loops, 64, "loops")
        config.inference_threads = _count(inference_threads, 64, "inference_threads")
        config.max_sessions = _count(max_sessions, 65535, "max_sessions")
        config.models_dir = encoded(models_dir, "models_dir")
        config.ca_file = encoded(ca_file, "ca_file")
        config.proxy = encoded(proxy, "proxy")
        config.no_proxy = encoded(no_proxy, "no_proxy")
        config.loop_cpus = encoded(loop_cpus, "loop_cpus")
        config.log_level = _LEVELS[log_level]
        # Kept until destroy has returned: the engine logs until then.
        self._on_log = LogFunction() if on_log is None else _log_function(on_log)
        config.on_log = self._on_log
        value = create(lib.voice_engine_create, ctypes.byref(config))
        self._handle = Handle(value, lib.voice_engine_destroy)
        # Runs at the interpreter's end too: a native thread must not enter Python while it shuts down.
        self._finalizer = weakref.finalize(self, _destroy, self._handle, self._on_log)

    def native_handle(self) -> int:
        """The ``voice_engine *``; raises ClosedError after close()."""
        return self._handle.get()

    def add_agent(self, document: Document) -> None:
        """Adds an agent document (JSON text or a mapping), or replaces the one of the same name, and starts loading."""
        json = document_bytes(document)
        lib.voice_engine_add_agent(self._handle.get(), json, len(json))

    def probe(self, document: Document, timeout: float = 10.0) -> list[ProbeResult]:
        """Tries every provider of a document with a little real work, which proves address, key, model and voice.

        Blocks up to ``timeout`` seconds. Results come in the order of the document; a provider that failed raises nothing.
        """
        json = document_bytes(document)
        results: list[ProbeResult] = []

        def entry(user_data: Any, result: Any) -> None:
            found = result.contents
            results.append(
                ProbeResult(
                    path=found.path.decode(),
                    provider=found.provider.decode(),
                    status=found.status,
                    detail=found.detail.decode("utf-8", "replace"),
                    elapsed=found.elapsed_ms / 1000,
                )
            )

        lib.voice_engine_probe(
            self._handle.get(), json, len(json), milliseconds(timeout), ProbeFunction(entry), None
        )
        return results

    def wait_ready(self, timeout: float = 60.0) -> None:
        """Waits until everything that the agents need is loaded; raises EngineTimeoutError after ``timeout`` seconds."""
        lib.voice_engine_wait_ready(self._handle.get(), milliseconds(timeout))

    def metrics(self) -> str:
        """The engine's counters in the Prometheus text format."""
        required = ctypes.c_size_t(0)
        capacity = 65536
        while True:
            text = ctypes.create_string_buffer(capacity)
            try:
                lib.voice_engine_metrics(self._handle.get(), text, capacity, ctypes.byref(required))
                return text.value.decode("utf-8", "replace")
            except BadArgumentError:
                if required.value <= capacity:
                    raise
                # Room for counters that appear meanwhile.
                capacity = required.value + 4096

    def call(
        self,
        agent: str | None = None,
        *,
        document: Document | None = None,
        encoding: Encoding = "pcm16",
        rate: int = 8000,
        output_encoding: Encoding | None = None,
        output_rate: int | None = None,
        call_id: str | None = None,
        variables: Mapping[str, str] | None = None,
        conversation: Sequence[Mapping[str, str]] | None = None,
    ) -> Call:
        """Starts a call with an agent that was added (``agent``) or with a document for this call alone."""
        return Call(
            self,
            agent,
            document=document,
            encoding=encoding,
            rate=rate,
            output_encoding=output_encoding,
            output_rate=output_rate,
            call_id=call_id,
            variables=variables,
            conversation=conversation,
        )

    def serve(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        public_url: str | None = None,
        max_calls: int = 0,
        settings: Mapping[str, Any] | str | None = None,
        on_event: EventHandler | None = None,
    ) -> Server:
        """Listens for carriers; POST /twilio/voice/AGENT is the webhook. ``settings`` is a server document."""
        return Server(
            self,
            host=host,
            port=port,
            public_url=public_url,
            max_calls=max_calls,
            settings=settings,
            on_event=on_event,
        )

    @property
    def closed(self) -> bool:
        return self._handle.closed

    def close(self) -> None:
        """Ends all calls and servers, joins the engine's threads and frees it; idempotent."""
        self._finalizer()

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _destroy(handle: Handle, callback: Any) -> None:
    handle.close()
    del callback

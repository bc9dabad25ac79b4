"""Finds, checks and declares the shared library: one table, in the order of voice_engine.h."""

from __future__ import annotations

import ctypes
import importlib
import os
import threading
from collections.abc import Callable, Iterator
from ctypes import POINTER, byref, c_char_p, c_int32, c_size_t, c_uint32, c_void_p
from pathlib import Path
from typing import Any

from ._structs import (
    EngineConfig,
    EventStruct,
    ProbeFunction,
    ServerConfig,
    SessionCallbacks,
    SessionConfig,
)
from .errors import ClosedError, LibraryError, error_for

ABI_MAJOR = 1
OK = 0
OVERRUN = -20
AGAIN = -21
TIMEOUT = -23
PROVIDER = -42

ErrCheck = Callable[[int, Any, tuple[Any, ...]], int]


def _check(*fine: int) -> ErrCheck:
    """An errcheck that raises for negative results, except those that are an ordinary answer."""

    def errcheck(result: int, function: Any, arguments: tuple[Any, ...]) -> int:
        if result >= 0 or result in fine:
            return result
        # At once: the text lives until the next voice_ call of this thread.
        detail = lib.voice_last_error().decode("utf-8", "replace")
        raise error_for(result, detail or lib.voice_status_text(result).decode("utf-8", "replace"))

    return errcheck


_raise = _check()

# name, argtypes, restype, errcheck
FUNCTIONS: tuple[tuple[str, tuple[Any, ...], Any, ErrCheck | None], ...] = (
    ("voice_abi_version", (), c_uint32, None),
    ("voice_library_version", (), c_char_p, None),
    ("voice_status_text", (c_int32,), c_char_p, None),
    ("voice_last_error", (), c_char_p, None),
    ("voice_engine_create", (POINTER(EngineConfig), POINTER(c_void_p)), c_int32, _raise),
    ("voice_engine_destroy", (c_void_p,), None, None),
    ("voice_agent_check", (c_char_p, c_size_t), c_int32, _raise),
    ("voice_engine_add_agent", (c_void_p, c_char_p, c_size_t), c_int32, _raise),
    (
        "voice_engine_probe",
        (c_void_p, c_char_p, c_size_t, c_uint32, ProbeFunction, c_void_p),
        c_int32,
        _check(PROVIDER),
    ),
    ("voice_engine_wait_ready", (c_void_p, c_uint32), c_int32, _raise),
    ("voice_engine_metrics", (c_void_p, c_void_p, c_size_t, POINTER(c_size_t)), c_int32, _raise),
    (
        "voice_session_create",
        (c_void_p, POINTER(SessionConfig), POINTER(SessionCallbacks), POINTER(c_void_p)),
        c_int32,
        _raise,
    ),
    ("voice_session_push_audio", (c_void_p, c_void_p, c_size_t), c_int32, _check(OVERRUN)),
    ("voice_session_pull_audio", (c_void_p, c_void_p, c_size_t), c_int32, _raise),
    ("voice_session_barge_in", (c_void_p,), c_int32, _raise),
    ("voice_session_say", (c_void_p, c_char_p), c_int32, _raise),
    ("voice_session_send_text", (c_void_p, c_char_p), c_int32, _raise),
    ("voice_session_send_dtmf", (c_void_p, c_char_p), c_int32, _raise),
    ("voice_session_tool_result", (c_void_p, c_char_p, c_char_p), c_int32, _raise),
    ("voice_session_hangup", (c_void_p,), c_int32, _raise),
    ("voice_session_destroy", (c_void_p,), None, None),
    ("voice_session_event_fd", (c_void_p,), c_int32, _raise),
    ("voice_session_next_event", (c_void_p, POINTER(EventStruct)), c_int32, _check(AGAIN)),
    ("voice_server_start", (c_void_p, POINTER(ServerConfig), POINTER(c_void_p)), c_int32, _raise),
    ("voice_server_port", (c_void_p,), c_int32, _raise),
    ("voice_server_calls", (c_void_p,), c_int32, _raise),
    ("voice_server_reload", (c_void_p,), c_int32, _raise),
    ("voice_server_drain", (c_void_p, c_uint32), c_int32, _check(TIMEOUT)),
    ("voice_server_stop", (c_void_p,), None, None),
)


def _candidates() -> Iterator[str]:
    """Where the library may be, best first."""
    named = os.environ.get("VOICE_ENGINE_LIBRARY")
    if named:
        # Named is meant: nothing else is tried.
        yield named
        return
    package = Path(__file__).resolve().parent
    yield str(package / "libvoiceengine.so.1")
    try:
        yield str(importlib.import_module("._installed", __package__).LIBRARY)  # written by scripts/install.sh
    except ImportError:
        pass
    checkout = package.parents[2]
    if (checkout / "Package.swift").is_file():
        yield str(checkout / "dist" / "lib" / "libvoiceengine.so.1")
        yield str(checkout / ".build" / "release" / "libvoiceengine.so")
        yield str(checkout / ".build" / "debug" / "libvoiceengine.so")
    yield "libvoiceengine.so.1"


def _load() -> ctypes.CDLL:
    tried: list[str] = []
    for candidate in _candidates():
        if "/" in candidate and not os.path.exists(candidate):
            tried.append(f"{candidate}: no such file")
            continue
        try:
            return ctypes.CDLL(candidate)
        except OSError as error:
            tried.append(f"{candidate}: {error}")
    raise LibraryError("libvoiceengine.so.1 was not found; set VOICE_ENGINE_LIBRARY. Tried:\n  " + "\n  ".join(tried))


def _declare(library: ctypes.CDLL) -> None:
    for name, argtypes, restype, errcheck in FUNCTIONS:
        try:
            function = getattr(library, name)
        except AttributeError:
            raise LibraryError(f"{library._name} has no {name}: it is older than this package") from None
        function.argtypes = argtypes
        function.restype = restype
        if errcheck is not None:
            function.errcheck = errcheck


def _check_abi(library: ctypes.CDLL) -> None:
    try:
        version = library.voice_abi_version
    except AttributeError:
        raise LibraryError(f"{library._name} is not libvoiceengine") from None
    version.restype = c_uint32
    major = version() >> 16
    if major != ABI_MAJOR:
        raise LibraryError(f"{library._name} has ABI {major}; this package needs {ABI_MAJOR}")


lib = _load()
_check_abi(lib)
_declare(lib)


class Handle:
    """Owns one native handle and destroys it once, whoever comes first: close(), the collector or the interpreter's end.

    ``lock`` is held while borrowed memory of the handle is copied, so that it is not freed meanwhile; never while destroying.
    """

    __slots__ = ("_destroy", "_value", "lock")

    def __init__(self, value: int | None, destroy: Callable[[int], None]) -> None:
        self.lock = threading.Lock()
        self._value = value
        self._destroy = destroy

    @property
    def closed(self) -> bool:
        return self._value is None

    def get(self) -> int:
        """The native handle; raises ClosedError after close()."""
        value = self._value
        if value is None:
            raise ClosedError("the object was closed")
        return value

    def close(self) -> None:
        """Destroys the native handle; idempotent. Waits for callbacks that run, so the lock is free meanwhile."""
        with self.lock:
            value, self._value = self._value, None
        if value is not None:
            self._destroy(value)


def create(function: Any, *arguments: Any) -> int:
    """Calls a native create function, whose last parameter receives the handle."""
    out = c_void_p()
    function(*arguments, byref(out))
    assert out.value is not None  # errcheck has raised otherwise
    return out.value


def encoded(text: str | None, name: str) -> bytes | None:
    """Text for C: UTF-8 without a NUL inside."""
    if text is None:
        return None
    if "\0" in text:
        raise ValueError(f"{name}: contains a NUL character")
    return text.encode("utf-8")

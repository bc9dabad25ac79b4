"""One call: audio in, audio out, events."""

from __future__ import annotations

import ctypes
import json
import select
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Union

from ._native import AGAIN, OK, Handle, create, encoded, lib
from ._structs import EventStruct, SessionConfig, sized
from .errors import ClosedError
from .events import Closed, Event, event_from

if TYPE_CHECKING:
    from array import array

    from .engine import Engine

    Buffer = Union[bytes, bytearray, memoryview, "array[Any]"]

Encoding = Literal["pcm16", "mulaw", "alaw", "opus"]
Document = Union[str, bytes, Mapping[str, Any]]

_ENCODINGS: dict[str, int] = {"pcm16": 1, "mulaw": 2, "alaw": 3, "opus": 4}
_PLAYOUT_PULL = 2
# A closed descriptor does not wake poll(): a waiting thread looks again this often.
_POLL_SLICE_MS = 200


def document_bytes(document: Document) -> bytes:
    """An agent document as JSON bytes."""
    if isinstance(document, bytes):
        return document
    if isinstance(document, str):
        return document.encode("utf-8")
    return json.dumps(document).encode("utf-8")


class CallControls:
    """What can be done to a call, whoever owns it."""

    __slots__ = ()

    def _native(self) -> int:
        raise NotImplementedError

    def say(self, text: str) -> None:
        """Lets the agent say this after what it is saying now; 1 to 8192 bytes."""
        lib.voice_session_say(self._native(), encoded(text, "text"))

    def send_text(self, text: str) -> None:
        """A turn of the caller in writing; interrupts the agent."""
        lib.voice_session_send_text(self._native(), encoded(text, "text"))

    def barge_in(self) -> None:
        """Interrupts the agent now; no effect when it is silent."""
        lib.voice_session_barge_in(self._native())

    def dtmf(self, digits: str) -> None:
        """Digits that the caller pressed: 1 to 32 of 0-9 A-D # *."""
        lib.voice_session_send_dtmf(self._native(), encoded(digits, "digits"))

    def tool_result(self, call_id: str, result: Any) -> None:
        """Answers a ``ToolCall`` with any value that JSON can hold."""
        lib.voice_session_tool_result(self._native(), encoded(call_id, "call_id"), json.dumps(result).encode("utf-8"))

    def hang_up(self) -> None:
        """Ends the conversation; ``Closed`` follows. Hanging up an ended call does nothing."""
        try:
            lib.voice_session_hangup(self._native())
        except ClosedError:
            pass


class Call(CallControls):
    """A call whose audio the program moves: push with ``write``, pull with ``read``, at the pace of real time.

    ``write`` may run on one thread and ``read`` on another; the other methods on any. Created by ``Engine.call``.
    """

    def __init__(
        self,
        engine: Engine,
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
    ) -> None:
        config: Any = sized(SessionConfig)
        config.input_encoding = _encoding(encoding, "encoding")
        config.input_rate = _rate(rate, "rate")
        config.output_encoding = _encoding(output_encoding or encoding, "output_encoding")
        config.output_rate = _rate(rate if output_rate is None else output_rate, "output_rate")
        config.playout = _PLAYOUT_PULL
        config.agent_name = encoded(agent, "agent")
        config.agent_json = None if document is None else document_bytes(document)
        config.call_id = encoded(call_id, "call_id")
        config.variables_json = None if variables is None else json.dumps(dict(variables)).encode("utf-8")
        config.conversation_json = None if conversation is None else json.dumps(list(conversation)).encode("utf-8")
        self._output_rate: int = config.output_rate
        self._output_width = 2 if config.output_encoding == _ENCODINGS["pcm16"] else 1
        value = create(lib.voice_session_create, engine.native_handle(), ctypes.byref(config), None)
        self._handle = Handle(value, lib.voice_session_destroy)
        self._finalizer = weakref.finalize(self, self._handle.close)

    def _native(self) -> int:
        return self._handle.get()

    # -- Audio

    def write(self, audio: Buffer) -> bool:
        """Hands caller audio over: a whole number of samples, up to 1 s. False when older audio had to be dropped."""
        handle = self._handle.get()
        if isinstance(audio, bytes):
            return bool(lib.voice_session_push_audio(handle, audio, len(audio)) == OK)
        with memoryview(audio) as view, view.cast("B") as octets:
            if octets.readonly:
                copy = octets.tobytes()
                return bool(lib.voice_session_push_audio(handle, copy, len(copy)) == OK)
            native = (ctypes.c_char * len(octets)).from_buffer(octets)
            try:
                return bool(lib.voice_session_push_audio(handle, native, len(octets)) == OK)
            finally:
                del native  # the view cannot be released before

    def read(self, size: int | None = None) -> bytes:
        """The agent's next ``size`` bytes, by default 20 ms; silence where the agent says nothing."""
        if size is None:
            size = self._output_rate // 50 * self._output_width
        audio = bytearray(max(size, 0))
        self.read_into(audio)
        return bytes(audio)

    def read_into(self, buffer: bytearray | memoryview | array[Any]) -> None:
        """Fills a writable buffer with the agent's next audio."""
        handle = self._handle.get()
        with memoryview(buffer) as view, view.cast("B") as octets:
            native = (ctypes.c_char * len(octets)).from_buffer(octets)
            try:
                lib.voice_session_pull_audio(handle, native, len(octets))
            finally:
                del native

    # -- Events

    def fileno(self) -> int:
        """A descriptor that is readable while events wait, for select, poll and asyncio; owned by the call."""
        return int(lib.voice_session_event_fd(self._handle.get()))

    def next_event(self, timeout: float | None = 0.0) -> Event | None:
        """The next event; None when none came within ``timeout`` seconds (None waits for ever)."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            event = self._take_event()
            if event is not None:
                return event
            left_ms = _POLL_SLICE_MS if deadline is None else int((deadline - time.monotonic()) * 1000)
            if deadline is not None and time.monotonic() >= deadline:
                return None
            poll = select.poll()
            poll.register(self.fileno(), select.POLLIN)
            poll.poll(max(1, min(left_ms, _POLL_SLICE_MS)))

    def _take_event(self) -> Event | None:
        event: Any = sized(EventStruct)
        # The texts are borrowed: no other thread may take the next event or destroy the call before they are copied.
        with self._handle.lock:
            if lib.voice_session_next_event(self._handle.get(), ctypes.byref(event)) == AGAIN:
                return None
            return event_from(event)

    def events(self) -> Iterator[Event]:
        """Events as they come, until the call has ended; the last one is ``Closed``."""
        while True:
            try:
                event = self.next_event(None)
            except ClosedError:
                return
            if event is not None:
                yield event
            if isinstance(event, Closed):
                return

    # -- Lifetime

    @property
    def closed(self) -> bool:
        return self._handle.closed

    def close(self) -> None:
        """Ends the call if it still runs and frees it; idempotent."""
        self._finalizer()

    def __enter__(self) -> Call:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _encoding(name: str, field: str) -> int:
    try:
        return _ENCODINGS[name]
    except KeyError:
        raise ValueError(f"{field}: {name!r}, expected one of {', '.join(_ENCODINGS)}") from None


def _rate(value: int, field: str) -> int:
    # The struct has an unsigned field, into which ctypes would fold anything.
    if not 8000 <= value <= 48000:
        raise ValueError(f"{field}: {value}, expected 8000 to 48000")
    return value

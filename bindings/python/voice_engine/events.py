"""What happens in a call: one frozen class per event of voice_engine.h."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from ._structs import EventStruct, TurnMetricsStruct

FINAL = 1
INTERRUPTED = 2
PAUSED = 4
CONFIRMED = 8
RESUMED = 16


@dataclass(frozen=True)
class Event:
    """What all events tell. ``time_ns`` is CLOCK_MONOTONIC; a gap in ``sequence`` means dropped events."""

    time_ns: int
    sequence: int
    turn: int


@dataclass(frozen=True)
class Started(Event):
    """The call runs."""

    call_id: str
    agent: str


@dataclass(frozen=True)
class CallerStarted(Event):
    """The caller began to speak, at this caller sample."""

    position: int


@dataclass(frozen=True)
class CallerStopped(Event):
    """The caller fell silent; ``position`` is the caller sample after the last speech."""

    position: int


@dataclass(frozen=True)
class Transcript(Event):
    """The utterance so far; ``final`` when its turn is committed."""

    text: str
    final: bool


@dataclass(frozen=True)
class TurnStarted(Event):
    """The turn is the agent's; ``text`` are the caller's words."""

    text: str


@dataclass(frozen=True)
class AgentText(Event):
    """A segment that goes to the text-to-speech."""

    text: str


@dataclass(frozen=True)
class AgentStarted(Event):
    """The first sample of a reply is out."""

    position: int


@dataclass(frozen=True)
class AgentStopped(Event):
    """The last sample of a reply is out."""

    position: int


@dataclass(frozen=True)
class AgentHeard(Event):
    """What the caller heard of the reply."""

    text: str
    interrupted: bool


@dataclass(frozen=True)
class BargeIn(Event):
    """The caller speaks into the reply; ``position`` is the agent sample of the cut."""

    phase: Literal["paused", "confirmed", "resumed"]
    position: int


@dataclass(frozen=True)
class ToolCall(Event):
    """The model calls a tool of the host; answer with ``call.tool_result(event.id, ...)``."""

    id: str
    name: str
    arguments_json: str

    @property
    def arguments(self) -> Any:
        """The arguments, parsed."""
        return json.loads(self.arguments_json)


@dataclass(frozen=True)
class DtmfIn(Event):
    """Digits that the caller pressed."""

    digits: str


@dataclass(frozen=True)
class DtmfOut(Event):
    """Digits that the host shall send."""

    digits: str


@dataclass(frozen=True)
class Transfer(Event):
    """The host shall transfer the call."""

    target: str


@dataclass(frozen=True)
class HangUp(Event):
    """The host shall hang up; the last words have been played."""

    reason: str


@dataclass(frozen=True)
class Failure(Event):
    """Something failed; the call goes on when it can."""

    status: int
    source: str
    text: str


@dataclass(frozen=True)
class TurnMetrics(Event):
    """Where the time of a turn went, in nanoseconds; the stages add up to ``total_ns``.

    From ``stt_first_words_ns`` on: what the providers did since the turn before.
    """

    interrupted: bool
    endpoint_wait_ns: int
    transcript_wait_ns: int
    commit_ns: int
    llm_first_token_ns: int
    segment_ns: int
    tts_request_ns: int
    tts_first_audio_ns: int
    playout_ns: int
    total_ns: int
    engine_ns: int
    prompt_tokens: int
    completion_tokens: int
    stt_first_words_ns: int = 0
    llm_answer_ns: int = 0
    tts_answer_ns: int = 0
    stt_connect_ns: int = 0
    llm_connect_ns: int = 0
    tts_connect_ns: int = 0
    stt_audio_ns: int = 0
    tts_characters: int = 0
    stt_reconnects: int = 0
    stt_failovers: int = 0
    llm_retries: int = 0
    llm_failovers: int = 0
    llm_hedges: int = 0
    tts_reconnects: int = 0
    tts_failovers: int = 0
    drafts: int = 0
    drafts_dropped: int = 0
    dropped_tokens: int = 0
    dropped_characters: int = 0


@dataclass(frozen=True)
class SlowHost(Event):
    """The host is slow: microseconds of a callback, or how many events queued up."""

    value: int
    text: str


@dataclass(frozen=True)
class Closed(Event):
    """The last event of the call."""

    reason: str
    status: int


@dataclass(frozen=True)
class Voicemail(Event):
    """An answering machine has answered: ``length``, ``words``, ``beep`` or ``carrier`` told."""

    evidence: str


@dataclass(frozen=True)
class Node(Event):
    """The call has come to another node of its flow."""

    name: str


@dataclass(frozen=True)
class UnknownEvent(Event):
    """An event of a newer library."""

    type: int
    text: str


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace")


def _phase(flags: int) -> Literal["paused", "confirmed", "resumed"]:
    if flags & CONFIRMED:
        return "confirmed"
    return "resumed" if flags & RESUMED else "paused"


def _metrics(event: EventStruct) -> TurnMetrics:
    m: TurnMetricsStruct = event.metrics.contents if event.metrics else TurnMetricsStruct()
    return TurnMetrics(
        event.time_ns,
        event.sequence,
        event.turn,
        bool(m.flags & INTERRUPTED),
        m.endpoint_wait_ns,
        m.transcript_wait_ns,
        m.commit_ns,
        m.llm_first_token_ns,
        m.segment_ns,
        m.tts_request_ns,
        m.tts_first_audio_ns,
        m.playout_ns,
        m.total_ns,
        m.engine_ns,
        m.prompt_tokens,
        m.completion_tokens,
        m.stt_first_words_ns,
        m.llm_answer_ns,
        m.tts_answer_ns,
        m.stt_connect_ns,
        m.llm_connect_ns,
        m.tts_connect_ns,
        m.stt_audio_ns,
        m.tts_characters,
        m.stt_reconnects,
        m.stt_failovers,
        m.llm_retries,
        m.llm_failovers,
        m.llm_hedges,
        m.tts_reconnects,
        m.tts_failovers,
        m.drafts,
        m.drafts_dropped,
        m.dropped_tokens,
        m.dropped_characters,
    )


# By VOICE_EVENT_*: the fields after time_ns, sequence and turn.
_READERS: dict[int, tuple[Callable[..., Event], Callable[[EventStruct], tuple[Any, ...]]]] = {
    1: (Started, lambda e: (_text(e.text), _text(e.name))),
    2: (CallerStarted, lambda e: (e.position,)),
    3: (CallerStopped, lambda e: (e.position,)),
    4: (Transcript, lambda e: (_text(e.text), bool(e.flags & FINAL))),
    5: (TurnStarted, lambda e: (_text(e.text),)),
    6: (AgentText, lambda e: (_text(e.text),)),
    7: (AgentStarted, lambda e: (e.position,)),
    8: (AgentStopped, lambda e: (e.position,)),
    9: (AgentHeard, lambda e: (_text(e.text), bool(e.flags & INTERRUPTED))),
    10: (BargeIn, lambda e: (_phase(e.flags), e.position)),
    11: (ToolCall, lambda e: (_text(e.id), _text(e.name), _text(e.text))),
    12: (DtmfIn, lambda e: (_text(e.text),)),
    13: (DtmfOut, lambda e: (_text(e.text),)),
    14: (Transfer, lambda e: (_text(e.text),)),
    15: (HangUp, lambda e: (_text(e.text),)),
    16: (Failure, lambda e: (e.status, _text(e.name), _text(e.text))),
    18: (SlowHost, lambda e: (e.value, _text(e.text))),
    19: (Closed, lambda e: (_text(e.text), e.status)),
    20: (Voicemail, lambda e: (_text(e.text),)),
    21: (Node, lambda e: (_text(e.name),)),
}


def event_from(event: EventStruct) -> Event:
    """Copies a native event, whose texts are borrowed."""
    if event.type == 17:
        return _metrics(event)
    common = (event.time_ns, event.sequence, event.turn)
    reader = _READERS.get(event.type)
    if reader is None:
        return UnknownEvent(*common, event.type, _text(event.text))
    kind, fields = reader
    return kind(*common, *fields(event))

"""A call and its engine: audio, events, errors, lifetime."""

from __future__ import annotations

import array
import gc
import os
import select
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import Any

import pytest

import voice_engine
from voice_engine import Call, Engine, errors, events

from .conftest import AGENT


def test_a_document_is_checked() -> None:
    voice_engine.check_agent(AGENT)
    with pytest.raises(errors.BadConfigError) as caught:
        voice_engine.check_agent({**AGENT, "bogus": 1})
    assert caught.value.status == -3
    assert "bogus" in str(caught.value)


def test_providers_are_tried_and_each_says_what_is_wrong(engine: Engine) -> None:
    results = engine.probe(AGENT, timeout=5)
    assert [result.path for result in results] == ["stt", "llm", "tts"]
    assert not any(result.ok for result in results)
    assert all("127.0.0.1:1" in result.detail for result in results)
    with pytest.raises(errors.BadConfigError):
        engine.probe({**AGENT, "bogus": 1})


def test_started_comes_first_and_closed_last(call: Call) -> None:
    first = call.next_event(timeout=5)
    assert isinstance(first, events.Started)
    assert (first.call_id, first.agent, first.sequence) == ("call-7", "test", 1)
    call.hang_up()
    rest = list(call.events())
    assert isinstance(rest[-1], events.Closed)
    sequences = [first.sequence] + [event.sequence for event in rest]
    assert sequences == list(range(1, len(sequences) + 1))
    call.hang_up()


def test_no_event_is_none() -> None:
    with Engine(loops=1) as engine, engine.call(document=AGENT) as call:
        call.hang_up()
        assert isinstance(list(call.events())[-1], events.Closed)
        assert call.next_event() is None
        assert call.next_event(timeout=0.01) is None


def test_the_descriptor_is_readable_while_events_wait(call: Call) -> None:
    poll = select.poll()
    poll.register(call, select.POLLIN)
    assert poll.poll(5000)
    call.hang_up()
    list(call.events())
    assert not poll.poll(0)


def test_write_takes_every_kind_of_buffer(call: Call) -> None:
    frame = bytes(320)
    kinds: tuple[Any, ...] = (frame, bytearray(frame), memoryview(frame), memoryview(bytearray(frame)), array.array("h", [0] * 160))
    for audio in kinds:
        assert call.write(audio) is True
    # The buffer is free again afterwards.
    grows = bytearray(320)
    call.write(grows)
    grows.extend(b"more")


def test_read_gives_what_was_asked(call: Call) -> None:
    assert len(call.read()) == 320
    assert len(call.read(64)) == 64
    buffer = array.array("h", [7] * 80)
    call.read_into(buffer)
    assert len(buffer) == 80
    with pytest.raises(TypeError):
        call.read_into(memoryview(b"read only"))


@pytest.mark.parametrize("size", [0, 1, 321, 96002])
def test_an_odd_or_oversized_frame_is_refused(call: Call, size: int) -> None:
    for operation in (lambda: call.write(bytes(size)), lambda: call.read(size)):
        with pytest.raises(errors.BadArgumentError) as caught:
            operation()
        assert "bytes" in str(caught.value)


def test_g711_has_one_byte_per_sample(engine: Engine) -> None:
    with engine.call("test", encoding="mulaw") as call:
        assert call.write(bytes(161)) is True
        assert len(call.read()) == 160


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"rate": 7999}, "rate"),
        ({"rate": -8000}, "rate"),
        ({"output_rate": 96000}, "output_rate"),
        ({"encoding": "mp3"}, "encoding"),
        ({"call_id": "a\0b"}, "call_id"),
    ],
)
def test_a_bad_argument_is_named(engine: Engine, arguments: dict[str, Any], field: str) -> None:
    with pytest.raises(ValueError, match=field):
        engine.call("test", **arguments)


def test_agent_and_document_exclude_each_other(engine: Engine) -> None:
    with pytest.raises(errors.BadArgumentError, match="agent_"):
        engine.call("test", document=AGENT)
    with pytest.raises(errors.BadArgumentError, match="agent_"):
        engine.call()


def test_an_unknown_agent_is_not_found(engine: Engine) -> None:
    with pytest.raises(errors.NotFoundError, match="nobody"):
        engine.call("nobody")


def test_a_missing_key_is_named(engine: Engine) -> None:
    document = {**AGENT, "stt": {**AGENT["stt"], "api_key_env": "VOICE_TEST_UNSET_KEY"}}
    with pytest.raises(errors.KeyMissingError, match="VOICE_TEST_UNSET_KEY"):
        engine.add_agent(document)


def test_texts_have_limits(call: Call) -> None:
    for method in (call.say, call.send_text):
        for text in ("", "x" * 8193):
            with pytest.raises(errors.BadArgumentError):
                method(text)
    for digits in ("", "x", "1" * 33):
        with pytest.raises(errors.BadArgumentError, match="digits"):
            call.dtmf(digits)
    call.dtmf("12#")
    call.say("Grüße")
    call.barge_in()
    call.tool_result("nobody-asked", {"ok": True})


def test_after_close_everything_raises(engine: Engine) -> None:
    call = engine.call("test")
    call.close()
    call.close()
    assert call.closed
    operations = (
        lambda: call.write(bytes(320)),
        call.read,
        call.next_event,
        call.fileno,
        call.barge_in,
        lambda: call.say("x"),
    )
    for operation in operations:
        with pytest.raises(errors.ClosedError):
            operation()
    assert list(call.events()) == []


def test_a_failed_constructor_leaves_nothing(engine: Engine) -> None:
    with pytest.raises(errors.NotFoundError):
        Call(engine, "nobody")
    gc.collect()


def test_a_forgotten_call_is_destroyed(engine: Engine) -> None:
    call = engine.call("test")
    handle = weakref.ref(call)
    native = call._handle
    del call
    gc.collect()
    assert handle() is None
    assert native.closed


def test_the_engine_may_be_closed_before_its_calls() -> None:
    engine = Engine(loops=1)
    call = engine.call(document=AGENT)
    engine.close()
    with pytest.raises(errors.VoiceEngineError):
        call.write(bytes(320))
    call.close()
    with pytest.raises(errors.ClosedError):
        engine.metrics()


def test_close_wakes_an_iterating_thread(engine: Engine) -> None:
    call = engine.call("test")
    seen: list[events.Event] = []
    started = threading.Event()

    def consume() -> None:
        for event in call.events():
            seen.append(event)
            started.set()

    thread = threading.Thread(target=consume)
    thread.start()
    assert started.wait(5)
    call.close()
    thread.join(5)
    assert not thread.is_alive()
    assert isinstance(seen[0], events.Started)


def test_threads_push_pull_and_close_at_once(engine: Engine) -> None:
    for _ in range(20):
        call = engine.call("test")
        unexpected: list[BaseException] = []

        def hammer(operation: Any) -> None:
            try:
                for _ in range(200):
                    operation()
            except (errors.ClosedError, errors.BadHandleError):
                pass
            except BaseException as error:
                unexpected.append(error)

        operations = (lambda: call.write(bytes(320)), call.read, call.next_event, call.barge_in)
        threads = [threading.Thread(target=hammer, args=(operation,)) for operation in operations]
        for thread in threads:
            thread.start()
        call.close()
        for thread in threads:
            thread.join(10)
            assert not thread.is_alive()
        assert unexpected == []


def test_metrics_are_prometheus_text(engine: Engine) -> None:
    assert "voice_engine_" in engine.metrics()


def test_two_engines_do_not_know_of_each_other() -> None:
    with Engine(loops=1) as one, Engine(loops=1) as other:
        one.add_agent(AGENT)
        one.call("test").close()
        with pytest.raises(errors.NotFoundError):
            other.call("test")


def test_log_lines_reach_the_handler_and_its_exceptions_stay_in_python(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[tuple[int, str, str]] = []
    unraisable: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)

    def on_log(level: int, component: str, message: str) -> None:
        lines.append((level, component, message))
        raise RuntimeError("of the handler")

    with Engine(loops=1, on_log=on_log, log_level="trace") as engine:
        engine.add_agent(AGENT)
        engine.call("test").close()
    assert lines
    assert {type(entry.exc_value) for entry in unraisable} == {RuntimeError}


@pytest.mark.parametrize("arguments", [{"loops": 65}, {"loops": -1}, {"max_sessions": 65536}, {"log_level": "loud"}])
def test_engine_options_are_checked(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(arguments))):
        Engine(**arguments)


def test_loops_are_bound_to_processors() -> None:
    with Engine(loop_cpus="0") as engine:
        engine.add_agent(AGENT)
        engine.call("test").close()
    with pytest.raises(errors.BadArgumentError, match="loop_cpus"):
        Engine(loop_cpus="1-0")


def test_the_interpreter_ends_with_everything_open() -> None:
    program = (
        "import json, os, sys, voice_engine\n"
        "os.environ['VOICE_TEST_KEY'] = 'x'\n"
        "engine = voice_engine.Engine(loops=1, on_log=lambda *line: None, log_level='trace')\n"
        "engine.add_agent(json.loads(sys.argv[1]))\n"
        "call = engine.call('test')\n"
        "server = engine.serve(on_event=lambda call, event: None)\n"
        "call.write(bytes(320))\n"
    )
    import json

    # The tests find the package next to them; the new interpreter has to be told.
    package = str(Path(voice_engine.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps(AGENT)],
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, "PYTHONPATH": package},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

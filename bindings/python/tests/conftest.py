"""Fixtures: an engine, and an agent that needs no model, no key of anybody and no network."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

import voice_engine

# Nothing listens on port 1: every provider is refused at once.
AGENT: dict[str, Any] = {
    "name": "test",
    "language": "en-US",
    "prompt": "You answer the telephone.",
    "greeting": "Hello.",
    "stt": {"provider": "deepgram", "base_url": "ws://127.0.0.1:1", "api_key_env": "VOICE_TEST_KEY"},
    "llm": {
        "provider": "openai",
        "model": "test",
        "base_url": "http://127.0.0.1:1/v1",
        "api_key_env": "VOICE_TEST_KEY",
    },
    "tts": {"provider": "deepgram", "base_url": "ws://127.0.0.1:1", "api_key_env": "VOICE_TEST_KEY"},
}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    # putenv reaches the C library's environment, which the engine reads.
    monkeypatch.setenv("VOICE_TEST_KEY", "not-a-key")
    monkeypatch.delenv("VOICE_TEST_UNSET_KEY", raising=False)
    assert "VOICE_TEST_UNSET_KEY" not in os.environ


@pytest.fixture
def engine() -> Iterator[voice_engine.Engine]:
    with voice_engine.Engine(loops=1) as value:
        value.add_agent(AGENT)
        yield value


@pytest.fixture
def call(engine: voice_engine.Engine) -> Iterator[voice_engine.Call]:
    with engine.call("test", call_id="call-7") as value:
        yield value

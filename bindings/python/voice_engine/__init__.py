"""Real-time voice agents: hands in the caller's audio, gets the agent's audio back.

    with voice_engine.Engine() as engine:
        engine.add_agent(open("receptionist.json").read())
        engine.wait_ready()
        with engine.call("receptionist", rate=8000) as call:
            call.write(frame)        # 20 ms of the caller
            frame = call.read()      # 20 ms of the agent
            event = call.next_event()
"""

from __future__ import annotations

from . import errors, events
from .call import Call, Document, Encoding
from .engine import Engine, ProbeResult, check_agent, library_version
from .errors import VoiceEngineError
from .events import Event
from .server import Server, ServerCall

__all__ = [
    "Call",
    "Document",
    "Encoding",
    "Engine",
    "Event",
    "ProbeResult",
    "Server",
    "ServerCall",
    "VoiceEngineError",
    "check_agent",
    "errors",
    "events",
    "library_version",
]

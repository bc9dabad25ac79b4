"""The structs and callback types of voice_engine.h, field by field. A test compares sizes and offsets with C."""

from __future__ import annotations

import ctypes
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

LogFunction = CFUNCTYPE(None, c_void_p, c_int32, c_char_p, c_char_p)


class EngineConfig(Structure):
    """voice_engine_config"""

    _fields_ = [
        ("struct_size", c_uint32),
        ("loops", c_uint32),
        ("inference_threads", c_uint32),
        ("max_sessions", c_uint32),
        ("models_dir", c_char_p),
        ("ca_file", c_char_p),
        ("on_log", LogFunction),
        ("log_user_data", c_void_p),
        ("log_level", c_int32),
        ("reserved", c_uint32),
        ("proxy", c_char_p),
        ("no_proxy", c_char_p),
        ("loop_cpus", c_char_p),
    ]


class ProbeResultStruct(Structure):
    """voice_probe_result"""

    _fields_ = [
        ("struct_size", c_uint32),
        ("status", c_int32),
        ("path", c_char_p),
        ("provider", c_char_p),
        ("detail", c_char_p),
        ("elapsed_ms", c_uint32),
        ("reserved", c_uint32),
    ]


ProbeFunction = CFUNCTYPE(None, c_void_p, POINTER(ProbeResultStruct))


class SessionConfig(Structure):
    """voice_session_config"""

    _fields_ = [
        ("struct_size", c_uint32),
        ("input_encoding", c_uint32),
        ("input_rate", c_uint32),
        ("output_encoding", c_uint32),
        ("output_rate", c_uint32),
        ("ptime_ms", c_uint32),
        ("playout", c_uint32),
        ("reserved", c_uint32),
        ("agent_name", c_char_p),
        ("agent_json", c_char_p),
        ("call_id", c_char_p),
        ("variables_json", c_char_p),
        ("conversation_json", c_char_p),
    ]


class TurnMetricsStruct(Structure):
    """voice_turn_metrics"""

    _fields_ = [
        ("struct_size", c_uint32),
        ("flags", c_uint32),
        ("turn", c_uint64),
        ("endpoint_wait_ns", c_int64),
        ("transcript_wait_ns", c_int64),
        ("commit_ns", c_int64),
        ("llm_first_token_ns", c_int64),
        ("segment_ns", c_int64),
        ("tts_request_ns", c_int64),
        ("tts_first_audio_ns", c_int64),
        ("playout_ns", c_int64),
        ("total_ns", c_int64),
        ("engine_ns", c_int64),
        ("prompt_tokens", c_uint32),
        ("completion_tokens", c_uint32),
        ("stt_first_words_ns", c_int64),
        ("llm_answer_ns", c_int64),
        ("tts_answer_ns", c_int64),
        ("stt_connect_ns", c_int64),
        ("llm_connect_ns", c_int64),
        ("tts_connect_ns", c_int64),
        ("stt_audio_ns", c_int64),
        ("tts_characters", c_uint32),
        ("stt_reconnects", c_uint32),
        ("stt_failovers", c_uint32),
        ("llm_retries", c_uint32),
        ("llm_failovers", c_uint32),
        ("llm_hedges", c_uint32),
        ("tts_reconnects", c_uint32),
        ("tts_failovers", c_uint32),
        ("drafts", c_uint32),
        ("drafts_dropped", c_uint32),
        ("dropped_tokens", c_uint32),
        ("dropped_characters", c_uint32),
    ]


class EventStruct(Structure):
    """voice_event"""

    _fields_ = [
        ("struct_size", c_uint32),
        ("type", c_uint32),
        ("session", c_void_p),
        ("sequence", c_uint64),
        ("turn", c_uint64),
        ("time_ns", c_int64),
        ("position", c_int64),
        ("flags", c_uint32),
        ("status", c_int32),
        ("value", c_int64),
        ("text", c_char_p),
        ("name", c_char_p),
        ("id", c_char_p),
        ("metrics", POINTER(TurnMetricsStruct)),
    ]


AudioFunction = CFUNCTYPE(None, c_void_p, c_void_p, c_void_p, c_size_t)
EventFunction = CFUNCTYPE(None, c_void_p, POINTER(EventStruct))


class SessionCallbacks(Structure):
    """voice_session_callbacks"""

    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_uint32),
        ("user_data", c_void_p),
        ("on_audio", AudioFunction),
        ("on_event", EventFunction),
    ]


class ServerConfig(Structure):
    """voice_server_config"""

    _fields_ = [
        ("struct_size", c_uint32),
        ("port", c_uint32),
        ("host", c_char_p),
        ("public_url", c_char_p),
        ("max_calls", c_uint32),
        ("reserved", c_uint32),
        ("on_event", EventFunction),
        ("user_data", c_void_p),
        ("settings", c_char_p),
    ]


def sized(struct: type[Structure]) -> Structure:
    """A zeroed struct with struct_size set."""
    value = struct()
    value.struct_size = ctypes.sizeof(struct)
    return value

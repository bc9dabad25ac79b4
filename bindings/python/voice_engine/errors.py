"""The errors of the engine: one tree, one class per status."""

from __future__ import annotations


class VoiceEngineError(Exception):
    """A call into the engine failed.

    ``status`` is the negative ``voice_status``; ``detail`` says which field was wrong and what was expected.
    """

    status: int = 0

    def __init__(self, detail: str, status: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if status is not None:
            self.status = status


class LibraryError(VoiceEngineError, ImportError):
    """The shared library was not found, or has another ABI than this package."""


class CallerError(VoiceEngineError):
    """The caller's mistake: the same call will fail again."""


class BadHandleError(CallerError):
    """The handle is destroyed, of another kind, or never was one."""

    status = -1


class BadArgumentError(CallerError, ValueError):
    """An argument is out of range."""

    status = -2


class BadConfigError(CallerError, ValueError):
    """The agent document is wrong; the detail names the key's path."""

    status = -3


class ReentrantError(CallerError):
    """Not allowed from inside this object's own callback."""

    status = -4


class UnsupportedError(CallerError):
    """Valid, but not in this combination or not by this build."""

    status = -5


class NotFoundError(CallerError, LookupError):
    """No agent, tool call or file of that name."""

    status = -6


class RetryError(VoiceEngineError):
    """Try again, later or with less."""


class OverrunError(RetryError):
    """The oldest unread audio was dropped to make room."""

    status = -20


class AgainError(RetryError):
    """Nothing there yet."""

    status = -21


class LimitError(RetryError):
    """A configured limit is reached."""

    status = -22


class EngineTimeoutError(RetryError, TimeoutError):
    """The time given is over."""

    status = -23


class DrainingError(RetryError):
    """No new calls are taken."""

    status = -24


class ServiceError(VoiceEngineError):
    """A provider or a model."""


class KeyMissingError(ServiceError):
    """The environment variable that holds the API key is not set."""

    status = -40


class ModelMissingError(ServiceError):
    """A local model is not installed; the detail says what to run."""

    status = -41


class ProviderError(ServiceError):
    """A provider failed and no fallback is left."""

    status = -42


class NetworkError(ServiceError, OSError):
    """An address is in use, cannot be resolved or does not answer."""

    status = -43


class FatalError(VoiceEngineError):
    """The object is of no more use: only ``close()`` is allowed."""


class ClosedError(FatalError):
    """The call has ended, or the object was closed."""

    status = -60


class InternalError(FatalError):
    """A defect of the engine; please report the detail."""

    status = -61


_BY_STATUS: dict[int, type[VoiceEngineError]] = {
    kind.status: kind
    for kind in (
        BadHandleError,
        BadArgumentError,
        BadConfigError,
        ReentrantError,
        UnsupportedError,
        NotFoundError,
        OverrunError,
        AgainError,
        LimitError,
        EngineTimeoutError,
        DrainingError,
        KeyMissingError,
        ModelMissingError,
        ProviderError,
        NetworkError,
        ClosedError,
        InternalError,
    )
}


def error_for(status: int, detail: str) -> VoiceEngineError:
    """The error of a status; statuses of a newer library are plain ``VoiceEngineError``."""
    return _BY_STATUS.get(status, VoiceEngineError)(detail, status)

"""What the native callbacks share: an exception in a handler is reported, never thrown into C."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any


class _Unraisable:
    """What sys.unraisablehook takes."""

    def __init__(
        self,
        exc_type: type[BaseException],
        exc_value: BaseException,
        exc_traceback: TracebackType | None,
        err_msg: str,
        object: Any,
    ) -> None:
        self.exc_type = exc_type
        self.exc_value = exc_value
        self.exc_traceback = exc_traceback
        self.err_msg = err_msg
        self.object = object


def report(error: BaseException, source: Any) -> None:
    """Hands an exception of ``source`` to sys.unraisablehook."""
    message = "Exception ignored in a voice_engine callback"
    sys.unraisablehook(_Unraisable(type(error), error, error.__traceback__, message, source))

"""Reads FlatBuffers: just enough for one file format, without a generated reader or a package.

A table starts with a signed offset back to its vtable; the vtable holds one 16-bit offset per field, 0 for
"not there" (https://flatbuffers.dev/internals). Fields are addressed by their slot, the order in the schema.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import TypeVar

Element = TypeVar("Element")


class Table:
    """One table inside a buffer. Absent fields read as the schema's default: 0, "", None or empty."""

    def __init__(self, buffer: memoryview, position: int) -> None:
        self._buffer = buffer
        self._position = position
        self._vtable = position - self._unpack("<i", position)
        self._vtable_bytes = self._unpack("<H", self._vtable)

    @classmethod
    def root(cls, data: bytes) -> Table:
        buffer = memoryview(data)
        return cls(buffer, struct.unpack_from("<I", buffer, 0)[0])

    def int8(self, slot: int) -> int:
        return self._scalar(slot, "<b")

    def uint8(self, slot: int) -> int:
        return self._scalar(slot, "<B")

    def int32(self, slot: int) -> int:
        return self._scalar(slot, "<i")

    def uint32(self, slot: int) -> int:
        return self._scalar(slot, "<I")

    def int64(self, slot: int) -> int:
        return self._scalar(slot, "<q")

    def float32(self, slot: int) -> float:
        return self._scalar(slot, "<f")

    def text(self, slot: int) -> str:
        return self.data(slot).decode()

    def data(self, slot: int) -> bytes:
        """A string or a vector of bytes: both are a length and the bytes."""
        start, count = self._vector(slot)
        return bytes(self._buffer[start : start + count])

    def table(self, slot: int) -> Table | None:
        field = self._field(slot)
        return self._follow(field) if field else None

    def tables(self, slot: int) -> list[Table]:
        return list(self._elements(slot, 4, self._follow))

    def texts(self, slot: int) -> list[str]:
        return list(self._elements(slot, 4, self._string_at))

    def int64s(self, slot: int) -> list[int]:
        return list(self._elements(slot, 8, lambda at: self._unpack("<q", at)))

    def float32s(self, slot: int) -> list[float]:
        return list(self._elements(slot, 4, lambda at: self._unpack("<f", at)))

    def _field(self, slot: int) -> int:
        """Where the field is, 0 if the table does not carry it."""
        entry = 4 + 2 * slot
        if entry >= self._vtable_bytes:
            return 0
        offset = self._unpack("<H", self._vtable + entry)
        return self._position + offset if offset else 0

    def _scalar(self, slot: int, layout: str):
        field = self._field(slot)
        return self._unpack(layout, field) if field else 0

    def _vector(self, slot: int) -> tuple[int, int]:
        field = self._field(slot)
        if not field:
            return 0, 0
        start = field + self._unpack("<I", field)
        return start + 4, self._unpack("<I", start)

    def _elements(self, slot: int, size: int, read: Callable[[int], Element]) -> Iterator[Element]:
        start, count = self._vector(slot)
        return (read(start + size * index) for index in range(count))

    def _follow(self, position: int) -> Table:
        return Table(self._buffer, position + self._unpack("<I", position))

    def _string_at(self, position: int) -> str:
        start = position + self._unpack("<I", position)
        return bytes(self._buffer[start + 4 : start + 4 + self._unpack("<I", start)]).decode()

    def _unpack(self, layout: str, position: int):
        return struct.unpack_from(layout, self._buffer, position)[0]

"""Writes a graph as an ONNX file (protocol buffers, fields in the order of their numbers in onnx.proto).

onnx.proto has proto2 syntax: a field that was set is written even when empty, and repeated numbers are not packed.
"""

from __future__ import annotations

import struct

from graph import Attribute, AttributeKind, Graph, Model, Node, Tensor, ValueInfo

PRODUCER = "ort2onnx"
VARINT, BYTES, FIXED32 = 0, 2, 5


def write_model(model: Model) -> bytes:
    return b"".join(
        [
            _integer(1, model.ir_version),
            _bytes(2, PRODUCER.encode()),
            _bytes(7, _graph(model.graph)),
            *(_bytes(8, _text(1, domain) + _integer(2, version)) for domain, version in model.opsets.items()),
        ]
    )


def _graph(graph: Graph) -> bytes:
    return b"".join(
        [
            *(_bytes(1, _node(node)) for node in graph.nodes),
            _text(2, "g"),
            *(_bytes(5, _tensor(tensor)) for tensor in graph.initializers),
            *(_bytes(11, _value_info(value)) for value in graph.inputs),
            *(_bytes(12, _value_info(value)) for value in graph.outputs),
        ]
    )


def _node(node: Node) -> bytes:
    return b"".join(
        [
            *(_text(1, name) for name in node.inputs),
            *(_text(2, name) for name in node.outputs),
            _text(3, node.name) if node.name is not None else b"",
            _text(4, node.op),
            *(_bytes(5, _attribute(attribute)) for attribute in node.attributes),
            _text(7, node.domain) if node.domain is not None else b"",
        ]
    )


def _attribute(attribute: Attribute) -> bytes:
    value = attribute.value
    write = {
        AttributeKind.FLOAT: lambda: _float(2, value),
        AttributeKind.INT: lambda: _integer(3, value),
        AttributeKind.STRING: lambda: _bytes(4, value),
        AttributeKind.TENSOR: lambda: _bytes(5, _tensor(value)),
        AttributeKind.GRAPH: lambda: _bytes(6, _graph(value)),
        AttributeKind.FLOATS: lambda: b"".join(_float(7, entry) for entry in value),
        AttributeKind.INTS: lambda: b"".join(_integer(8, entry) for entry in value),
        AttributeKind.STRINGS: lambda: b"".join(_text(9, entry) for entry in value),
    }
    return _text(1, attribute.name) + write[attribute.kind]() + _integer(20, attribute.kind)


def _tensor(tensor: Tensor) -> bytes:
    return b"".join(
        [
            *(_integer(1, dim) for dim in tensor.dims),
            _integer(2, tensor.element_type),
            *(_text(6, entry) for entry in tensor.strings),
            _text(8, tensor.name),
            _bytes(9, tensor.raw) if tensor.raw is not None else b"",
        ]
    )


def _value_info(value: ValueInfo) -> bytes:
    if value.element_type is None:
        return _text(1, value.name)
    tensor_type = _integer(1, value.element_type)
    if value.shape is not None:
        tensor_type += _bytes(2, b"".join(_bytes(1, _dimension(dim)) for dim in value.shape))
    return _text(1, value.name) + _bytes(2, _bytes(1, tensor_type))


def _dimension(dim: int | str | None) -> bytes:
    if dim is None:
        return b""
    return _integer(1, dim) if isinstance(dim, int) else _text(2, dim)


def _integer(number: int, value: int) -> bytes:
    return _varint(number << 3 | VARINT) + _varint(value)


def _float(number: int, value: float) -> bytes:
    return _varint(number << 3 | FIXED32) + struct.pack("<f", value)


def _text(number: int, value: str) -> bytes:
    return _bytes(number, value.encode())


def _bytes(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | BYTES) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1  # negative numbers are written as 64-bit two's complement
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)

"""Reads a model in ONNX Runtime's own format (.ort) into a graph.

The slots are those of onnxruntime/core/flatbuffers/schema/ort.fbs.
"""

from __future__ import annotations

from flatbuffer import Table
from graph import Attribute, AttributeKind, Graph, Model, Node, Tensor, ValueInfo

DIMENSION_IS_VALUE, DIMENSION_IS_NAME = 1, 2
TYPE_IS_TENSOR = 1


def read_model(data: bytes) -> Model:
    session = Table.root(data)
    model = session.table(1)
    if model is None:
        raise ValueError("not a model in ONNX Runtime's format")
    opsets = {entry.text(0): entry.int64(1) for entry in model.tables(1)}
    return Model(ir_version=model.int64(0), opsets=opsets, graph=_graph(model.table(7)))


def _graph(table: Table) -> Graph:
    initializers = [_tensor(entry) for entry in table.tables(0)]
    values = {value.name: value for value in map(_value_info, table.tables(1))}
    nodes = {entry.uint32(4): _node(entry) for entry in table.tables(2)}
    constants = {tensor.name for tensor in initializers}
    return Graph(
        nodes=_in_order(nodes),
        initializers=initializers,
        inputs=[values[name] for name in table.texts(5) if name not in constants],
        outputs=[values[name] for name in table.texts(6)],
    )


def _node(table: Table) -> Node:
    return Node(
        name=table.text(0),
        domain=table.text(2),
        op=table.text(5),
        inputs=table.texts(8),
        outputs=table.texts(9),
        attributes=[_attribute(entry) for entry in table.tables(10)],
    )


def _attribute(table: Table) -> Attribute:
    kind = AttributeKind(table.int32(2))
    read = {
        AttributeKind.FLOAT: lambda: table.float32(3),
        AttributeKind.INT: lambda: table.int64(4),
        AttributeKind.STRING: lambda: table.data(5),
        AttributeKind.TENSOR: lambda: _tensor(table.table(6)),
        AttributeKind.GRAPH: lambda: _graph(table.table(7)),
        AttributeKind.FLOATS: lambda: table.float32s(8),
        AttributeKind.INTS: lambda: table.int64s(9),
        AttributeKind.STRINGS: lambda: table.texts(10),
    }
    return Attribute(name=table.text(0), kind=kind, value=read[kind]())


def _tensor(table: Table) -> Tensor:
    return Tensor(
        name=table.text(0),
        dims=table.int64s(2),
        element_type=table.int32(3),
        raw=table.data(4) or None,
        strings=table.texts(5),
    )


def _value_info(table: Table) -> ValueInfo:
    info = ValueInfo(name=table.text(0))
    type_info = table.table(2)
    if type_info is None or type_info.uint8(1) != TYPE_IS_TENSOR:
        return info
    tensor_type = type_info.table(2)
    info.element_type = tensor_type.int32(0)
    shape = tensor_type.table(1)
    if shape is not None:
        info.shape = [_dimension(entry.table(0)) for entry in shape.tables(0)]
    return info


def _dimension(table: Table | None) -> int | str | None:
    if table is None:
        return None
    kind = table.int8(0)
    if kind == DIMENSION_IS_VALUE:
        return table.int64(1)
    return table.text(2) if kind == DIMENSION_IS_NAME else None


def _in_order(nodes: dict[int, Node]) -> list[Node]:
    """The nodes so that each follows those whose output it reads: ONNX demands it, the .ort file does not keep it.

    Depth first in the order of the indexes, so that the result is the same on every run.
    """
    producer = {output: index for index, node in nodes.items() for output in node.outputs if output}

    def dependencies(index: int) -> list[int]:
        node = nodes[index]
        names = set(node.inputs)
        for subgraph in node.subgraphs():
            names |= subgraph.outer_names()
        return sorted({producer[name] for name in names if name in producer})

    ordered: dict[int, Node] = {}
    visited: set[int] = set()
    for first in sorted(nodes):
        if first in visited:
            continue
        visited.add(first)
        stack = [(first, iter(dependencies(first)))]
        while stack:
            index, remaining = stack[-1]
            following = next((other for other in remaining if other not in visited), None)
            if following is None:
                ordered[index] = nodes[index]
                stack.pop()
            else:
                visited.add(following)
                stack.append((following, iter(dependencies(following))))
    return list(ordered.values())

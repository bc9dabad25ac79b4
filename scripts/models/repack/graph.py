"""The graph of a neural network as plain values: what is common to ONNX Runtime's format and to ONNX."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

MICROSOFT_DOMAIN = "com.microsoft"


class ElementType(IntEnum):
    """TensorProto.DataType, as far as it is used here."""

    FLOAT = 1
    INT8 = 3


class AttributeKind(IntEnum):
    """AttributeProto.AttributeType; ONNX Runtime's own format uses the same numbers."""

    FLOAT = 1
    INT = 2
    STRING = 3
    TENSOR = 4
    GRAPH = 5
    FLOATS = 6
    INTS = 7
    STRINGS = 8


@dataclass
class Tensor:
    name: str
    element_type: int
    dims: list[int]
    raw: bytes | None = None
    strings: list[str] = field(default_factory=list)


@dataclass
class ValueInfo:
    """A graph's input or output. `shape` is None where unknown; a dimension is a number, a name or unknown (None)."""

    name: str
    element_type: int | None = None
    shape: list[int | str | None] | None = None


@dataclass
class Attribute:
    name: str
    kind: AttributeKind
    value: object


@dataclass
class Node:
    """`name` and `domain` are None where they are to be left out of the file."""

    op: str
    inputs: list[str]
    outputs: list[str]
    name: str | None = None
    domain: str | None = None
    attributes: list[Attribute] = field(default_factory=list)

    def subgraphs(self) -> Iterator[Graph]:
        for attribute in self.attributes:
            if isinstance(attribute.value, Graph):
                yield attribute.value


@dataclass
class Graph:
    nodes: list[Node]
    initializers: list[Tensor]
    inputs: list[ValueInfo]
    outputs: list[ValueInfo]

    def producers(self) -> dict[str, Node]:
        """Which node of this graph (not of a subgraph) makes a value."""
        return {output: node for node in self.nodes for output in node.outputs if output}

    def used_names(self) -> set[str]:
        """All names that are read in here, subgraphs included."""
        names = {value.name for value in self.outputs}
        for node in self.nodes:
            names.update(name for name in node.inputs if name)
            for subgraph in node.subgraphs():
                names |= subgraph.used_names()
        return names

    def outer_names(self) -> set[str]:
        """The names that a subgraph takes from the graphs around it."""
        own = {tensor.name for tensor in self.initializers} | {value.name for value in self.inputs}
        names = {value.name for value in self.outputs}
        for node in self.nodes:
            own.update(node.outputs)
            names.update(name for name in node.inputs if name)
            for subgraph in node.subgraphs():
                names |= subgraph.outer_names()
        return names - own


@dataclass
class Model:
    ir_version: int
    opsets: dict[str, int]
    graph: Graph

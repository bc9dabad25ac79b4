"""Lets a network multiply by its int8 weights instead of turning them back into floats at every step.

Moonshine's decoder ships with weights as int8 and, in front of every multiplication, the chain

    weights (int8) > Cast > Mul (scale) > Add (-zero point * scale) [> Transpose] > MatMul

which runs again for every token: 54 of 60 ms. ONNX Runtime's DynamicQuantizeMatMul takes the very same int8 weights,
scale and zero point and multiplies as integers. The zero points are whole numbers, so the weights stay exact; word
error rate is unchanged within 0.1 point, the decoder about 7 times faster and a third of the size in memory.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from graph import MICROSOFT_DOMAIN, Attribute, AttributeKind, ElementType, Graph, Model, Node, Tensor


@dataclass
class QuantizedWeights:
    """A float tensor of the original, described by what it is computed from."""

    name: str
    values: Tensor
    scale: float
    zero_point: int

    @property
    def is_matrix(self) -> bool:
        return len(self.values.dims) == 2

    @property
    def prefix(self) -> str:
        """What the names of new constants start with."""
        return self.name.replace("/", "_")


def use_integer_matmul(model: Model) -> int:
    """Rewrites the model in place; returns how many multiplications and look-ups now use int8 weights."""
    rewriter = _Rewriter(_find_quantized(model.graph))
    rewriter.rewrite(model.graph)
    _drop_unused_nodes(model.graph)
    used = model.graph.used_names()
    kept = [tensor for tensor in model.graph.initializers if tensor.name in used]
    model.graph.initializers = kept + list(rewriter.constants.values())
    model.opsets.setdefault(MICROSOFT_DOMAIN, 1)
    model.opsets = {name: version for name, version in model.opsets.items() if name in ("", MICROSOFT_DOMAIN)}
    return rewriter.replaced


def _find_quantized(graph: Graph) -> dict[str, QuantizedWeights]:
    """All values that are Add(Mul(Cast(int8 constant), scale), offset), by the name of the value."""
    constants = {tensor.name: tensor for tensor in graph.initializers}
    producers = graph.producers()

    def split(node: Node, op: str) -> tuple[Node, float] | None:
        """The node behind the one input that is computed, and the value of the one that is constant."""
        fixed = [name for name in node.inputs if name in constants]
        computed = [name for name in node.inputs if name in producers]
        if len(fixed) != 1 or len(computed) != 1 or producers[computed[0]].op != op:
            return None
        return producers[computed[0]], struct.unpack_from("<f", constants[fixed[0]].raw)[0]

    found = {}
    for node in graph.nodes:
        add = split(node, "Mul") if node.op == "Add" and len(node.inputs) == 2 else None
        mul = split(add[0], "Cast") if add else None
        if not add or not mul:
            continue
        values = constants.get(mul[0].inputs[0])
        if values is None or values.element_type != ElementType.INT8:
            continue
        scale, zero_point = mul[1], -add[1] / mul[1]
        if abs(zero_point - round(zero_point)) >= 1e-2:
            raise ValueError(f"{node.outputs[0]}: zero point {zero_point} is not a whole number")
        found[node.outputs[0]] = QuantizedWeights(node.outputs[0], values, scale, round(zero_point))
    return found


class _Rewriter:
    """Walks through a graph and its subgraphs; the new constants all belong to the outermost graph."""

    def __init__(self, quantized: dict[str, QuantizedWeights]) -> None:
        self._quantized = quantized
        self.constants: dict[str, Tensor] = {}
        self.replaced = 0

    def rewrite(self, graph: Graph) -> None:
        producers = graph.producers()
        nodes: list[Node] = []
        for node in graph.nodes:
            for subgraph in node.subgraphs():
                self.rewrite(subgraph)
            replacement = self._replacement(node, producers)
            self.replaced += replacement is not None
            nodes += [node] if replacement is None else replacement
        graph.nodes = nodes

    def _replacement(self, node: Node, producers: dict[str, Node]) -> list[Node] | None:
        if node.op == "Gather" and node.inputs[0] in self._quantized:
            return self._gather(node, self._quantized[node.inputs[0]])
        if node.op != "MatMul":
            return None
        source = producers.get(node.inputs[1])
        transposed = source is not None and source.op == "Transpose"
        weights = self._quantized.get(source.inputs[0] if transposed else node.inputs[1])
        if weights is None or not weights.is_matrix:
            return None
        return [self._matmul(node, weights, transposed)]

    def _matmul(self, node: Node, weights: QuantizedWeights, transposed: bool) -> Node:
        values = _transpose(weights.values) if transposed else weights.values
        prefix = weights.prefix
        inputs = [
            node.inputs[0],
            self._constant(f"{prefix}_kn", ElementType.INT8, values.dims, values.raw),
            self._constant(f"{prefix}_s", ElementType.FLOAT, [1], struct.pack("<f", weights.scale)),
            self._constant(f"{prefix}_z", ElementType.INT8, [1], struct.pack("<b", weights.zero_point)),
        ]
        return Node("DynamicQuantizeMatMul", inputs, node.outputs, f"{node.name}_q", MICROSOFT_DOMAIN)

    def _gather(self, node: Node, weights: QuantizedWeights) -> list[Node]:
        """A look-up (the token embedding) takes its row first and turns only that row into floats."""
        prefix, output, values = weights.prefix, node.outputs[0], weights.values
        table = self._constant(f"{prefix}_i8", ElementType.INT8, values.dims, values.raw)
        scale = self._constant(f"{prefix}_gs", ElementType.FLOAT, [1], struct.pack("<f", weights.scale))
        offset_value = struct.pack("<f", -weights.zero_point * weights.scale)
        offset = self._constant(f"{prefix}_gb", ElementType.FLOAT, [1], offset_value)
        axis = Attribute("axis", AttributeKind.INT, 0)
        to_float = Attribute("to", AttributeKind.INT, int(ElementType.FLOAT))
        return [
            Node("Gather", [table, node.inputs[1]], [f"{output}_i8"], f"{node.name}_g", attributes=[axis]),
            Node("Cast", [f"{output}_i8"], [f"{output}_f"], f"{node.name}_c", attributes=[to_float]),
            Node("Mul", [f"{output}_f", scale], [f"{output}_m"], f"{node.name}_m"),
            Node("Add", [f"{output}_m", offset], [output], f"{node.name}_a"),
        ]

    def _constant(self, name: str, element_type: ElementType, dims: list[int], raw: bytes) -> str:
        self.constants.setdefault(name, Tensor(name, element_type, dims, raw))
        return name


def _transpose(matrix: Tensor) -> Tensor:
    rows, columns = matrix.dims
    raw = b"".join(matrix.raw[column::columns] for column in range(columns))  # one byte per element
    return Tensor(matrix.name, matrix.element_type, [columns, rows], raw)


def _drop_unused_nodes(graph: Graph) -> None:
    """Removes nodes whose outputs nobody reads, in the subgraphs as well, until nothing changes any more."""
    changed = True
    while changed:
        changed = _drop_once(graph)


def _drop_once(graph: Graph) -> bool:
    used = graph.used_names()
    kept = [node for node in graph.nodes if any(output in used for output in node.outputs)]
    changed = len(kept) != len(graph.nodes)
    graph.nodes = kept
    for node in kept:
        for subgraph in node.subgraphs():
            changed |= _drop_once(subgraph)
    return changed

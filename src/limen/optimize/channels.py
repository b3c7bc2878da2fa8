"""Which channels of which tensors can be rescaled together without changing what a float Program computes.

Dividing a channel by s where weights write it and multiplying by s where weights read it changes nothing, provided that
everything between is positively homogeneous: ReLU, pooling, resizing, sums, moves. Labels name sets of channels that
must take the same factor; label 0 is what may not be scaled at all (inputs, outputs, constants, states, and whatever
meets an operator that is not homogeneous).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limen.program import Array, Node, Program

Labels = NDArray[np.int32]
WEIGHTED = ("Conv2D", "DepthwiseConv2D", "FullyConnected")
_PASS = frozenset(
    {"MaxPool2D", "AveragePool2D", "ResizeNearest", "ResizeBilinear", "Relu", "Relu6", "Mean", "Sum", "ReduceMax"}
)
_SUMS = frozenset({"Add", "Sub", "Maximum", "Minimum"})
_MOVES = frozenset(
    {"Reshape", "Transpose", "Gather", "Slice", "StridedSlice", "Split", "SplitV", "Concatenation", "Squeeze"}
    | {"ExpandDims", "Pack", "Unpack", "SpaceToDepth", "DepthToSpace"}
)
_HOMOGENEOUS = ("none", "relu", "relu6")


@dataclass(frozen=True, eq=False)
class Channels:
    """Labels of every float tensor that is scaled channel by channel.

    Args:
        labels: tensor name -> label of each index of its last axis.
        writers: tensor written by a weighted node whose output channels may be scaled -> that node.
        readers: weighted nodes whose input channels may be scaled.
        count: labels lie in [0, count); 0 is fixed.
        clipped: labels that an upper clamp at 6 meets.
    """

    labels: Mapping[str, Labels]
    writers: Mapping[str, Node]
    readers: tuple[Node, ...]
    count: int
    clipped: frozenset[int]


def channel_sets(program: Program) -> Channels:
    """Propagate labels through a float Program, in execution order."""
    return _Propagation(program).run()


def private_weights(program: Program) -> frozenset[str]:
    """Outputs of weighted nodes whose constant weights and bias nobody else reads."""
    uses: dict[str, int] = {}
    for name in [n for node in program.nodes for n in node.inputs if n] + [p.tensor for p in program.outputs]:
        uses[name] = uses.get(name, 0) + 1
    found = []
    for node in program.nodes:
        if node.op.name in WEIGHTED:
            constants = [n for n in node.inputs[1:] if n]
            if all(program.tensors[n].data is not None and uses[n] == 1 for n in constants):
                found.append(node.outputs[0])
    return frozenset(found)


class _Propagation:
    """Union-find over labels; tensors hold label arrays of their full shape, as views where possible."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.private = private_weights(program)
        self.parent = [0]
        self.seen: dict[str, Labels] = {}
        self.clipped: set[int] = set()
        self.writers: dict[str, Node] = {}
        self.readers: list[Node] = []

    def run(self) -> Channels:
        for node in self.program.nodes:
            self._node(node)
        for port in self.program.outputs:
            self._pin(port.tensor)
        roots = np.asarray([self._find(i) for i in range(len(self.parent))], np.int32)
        labels = {}
        for name, array in self.seen.items():
            vector = _as_vector(array)
            if vector is not None and self.program.tensors[name].data is None:
                labels[name] = roots[vector]
        clipped = frozenset(int(roots[i]) for i in self.clipped)
        return Channels(labels, self.writers, tuple(self.readers), len(roots), clipped)

    def _node(self, node: Node) -> None:
        name = node.op.name
        if name in WEIGHTED and node.outputs[0] in self.private:
            self._weighted(node)
        elif not all(self._is_float(n) for n in node.outputs):
            self._stop(node)
        elif name in _PASS:
            self._pass(node)
        elif name in _SUMS and getattr(node.op, "activation", "none") in _HOMOGENEOUS:
            self._sum(node)
        elif name == "Mul" and getattr(node.op, "activation", "none") in ("none", "relu"):
            self._gate(node)
        elif name in _MOVES:
            self._move(node)
        elif name in ("Pad", "MirrorPad") and _as_vector(self._labels(node.inputs[0])) is not None:
            self._pass(node)
        else:
            self._stop(node)

    def _weighted(self, node: Node) -> None:
        vector = _as_vector(self._labels(node.inputs[0]))
        weights = self.program.tensors[node.inputs[1]]
        depth = weights.shape[1] if node.op.name == "FullyConnected" else None
        if vector is None or (depth is not None and depth != len(vector)):
            self._pin(node.inputs[0])
        else:
            self.readers.append(node)
        output = node.outputs[0]
        activation = getattr(node.op, "activation", "none")
        if activation not in _HOMOGENEOUS:
            return
        fresh = np.arange(len(self.parent), len(self.parent) + self.program.tensors[output].shape[-1], dtype=np.int32)
        self.parent += fresh.tolist()
        self._set(output, fresh)
        self.writers[output] = node
        if activation == "relu6":
            self.clipped.update(fresh.tolist())

    def _pass(self, node: Node) -> None:
        source, output = node.inputs[0], node.outputs[0]
        vector = _as_vector(self._labels(source))
        axes = getattr(node.op, "axes", ())
        rank = len(self.program.tensors[source].shape)
        shape = self.program.tensors[output].shape
        kept = shape and shape[-1] == self.program.tensors[source].shape[-1]
        if vector is None or rank - 1 in axes or not kept or getattr(node.op, "activation", "none") not in _HOMOGENEOUS:
            self._stop(node)
            return
        self._set(output, vector)
        if node.op.name == "Relu6" or getattr(node.op, "activation", "none") == "relu6":
            self.clipped.update(vector.tolist())

    def _sum(self, node: Node) -> None:
        shape = self.program.tensors[node.outputs[0]].shape
        vectors = [_as_vector(self._labels(n)) for n in node.inputs]
        if not shape or any(v is None or len(v) != shape[-1] for v in vectors):
            self._stop(node)
            return
        self._tie(*vectors)
        self._set(node.outputs[0], vectors[0])
        if getattr(node.op, "activation", "none") == "relu6":
            self.clipped.update(vectors[0].tolist())  # type: ignore[union-attr]

    def _gate(self, node: Node) -> None:
        """A product keeps the channels of its larger factor; the smaller one is fixed."""
        sizes = [self.program.tensors[n].size for n in node.inputs]
        if sizes[0] == sizes[1]:
            self._stop(node)
            return
        large, small = sorted(node.inputs, key=lambda n: -self.program.tensors[n].size)
        vector, shape = _as_vector(self._labels(large)), self.program.tensors[node.outputs[0]].shape
        if vector is None or shape != self.program.tensors[large].shape:
            self._stop(node)
            return
        self._pin(small)
        self._set(node.outputs[0], vector)

    def _move(self, node: Node) -> None:
        operands = self.program.operands(node)
        inputs: list[Any] = []
        for name in node.inputs:
            tensor = self.program.tensors[name] if name else None
            moved = tensor is not None and tensor.dtype == "float32"
            inputs.append(self._labels(name) if moved else tensor.data if tensor is not None else None)
        results = node.op.reference(tuple(inputs), operands)
        for name, result in zip(node.outputs, results, strict=True):
            self.seen[name] = np.asarray(result, np.int32)

    def _stop(self, node: Node) -> None:
        for name in node.inputs:
            if name:
                self._pin(name)

    def _is_float(self, name: str) -> bool:
        return self.program.tensors[name].dtype == "float32"

    def _labels(self, name: str) -> Labels:
        tensor = self.program.tensors[name]
        return self.seen.get(name, np.broadcast_to(np.int32(0), tensor.shape))

    def _set(self, name: str, vector: Labels | None) -> None:
        assert vector is not None
        self.seen[name] = np.broadcast_to(vector, self.program.tensors[name].shape)

    def _pin(self, name: str) -> None:
        if name in self.seen:
            array = self.seen[name]
            vector = _as_vector(array)
            self._join_all(np.unique(array if vector is None else vector), 0)

    def _join_all(self, labels: Iterable[Any], other: int) -> None:
        for label in labels:
            a, b = self._find(int(label)), self._find(other)
            self.parent[max(a, b)] = min(a, b)

    def _tie(self, *vectors: Labels | None) -> None:
        first = vectors[0]
        assert first is not None
        for vector in vectors[1:]:
            assert vector is not None
            for a, b in zip(first.tolist(), vector.tolist(), strict=True):
                self._join_all([a], b)

    def _find(self, label: int) -> int:
        while self.parent[label] != label:
            self.parent[label] = self.parent[self.parent[label]]
            label = self.parent[label]
        return label


def _as_vector(array: Array) -> Labels | None:
    """Labels along the last axis where they do not depend on the others."""
    if array.ndim == 0:
        return None
    rows = array.reshape(-1, array.shape[-1]) if any(array.strides[:-1]) else None
    if rows is None:
        return np.asarray(array[(0,) * (array.ndim - 1)], np.int32)
    return np.asarray(rows[0], np.int32) if len(rows) and bool((rows == rows[0]).all()) else None

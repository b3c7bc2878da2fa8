"""Which indices of which tensors can only be removed together: a dependency graph on the ONNX graph itself.

Every index of every axis of every value has a label. Operators unite labels: a convolution its input's channels with
its weights' second axis, a sum its operands' axes, a concatenation the parts of its result. What ends with one label is
one group: removing it removes these indices from every tensor, constants included, and nothing else has to be known of
the network. Axes that may not shrink (positions, batches, what a softmax or a layer norm runs over, inputs and outputs)
are fixed. Where a Reshape merges or splits axes, one of them stays free: attention heads, or channels before a flatten.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from limen.model import Model
from limen.model.edit import attribute
from limen.model.graph import constant_of, shape_of

Labels = NDArray[np.int64]
_ELEMENTWISE = frozenset(
    {
        *("Add", "Sub", "Mul", "Div", "Max", "Min", "Pow", "PRelu", "Where"),
        *("Relu", "Clip", "LeakyRelu", "Elu", "Selu", "Celu", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "Gelu"),
        *("Mish", "Softplus", "Softsign", "Erf", "Sqrt", "Reciprocal", "Exp", "Log", "Neg", "Abs"),
        *("Identity", "Cast", "Dropout"),
    }
)
_POOLS = frozenset({"MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "LpPool"})


@dataclass
class Dependencies:
    """Labels of all values of a Model with static shapes.

    Args:
        axes: value name -> labels of each axis.
        fixed: labels that may not be removed, as representatives.
    """

    axes: dict[str, list[Labels]] = field(default_factory=dict)
    parent: Labels = field(default_factory=lambda: np.zeros(0, np.int64))
    fixed: set[int] = field(default_factory=set)

    def roots(self, name: str, axis: int) -> Labels:
        """Representatives of an axis's labels."""
        return self._find(self.axes[name][axis])

    def groups(self) -> dict[int, int]:
        """Representative of each removable group -> how many labels it has."""
        roots, counts = np.unique(self._find(np.arange(len(self.parent))), return_counts=True)
        fixed = self.fixed_roots()
        return {int(r): int(c) for r, c in zip(roots, counts, strict=True) if int(r) not in fixed}

    def fixed_roots(self) -> set[int]:
        return set(self._find(np.asarray(sorted(self.fixed), np.int64)).tolist()) if self.fixed else set()

    def is_fixed(self, name: str, axis: int) -> bool:
        """Whether some index of the axis may not be removed."""
        return not self.fixed_roots().isdisjoint(self.roots(name, axis).tolist())

    def unite(self, a: Labels, b: Labels) -> None:
        """One group of each pair."""
        for x, y in zip(self._find(a).tolist(), self._find(b).tolist(), strict=True):
            first, second = self._root(x), self._root(y)
            if first != second:
                self.parent[max(first, second)] = min(first, second)

    def fix(self, labels: Labels) -> None:
        self.fixed.update(labels.tolist())

    def _root(self, label: int) -> int:
        while self.parent[label] != label:
            self.parent[label] = self.parent[self.parent[label]]
            label = int(self.parent[label])
        return label

    def _find(self, labels: Labels) -> Labels:
        found = self.parent[labels]
        while True:
            further = self.parent[found]
            if np.array_equal(further, found):
                return found
            found = further


def dependencies(model: Model) -> Dependencies:
    """Labels of a Model with static shapes."""
    graph, found = model.ir.graph, Dependencies()
    values = {*graph.inputs, *graph.initializers.values(), *(v for node in graph for v in node.outputs)}
    count = 0
    for value in sorted(values, key=lambda v: str(v.name)):
        axes = []
        for extent in shape_of(value) or ():
            axes.append(np.arange(count, count + extent))
            count += extent
        found.axes[str(value.name)] = axes
    found.parent = np.arange(count)
    for value in (*graph.inputs, *graph.outputs):
        for labels in found.axes[str(value.name)]:
            found.fix(labels)
    later = []
    for node in graph:
        if any(shape_of(v) is None for v in (*node.inputs, *node.outputs) if v is not None and v.name):
            _unknown(found, node)
        elif node.op_type in ("Reshape", "Flatten"):
            later.append(node)
        else:
            _RULES.get(node.op_type, _unknown)(found, node)
    for node in later:
        _reshape(found, node)
    return found


def _axes(found: Dependencies, value: ir.Value | None) -> list[Labels]:
    return found.axes[str(value.name)] if value is not None else []


def _unknown(found: Dependencies, node: ir.Node) -> None:
    for value in (*node.inputs, *node.outputs):
        for labels in _axes(found, value):
            found.fix(labels)


def _elementwise(found: Dependencies, node: ir.Node) -> None:
    made = _axes(found, node.outputs[0])
    for value in node.inputs:
        for labels, result in zip(_axes(found, value)[::-1], made[::-1], strict=False):
            if len(labels) == len(result):
                found.unite(labels, result)
            else:
                found.fix(labels)


def _conv(found: Dependencies, node: ir.Node) -> None:
    source, weights, made = (_axes(found, v) for v in (node.inputs[0], node.inputs[1], node.outputs[0]))
    groups = attribute(node, "group", 1)
    if groups not in (1, len(source[1])) or len(weights[0]) % groups:
        return _unknown(found, node)
    for labels in (source[0], made[0], *source[2:], *made[2:], *weights[2:]):
        found.fix(labels)
    found.unite(weights[0], made[1])
    if groups == 1:
        found.unite(weights[1], source[1])
    else:
        found.fix(weights[1])
        found.unite(weights[0], np.repeat(source[1], len(weights[0]) // groups))
    if len(node.inputs) > 2 and node.inputs[2] is not None:
        found.unite(_axes(found, node.inputs[2])[0], made[1])
    return None


def _matmul(found: Dependencies, node: ir.Node) -> None:
    a, b, made = (_axes(found, v) for v in (node.inputs[0], node.inputs[1], node.outputs[0]))
    if len(a) < 2 or len(b) < 2:
        return _unknown(found, node)
    found.unite(a[-1], b[-2])
    found.unite(a[-2], made[-2])
    found.unite(b[-1], made[-1])
    for operand in (a, b):
        for labels, result in zip(operand[:-2][::-1], made[:-2][::-1], strict=False):
            if len(labels) == len(result):
                found.unite(labels, result)
    return None


def _gemm(found: Dependencies, node: ir.Node) -> None:
    a, b, made = (_axes(found, v) for v in (node.inputs[0], node.inputs[1], node.outputs[0]))
    a = a[::-1] if attribute(node, "transA", 0) else a
    b = b[::-1] if attribute(node, "transB", 0) else b
    found.unite(a[1], b[0])
    found.unite(a[0], made[0])
    found.unite(b[1], made[1])
    if len(node.inputs) > 2 and node.inputs[2] is not None:
        bias = _axes(found, node.inputs[2])
        if bias and len(bias[-1]) == len(made[1]):
            found.unite(bias[-1], made[1])


def _pool(found: Dependencies, node: ir.Node) -> None:
    source, made = _axes(found, node.inputs[0]), _axes(found, node.outputs[0])
    for labels in (source[0], made[0], *source[2:], *made[2:]):
        found.fix(labels)
    found.unite(source[1], made[1])


def _transpose(found: Dependencies, node: ir.Node) -> None:
    source, made = _axes(found, node.inputs[0]), _axes(found, node.outputs[0])
    for axis, result in zip(attribute(node, "perm", tuple(range(len(source)))[::-1]), made, strict=True):
        found.unite(source[axis], result)


def _softmax(found: Dependencies, node: ir.Node) -> None:
    _elementwise(found, node)
    found.fix(_axes(found, node.outputs[0])[attribute(node, "axis", -1)])


def _layer_norm(found: Dependencies, node: ir.Node) -> None:
    source, made = _axes(found, node.inputs[0]), _axes(found, node.outputs[0])
    for labels, result in zip(source, made, strict=True):
        found.unite(labels, result)
    first = attribute(node, "axis", -1) % len(source)
    for labels in source[first:]:
        found.fix(labels)


def _concat(found: Dependencies, node: ir.Node) -> None:
    parts, made = [_axes(found, v) for v in node.inputs], _axes(found, node.outputs[0])
    axis = attribute(node, "axis", 0) % len(made)
    for place, result in enumerate(made):
        if place == axis:
            found.unite(np.concatenate([p[place] for p in parts]), result)
        else:
            for part in parts:
                found.unite(part[place], result)


def _split(found: Dependencies, node: ir.Node) -> None:
    source, parts = _axes(found, node.inputs[0]), [_axes(found, v) for v in node.outputs]
    axis = attribute(node, "axis", 0) % len(source)
    for place, labels in enumerate(source):
        if place == axis:
            found.unite(labels, np.concatenate([p[place] for p in parts]))
        else:
            for part in parts:
                found.unite(labels, part[place])
    for value in node.inputs[1:]:
        for labels in _axes(found, value):
            found.fix(labels)


def _gather(found: Dependencies, node: ir.Node) -> None:
    """Along the axis nothing may be removed; the others go through."""
    source, made = _axes(found, node.inputs[0]), _axes(found, node.outputs[0])
    axis = attribute(node, "axis", 0) % len(source)
    indices = len(_axes(found, node.inputs[1]))
    found.fix(source[axis])
    rest = made[:axis] + made[axis + indices :]
    for labels in made[axis : axis + indices]:
        found.fix(labels)
    for labels, result in zip(source[:axis] + source[axis + 1 :], rest, strict=True):
        found.unite(labels, result)
    for labels in _axes(found, node.inputs[1]):
        found.fix(labels)


def _reduce(found: Dependencies, node: ir.Node) -> None:
    source, made = _axes(found, node.inputs[0]), _axes(found, node.outputs[0])
    listed = constant_of(node.inputs[1]) if len(node.inputs) > 1 else None
    gone = {int(a) % len(source) for a in listed.reshape(-1)} if listed is not None else set(range(len(source)))
    kept = iter(made if not attribute(node, "keepdims", 1) else [m for i, m in enumerate(made) if i not in gone])
    for axis, labels in enumerate(source):
        if axis in gone:
            found.fix(labels)
        else:
            found.unite(labels, next(kept))


def _squeeze(found: Dependencies, node: ir.Node) -> None:
    source, made = _axes(found, node.inputs[0]), _axes(found, node.outputs[0])
    wide, narrow = ([x for x in axes if len(x) > 1] for axes in (source, made))
    for labels, result in zip(wide, narrow, strict=True):
        found.unite(labels, result)
    for labels in (x for axes in (source, made) for x in axes if len(x) == 1):
        found.fix(labels)


def reshape_parts(before: Sequence[int], after: Sequence[int]) -> list[tuple[list[int], list[int]]]:
    """Axes that a Reshape turns into each other: the finest pairs of runs of equal size."""
    parts, i, j = [], 0, 0
    while i < len(before) or j < len(after):
        left, right = [i], [j]
        a, b = (before[i] if i < len(before) else 1), (after[j] if j < len(after) else 1)
        i, j = i + 1, j + 1
        while a != b:
            if a < b:
                left.append(i)
                a, i = a * before[i], i + 1
            else:
                right.append(j)
                b, j = b * after[j], j + 1
        parts.append(([x for x in left if x < len(before)], [x for x in right if x < len(after)]))
    return parts


def _reshape(found: Dependencies, node: ir.Node) -> None:
    source, made = _axes(found, node.inputs[0]), _axes(found, node.outputs[0])
    before, after = [len(x) for x in source], [len(x) for x in made]
    for left, right in reshape_parts(before, after):
        few, many = ([source[i] for i in left], [made[j] for j in right])
        if len(few) > len(many):
            few, many = many, few
        if len(few) == 1 and sum(len(x) > 1 for x in many) == 1:
            found.unite(few[0], next(x for x in many if len(x) > 1))
            for labels in (x for x in many if len(x) == 1):
                found.fix(labels)
        elif len(few) == 1 and len(many) > 1:
            _merge(found, few[0], many)
        else:
            for labels in (*few, *many):
                found.fix(labels)


def _merge(found: Dependencies, whole: Labels, parts: list[Labels]) -> None:
    """Tie an axis to the first free one of those it is made of; the others may not shrink."""
    fixed = found.fixed_roots()
    free = [k for k, x in enumerate(parts) if len(x) > 1 and fixed.isdisjoint(found._find(x).tolist())]
    whole_fixed = not fixed.isdisjoint(found._find(whole).tolist())
    for k, labels in enumerate(parts):
        if whole_fixed or not free or k != free[0]:
            found.fix(labels)
    if whole_fixed or not free:
        found.fix(whole)
        return
    shape = [len(x) for x in parts]
    place = np.indices(shape).reshape(len(shape), math.prod(shape))[free[0]]
    found.unite(whole, parts[free[0]][place])


_RULES: dict[str, Callable[[Dependencies, ir.Node], None]] = {
    **dict.fromkeys(_ELEMENTWISE, _elementwise),
    **dict.fromkeys(_POOLS, _pool),
    "Conv": _conv, "MatMul": _matmul, "Gemm": _gemm, "Transpose": _transpose, "Softmax": _softmax,
    "LayerNormalization": _layer_norm, "Concat": _concat, "Split": _split, "Gather": _gather,
    "ReduceMean": _reduce, "ReduceSum": _reduce, "Squeeze": _squeeze, "Unsqueeze": _squeeze,
}  # fmt: skip

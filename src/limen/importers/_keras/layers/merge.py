"""Layers that join several inputs: Add, Subtract, Multiply, Average, Maximum, Minimum, Concatenate, Dot, Merge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from limen.errors import ModelError
from limen.importers._keras.build import Builder, Shape, Value, normal_axis
from limen.importers._keras.layers.activation import scaled
from limen.importers._keras.rule import Layer, Rule, Rules, values


def broadcast(a: Shape, b: Shape, where: str) -> Shape:
    """Shape of an element-wise result under numpy's rules; unknown extents are taken to fit.

    Raises:
        ModelError: the shapes do not fit.
    """
    rank = max(len(a), len(b))
    padded = [(1,) * (rank - len(shape)) + shape for shape in (a, b)]
    sizes: list[int | None] = []
    for left, right in zip(*padded, strict=True):
        if left is not None and right is not None and left != right and 1 not in (left, right):
            raise ModelError(f"{where}: shapes {list(a)} and {list(b)} do not fit")
        sizes.append(right if left == 1 else left if right == 1 or left is not None else right)
    return tuple(sizes)


def binary(build: Builder, op: str, a: Value, b: Value) -> Value:
    """One element-wise operator on two values of the same layout."""
    a, b = build.alike([a, b])
    wide = a if a.rank >= b.rank else b
    shape = broadcast(a.shape, b.shape, build.layer)
    return build.node(op, [a, b], replace(wide, shape=shape, masked=a.masked or b.masked))


def _inputs(build: Builder, layer: Layer, least: int = 1) -> list[Value]:
    """The inputs, smaller ranks widened after the batch as Keras does."""
    given = values(layer.arguments) or values(layer.keywords)
    if len(given) < least:
        raise ModelError(f"{layer.name}: {layer.kind} takes at least {least} inputs, found {len(given)}")
    rank = max(v.rank for v in given)
    return [v if v.rank == rank else _widened(build, v, rank) for v in given]


def _widened(build: Builder, x: Value, rank: int) -> Value:
    return build.reshape(x, (x.shape[0], *[1] * (rank - x.rank), *x.shape[1:]))


def elementwise(op: str) -> Rule:
    def rule(build: Builder, layer: Layer) -> Sequence[Value]:
        first, *rest = _inputs(build, layer)
        for other in rest:
            first = binary(build, op, first, other)
        return [first]

    return rule


def average(build: Builder, layer: Layer) -> Sequence[Value]:
    (total,) = elementwise("Add")(build, layer)
    return [scaled(build, total, 1 / len(values(layer.arguments) or values(layer.keywords)))]


def subtract(build: Builder, layer: Layer) -> Sequence[Value]:
    given = _inputs(build, layer, 2)
    if len(given) != 2:
        raise ModelError(f"{layer.name}: Subtract takes two inputs, found {len(given)}")
    return [binary(build, "Sub", *given)]


def concatenate(build: Builder, layer: Layer) -> Sequence[Value]:
    given = values(layer.arguments) or values(layer.keywords)
    axis = layer.get("axis", layer.get("concat_axis", -1))
    return [join(build, given, axis, layer.name)]


def join(build: Builder, given: Sequence[Value], axis: int, where: str) -> Value:
    """Concatenate along an axis of the Keras shape."""
    given = build.alike(given)
    axis = normal_axis(axis, given[0].rank)
    shapes = [(*v.shape[:axis], *v.shape[axis + 1 :]) for v in given]
    if len({len(shape) for shape in shapes}) != 1:
        raise ModelError(f"{where}: ranks of the inputs differ")
    for shape in shapes:
        if any(a != b and None not in (a, b) for a, b in zip(shape, shapes[0], strict=True)):
            raise ModelError(f"{where}: shapes {[list(v.shape) for v in given]} do not fit")
    extents = [v.shape[axis] for v in given]
    total = None if None in extents else sum(e for e in extents if e is not None)
    out = replace(given[0], shape=(*given[0].shape[:axis], total, *given[0].shape[axis + 1 :]))
    return build.node("Concat", given, out, axis=out.stored_axis(axis))


def dot(build: Builder, layer: Layer) -> Sequence[Value]:
    """Contract one axis of each of two inputs per sample (keras.layers.Dot)."""
    given = values(layer.arguments) or values(layer.keywords)
    if len(given) != 2 or not all(2 <= v.rank <= 4 for v in given):
        raise ModelError(f"{layer.name}: Dot takes two inputs of rank 2 to 4")
    axes = layer.config["axes"]
    axes = axes if isinstance(axes, list) else [axes, axes]
    a, b = (build.last(v) for v in given)
    left, right = normal_axis(axes[0], a.rank), normal_axis(axes[1], b.rank)
    if layer.get("normalize", False):
        a, b = _unit(build, a, left), _unit(build, b, right)
    others_a, others_b = ([i for i in range(1, v.rank) if i != axis] for v, axis in ((a, left), (b, right)))
    size = a.extent(left)
    rows, columns = [a.shape[i] for i in others_a], [b.shape[i] for i in others_b]
    a = build.reshape(build.transpose(a, [0, *others_a, left]), (a.shape[0], _product(rows), size))
    b = build.reshape(build.transpose(b, [0, right, *others_b]), (b.shape[0], size, _product(columns)))
    out = build.node("MatMul", [a, b], replace(a, shape=(a.shape[0], a.shape[1], b.shape[2])))
    shape = tuple(rows) + tuple(columns)
    return [build.reshape(out, (a.shape[0], *(shape or (1,))))]


def _product(sizes: Sequence[int | None]) -> int | None:
    total = 1
    for size in sizes:
        if size is None:
            return None
        total *= size
    return total


def _unit(build: Builder, x: Value, axis: int) -> Value:
    shape = tuple(1 if a == axis else size for a, size in enumerate(x.shape))
    square = build.node("Mul", [x, x], x)
    total = build.node("ReduceSum", [square, build.ints([axis], "axes")], replace(x, shape=shape), keepdims=1)
    limited = build.node("Max", [total, build.constant(1e-12, "epsilon")], total)
    return build.node("Div", [x, build.node("Sqrt", [limited], limited)], x)


def merge(build: Builder, layer: Layer) -> Sequence[Value]:
    """Keras 1's Merge, by its mode."""
    modes = {"sum": elementwise("Add"), "mul": elementwise("Mul"), "max": elementwise("Max"), "ave": average}
    mode = layer.get("mode", "sum")
    if mode == "concat":
        return concatenate(build, layer)
    if mode not in modes:
        raise layer.refuse(f"mode {mode!r}")
    return modes[mode](build, layer)


RULES: Rules = {
    "Add": elementwise("Add"),
    "Subtract": subtract,
    "Multiply": elementwise("Mul"),
    "Average": average,
    "Maximum": elementwise("Max"),
    "Minimum": elementwise("Min"),
    "Concatenate": concatenate,
    "Dot": dot,
    "Merge": merge,
}

"""Operators that work element by element, in whatever layout their operands are held."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from limen.lower.builder import Value, make
from limen.lower.call import Call, Lowering
from limen.lower.layout import Layout, identity, permuted, same_order
from limen.program import Array, Op


def unary(name: str, op: str, **attributes: object) -> Lowering:
    """A Lowering to one operator with one input."""
    return computed(name, lambda call, x: call.emit(op, x, **attributes))


def computed(name: str, emit: Callable[[Call, str], str]) -> Lowering:
    """A Lowering of a function of one tensor: ``emit`` gets the call and the tensor."""

    def lower(call: Call) -> None:
        value = call.input(0)
        if value.flat is not None and not value.held:
            call.output.flat = (emit(call, value.flat[0]), value.flat[1])
            return
        tensor, layout = call.unary(value)
        call.bind(emit(call, tensor), layout)

    return Lowering(name, lower, "any")


def binary(name: str, op: str, swap: bool = False, negate: bool = False) -> Lowering:
    """A Lowering to one operator with two broadcast inputs; ``negate`` adds LogicalNot."""

    def lower(call: Call) -> None:
        operands = [call.input(0), call.input(1)]
        tensor, layout = combine(call, make(op), operands[::-1] if swap else operands)
        call.bind(call.emit("LogicalNot", tensor) if negate else tensor, layout)

    return Lowering(name, lower, "any")


def variadic(name: str, op: str) -> Lowering:
    """A Lowering that folds any number of broadcast inputs from the left."""

    def lower(call: Call) -> None:
        values = [v for v in call.inputs if v is not None]
        result = values[0]
        for value in values[1:]:
            shape = np.broadcast_shapes(result.shape, value.shape)
            tensor, layout = combine(call, make(op), [result, value])
            result = call.temporary(tensor, shape, layout)
        if len(values) == 1:
            call.bind(*copied(call, values[0]))
        else:
            tensor, layout = call.unary(result)
            call.bind(tensor, layout)

    return Lowering(name, lower, "any")


def copied(call: Call, value: Value) -> tuple[str, Layout]:
    """The value's tensor and layout, to be bound to another value too."""
    return call.unary(value)


def combine(call: Call, op: Op, operands: Sequence[Value]) -> tuple[str, Layout]:
    """Emit a broadcasting operator; return the result and its layout."""
    shape = np.broadcast_shapes(*(v.shape for v in operands))
    layout = common_layout(call, operands, shape)
    tensors = [broadcastable(call, value, layout) for value in operands]
    return match_rank(call, call.emit(op, *tensors), shape, layout), layout


def match_rank(call: Call, tensor: str, shape: Sequence[int], layout: Layout) -> str:
    """Constants lose leading axes of extent 1; give the result its full rank back."""
    full = permuted(shape, layout)
    return tensor if call.builder.shape(tensor) == full else call.emit("Reshape", tensor, shape=full)


def common_layout(call: Call, operands: Sequence[Value], shape: Sequence[int]) -> Layout:
    """The layout that moves the fewest elements among those the operands of full rank have."""
    rank = len(shape)
    full = [v for v in operands if v.constant is None and v.rank == rank]
    if not full:
        return identity(rank)
    wanted = call.output.wanted() if call.output.rank == rank else None
    candidates = dict.fromkeys(call.builder.candidate(v) for v in full)

    def moved(layout: Layout) -> tuple[int, int]:
        cost = 0
        for v in full:
            held = tuple(v.held) or ((layout,) if v.create is not None else ())
            if not any(same_order(v.shape, h, layout) for h in held):
                cost += int(np.prod(v.shape))
        return cost, int(layout != wanted)

    return min(candidates, key=moved)


def broadcastable(call: Call, value: Value, layout: Layout) -> str:
    """The operand as it broadcasts against tensors in this layout."""
    rank = len(layout)
    if value.constant is not None:
        if layout == identity(rank):
            return call.builder.get(value)
        padded = value.constant.reshape((1,) * (rank - value.rank) + value.shape)
        array = np.transpose(padded, layout)
        first = next((i for i, extent in enumerate(array.shape) if extent != 1), array.ndim)
        return call.builder.constant(array.reshape(array.shape[first:]), value.name)
    if value.rank == rank:
        return call.builder.get(value, layout)
    tensor = call.builder.get(value)
    if layout == identity(rank):
        return tensor
    shape = (1,) * (rank - value.rank) + value.shape
    wide = call.temporary(call.emit("Reshape", tensor, shape=shape), shape)
    return call.builder.get(wide, layout)


def affine(call: Call, value: Value, factor: Array, offset: Array, axis: int) -> tuple[str, Layout]:
    """value * factor + offset along one axis; return the result and its layout."""
    tensor, layout = call.unary(value)
    shape = [1] * value.rank
    shape[layout.index(axis)] = value.shape[axis]
    for op, array in (("Mul", factor), ("Add", offset)):
        wide = np.asarray(array, np.float32).reshape(shape)
        first = layout.index(axis)
        tensor = call.emit(op, tensor, call.builder.constant(wide.reshape(wide.shape[first:]), op.lower()))
    return tensor, layout


def scaled_elu(call: Call, x: str, alpha: float, gamma: float) -> str:
    """gamma * (x where x > 0, alpha * (exp(x) - 1) elsewhere): Elu of min(x, 0) scaled, plus max(x, 0)."""
    zero = call.scalar(0.0, x)
    negative = call.emit("Mul", call.emit("Elu", call.emit("Minimum", x, zero)), call.scalar(alpha * gamma, x))
    positive = call.emit("Relu", x)
    if gamma != 1.0:
        positive = call.emit("Mul", positive, call.scalar(gamma, x))
    return call.emit("Add", positive, negative)


def softplus(call: Call, x: str) -> str:
    """max(x, 0) + log(1 + exp(-|x|)), which does not overflow."""
    decay = call.emit("Exp", call.emit("Neg", call.emit("Abs", x)))
    tail = call.emit("Log", call.emit("Add", decay, call.scalar(1.0, x)))
    return call.emit("Add", call.emit("Relu", x), tail)


# Handbook of Mathematical Functions, 4.4.49: |error| <= 2e-8 for |x| <= 1.
_ATAN = (0.0028662257, -0.0161657367, 0.0429096138, -0.0752896400, 0.1065626393, -0.1420889944, 0.1999355085,
         -0.3333314528, 1.0)  # fmt: skip


def arctangent(call: Call, x: str) -> str:
    """atan(x): the series of the smaller of |x| and 1 / |x|, reflected where |x| > 1."""
    size, one = call.emit("Abs", x), call.scalar(1.0, x)
    large = call.emit("Greater", size, one)
    small = call.emit("Div", call.emit("Minimum", size, one), call.emit("Maximum", size, one))
    square = call.emit("Square", small)
    series = call.scalar(_ATAN[0], x)
    for coefficient in _ATAN[1:]:
        series = call.emit("Add", call.emit("Mul", square, series), call.scalar(coefficient, x))
    angle = call.emit("Mul", small, series)
    reflected = call.emit("Sub", call.scalar(np.pi / 2, x), angle)
    return call.emit("Mul", call.emit("Sign", x), call.emit("Select", large, reflected, angle))


def other_leg(call: Call, x: str) -> str:
    """sqrt(1 - x^2), kept above 0."""
    rest = call.emit("Sub", call.scalar(1.0, x), call.emit("Square", x))
    return call.emit("Sqrt", call.emit("Maximum", rest, call.scalar(1e-30, x)))

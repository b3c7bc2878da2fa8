"""Reductions over any axes, in the layout that the operand is held in."""

from __future__ import annotations

from limen.lower.builder import Value, make
from limen.lower.call import Call, Lowering
from limen.lower.layout import Layout, without


def reduction(name: str, op: str, before: str | None = None, after: str | None = None) -> Lowering:
    """A Lowering to one reducing operator, with an elementwise one before and after it."""

    def lower(call: Call) -> None:
        value = call.input(0)
        axes = reduced_axes(call, value)
        keep = bool(call.attribute("keepdims", 1))
        tensor, layout = call.unary(value)
        tensor = call.emit(before, tensor) if before else tensor
        if axes:
            tensor = _reduce(call, op, tensor, layout, axes, keep)
        tensor = call.emit(after, tensor) if after else tensor
        if tensor in value.held.values():
            tensor = call.emit("Reshape", tensor, shape=call.builder.shape(tensor))
        call.bind(tensor, layout if keep else without(layout, axes))

    return Lowering(name, lower, "any")


def reduced_axes(call: Call, value: Value) -> tuple[int, ...]:
    """The axes to reduce; none where the operator asks for nothing by an empty list."""
    axes = call.integers(1)
    if axes:
        return call.axes(axes, value.rank)
    return () if call.attribute("noop_with_empty_axes", 0) else tuple(range(value.rank))


def _reduce(call: Call, op: str, tensor: str, layout: Layout, axes: tuple[int, ...], keep: bool) -> str:
    places = tuple(sorted(layout.index(a) for a in axes))
    return call.emit(make(op, axes=places, keep_dims=keep), tensor)


def emit_reduction(call: Call, op: str, value: Value, axes: tuple[int, ...], keep: bool) -> None:
    """Reduce and bind."""
    tensor, layout = call.unary(value)
    call.bind(_reduce(call, op, tensor, layout, axes, keep), layout if keep else without(layout, axes))


def log_sum_exp(call: Call) -> None:
    """max + log(sum(exp(x - max))), which does not overflow."""
    value = call.input(0)
    axes = reduced_axes(call, value)
    keep = bool(call.attribute("keepdims", 1))
    tensor, layout = call.unary(value)
    if not axes:
        call.bind(call.emit("Reshape", tensor, shape=call.builder.shape(tensor)), layout)
        return
    top = _reduce(call, "ReduceMax", tensor, layout, axes, True)
    total = _reduce(call, "Sum", call.emit("Exp", call.emit("Sub", tensor, top)), layout, axes, True)
    result = call.emit("Add", call.emit("Log", total), top)
    if not keep:
        layout = without(layout, axes)
        result = call.emit("Reshape", result, shape=tuple(call.output.shape[a] for a in layout))
    call.bind(result, layout)


def arg_extreme(call: Call, op: str) -> None:
    """ArgMax or ArgMin; the last of equal extremes is found from behind."""
    value = call.input(0)
    axis, keep = call.axis(0, value.rank), bool(call.attribute("keepdims", 1))
    tensor, layout = call.unary(value)
    place = layout.index(axis)
    last = bool(call.attribute("select_last_index", 0))
    if last:
        tensor = call.emit("Reverse", tensor, axes=(place,))
    result = call.emit(op, tensor, axis=place, dtype="int64")
    if last:
        result = call.emit("Sub", call.scalar(value.shape[axis] - 1, result), result)
    if not keep:
        call.bind(result, without(layout, (axis,)))
        return
    call.bind(call.emit("Reshape", result, shape=tuple(call.output.shape[a] for a in layout)), layout)

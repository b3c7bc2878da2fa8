"""Reshape, Flatten, Squeeze, Unsqueeze: a change of shape that keeps the layout where the axes allow it."""

from __future__ import annotations

import numpy as np

from limen.lower.builder import Value
from limen.lower.call import Call
from limen.lower.layout import (
    Layout,
    channels_last,
    grouped_order,
    identity,
    permuted,
    reshape_groups,
    reshaped_order,
    with_unit_axes,
)
from limen.model.edit import attribute
from limen.model.graph import constant_of


def reshape(call: Call, value: Value) -> None:
    """Bind the output to the elements of ``value`` in another shape."""
    output = call.output
    if value.constant is not None:
        call.bind(call.emit("Reshape", call.builder.get(value), shape=output.shape))
        return
    if value.flat is not None and not value.held and value.shape == output.shape:
        output.flat = value.flat
        return
    if _flatten(call, value):
        return
    tensor, layout = _in_place(call, value)
    shape = permuted(output.shape, layout)
    if call.builder.shape(tensor) != shape:
        tensor = call.emit("Reshape", tensor, shape=shape)
    call.bind(tensor, layout)


def _in_place(call: Call, value: Value) -> tuple[str, Layout]:
    """The tensor to reshape and the output's layout."""
    builder, output = call.builder, call.output
    groups = reshape_groups(value.shape, output.shape)
    if groups is None:
        return builder.get(value), identity(output.rank)
    builder.layout(value)
    wish = output.wanted()
    options = []
    for held in value.held:
        order = [a for a in held if value.shape[a] != 1]
        if grouped_order(order, groups) == order:
            options.append((builder.get(value, held), with_unit_axes(reshaped_order(order, groups), output.rank)))
    if options:
        return next((o for o in options if o[1] == wish), options[0])
    order = grouped_order([a for a in builder.layout(value) if value.shape[a] != 1], groups)
    layout = with_unit_axes(reshaped_order(order, groups), output.rank)
    if layout != wish and (wish is None or layout != channels_last(output.rank)):
        return builder.get(value), identity(output.rank)
    return builder.get(value, with_unit_axes(order, value.rank)), layout


def _flatten(call: Call, value: Value) -> bool:
    """Postpone the flattening of a value that only constant matrices read: they take any order of its elements."""
    output, builder = call.output, call.builder
    groups = reshape_groups(value.shape, output.shape)
    if groups is None or not groups or output.rank != 2 or not _read_by_constant_matrices(call):
        return False
    axes, target = groups[-1]
    if target != [1] or len(axes) < 2:
        return False
    held = builder.layout(value)
    order = [a for a in held if value.shape[a] != 1]
    lead = len(order) - len(axes)
    if sorted(order[lead:]) != axes or order[lead:] == axes:
        return False
    inner = order[lead:]
    index = np.arange(output.shape[1]).reshape([value.shape[a] for a in axes])
    flat = np.transpose(index, [axes.index(a) for a in inner]).reshape(-1)
    output.flat = (call.emit("Reshape", builder.get(value, held), shape=output.shape), flat)
    output.create = lambda layout: _unpostpone(call, value)
    return True


def _read_by_constant_matrices(call: Call) -> bool:
    if not call.read_by("Gemm", "MatMul"):
        return False
    nodes = [use.node for use in call.node.outputs[0].uses()]
    return all(constant_of(n.inputs[1]) is not None and not attribute(n, "transA", 0) for n in nodes)


def _unpostpone(call: Call, value: Value) -> None:
    tensor = call.emit("Reshape", call.builder.get(value), shape=call.output.shape)
    call.builder.bind(call.output, tensor)

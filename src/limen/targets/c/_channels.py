"""Channels that cannot influence the output are removed, with proof.

Forward, interval arithmetic bounds the codes of every channel: inputs take every code, a convolution's accumulator
lies between the sums of its smallest and largest products, and rescaling is monotone. A channel whose bounds meet is
constant whatever the input (most are ReLU outputs that never leave zero); a convolution that reads it takes its share
into the bias. Backward, a channel is needed if an operator needs it: a convolution needs the inputs that a needed
output weighs. What is left is computed on the same codes as before, so the outputs are equal to the bit. Counts of
channels stay multiples of four where they were, because kernels work in fours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from limen.ops._activation import code_range
from limen.ops._weighted import requantization
from limen.ops.average_pool2d import AveragePool2D
from limen.ops.conv2d import Conv2D
from limen.ops.depthwise_conv2d import DepthwiseConv2D
from limen.ops.fully_connected import FullyConnected
from limen.ops.max_pool2d import MaxPool2D
from limen.program import Node, Program, Quant, Tensor

Mask = NDArray[np.bool_]
Codes = NDArray[np.int64]
_GROUP = 4
_ELEMENTWISE = ("Add", "Sub", "Mul", "Relu", "Relu6", "Relu0To1", "ReluN1To1")
_FORWARD_ONLY = ("Reshape", "Squeeze", "ExpandDims")


@dataclass(frozen=True, eq=False)
class Bounds:
    """Smallest and largest code per channel of the last axis, int64 [C]."""

    low: Codes
    high: Codes

    @property
    def constant(self) -> Mask:
        return np.asarray(self.low == self.high)


def drop_constant_channels(program: Program) -> Program:
    """The Program without channels that cannot influence its outputs; the same object where there are none."""
    bounds = _bounds(program)
    needed = _needed(program, bounds)
    kept = {name: mask for name, mask in needed.items() if not mask.all()}
    if not kept:
        return program
    nodes, tensors = [], []
    for node in program.nodes:
        rebuilt, changed = _rebuild(program, node, kept, bounds)
        nodes.append(rebuilt)
        tensors += changed
    return program.with_nodes(nodes, tensors).check()


def _bounds(program: Program) -> dict[str, Bounds]:
    """Of every int8 tensor that is computed from others by operators with known monotony."""
    found: dict[str, Bounds] = {}
    for tensor in program.input_tensors():
        found.update({tensor.name: _full(tensor)} if _tracked(tensor) else {})
    for node in program.nodes:
        for name in node.outputs:
            tensor = program.tensors[name]
            if _tracked(tensor):
                known = _bounds_of(program, node, found) if len(node.outputs) == 1 else None
                found[name] = known if known is not None else _full(tensor)
    return found


def _tracked(tensor: Tensor) -> bool:
    return tensor.dtype == "int8" and tensor.quant is not None and bool(tensor.shape) and tensor.size > 0


def _full(tensor: Tensor) -> Bounds:
    channels = tensor.shape[-1]
    return Bounds(np.full(channels, -128, np.int64), np.full(channels, 127, np.int64))


def _bounds_of(program: Program, node: Node, found: Mapping[str, Bounds]) -> Bounds | None:
    operands = program.operands(node)
    x, output = operands.inputs[0] if operands.inputs else None, operands.outputs[0]
    if x is None or x.name not in found:
        return None
    source = found[x.name]
    op = node.op
    if isinstance(op, Conv2D | DepthwiseConv2D | FullyConnected):
        return _weighted_bounds(program, node, source)
    if isinstance(op, AveragePool2D | MaxPool2D):
        low, high = code_range(output, op.activation)
        return Bounds(np.clip(source.low, low, high), np.clip(source.high, low, high))
    if op.name in _FORWARD_ONLY and output.shape[-1] == x.shape[-1]:
        return source
    return None


def _weighted_bounds(program: Program, node: Node, source: Bounds) -> Bounds | None:
    """Interval arithmetic on the accumulators, then the operator's own rescaling, which is monotone."""
    operands = program.operands(node)
    x, w = operands.inputs[0], operands.inputs[1]
    bias = operands.inputs[2] if len(operands.inputs) > 2 else None
    assert x is not None
    if w is None or w.data is None or w.dtype != "int8" or (bias is not None and bias.data is None):
        return None
    low, high = source.low - x.zero_point, source.high - x.zero_point
    if any(getattr(node.op, "padding", ())):
        low, high = np.minimum(low, 0), np.maximum(high, 0)
    least, most = _products(node, w.data.astype(np.int64), low, high)
    if least is None or most is None:
        return None
    if bias is not None:
        assert bias.data is not None
        least, most = least + bias.data, most + bias.data
    reach = float(max(np.abs(least).max(), np.abs(most).max()))
    if reach >= 2**31 or isinstance(node.op, FullyConnected):
        return None
    rescale = requantization(operands, node.op.activation)  # type: ignore[attr-defined]
    return Bounds(rescale(least, None, reach).astype(np.int64), rescale(most, None, reach).astype(np.int64))


def _products(node: Node, w: Codes, low: Codes, high: Codes) -> tuple[Codes | None, Codes | None]:
    """Smallest and largest sum of products per output channel; None for groups and channel multipliers."""
    positive, negative = np.maximum(w, 0), np.minimum(w, 0)
    if isinstance(node.op, DepthwiseConv2D):
        if w.shape[3] != len(low):
            return None, None
        up, down = positive.sum(axis=(0, 1, 2)), negative.sum(axis=(0, 1, 2))
        return up * low + down * high, up * high + down * low
    if w.shape[-1] != len(low):
        return None, None
    axes = tuple(range(1, w.ndim - 1))
    up, down = positive.sum(axis=axes), negative.sum(axis=axes)
    return up @ low + down @ high, up @ high + down @ low


def _needed(program: Program, bounds: Mapping[str, Bounds]) -> dict[str, Mask]:
    """Channels that must be computed, per tracked tensor."""
    needed = {name: np.zeros(len(b.low), np.bool_) for name, b in bounds.items()}
    for port in program.outputs:
        if port.tensor in needed:
            needed[port.tensor][:] = True
    for port in program.inputs:
        if port.tensor in needed:
            needed[port.tensor][:] = True
    for node in reversed(program.nodes):
        for index, name in enumerate(node.inputs):
            if name in needed:
                needed[name] |= _needs(program, node, index, needed, bounds)
        if not _removable(program, node, bounds):
            for name in node.outputs:
                if name in needed:
                    needed[name][:] = True
    return _settle(program, needed, bounds)


def _settle(program: Program, needed: dict[str, Mask], bounds: Mapping[str, Bounds]) -> dict[str, Mask]:
    """Repeat the backward rule until it holds for what the last round made needed."""
    changed = True
    while changed:
        changed = False
        for node in reversed(program.nodes):
            for index, name in enumerate(node.inputs):
                if name in needed:
                    mask = _in_fours(needed[name] | _needs(program, node, index, needed, bounds))
                    changed |= bool((mask != needed[name]).any())
                    needed[name] = mask
            changed |= _tie(node, needed, bounds, program)
    return needed


def _tie(node: Node, needed: dict[str, Mask], bounds: Mapping[str, Bounds], program: Program) -> bool:
    """An operator that cannot drop channels needs all of its output; channelwise ones keep both sides alike."""
    changed = False
    for name in node.outputs:
        if name not in needed:
            continue
        mask = needed[name].copy()
        if not _removable(program, node, bounds):
            mask[:] = True
        elif not isinstance(node.op, Conv2D | FullyConnected):
            for other in node.inputs:
                if other in needed and len(needed[other]) == len(mask):
                    mask |= needed[other]
        mask = _in_fours(mask)
        if (mask != needed[name]).any():
            needed[name], changed = mask, True
    return changed


def _needs(program: Program, node: Node, index: int, needed: Mapping[str, Mask], bounds: Mapping[str, Bounds]) -> Mask:
    """Which channels of an input a node needs."""
    name = node.inputs[index]
    channels = len(bounds[name].low)
    everything = np.ones(channels, np.bool_)
    if len(node.outputs) != 1 or node.outputs[0] not in needed or not _channelwise(program, node):
        return everything
    wanted = needed[node.outputs[0]]
    if isinstance(node.op, Conv2D | FullyConnected):
        if index:
            return everything
        w = program.tensors[node.inputs[1]].data
        assert w is not None
        weighs = (w[wanted] != 0).any(axis=tuple(range(w.ndim - 1)))
        return np.asarray(weighs & ~_foldable(program, node, bounds[name]))
    return wanted if len(wanted) == channels else everything


def _foldable(program: Program, node: Node, source: Bounds) -> Mask:
    """Constant channels whose share a bias can hold: of the padding's code, or where there is no padding."""
    x = program.tensors[node.inputs[0]]
    if any(getattr(node.op, "padding", ())):
        return np.asarray(source.constant & (source.low == x.zero_point))
    return source.constant


def _channelwise(program: Program, node: Node) -> bool:
    """Whether ``_rebuild`` can take channels away from the node's inputs."""
    operands = program.operands(node)
    x = operands.inputs[0] if operands.inputs else None
    if x is None or not _tracked(operands.outputs[0]) or not _tracked(x):
        return False
    op = node.op
    if isinstance(op, Conv2D | FullyConnected | DepthwiseConv2D):
        return _plain_weights(program, node, x)
    if isinstance(op, AveragePool2D | MaxPool2D):
        return True
    if op.name in _ELEMENTWISE:
        shapes = {t.shape for t in operands.inputs if t is not None}
        return len(shapes) == 1 and all(t is not None and t.data is None for t in operands.inputs)
    return op.name in _FORWARD_ONLY and operands.outputs[0].shape[-1] == x.shape[-1]


def _plain_weights(program: Program, node: Node, x: Tensor) -> bool:
    w = program.tensors[node.inputs[1]]
    bias = program.tensors.get(node.inputs[2]) if len(node.inputs) > 2 and node.inputs[2] else None
    if w.data is None or w.dtype != "int8" or w.quant is None or any(w.quant.zero_point):
        return False
    if bias is not None and (bias.data is None or bias.dtype != "int32"):
        return False
    return w.shape[-1] == x.shape[-1]


def _removable(program: Program, node: Node, bounds: Mapping[str, Bounds]) -> bool:
    """Whether the node can leave out channels of its output."""
    if len(node.outputs) != 1 or node.outputs[0] not in bounds:
        return False
    return _channelwise(program, node)


def _in_fours(mask: Mask) -> Mask:
    """Needed channels, and as many others as make a multiple of four; at least four."""
    total = len(mask)
    if total % _GROUP:
        return np.ones(total, np.bool_) if mask.sum() + _GROUP > total else _padded(mask)
    return _padded(mask)


def _padded(mask: Mask) -> Mask:
    goal = min(len(mask), max(_GROUP, -(-int(mask.sum()) // _GROUP) * _GROUP))
    spare = np.flatnonzero(~mask)[: goal - int(mask.sum())]
    result = mask.copy()
    result[spare] = True
    return result


def _rebuild(
    program: Program, node: Node, kept: Mapping[str, Mask], bounds: Mapping[str, Bounds]
) -> tuple[Node, list[Tensor]]:
    """The node on the kept channels, with its new tensors."""
    result = node.outputs[0] if node.outputs else ""
    source = node.inputs[0] if node.inputs else ""
    if result not in kept and source not in kept:
        return node, []
    tensors = []
    if result in kept:
        output = program.tensors[result]
        tensors.append(replace(output, shape=(*output.shape[:-1], int(kept[result].sum()))))
    if isinstance(node.op, Conv2D | FullyConnected | DepthwiseConv2D):
        node, more = _rebuild_weights(program, node, kept, bounds)
        tensors += more
    if node.op.name == "Reshape" and result in kept:
        node = replace(node, op=replace(node.op, shape=tensors[0].shape))  # type: ignore[call-arg]
    return node, tensors


def _rebuild_weights(
    program: Program, node: Node, kept: Mapping[str, Mask], bounds: Mapping[str, Bounds]
) -> tuple[Node, list[Tensor]]:
    """Weights and bias of the kept channels; the share of dropped constant inputs goes into the bias."""
    x, w = program.tensors[node.inputs[0]], program.tensors[node.inputs[1]]
    bias = program.tensors[node.inputs[2]] if len(node.inputs) > 2 and node.inputs[2] else None
    assert w.data is not None
    depthwise = isinstance(node.op, DepthwiseConv2D)
    outputs = kept.get(node.outputs[0], np.ones(w.shape[-1] if depthwise else w.shape[0], np.bool_))
    if depthwise:
        data, sums = w.data[..., outputs], None if bias is None else _data(bias)[outputs]
    else:
        inputs = kept.get(x.name, np.ones(x.shape[-1], np.bool_))
        data = w.data[outputs][..., inputs]
        sums = np.zeros(len(data), np.int64) if bias is None else _data(bias)[outputs].astype(np.int64)
        share = w.data[outputs].astype(np.int64).reshape(len(data), -1, w.shape[-1]).sum(axis=1)
        offset = np.where(bounds[x.name].constant, bounds[x.name].low - x.zero_point, 0)
        sums = sums + share[:, ~inputs] @ offset[~inputs]
    new_w = Tensor.constant(f"{w.name}:{node.outputs[0]}", data, _quant(w.quant, outputs))
    names, made = [node.inputs[0], new_w.name], [new_w]
    if sums is not None:
        quant = _quant(bias.quant, outputs) if bias is not None else None
        new_b = Tensor.constant(f"bias:{node.outputs[0]}", np.asarray(sums, np.int32), quant)
        names, made = [*names, new_b.name], [*made, new_b]
    return replace(node, inputs=tuple(names)), made


def _data(tensor: Tensor) -> NDArray[np.int32]:
    assert tensor.data is not None
    return np.asarray(tensor.data)


def _quant(quant: Quant | None, outputs: Mask) -> Quant | None:
    """Per-channel scales of the kept channels."""
    if quant is None or quant.axis is None:
        return quant
    index = np.flatnonzero(outputs)
    return Quant(tuple(quant.scale[i] for i in index), tuple(quant.zero_point[i] for i in index), quant.axis)

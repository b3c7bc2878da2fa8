"""What the weights of a layer are multiplied with: rows of input values at some of its output positions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from limen.ops._window import pad_hw, windows
from limen.program import Array, Node, Program

Floats = NDArray[np.float64]


def weight_stack(program: Program, node: Node, data: Array) -> Floats:
    """Weights as [G, O, K]: G groups, each with O outputs of K weights."""
    w = data.astype(np.float64)
    if node.op.name == "FullyConnected":
        return w[None]
    if node.op.name == "DepthwiseConv2D":
        channels = program.tensors[node.inputs[0]].shape[3]
        taps = w.reshape(-1, channels, w.shape[3] // channels)
        return np.ascontiguousarray(taps.transpose(1, 2, 0))
    groups = program.tensors[node.inputs[0]].shape[3] // w.shape[3]
    return w.reshape(groups, w.shape[0] // groups, -1)


def unstacked(stack: Array, shape: tuple[int, ...], node: Node) -> Array:
    """The weights' own shape back."""
    if node.op.name == "DepthwiseConv2D":
        return stack.transpose(2, 0, 1).reshape(shape)
    return stack.reshape(shape)


def input_rows(program: Program, node: Node, value: Array, positions: NDArray[np.int64]) -> Array:
    """Inputs of some output positions: [G, P, K], columns as in ``weight_stack``.

    Args:
        value: the node's data input.
        positions: indices into the output's flattened positions (all axes but the last).
    """
    weights = program.tensors[node.inputs[1]]
    if node.op.name == "FullyConnected":
        return value.reshape(-1, weights.shape[1])[positions][None]
    op: Any = node.op
    kernel = (weights.shape[1], weights.shape[2])
    _, height, width, _ = program.tensors[node.outputs[0]].shape
    view = windows(pad_hw(value, op.padding, 0), kernel, op.stride, op.dilation, (height, width))
    n, rest = np.divmod(positions, height * width)
    picked = view[(n, *np.divmod(rest, width))]
    count, channels = len(positions), value.shape[3]
    if node.op.name == "DepthwiseConv2D":
        return picked.reshape(count, -1, channels).transpose(2, 0, 1)
    groups = channels // weights.shape[3]
    split = picked.reshape(count, kernel[0] * kernel[1], groups, -1)
    return split.transpose(2, 0, 1, 3).reshape(groups, count, -1)


def position_count(program: Program, node: Node) -> int:
    """Output positions of one sample."""
    output = program.tensors[node.outputs[0]]
    return output.size // output.shape[-1]

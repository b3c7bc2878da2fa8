"""Quantised layers of many shapes as Programs of one node, and the inputs to judge them by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from limen.program import OPS, Array, Node, Op, Port, Program, Quant, Tensor


@dataclass(frozen=True)
class Layer:
    """One weighted layer.

    Args:
        op: ``Conv2D``, ``DepthwiseConv2D`` or ``FullyConnected``.
        x: shape of the input.
        w: shape of the weights.
        zero: zero points of input and output.
        reach: standard deviation of the outputs, in codes.
        heavy: weights at the ends of the range.
        near_overflow: biases that take accumulators over the ends of int32.
    """

    op: str
    x: tuple[int, ...]
    w: tuple[int, ...]
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    activation: str = "none"
    zero: tuple[int, int] = (3, -7)
    reach: float = 60.0
    heavy: bool = False
    per_channel: bool = True
    bias: bool = True
    near_overflow: bool = False


def program_of(layer: Layer, seed: int = 0) -> Program:
    """The layer with random weights whose outputs spread over the codes."""
    rng = np.random.default_rng(seed)
    axis = 3 if layer.op == "DepthwiseConv2D" else 0
    channels = layer.w[axis]
    w = np.clip(rng.normal(0, 30, layer.w), -127, 127)
    if layer.heavy:
        w = np.where(w < 0, -127, 127)
    scales = rng.uniform(0.5, 2.0, channels if layer.per_channel else 1).astype(np.float32) * np.float32(0.01)
    fan = np.prod(layer.w) // channels
    spread = 0.02 * 0.01 * np.sqrt(fan) * float(np.std(w)) * 74
    attributes = {"activation": layer.activation}
    if layer.op != "FullyConnected":
        attributes |= {"stride": layer.stride, "dilation": layer.dilation, "padding": layer.padding}
    x = Tensor("x", layer.x, "int8", Quant.per_tensor(0.02, layer.zero[0]))
    quant = Quant.per_channel(scales, axis) if layer.per_channel else Quant.per_tensor(float(scales[0]))
    inputs = [x, Tensor.constant("w", w.astype(np.int8), quant)]
    if layer.bias:
        bias = rng.normal(0, spread / (0.02 * 0.01) / 2, channels).astype(np.int32)
        if layer.near_overflow:
            bias = np.where(bias < 0, -(2**31) + 5000, 2**31 - 5000).astype(np.int32)
        inputs.append(Tensor.constant("b", bias, Quant.per_tensor(0.02 * 0.01)))
    op = OPS[layer.op](**attributes)
    return one_node(op, inputs, Quant.per_tensor(spread / layer.reach, layer.zero[1]))


def float_program_of(layer: Layer, seed: int = 0) -> Program:
    """The same layer in float32."""
    rng = np.random.default_rng(seed)
    channels = layer.w[3 if layer.op == "DepthwiseConv2D" else 0]
    inputs = [Tensor("x", layer.x, "float32"), Tensor.constant("w", rng.normal(0, 1, layer.w).astype(np.float32))]
    if layer.bias:
        inputs.append(Tensor.constant("b", rng.normal(0, 1, channels).astype(np.float32)))
    attributes = {"activation": layer.activation}
    if layer.op != "FullyConnected":
        attributes |= {"stride": layer.stride, "dilation": layer.dilation, "padding": layer.padding}
    return one_node(OPS[layer.op](**attributes), inputs, None)


def one_node(op: Op, inputs: list[Tensor], quant: Quant | None) -> Program:
    """A Program of one node with one output ``y``."""
    kind = op.infer(inputs)[0]
    y = Tensor("y", kind.shape, kind.dtype, quant)
    node = Node(op, tuple(t.name for t in inputs), ("y",), "layer")
    ports = tuple(Port(t.name, t.name) for t in inputs if t.data is None)
    return Program("layer", {t.name: t for t in (*inputs, y)}, (node,), ports, (Port("y", "y"),)).check()


def joined(programs: Mapping[str, Program]) -> Program:
    """Programs side by side in one: tensor ``y`` of the program ``a`` becomes ``a/y``."""
    tensors, nodes = {}, []
    inputs, outputs = [], []
    for name, program in programs.items():
        tensors |= {f"{name}/{t.name}": replace(t, name=f"{name}/{t.name}") for t in program.tensors.values()}
        for node in program.nodes:
            sides = (tuple(f"{name}/{t}" if t else "" for t in side) for side in (node.inputs, node.outputs))
            nodes.append(Node(node.op, *sides, name))
        inputs += [replace(p, name=f"{name}/{p.name}", tensor=f"{name}/{p.tensor}") for p in program.inputs]
        outputs += [replace(p, name=f"{name}/{p.name}", tensor=f"{name}/{p.tensor}") for p in program.outputs]
    return Program("joined", tensors, tuple(nodes), tuple(inputs), tuple(outputs)).check()


def inputs_of(program: Program, count: int = 6, seed: int = 1) -> list[dict[str, Array]]:
    """Random codes, the extremes, and slow waves."""
    rng = np.random.default_rng(seed)
    feeds = []
    for index in range(count):
        feed = {}
        for port in program.inputs:
            tensor = program.tensors[port.tensor]
            if tensor.dtype == "float32":
                feed[port.tensor] = rng.normal(0, 1, tensor.shape).astype(np.float32)
            elif index < 2:
                feed[port.tensor] = np.full(tensor.shape, (-128, 127)[index], np.int8)
            else:
                wave = rng.normal(0, 30 * index, tensor.shape)
                feed[port.tensor] = np.clip(np.rint(wave), -128, 127).astype(np.int8)
        feeds.append(feed)
    return feeds


CONVOLUTIONS = {
    "pointwise 64": Layer("Conv2D", (1, 5, 5, 64), (64, 1, 1, 64), activation="relu", zero=(-128, -128)),
    "pointwise of 24 channels": Layer("Conv2D", (1, 7, 3, 24), (100, 1, 1, 24)),
    "pointwise, odd depth": Layer("Conv2D", (2, 4, 6, 7), (33, 1, 1, 7), activation="relu6", reach=20),
    "pointwise in parts": Layer("Conv2D", (2, 61, 47, 16), (24, 1, 1, 16), activation="relu"),
    "pointwise, stride 2": Layer("Conv2D", (1, 9, 8, 16), (32, 1, 1, 16), stride=(2, 2)),
    "3x3 same": Layer("Conv2D", (1, 9, 8, 16), (16, 3, 3, 16), padding=(1, 1, 1, 1), activation="relu"),
    "3x3 of an image, stride 2": Layer("Conv2D", (1, 17, 16, 3), (8, 3, 3, 3), (2, 2), padding=(0, 1, 0, 1)),
    "10x4 of one channel": Layer("Conv2D", (1, 20, 10, 1), (64, 10, 4, 1), (2, 2), padding=(4, 5, 1, 1)),
    "dilated": Layer("Conv2D", (1, 11, 12, 6), (20, 3, 3, 6), dilation=(2, 3), padding=(2, 2, 3, 3)),
    "wide stride": Layer("Conv2D", (1, 13, 14, 5), (70, 2, 3, 5), (3, 4), padding=(1, 0, 2, 1), heavy=True),
    "whole image": Layer("Conv2D", (1, 4, 4, 8), (12, 4, 4, 8), per_channel=False, bias=False),
    "one channel out": Layer("Conv2D", (1, 6, 5, 4), (1, 3, 3, 4), padding=(2, 2, 2, 2)),
    "tiny outputs": Layer("Conv2D", (1, 5, 5, 8), (16, 1, 1, 8), reach=0.4),
    "huge outputs": Layer("Conv2D", (1, 5, 5, 8), (16, 1, 1, 8), reach=1e5),
    "unread bottom": Layer("Conv2D", (1, 8, 9, 4), (16, 2, 2, 4), (3, 3), zero=(127, 127)),
    "wrapping": Layer("Conv2D", (1, 5, 5, 16), (40, 1, 1, 16), near_overflow=True, heavy=True),
    "vanishing": Layer("Conv2D", (1, 5, 5, 16), (20, 1, 1, 16), reach=1e-9),
    "one position": Layer("Conv2D", (1, 1, 1, 24), (16, 1, 1, 24), activation="relu", zero=(-128, -128)),
    "one position, odd depth": Layer("Conv2D", (1, 1, 1, 7), (18, 1, 1, 7)),
    "one position a row": Layer(
        "Conv2D", (1, 9, 3, 8), (20, 2, 3, 8), padding=(1, 0, 0, 0), activation="relu6", reach=30
    ),
    "one row, padded below": Layer("Conv2D", (1, 4, 6, 5), (9, 1, 3, 5), padding=(0, 2, 1, 1)),
    "n1 to 1": Layer("Conv2D", (1, 5, 5, 16), (24, 3, 3, 16), activation="relu_n1_to_1", reach=8),
}

CONNECTED = {
    "fc 640 to 128": Layer("FullyConnected", (1, 640), (128, 640), activation="relu", zero=(83, -128)),
    "fc 128 to 640": Layer("FullyConnected", (1, 128), (640, 128), per_channel=False),
    "fc 8 to 200": Layer("FullyConnected", (1, 8), (200, 8), per_channel=False, heavy=True),
    "fc rows": Layer("FullyConnected", (7, 33), (10, 33), zero=(-1, 5), bias=False),
    "fc to one": Layer("FullyConnected", (1, 19), (1, 19)),
    "fc of images": Layer("FullyConnected", (3, 2, 2, 5), (48, 20)),
    "fc wrapping": Layer("FullyConnected", (2, 30), (17, 30), near_overflow=True, heavy=True),
    "fc tiny outputs": Layer("FullyConnected", (2, 30), (17, 30), reach=0.3),
}

SAME = (1, 1, 1, 1)
DEPTHWISE = {
    "dw 3x3 of 64": Layer("DepthwiseConv2D", (1, 9, 7, 64), (1, 3, 3, 64), padding=SAME, activation="relu"),
    "dw 3x3 of 8": Layer("DepthwiseConv2D", (1, 8, 13, 8), (1, 3, 3, 8), padding=SAME, activation="relu"),
    "dw 3x3 of 16, stride 2": Layer("DepthwiseConv2D", (1, 8, 8, 16), (1, 3, 3, 16), (2, 2), padding=(0, 1, 0, 1)),
    "dw 3x3 of 8, stride 2": Layer("DepthwiseConv2D", (2, 9, 9, 8), (1, 3, 3, 8), (2, 2), padding=SAME),
    "dw 3x3 of 24": Layer("DepthwiseConv2D", (1, 6, 6, 24), (1, 3, 3, 24), padding=SAME, activation="relu6", reach=30),
    "dw 3x3 of 5": Layer("DepthwiseConv2D", (1, 5, 6, 5), (1, 3, 3, 5), padding=SAME),
    "dw 5x5 of 72, stride 2": Layer("DepthwiseConv2D", (1, 9, 8, 72), (1, 5, 5, 72), (2, 2), padding=(2, 2, 1, 2)),
    "dw 5x5 of 96": Layer("DepthwiseConv2D", (1, 6, 5, 96), (1, 5, 5, 96), padding=(2, 2, 2, 2)),
    "dw 4x4 of 12": Layer("DepthwiseConv2D", (1, 7, 6, 12), (1, 4, 4, 12), padding=(1, 2, 1, 2)),
    "dw 1x3 of 64": Layer("DepthwiseConv2D", (1, 3, 9, 64), (1, 1, 3, 64), padding=(0, 0, 1, 1)),
    "dw 3x1 of 40": Layer("DepthwiseConv2D", (1, 9, 3, 40), (1, 3, 1, 40), padding=(1, 1, 0, 0)),
    "dw dilated": Layer("DepthwiseConv2D", (1, 9, 9, 36), (1, 3, 3, 36), dilation=(2, 2), padding=(2, 2, 2, 2)),
    "dw dilated, strided, 6": Layer("DepthwiseConv2D", (1, 9, 11, 6), (1, 2, 3, 6), (2, 3), (2, 2)),
    "dw one row": Layer("DepthwiseConv2D", (1, 3, 5, 32), (1, 3, 3, 32), padding=(0, 0, 1, 1)),
    "dw of heavy weights": Layer("DepthwiseConv2D", (1, 6, 6, 16), (1, 3, 3, 16), padding=SAME, heavy=True, reach=1e4),
    "dw wrapping": Layer("DepthwiseConv2D", (1, 6, 6, 20), (1, 3, 3, 20), near_overflow=True, heavy=True),
    "dw of the whole image": Layer("DepthwiseConv2D", (1, 4, 4, 64), (1, 4, 4, 64), bias=False, zero=(127, -128)),
}


def sums() -> dict[str, Program]:
    """Element-wise sums and differences: scales that are found constants for, and some that need tables."""
    found = {}
    scales = [(0.02, 0.03, 0.04), (0.5, 0.5, 0.5), (0.25, 0.5, 1.0), (0.1, 0.001, 0.1), (0.7, 0.31, 0.003)]
    for index, (a, b, y) in enumerate(scales):
        for name, activation in (("Add", "none"), ("Add", "relu"), ("Sub", "relu6")):
            zeros = ((-128, -128, -128), (3, -7, 11), (127, 0, -128))[index % 3]
            inputs = [
                Tensor(t, (1, 5, 7, 3 + index), "int8", Quant.per_tensor(s, z))
                for t, s, z in (("a", a, zeros[0]), ("b", b, zeros[1]))
            ]
            op = OPS[name](activation=activation)
            found[f"{name} {activation} {index}"] = one_node(op, inputs, Quant.per_tensor(y, zeros[2]))
    hard = (("a", 0.040250535449109434, 101), ("b", 0.02352515202053552, 75))
    inputs = [Tensor(name, (2, 19), "int8", Quant.per_tensor(scale, zero)) for name, scale, zero in hard]
    found["Add by tables"] = one_node(OPS["Add"](), inputs, Quant.per_tensor(0.04267649532753389, 52))
    return found

"""Small Programs for the virtual devices."""

from __future__ import annotations

import numpy as np

from limen import devices
from limen.ops.assign_variable import AssignVariable
from limen.ops.conv2d import Conv2D
from limen.ops.read_variable import ReadVariable
from limen.program import Node, Port, Program, Quant, State, Tensor
from limen.targets.c import Generated, generate


def layer(name: str, source: Tensor, channels: int, seed: int) -> tuple[Node, list[Tensor]]:
    """A 3x3 convolution that keeps the size, with its tensors; the last of them is the output."""
    generator = np.random.default_rng(seed)
    weights = generator.integers(-127, 128, (channels, 3, 3, source.shape[3])).astype(np.int8)
    scales = generator.uniform(0.001, 0.01, channels).astype(np.float32)
    bias = generator.integers(-1000, 1000, channels).astype(np.int32)
    tensors = [
        Tensor.constant(f"{name}/w", weights, Quant.per_channel(scales, 0)),
        Tensor.constant(f"{name}/b", bias, Quant.per_channel(np.float32(source.scale) * scales, 0)),
        Tensor(f"{name}/y", (*source.shape[:3], channels), "int8", Quant.per_tensor(0.1, -5)),
    ]
    node = Node(Conv2D(padding=(1, 1, 1, 1)), (source.name, f"{name}/w", f"{name}/b"), (f"{name}/y",), name)
    return node, tensors


def two_convolutions(size: int = 8) -> Program:
    """x [1, size, size, 4] -> 8 channels -> 8 channels, int8."""
    x = Tensor("x", (1, size, size, 4), "int8", Quant.per_tensor(0.05, 3))
    first, tensors = layer("first", x, 8, 1)
    second, more = layer("second", tensors[-1], 8, 2)
    table = {t.name: t for t in (x, *tensors, *more)}
    return Program("two", table, (first, second), (Port("x", "x"),), (Port("y", "second/y"),)).check()


def recurrent(size: int = 6) -> Program:
    """A state is convolved, then replaced by the input: the output is that of the run before."""
    x = Tensor("x", (1, size, size, 4), "int8", Quant.per_tensor(0.05, 3))
    old = Tensor("old", x.shape, "int8", x.quant)
    node, tensors = layer("conv", old, 8, 3)
    nodes = (
        Node(ReadVariable("memory"), (), ("old",), "read"),
        node,
        Node(AssignVariable("memory"), ("x",), (), "keep"),
    )
    initial = np.full(x.shape, 7, np.int8)
    table = {t.name: t for t in (x, old, *tensors)}
    states = (State("memory", initial, x.quant),)
    return Program("recurrent", table, nodes, (Port("x", "x"),), (Port("y", "conv/y"),), states).check()


def made(program: Program, device: str = "cortex-m4", **settings: object) -> Generated:
    """Generated code for a device."""
    return generate(program, devices.get(device), **settings)  # type: ignore[arg-type]

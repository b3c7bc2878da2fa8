"""Layers that run row by row give the interpreter's codes, in less memory, with a resident and with a pushed input."""

from __future__ import annotations

import ctypes
import tempfile
from pathlib import Path

import numpy as np
import pytest

from limen import devices
from limen.errors import Unsupported
from limen.ops.add import Add
from limen.ops.average_pool2d import AveragePool2D
from limen.ops.conv2d import Conv2D
from limen.ops.depthwise_conv2d import DepthwiseConv2D
from limen.ops.fully_connected import FullyConnected
from limen.ops.mean import Mean
from limen.ops.reshape import Reshape
from limen.program import Array, Node, Op, Port, Program, Quant, Tensor, run
from limen.targets.c import Generated, generate

pytest.importorskip("ziglang", reason="ziglang is not installed")
from limen.lab import host

PAD = (1, 1, 1, 1)


class Net:
    """A random int8 network on a picture."""

    def __init__(self, seed: int, shape: tuple[int, ...]) -> None:
        self.rng = np.random.default_rng(seed)
        self.tensors = {"x": Tensor("x", shape, "int8", Quant.per_tensor(0.05, int(self.rng.integers(-128, 128))))}
        self.nodes: list[Node] = []

    def then(self, op: Op, *inputs: str, scale: float = 0.3) -> str:
        name = f"t{len(self.nodes)}"
        shape = op.infer([self.tensors[i] for i in inputs])[0].shape
        zero = int(self.rng.integers(-128, 128))
        quant = Quant.per_tensor(scale, zero)
        if isinstance(op, AveragePool2D | Reshape):
            quant = self.tensors[inputs[0]].quant or quant
        self.tensors[name] = Tensor(name, shape, "int8", quant)
        self.nodes.append(Node(op, inputs, (name,)))
        return name

    def weighted(self, op: Op, source: str, shape: tuple[int, ...], axis: int) -> str:
        name = f"w{len(self.nodes)}"
        count = shape[axis]
        quant = Quant.per_channel(self.rng.uniform(0.002, 0.01, count), axis)
        self.tensors[name] = Tensor.constant(name, self.rng.integers(-127, 128, shape).astype(np.int8), quant)
        bias = self.rng.integers(-2000, 2000, count).astype(np.int32)
        self.tensors[f"{name}b"] = Tensor.constant(f"{name}b", bias)
        return self.then(op, source, name, f"{name}b")

    def program(self, result: str) -> Program:
        return Program("net", self.tensors, tuple(self.nodes), (Port("x", "x"),), (Port("y", result),)).check()


def residual(seed: int) -> Program:
    """Strides, dilation, a depthwise layer, a skip connection, a global average and a classifier."""
    net = Net(seed, (1, 23, 18, 3))
    one = net.weighted(Conv2D(padding=PAD, activation="relu"), "x", (8, 3, 3, 3), 0)
    two = net.weighted(DepthwiseConv2D(padding=PAD, activation="relu"), one, (1, 3, 3, 8), 3)
    three = net.weighted(Conv2D(), two, (8, 1, 1, 8), 0)
    both = net.then(Add(activation="relu"), three, one)
    four = net.weighted(Conv2D(stride=(2, 2), padding=(0, 1, 0, 1)), both, (12, 3, 3, 8), 0)
    five = net.weighted(Conv2D(dilation=(2, 2), padding=(2, 2, 2, 2)), four, (12, 3, 3, 12), 0)
    height, width = net.tensors[five].shape[1:3]
    mean = net.then(AveragePool2D(filter=(height, width), stride=(1, 1)), five)
    if seed % 2:
        mean = net.then(Mean(axes=(1, 2)), five)
    flat = net.then(Reshape(shape=(1, 12)), mean)
    return net.program(net.weighted(FullyConnected(), flat, (5, 12), 0))


def pictures(program: Program, seed: int) -> list[Array]:
    shape = program.tensors["x"].shape
    rng = np.random.default_rng(seed)
    return [rng.integers(-128, 128, shape).astype(np.int8), np.full(shape, -128, np.int8), np.full(shape, 127, np.int8)]


@pytest.mark.parametrize("seed", range(4))
def test_resident_rows_give_the_interpreters_codes_in_less_memory(seed: int) -> None:
    program = residual(seed)
    device = devices.get("cortex-m4")
    plain = generate(program, device, "plain", kernels="portable")
    rows = generate(program, device, "rows", kernels="portable", stream="auto")
    assert rows.arena < plain.arena
    for model in host.build_all([plain, rows]):
        for picture in pictures(program, seed):
            (expected,) = run(program, {"x": picture}).values()
            (found,) = model.run({"x": picture}).values()
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("seed", range(3))
def test_pushed_rows_give_the_interpreters_codes_without_the_input_in_memory(seed: int) -> None:
    program = residual(seed)
    made = generate(program, devices.get("cortex-m4"), kernels="portable", stream="push")
    assert made.pushed_rows == program.tensors["x"].shape[1]
    assert made.arena < generate(program, devices.get("cortex-m4"), kernels="portable", stream="auto").arena
    push = Pushed(made)
    for picture in pictures(program, seed):
        (expected,) = run(program, {"x": picture}).values()
        np.testing.assert_array_equal(push.run(picture), expected)


class Pushed:
    """A model that takes its input row by row."""

    def __init__(self, made: Generated) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "pushed.so")
            path.write_bytes(host.compile_shared([made]))
            self.library = ctypes.CDLL(str(path))
        self.made = made
        self.arena = np.zeros(made.arena + 64, np.uint8)
        self.start = -self.arena.ctypes.data % 64

    def run(self, picture: Array) -> Array:
        arena = ctypes.c_void_p(self.arena.ctypes.data + self.start)
        self.library.model_begin(arena)
        answers = [
            self.library.model_push(arena, ctypes.c_void_p(np.ascontiguousarray(row).ctypes.data)) for row in picture[0]
        ]
        assert answers == [0] * (len(answers) - 1) + [1]
        (place,) = self.made.outputs
        data = self.arena[self.start + place.offset :][: place.nbytes]
        return data.view(place.dtype).reshape(place.shape)


def test_a_model_whose_first_layer_needs_everything_cannot_be_pushed() -> None:
    net = Net(0, (1, 4, 4, 3))
    flat = net.then(Reshape(shape=(1, 48)), "x")
    program = net.program(net.weighted(FullyConnected(), flat, (5, 48), 0))
    with pytest.raises(Unsupported, match=r"net: its first layers do not run row by row \(use --stream auto or off\)"):
        generate(program, devices.get("cortex-m4"), stream="push")

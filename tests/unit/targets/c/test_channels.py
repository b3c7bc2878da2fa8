"""Removal of channels that cannot influence the output keeps every output to the bit."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from limen.ops.add import Add
from limen.ops.conv2d import Conv2D
from limen.ops.depthwise_conv2d import DepthwiseConv2D
from limen.program import Node, Op, Port, Program, Quant, Tensor, run
from limen.targets.c._channels import drop_constant_channels


class Net:
    """A random int8 network of convolutions with ReLU, many of whose channels never leave zero."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.tensors = {"x": Tensor("x", (1, 6, 5, 4), "int8", Quant.per_tensor(0.05, -3))}
        self.nodes: list[Node] = []

    def _append(self, op: Op, inputs: tuple[str, ...], zero_point: int) -> str:
        name = f"t{len(self.nodes)}"
        shape = op.infer([self.tensors[i] for i in inputs])[0].shape
        self.tensors[name] = Tensor(name, shape, "int8", Quant.per_tensor(0.1, zero_point))
        self.nodes.append(Node(op, inputs, (name,)))
        return name

    def weighted(self, op: Op, source: str, shape: tuple[int, ...], axis: int) -> str:
        """A layer whose biases push about half of the channels under zero."""
        count, rng = shape[axis], self.rng
        name = f"w{len(self.nodes)}"
        w = rng.integers(-20, 21, shape).astype(np.int8)
        bias = rng.choice([-200_000, -2_000, 300, 2_000], count).astype(np.int32)
        self.tensors[name] = Tensor.constant(name, w, Quant.per_channel(rng.uniform(0.002, 0.02, count), axis))
        self.tensors[f"{name}b"] = Tensor.constant(f"{name}b", bias)
        return self._append(op, (source, name, f"{name}b"), int(rng.choice([-128, 5])))

    def add(self, left: str, right: str) -> str:
        return self._append(Add(activation="none"), (left, right), -7)

    def program(self, result: str) -> Program:
        return Program("net", self.tensors, tuple(self.nodes), (Port("x", "x"),), (Port("y", result),)).check()


def network(seed: int) -> Program:
    net = Net(seed)
    one = net.weighted(Conv2D(padding=(1, 1, 1, 1), activation="relu"), "x", (16, 3, 3, 4), 0)
    two = net.weighted(DepthwiseConv2D(padding=(1, 1, 1, 1), activation="relu"), one, (1, 3, 3, 16), 3)
    three = net.weighted(Conv2D(activation="relu"), two, (16, 1, 1, 16), 0)
    four = net.weighted(Conv2D(padding=(0, 0, 1, 1), activation="relu"), three, (16, 1, 3, 16), 0)
    both = net.add(four, three) if seed % 2 else four
    return net.program(net.weighted(Conv2D(), both, (3, 1, 1, 16), 0))


@given(st.integers(0, 10_000))
def test_outputs_stay_equal_to_the_bit(seed: int) -> None:
    program = network(seed)
    lean = drop_constant_channels(program)
    rng = np.random.default_rng(seed)
    x = program.tensors["x"]
    feeds = [rng.integers(-128, 128, x.shape), np.full(x.shape, -128), np.full(x.shape, 127)]
    for feed in feeds:
        given_x = {"x": feed.astype(np.int8)}
        (before,), (after,) = run(program, given_x).values(), run(lean, given_x).values()
        np.testing.assert_array_equal(before, after)


def test_something_is_removed() -> None:
    costs = [(p.cost().macs, drop_constant_channels(p).cost().macs) for p in map(network, range(8))]
    assert sum(after < before for before, after in costs) >= 6


def test_a_network_without_dead_channels_is_the_same_object() -> None:
    net = Net(0)
    program = net.program(net.weighted(Conv2D(), "x", (3, 1, 1, 4), 0))
    assert drop_constant_channels(program) is program

"""A small float Program with what the passes meet: depthwise, a residual sum, ReLU6, pooling, uneven channels."""

from __future__ import annotations

import numpy as np

from limen.ops.add import Add
from limen.ops.average_pool2d import AveragePool2D
from limen.ops.conv2d import Conv2D
from limen.ops.depthwise_conv2d import DepthwiseConv2D
from limen.ops.fully_connected import FullyConnected
from limen.ops.reshape import Reshape
from limen.ops.softmax import Softmax
from limen.program import Array, Node, Port, Program, Tensor

SIZE, CHANNELS, CLASSES = 8, 8, 5


def uneven_net(seed: int = 0) -> Program:
    """Input x [1,8,8,3]; output y [1,5], a softmax. Channel ranges differ a hundredfold inside."""
    rng = np.random.default_rng(seed)
    spread = 10.0 ** rng.uniform(-1, 1, CHANNELS)
    image = (1, SIZE, SIZE, CHANNELS)
    constants = {
        "w0": rng.normal(0, 0.4, (CHANNELS, 3, 3, 3)) * spread[:, None, None, None],
        "b0": rng.normal(0, 0.1, CHANNELS) * spread,
        "w1": rng.normal(0, 0.4, (1, 3, 3, CHANNELS)) / spread,
        "b1": rng.normal(0, 0.1, CHANNELS),
        "w2": rng.normal(0, 0.4, (CHANNELS, 1, 1, CHANNELS)) * spread[:, None, None, None],
        "w3": rng.normal(0, 0.6, (CLASSES, CHANNELS)) / spread,
        "b3": rng.normal(0, 0.1, CLASSES),
    }
    computed = {"x": (1, SIZE, SIZE, 3), "a": image, "d": image, "p": image, "s": image}
    computed |= {"m": (1, 1, 1, CHANNELS), "f": (1, CHANNELS), "z": (1, CLASSES), "y": (1, CLASSES)}
    same = (1, 1, 1, 1)
    nodes = (
        Node(Conv2D(padding=same, activation="relu"), ("x", "w0", "b0"), ("a",), "stem"),
        Node(DepthwiseConv2D(padding=same, activation="relu6"), ("a", "w1", "b1"), ("d",), "depthwise"),
        Node(Conv2D(), ("d", "w2"), ("p",), "project"),
        Node(Add(), ("a", "p"), ("s",), "residual"),
        Node(AveragePool2D(filter=(SIZE, SIZE), stride=(SIZE, SIZE)), ("s",), ("m",), "pool"),
        Node(Reshape(shape=(1, CHANNELS)), ("m",), ("f",), "flatten"),
        Node(FullyConnected(), ("f", "w3", "b3"), ("z",), "dense"),
        Node(Softmax(), ("z",), ("y",), "softmax"),
    )
    tensors = {n: Tensor.constant(n, v.astype(np.float32)) for n, v in constants.items()}
    tensors |= {n: Tensor(n, shape, "float32") for n, shape in computed.items()}
    return Program("uneven", tensors, nodes, (Port("x", "x"),), (Port("y", "y"),)).check()


def pictures(count: int, seed: int = 1) -> list[dict[str, Array]]:
    rng = np.random.default_rng(seed)
    return [{"x": rng.normal(0, 1, (1, SIZE, SIZE, 3)).astype(np.float32)} for _ in range(count)]

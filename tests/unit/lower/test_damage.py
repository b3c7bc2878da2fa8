"""Graphs with one to five wrong edits: a clear error or a Program that checks, never another exception."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from limen.errors import LimenError
from limen.lower import lower
from limen.model import from_bytes, from_proto, static_shapes
from unit.model.graphs import proto, weights

NUMBERS = (0, -1, 1, 2, 7, 1000, 2**31, -(2**62))
OPS = (
    "Gather", "Tile", "Expand", "Range", "ConstantOfShape", "Resize", "Pad", "GRU", "Einsum", "TopK", "OneHot",
    "ScatterND", "GatherND", "ConvTranspose", "NonZero", "Split", "MaxPool", "Softmax", "MatMul", "Slice", "Reshape",
)  # fmt: skip


def graph() -> onnx.ModelProto:
    """Convolutions, a shuffle, a pool, a GRU, a head: most of what lowering rearranges."""
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["c"], pads=[1] * 4, strides=[2, 2]),
        helper.make_node("Clip", ["c", "zero", "six"], ["k"]),
        helper.make_node("Reshape", ["k", "split"], ["s"]),
        helper.make_node("Transpose", ["s"], ["t"], perm=[0, 2, 1, 3, 4]),
        helper.make_node("Reshape", ["t", "join"], ["j"]),
        helper.make_node("AveragePool", ["j"], ["p"], kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
        helper.make_node("Concat", ["p", "p"], ["d"], axis=1),
        helper.make_node("Reshape", ["d", "steps"], ["r"]),
        helper.make_node("GRU", ["r", "gw", "gr"], ["", "h"], hidden_size=3),
        helper.make_node("Squeeze", ["h", "axis"], ["q"]),
        helper.make_node("Gemm", ["q", "fw"], ["f"], transB=1),
        helper.make_node("Softmax", ["f"], ["y"], axis=-1),
    ]
    constants = {"w": weights(4, 3, 3, 3), "b": weights(4), "gw": weights(1, 9, 8), "gr": weights(1, 9, 3)}
    constants |= {"zero": np.asarray(0, np.float32), "six": np.asarray(6, np.float32), "fw": weights(2, 3)}
    constants |= {"split": np.asarray([1, 2, 2, 4, 4]), "join": np.asarray([1, 4, 4, 4]), "axis": np.asarray([0])}
    constants["steps"] = np.asarray([4, 1, 8])
    return proto(nodes, {"x": ["N", 3, 8, 8]}, {"y": None}, constants)


def damage(model: onnx.ModelProto, rng: random.Random) -> None:
    """One wrong edit."""
    node, tensor = rng.choice(model.graph.node), rng.choice(model.graph.initializer)
    values = [name for other in model.graph.node for name in other.output] + ["", "nothing"]
    edits: list[Callable[[], None]] = [
        lambda: setattr(node, "op_type", rng.choice(OPS)),
        lambda: _number(node, rng),
        lambda: node.input.__setitem__(rng.randrange(len(node.input)), rng.choice(values)),
        lambda: node.input.pop(),
        lambda: node.attribute.pop(),
        lambda: tensor.dims.__setitem__(0, rng.choice(NUMBERS)),
        lambda: setattr(tensor, "data_type", rng.randrange(20)),
        lambda: _element(tensor, rng),
        lambda: setattr(model.graph.input[0].type.tensor_type.shape.dim[1], "dim_value", rng.choice(NUMBERS)),
    ]
    try:
        rng.choice(edits)()
    except (IndexError, ValueError, TypeError):
        node.op_type = rng.choice(OPS)


def _number(node: onnx.NodeProto, rng: random.Random) -> None:
    attribute = rng.choice(node.attribute)
    if attribute.ints:
        attribute.ints[rng.randrange(len(attribute.ints))] = rng.choice(NUMBERS)
    else:
        attribute.i = rng.choice(NUMBERS)


def _element(tensor: onnx.TensorProto, rng: random.Random) -> None:
    array = numpy_helper.to_array(tensor).copy()
    array.reshape(-1)[:1] = rng.choice((0, 1, 100, -5))
    tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))


def survives(attempt: Callable[[], object]) -> bool:
    """Whether it gives a result or an error with a message; anything else propagates."""
    try:
        return attempt() is not None
    except LimenError as error:
        return bool(error.message)


@pytest.mark.parametrize("seed", range(150))
def test_a_wrong_edit_ends_in_a_clear_error_or_a_checked_program(seed: int) -> None:
    rng = random.Random(seed)
    model = graph()
    for _ in range(rng.choice((1, 1, 2, 5))):
        damage(model, rng)
    assert survives(lambda: lower(static_shapes(from_proto(model))))


@pytest.mark.parametrize("seed", range(60))
def test_flipped_bytes_end_in_a_clear_error_or_a_checked_program(seed: int) -> None:
    rng = random.Random(seed)
    data = bytearray(graph().SerializeToString())
    for _ in range(rng.choice((1, 3, 20))):
        data[rng.randrange(len(data))] = rng.randrange(256)
    assert survives(lambda: lower(static_shapes(from_bytes(bytes(data)))))


def test_the_undamaged_graph_lowers() -> None:
    assert len(lower(static_shapes(from_proto(graph()))).nodes) > 10

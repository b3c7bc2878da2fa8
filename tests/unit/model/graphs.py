"""Small ONNX graphs for the tests of model and lower."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from limen.model import Model, evaluate, from_proto, random_feeds, static_shapes

Array = NDArray[Any]
Shape = Sequence[int | str]


def proto(
    nodes: Sequence[onnx.NodeProto],
    inputs: Mapping[str, Shape],
    outputs: Mapping[str, Shape | None],
    constants: Mapping[str, Array] | None = None,
    opset: int = 17,
) -> onnx.ModelProto:
    """A float32 graph."""
    graph = helper.make_graph(
        list(nodes),
        "small",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, list(s)) for n, s in inputs.items()],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in outputs.items()],
        [numpy_helper.from_array(np.asarray(a), n) for n, a in (constants or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def model(*arguments: Any, **settings: Any) -> Model:
    """``proto`` as a Model with static shapes."""
    return static_shapes(from_proto(proto(*arguments, **settings)))


def weights(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(0, 0.3, shape).astype(np.float32)


def difference(a: Model, b: Model, seed: int = 1) -> float:
    """Largest difference of two Models' outputs on one random input."""
    feeds = random_feeds(a, seed)
    one, two = evaluate(a, feeds), evaluate(b, feeds)
    assert one.keys() == two.keys()
    return max(float(np.abs(one[k].astype(np.float64) - two[k]).max(initial=0)) for k in one)


def types(m: Model) -> list[str]:
    """Operator types in order."""
    return [node.op_type for node in m.ir.graph]

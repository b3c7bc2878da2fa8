"""Structured pruning and compressed weights on random networks and on one whose redundancy is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from limen.build.source import open_source
from limen.errors import UsageError
from limen.model import Model
from limen.model.passes.simplify import simplify
from limen.optimize.linears import linears
from limen.optimize.observe import Feeds, session
from limen.optimize.prune_channels import prune_channels, total_macs
from limen.program import Array
from random_onnx import random_onnx

SHARE = 0.3


def model_of(proto: onnx.ModelProto, folder: Path) -> Model:
    onnx.save(proto, str(folder / "model.onnx"))
    return simplify(open_source(folder / "model.onnx").require_model())


def samples(model: Model, count: int) -> Feeds:
    rng = np.random.default_rng(0)
    value = model.ir.graph.inputs[0]
    shape = [int(d) for d in value.shape]
    return [{str(value.name): rng.normal(0, 1, shape).astype(np.float32)} for _ in range(count)]


def twins() -> onnx.ModelProto:
    """Convolution of 8 channels, each of them twice, then another of 4."""
    rng = np.random.default_rng(1)
    half = rng.normal(0, 0.4, (4, 3, 3, 3)).astype(np.float32)
    first, second = np.concatenate([half, half]), rng.normal(0, 0.3, (4, 8, 1, 1)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["x", "w0"], ["a"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["r"]),
        helper.make_node("Conv", ["r", "w1"], ["y"]),
    ]
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, c, 8, 8]) for n, c in (("x", 3), ("y", 4))]
    constants = [numpy_helper.from_array(first, "w0"), numpy_helper.from_array(second, "w1")]
    graph = helper.make_graph(nodes, "twins", values[:1], values[1:], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def outputs(model: Model, feeds: Feeds) -> list[Array]:
    running = session(model)
    return [np.asarray(running.run(None, dict(feed))[0]) for feed in feeds]


@pytest.mark.parametrize("seed", range(0, 40, 2))
def test_a_random_network_is_pruned_to_the_same_interface_or_refused(seed: int, tmp_path: Path) -> None:
    model = model_of(random_onnx(seed), tmp_path)
    feeds = samples(model, 3)
    try:
        done = prune_channels(model, SHARE, feeds, stages=1)
    except UsageError:
        return
    before, after = (session(m).run(None, dict(feeds[0])) for m in (model, done.model))
    assert [v.shape for v in after] == [v.shape for v in before]
    assert total_macs(done.model) == done.macs[1] <= (1 - SHARE) * done.macs[0] + 1


def test_channels_that_others_make_up_for_go_without_loss(tmp_path: Path) -> None:
    model = model_of(twins(), tmp_path)
    feeds = samples(model, 8)
    done = prune_channels(model, 0.5, feeds, lanes=4)
    assert [layer.outputs for layer in linears(done.model)] == [4, 4]
    for a, b in zip(outputs(model, feeds), outputs(done.model, feeds), strict=True):
        np.testing.assert_allclose(b, a, atol=0.02 * float(np.abs(a).max()))

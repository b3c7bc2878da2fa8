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
from limen.optimize.compress import low_rank, palettes, sparse, sparse_2_of_4
from limen.optimize.linears import linears
from limen.optimize.observe import Feeds, session
from limen.optimize.prune_channels import prune_channels, total_macs
from limen.optimize.recipes import decode
from limen.optimize.schemes import quantize, weight_quant
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


@pytest.fixture(scope="module")
def compressible(tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Feeds]:
    model = model_of(twins(), tmp_path_factory.mktemp("twins"))
    return model, samples(model, 8)


def test_zeros_are_as_many_as_asked_for(compressible: tuple[Model, Feeds]) -> None:
    model, feeds = compressible
    done = sparse(model, 0.5, feeds)
    weights = np.concatenate([layer.weights.reshape(-1) for layer in linears(done)])
    assert np.mean(weights == 0) >= 0.5


def test_two_of_four_neighbours_are_zero_in_channels_last_order(compressible: tuple[Model, Feeds]) -> None:
    done = sparse_2_of_4(*compressible)
    for layer in linears(done):
        rows = layer.weights.transpose(0, 2, 3, 1).reshape(layer.outputs, -1)
        rows = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4))).reshape(-1, 4)
        assert (np.count_nonzero(rows, axis=1) <= 2).all()


@pytest.mark.parametrize("bits", [2, 4])
def test_palettes_survive_codes_of_eight_bits_per_channel(bits: int, compressible: tuple[Model, Feeds]) -> None:
    model, feeds = compressible
    for layer in linears(palettes(model, bits, feeds)):
        scale = weight_quant(layer.weights, 0)
        assert len(np.unique(quantize(layer.weights, scale, "int8"))) <= 2**bits


def test_low_rank_takes_fewer_multiplications_and_keeps_what_is_redundant(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    thin = (rng.normal(0, 0.3, (24, 4)) @ rng.normal(0, 0.3, (4, 24))).astype(np.float32)
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 24]) for n in ("x", "y")]
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    graph = helper.make_graph([node], "thin", values[:1], values[1:], [numpy_helper.from_array(thin, "w")])
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    model = model_of(proto, tmp_path)
    feeds = samples(model, 64)
    done = low_rank(model, 0.25, feeds)
    assert total_macs(done) < 0.6 * total_macs(model)
    for a, b in zip(outputs(model, feeds), outputs(done, feeds), strict=True):
        np.testing.assert_allclose(b, a, atol=0.02)


def test_recipes_name_changes_in_their_order() -> None:
    recipe = decode("pruned50x8_rank50_palette4_int8")
    assert [(c.kind, c.amount, c.lanes) for c in recipe.changes] == [
        ("pruned", 50, 8),
        ("rank", 50, 1),
        ("palette", 4, 1),
    ]
    assert recipe.unchanged.name == decode("int8").name
    for wrong in ("palette4_pruned50", "sparse70_sparse2of4", "sparse70_int8-best", "palette4_static_wi8_ai8_pt"):
        with pytest.raises(UsageError):
            decode(wrong)

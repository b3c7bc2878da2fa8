"""Integer islands on ONNX Runtime: what they compute, that the engine runs them in integers, and the recipe's name."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from limen.model import Model, evaluate, from_proto
from limen.model.passes.simplify import simplify
from limen.optimize import decode
from limen.optimize.coverage import coverage
from limen.optimize.linears import linears
from limen.optimize.mixed import pays, stored_bytes, study
from limen.optimize.schemes import sqnr_db

RNG = np.random.default_rng(3)


def network(channels: int = 96) -> Model:
    """Two pointwise convolutions around a depthwise one with an affine step that pads behind it, then a MatMul."""

    def weights(name: str, *shape: int) -> onnx.TensorProto:
        fan = int(np.prod(shape[1:])) or 1
        return numpy_helper.from_array((RNG.standard_normal(shape) / np.sqrt(fan)).astype(np.float32), name)

    constants = [
        weights("w1", channels, channels, 1, 1),
        weights("b1", channels),
        weights("w2", channels, 1, 3, 3),
        weights("w3", channels, channels, 1, 1),
        weights("w4", channels, 80),
        weights("b4", 80),
        numpy_helper.from_array(np.asarray([1.7], np.float32), "s"),
        numpy_helper.from_array(np.asarray([0.4], np.float32), "t"),
        numpy_helper.from_array(np.asarray([1, channels, 64], np.int64), "shape"),
    ]
    nodes = [
        helper.make_node("Conv", ["x", "w1", "b1"], ["a"]),
        helper.make_node("HardSwish", ["a"], ["b"]),
        helper.make_node("Mul", ["b", "s"], ["c"]),
        helper.make_node("Add", ["c", "t"], ["d"]),
        helper.make_node("Conv", ["d", "w2"], ["e"], group=channels, pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["e", "w3"], ["f"]),
        helper.make_node("Reshape", ["f", "shape"], ["g"]),
        helper.make_node("Transpose", ["g"], ["h"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["h", "w4"], ["i"]),
        helper.make_node("Add", ["i", "b4"], ["j"]),
        helper.make_node("Softmax", ["j"], ["y"], axis=-1),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, channels, 8, 8])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 64, 80])
    graph = helper.make_graph(nodes, "islands", [x], [y], constants)
    return from_proto(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8))


FEEDS = [{"x": RNG.standard_normal((1, 96, 8, 8)).astype(np.float32)} for _ in range(12)]


def test_a_scale_behind_an_activation_moves_into_a_padded_convolution() -> None:
    model = network()
    simple = simplify(model)
    assert [n.op_type for n in simple.ir.graph].count("Mul") == 0
    wanted, got = (evaluate(m, FEEDS[0])["y"] for m in (model, simple))
    np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_layers_that_pay_are_the_ones_that_reuse_their_values() -> None:
    found = linears(simplify(network()))
    assert [layer.op for layer in found if pays(layer, 1)] == ["Conv", "Conv", "MatMul"]
    narrow = linears(simplify(network(16)))
    assert not any(pays(layer, 1) for layer in narrow if layer.op == "Conv")


def test_rows_times_matrix_is_what_the_layer_computes() -> None:
    model = simplify(network())
    for layer in linears(model):
        values = evaluate(model, FEEDS[0], [layer.source, layer.name])
        product = layer.rows(values[layer.source]) @ layer.matrix.T
        if layer.op == "Conv":
            assert layer.bias is not None
            product += layer.bias
            wanted = values[layer.name].transpose(0, 2, 3, 1).reshape(product.shape)
        else:
            wanted = values[layer.name].reshape(product.shape)
        np.testing.assert_allclose(product, wanted, atol=1e-4)


def test_islands_run_in_integers_and_16_bit_inputs_bring_them_closer() -> None:
    made = study(network(), FEEDS)
    plain, finer = (made.emit(splits) for splits in (0, 3))
    share = coverage(plain)
    assert share.integer_mac_share > 0.9
    assert [p.op for p in share.islands if p.macs > 0][:1] == ["Conv"]
    wanted = evaluate(made.model, FEEDS[-1], ["j"])["j"]
    ratios = [sqnr_db(wanted, evaluate(m, FEEDS[-1], ["j"])["j"]) for m in (plain, finer)]
    assert ratios[0] > 30.0
    assert ratios[1] > ratios[0] + 3.0


def test_the_stored_file_is_a_quarter_and_computes_the_same() -> None:
    made = study(network(), FEEDS)
    stored = stored_bytes(made.emit())
    assert len(stored) < 0.4 * len(stored_bytes(made.model))
    again = onnx.load_from_string(stored)
    got = evaluate(from_proto(again), FEEDS[0])["y"]
    np.testing.assert_array_equal(got, evaluate(made.emit(), FEEDS[0])["y"])


def test_the_recipe_is_of_the_language() -> None:
    recipe = decode("mixed_wi8_ai8_s2")
    assert (recipe.kind, recipe.splits, recipe.needs_data) == ("mixed", 2, True)

"""A source with int8 weights and float values is quantised like the reals that its codes stand for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from limen.optimize import decode, quantize_program
from limen.optimize.hybrid import real_weights
from limen.optimize.schemes import dequantize, quantize, weight_quant
from limen.program import Program, Tensor, run
from unit.optimize.nets import pictures, uneven_net


def with_codes() -> tuple[Program, Program]:
    """The net with the weights of its dense layer as codes, and with the reals of these codes."""
    net = uneven_net()
    weights = net.tensors["w3"].data
    assert weights is not None
    quant = weight_quant(weights, None)
    codes = quantize(weights, quant, "int8")
    nodes = [
        replace(n, op=replace(n.op, asymmetric_quantize_inputs=True)) if n.name == "dense" else n for n in net.nodes
    ]
    stored = net.with_nodes(nodes, [Tensor.constant("w3", codes, quant)]).check()
    return stored, net.with_nodes(net.nodes, [Tensor.constant("w3", dequantize(codes, quant))]).check()


def test_codes_become_the_reals_they_stand_for() -> None:
    stored, real = with_codes()
    feed = pictures(1)[0]
    assert np.array_equal(run(real_weights(stored), feed)["y"], run(real, feed)["y"])


def test_a_float_program_stays_the_same_object() -> None:
    net = uneven_net()
    assert real_weights(net) is net


def test_static_int8_is_that_of_the_reals() -> None:
    stored, real = with_codes()
    feeds = pictures(8)
    first, second = (quantize_program(p, decode("int8"), feeds).program for p in (stored, real))
    feed = {"x": quantize(feeds[0]["x"], first.tensors["x"].quant, "int8")}  # type: ignore[arg-type]
    assert np.array_equal(run(first, feed)["y"], run(second, feed)["y"])

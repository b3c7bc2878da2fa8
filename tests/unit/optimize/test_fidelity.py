"""What int8 must not lose: room at the outputs, tiny bounded activations, masked attention scores, 30 dB."""

from __future__ import annotations

import numpy as np

from limen.ops.conv2d import Conv2D
from limen.ops.fully_connected import FullyConnected
from limen.ops.select import Select
from limen.ops.softmax import Softmax
from limen.optimize import decode, quantize_program
from limen.optimize.judge import real_outputs
from limen.optimize.schemes import sqnr_db
from limen.program import Array, Node, Port, Program, Tensor
from unit.optimize.nets import uneven_net

WIDTH = 6
Feeds = list[dict[str, Array]]


def feeds(scale: float, count: int = 16, seed: int = 0) -> Feeds:
    rng = np.random.default_rng(seed)
    return [{"x": scale * rng.uniform(-1, 1, (1, WIDTH)).astype(np.float32)} for _ in range(count)]


def dense(tail: tuple[Node, ...] = (), **more: Tensor) -> Program:
    """x [1,6] -> FullyConnected -> a -> tail -> y."""
    weights = np.random.default_rng(1).normal(0, 1, (WIDTH, WIDTH)).astype(np.float32)
    tensors = {"w": Tensor.constant("w", weights)} | more
    tensors |= {n: Tensor(n, (1, WIDTH), "float32") for n in "xay" if n not in tensors}
    first = Node(FullyConnected(), ("x", "w"), ("a" if tail else "y",), "first")
    return Program("dense", tensors, (first, *tail), (Port("x", "x"),), (Port("y", "y"),)).check()


def test_an_answer_a_fifth_beyond_what_calibration_saw_is_not_clipped() -> None:
    program = dense()
    quantised = quantize_program(program, decode("int8"), feeds(1.0)).program
    beyond = feeds(1.2)
    (wanted,), (got,) = real_outputs(program, beyond), real_outputs(quantised, beyond)
    inputs_only = [{"x": np.clip(f["x"], -1, 1)} for f in beyond]
    (clipped,) = real_outputs(program, inputs_only)
    assert np.abs(got - clipped).max() < np.abs(wanted - clipped).max() + 0.1


def test_an_activation_bounded_far_above_its_values_has_a_scale_that_kernels_can_hold() -> None:
    weights = 1e-10 * np.ones((2, 1, 1, 3), np.float32)
    shapes = {"x": (1, 4, 4, 3), "y": (1, 4, 4, 2)}
    tensors = {"w": Tensor.constant("w", weights), **{n: Tensor(n, s, "float32") for n, s in shapes.items()}}
    node = Node(Conv2D(activation="relu6"), ("x", "w", ""), ("y",), "conv")
    program = Program("tiny", tensors, (node,), (Port("x", "x"),), (Port("y", "y"),)).check()
    rng = np.random.default_rng(2)
    samples: Feeds = [{"x": rng.uniform(0, 1, shapes["x"]).astype(np.float32)} for _ in range(4)]
    quantised = quantize_program(program, decode("int8"), samples).program
    assert quantised.tensors["y"].scale >= 6.0 / 2**30


def test_scores_behind_a_mask_of_minus_infinity_stay_in_float() -> None:
    mask = Tensor.constant("m", np.tri(1, WIDTH, 2, dtype=np.bool_))
    low = Tensor.constant("low", np.float32(-np.inf).reshape(1, 1))
    tail = (Node(Select(), ("m", "a", "low"), ("s",), "mask"), Node(Softmax(), ("s",), ("y",), "softmax"))
    program = dense(tail, m=mask, low=low, s=Tensor("s", (1, WIDTH), "float32"))
    done = quantize_program(program, decode("int8"), feeds(1.0))
    assert set(done.decisions.islands) == {"s", "y"}
    unseen = feeds(1.0, seed=5)
    (wanted,), (got,) = real_outputs(program, unseen), real_outputs(done.program, unseen)
    assert sqnr_db(wanted, got) > 30
    assert not got[..., 3:].any()


def test_the_mixed_recipe_gives_every_output_its_decibels() -> None:
    program = uneven_net()
    rng = np.random.default_rng(4)
    samples: Feeds = [{"x": rng.normal(0, 1, (1, 8, 8, 3)).astype(np.float32)} for _ in range(24)]
    done = quantize_program(program, decode("static_wi8_ai8_mse_bc_sqnr45"), samples[:16])
    (wanted,), (got,) = real_outputs(program, samples[16:]), real_outputs(done.program, samples[16:])
    assert sqnr_db(wanted, got) >= 45
    assert len(done.decisions.log) > 1


def test_what_a_last_softmax_magnifies_does_not_take_the_network_back_to_float() -> None:
    tail = (Node(Softmax(), ("a",), ("y",), "softmax"),)
    common = np.random.default_rng(1).normal(0, 8, (1, WIDTH))  # a softmax does not see what all its inputs share
    own = np.random.default_rng(2).normal(0, 0.5, (WIDTH, WIDTH))
    program = dense(tail, w=Tensor.constant("w", (common + own).astype(np.float32)))
    done = quantize_program(program, decode("static_wi8_ai8_mse_bc_sqnr30"), feeds(1.0))
    (wanted,), (got,) = real_outputs(program, feeds(1.0)), real_outputs(done.program, feeds(1.0))
    assert sqnr_db(wanted, got) < 30
    assert any("is not worth it" in line for line in done.decisions.log)
    assert done.program.tensors["a"].dtype == "int8"

"""The guarded passes: equalisation changes no function, rounding lowers its own error, biases restore means."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limen.measure.taps import interpreter_runner
from limen.optimize import Decisions, decide, decode, measure, quantize_program
from limen.optimize.channels import channel_sets
from limen.optimize.equalize import channel_factors, equalize
from limen.optimize.judge import before_squashing, error_db, real_outputs, split
from limen.optimize.pooling import free_pools
from limen.optimize.ranges import Range, Statistics
from limen.optimize.rounding import best_scales, damped, rounded
from limen.optimize.sequential import Effort, refine
from limen.program import Program, run
from unit.optimize.nets import CHANNELS, pictures, uneven_net


def _statistics(program: Program) -> Statistics:
    return measure(program, pictures(16), interpreter_runner(program), "mse")


def _first(program: Program) -> Decisions:
    return decide(program, _statistics(program), decode("static_wi8_ai8_mse").scheme, "test")


@pytest.mark.parametrize("power", [0.5, 1.0])
def test_equalisation_keeps_the_function_and_evens_the_channels(power: float) -> None:
    program = uneven_net()
    reach = _statistics(program).reach
    scaled = equalize(program, reach, power)
    for feed in pictures(4):
        assert np.allclose(run(program, feed)["y"], run(scaled, feed)["y"], atol=1e-5)
    before, after = (r["a"].max() / r["a"].min() for r in (reach, _statistics(scaled).reach))
    assert after < before / 3


def test_channels_of_inputs_and_outputs_are_fixed_and_sums_tie_their_operands() -> None:
    channels = channel_sets(uneven_net())
    assert "x" not in channels.labels or not channels.labels["x"].any()
    assert channels.labels["a"].tolist() == channels.labels["p"].tolist() == channels.labels["f"].tolist()
    assert not channels.labels["z"].any()
    assert channels.clipped == frozenset(channels.labels["d"].tolist())


def test_factors_never_scale_the_fixed_label_nor_clip_what_was_seen() -> None:
    program = uneven_net()
    channels = channel_sets(program)
    reach = _statistics(program).reach
    factors = channel_factors(channels, reach, 1.0)
    assert factors[0] == 1.0
    assert (factors[channels.labels["a"]] >= np.minimum(1, 2 * reach["a"] / reach["a"].max()) * (1 - 1e-6)).all()
    assert (6.0 * factors[channels.labels["d"]] >= reach["d"] * (1 - 1e-6)).all()


@given(st.integers(1, 3), st.integers(1, 6), st.integers(1, 9), st.integers(0, 2**31))
def test_second_order_rounding_with_independent_inputs_is_rounding_to_nearest(
    g: int, o: int, k: int, seed: int
) -> None:
    w = np.random.default_rng(seed).normal(0, 1, (g, o, k))
    scales = np.abs(w).max(-1) / 127
    assert np.array_equal(rounded(w, np.stack([np.eye(k)] * g), scales), np.rint(w / scales[..., None]))


@given(st.integers(0, 2**31), st.integers(8, 100))
def test_second_order_rounding_beats_nearest_on_correlated_inputs(seed: int, depth: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1, (2000, 3)) @ rng.normal(0, 1, (3, depth)) + 0.1 * rng.normal(0, 1, (2000, depth))
    w, h = rng.normal(0, 1, (1, 8, depth)), damped((x.T @ x / len(x))[None], len(x))
    scales = best_scales(w, h) * 16
    error = [w - c * scales[..., None] for c in (rounded(w, h, scales), np.rint(w / scales[..., None]))]
    second, nearest = (float(np.einsum("goi,gij,goj->", e, h, e)) for e in error)
    assert second < nearest


def test_scales_never_leave_codes_beyond_127() -> None:
    w = np.random.default_rng(0).standard_t(2, (2, 5, 30))
    h = np.stack([np.eye(30)] * 2)
    assert np.abs(rounded(w, h, best_scales(w, h))).max() <= 127


def test_a_global_pool_with_a_narrow_output_becomes_a_mean() -> None:
    program = uneven_net()
    narrow = free_pools(program, {"s": Range(0, 10), "m": Range(0, 1)})
    assert [n.op.name for n in narrow.nodes if n.name == "pool"] == ["Mean"]
    for feed in pictures(2):
        assert np.allclose(run(program, feed)["y"], run(narrow, feed)["y"], atol=1e-5)
    assert free_pools(program, {"s": Range(0, 10), "m": Range(0, 9)}) is program


@pytest.mark.parametrize("second_order", [False, True])
def test_layers_get_weights_that_are_codes_already_and_better_logits(second_order: bool) -> None:
    program = equalize(uneven_net(), _statistics(uneven_net()).reach)
    first = _first(program)
    better = refine(program, first, pictures(16), Effort(), second_order)
    assert set(better.layers) == {"a", "d", "p", "z"}
    for layer in better.layers.values():
        scales = better.tensors[layer.name].quant
        assert scales is not None
        shape = [1] * layer.weights.ndim
        shape[scales.axis or 0] = -1
        steps = layer.weights.astype(np.float64) / scales.scales.astype(np.float64).reshape(shape)
        assert np.abs(steps - np.rint(steps)).max() < 1e-3


def test_the_judge_looks_before_the_softmax_and_holds_samples_out() -> None:
    program = before_squashing(uneven_net())
    assert [p.tensor for p in program.outputs] == ["z"]
    used, held = split(pictures(30), 6)
    assert (len(held), len(used)) == (6, 24)
    assert not {id(f) for f in used} & {id(f) for f in held}


def test_int8_best_is_never_worse_than_where_it_started_and_says_what_it_did() -> None:
    program, feeds = uneven_net(), pictures(24)
    recipe = decode("int8-best")
    done = quantize_program(program, recipe, feeds)
    again = quantize_program(program, recipe, feeds)
    log = done.decisions.log
    assert sum(line.endswith("kept") for line in log) == 1
    assert done.decisions.to_bytes() == again.decisions.to_bytes()
    unseen = pictures(16, seed=9)
    plain = quantize_program(program, decode("static_wi8_ai8_mse_bc"), feeds)
    wanted = real_outputs(program, unseen)
    gained, base = (error_db(wanted, real_outputs(q.program, unseen)) for q in (done, plain))
    assert gained > base


def test_depth_and_work_bounds_leave_plain_rounding() -> None:
    program = uneven_net()
    first = _first(program)
    bounded = refine(program, first, pictures(4), Effort(depth=1), True)
    for layer in bounded.layers.values():
        assert bounded.tensors[layer.name].quant == first.tensors[layer.name].quant
    assert len(bounded.layers["a"].weights) == CHANNELS

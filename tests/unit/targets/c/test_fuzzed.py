"""Programs that a random search found to be compiled wrongly once, cut down to what it was about."""

from __future__ import annotations

import numpy as np
import pytest

from limen import devices
from limen.program import Program, Quant, Tensor
from limen.targets.c import generate
from limen.targets.c._kernel import Reach
from limen.targets.c._stream import Feed
from unit.targets.c.op_programs import Call, call, differences, program, random_feeds

pytest.importorskip("ziglang", reason="ziglang is not installed")
from limen.lab._build import build_image
from limen.lab.host import build
from limen.program import run

FINE, COARSE = Quant.per_tensor(0.01, 3), Quant.per_tensor(1e6, 5)


def codes(name: str, shape: tuple[int, ...], quant: Quant = FINE) -> Tensor:
    return Tensor(name, shape, "int8", quant)


def constant(name: str, shape: tuple[int, ...], quant: Quant = FINE, seed: int = 0) -> Tensor:
    return Tensor.constant(name, np.random.default_rng(seed).integers(-128, 128, shape).astype(np.int8), quant)


def test_a_result_that_is_one_code_for_all_operands_compiles() -> None:
    shape = (1, 4, 5, 3)
    others = (codes("b", shape), codes("b", (1, 4, 1, 3)), constant("b", (3,)), constant("b", shape))
    chains = {
        f"{op} {i}": program((codes("a", shape), b), call(op, "a b", "y", COARSE))
        for op in ("Add", "Mul", "Sub", "SquaredDifference")
        for i, b in enumerate(others)
    }
    assert differences(chains) == []


def test_a_mean_that_is_one_code_keeps_to_int32() -> None:
    x = codes("x", (1, 6, 3, 2), Quant.per_tensor(310.24896, 127))
    chain = program((x,), call("Mean", "x", "y", Quant.per_tensor(18.281517, -128), axes=(1, 2), keep_dims=True))
    assert differences({"mean": chain}) == []


def layers(*names: str) -> tuple[list[Tensor], list[Call]]:
    """3 x 3 convolutions of 7 channels, each of the one before it."""
    weights = Quant.per_channel(np.full(7, 0.003, np.float32), 0)
    tensors, calls = [codes("x", (1, 10, 9, 1))], []
    for i, name in enumerate(names):
        tensors.append(constant(f"w{i}", (7, 3, 3, 7 if i else 1), weights, i))
        source = names[i - 1] if i else "x"
        quant = Quant.per_tensor(0.02, 0)
        calls.append(call("Conv2D", f"{source} w{i}", name, quant, padding=(1, 1, 1, 1), activation="relu"))
    return tensors, calls


def joined_after_a_region() -> Program:
    """The first layers stream; the join after them reads everything at once, so its result may not lie over them."""
    tensors, calls = layers("a", "b", "c")
    same = Quant.per_tensor(0.05, 0)
    calls += [call("Quantize", name, f"{name}q", same, dtype="int8") for name in ("a", "c", "x")]
    calls.append(call("Concatenation", "aq cq xq", "y", same, axis=3))
    return program(tensors, *calls, last=True)


@pytest.mark.parametrize("kernels", ["auto", "portable"])
def test_layers_outside_a_streaming_region_are_planned_in_the_form_in_which_they_run(kernels: str) -> None:
    chain = joined_after_a_region()
    made = generate(chain, devices.get("cortex-m4"), kernels="portable", stream="auto")
    feed = random_feeds(chain)
    np.testing.assert_array_equal(build(made).run(feed)["y"], run(chain, feed)["y"])


@pytest.mark.parametrize("outputs", [3, 16])
def test_a_layer_alone_brings_no_function_that_it_does_not_call(outputs: int) -> None:
    """Warnings of unused functions are errors."""
    weights = constant("w", (outputs, 144), Quant.per_channel(np.full(outputs, 0.004, np.float32), 0))
    chain = program((codes("x", (2, 144)), weights), call("FullyConnected", "x w", "y", FINE, activation="relu"))
    for device in ("rpi5", "armv7"):
        assert build_image(generate(chain, devices.get(device))).code_bytes > 0


@pytest.mark.parametrize("seed", [0, 2])
def test_a_channel_of_two_blocks_is_requantised_the_same_way_in_both(seed: int) -> None:
    """17 channels are blocks of 16 that overlap; some channels are proved for floats, and some go by integers."""
    rng = np.random.default_rng(seed)
    weights = Quant.per_channel(rng.uniform(0.003, 0.007, 17).astype(np.float32), 3)
    tensors = (codes("x", (1, 9, 6, 17), Quant.per_tensor(0.008354, 0)), constant("w", (1, 5, 5, 17), weights, seed))
    step = call("DepthwiseConv2D", "x w", "y", Quant.per_tensor(0.01936, 127), padding=(2, 2, 2, 2))
    chain = program(tensors, step)
    made = generate(chain, devices.get("host"))
    feed = random_feeds(chain)
    np.testing.assert_array_equal(build(made, ("-O1",)).run(feed)["y"], run(chain, feed)["y"])


def test_a_row_that_is_all_padding_waits_for_nothing() -> None:
    """As in the code, or rows would be born earlier than planned."""
    feed = Feed(0, "x", Reach(taps=3, stride=1, before=3), rows=8)
    assert [feed.end(y) for y in (0, 1, 2, 8, 9, 12)] == [0, 1, 2, 8, 8, 8]

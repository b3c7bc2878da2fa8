"""Programs that a random search found to be compiled wrongly once, cut down to what it was about."""

from __future__ import annotations

import numpy as np
import pytest

from limen import devices
from limen.program import Program, Quant, Tensor
from limen.targets.c import generate
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

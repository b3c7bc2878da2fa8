"""The kernels of WebAssembly simd128 give the interpreter's codes, to the bit, in wasmtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from limen import devices
from limen.importers import import_file
from limen.lab import profile
from limen.lab._wasm import WasmModel
from limen.program import Program, run
from limen.targets.c import generate
from limen.targets.c.kernels._simd._fit import fused_multiply_add, multiply_then_add
from limen.targets.wasm._target import wasm_module
from unit.targets.c.packed_layers import random_layers
from unit.targets.c.x86_cases import (
    CONNECTED,
    CONVOLUTIONS,
    DEPTHWISE,
    float_program_of,
    inputs_of,
    joined,
    program_of,
    sums,
)

pytest.importorskip("wasmtime", reason="wasmtime is not installed")

GROUPS = {
    **{
        name: {key: program_of(layer) for key, layer in layers.items()}
        for name, layers in (("convolutions", CONVOLUTIONS), ("connected", CONNECTED), ("depthwise", DEPTHWISE))
    },
    "sums": sums(),
}
OPS = ("Conv2D", "DepthwiseConv2D", "FullyConnected")
WASM = devices.get("wasm")


def differing(program: Program, count: int) -> dict[str, int]:
    """Output -> elements that differ from the interpreter, over all inputs."""
    made = generate(program, WASM)
    model = WasmModel(wasm_module(made), made, count=False)
    found: dict[str, int] = {}
    for feeds in inputs_of(program, count):
        wanted, seen = run(program, feeds), model.run(feeds)
        for name, value in wanted.items():
            if not np.array_equal(value, seen[name]):
                found[name] = found.get(name, 0) + int(np.sum(value != seen[name]))
    return found


@pytest.mark.parametrize("group", GROUPS)
def test_layers_equal_the_interpreter(group: str) -> None:
    program = joined(GROUPS[group])
    assert {layer.kernel for layer in generate(program, WASM).layers} == {"simd128"}
    assert differing(program, 8) == {}


@pytest.mark.parametrize("op", OPS)
def test_random_layers_equal_the_interpreter(op: str) -> None:
    layers = random_layers(op, 24, seed=11)
    assert differing(joined({name: program_of(layer) for name, layer in layers.items()}), 5) == {}


def test_both_ways_of_requantising_are_among_the_layers() -> None:
    """Most layers are proved for the multiplication and sum, with one offset and with two; some need integers."""
    text = "".join(generate(joined(programs), WASM).files["model.c"].decode() for programs in GROUPS.values())
    for helper in ("limen_scale_128", "limen_scale_signed_128", "limen_rescale_128", "limen_round_128"):
        assert f"{helper}(v128_t" in text
    assert "limen_add_128(x0" in text
    assert "limen_add_shares(sum" in text


def test_float_layers_are_close_to_the_interpreter() -> None:
    layers = {name: layer for group in (CONVOLUTIONS, CONNECTED, DEPTHWISE) for name, layer in group.items()}
    program = joined({name: float_program_of(layer) for name, layer in layers.items()})
    made = generate(program, WASM)
    model = WasmModel(wasm_module(made), made, count=False)
    for feeds in inputs_of(program, 2):
        wanted, seen = run(program, feeds), model.run(feeds)
        for name, value in wanted.items():
            np.testing.assert_allclose(seen[name], value, rtol=1e-4, atol=1e-5 * np.abs(value).max(), err_msg=name)


@pytest.mark.parametrize(("model", "most"), [("ic_resnet8", 18e6), ("kws_dscnn", 3.8e6), ("vww", 6.3e6), ("ad01", 4e5)])
def test_models_stay_within_their_instructions(shared: Path, model: str, most: float) -> None:
    """Portable C takes 51.8, 13.1, 27.8 and 0.97 million."""
    program = import_file(shared / "models" / "mlperf-tiny" / f"{model}_int8.tflite")
    assert isinstance(program, Program)
    found = profile(generate(program, WASM), inputs_of(program, 3))
    assert found.exact is not None
    assert found.exact["max_lsb"] == 0
    assert found.instructions is not None
    assert found.instructions <= most


def test_a_product_that_is_rounded_before_the_sum_differs_from_a_fused_one() -> None:
    """So a proof for one arithmetic is none for the other."""
    rng = np.random.default_rng(0)
    values = rng.integers(-(2**20), 2**20, 20_000)
    slopes = rng.uniform(1e-4, 1e-2, values.size).astype(np.float32)
    offsets = rng.uniform(-1, 1, values.size).astype(np.float32)
    fused, twice = fused_multiply_add(values, slopes, offsets), multiply_then_add(values, slopes, offsets)
    assert (fused != twice).any()
    assert (np.abs(fused - twice) <= np.spacing(np.abs(fused) + 1)).all()
    product = values.astype(np.float32) * slopes
    assert np.array_equal(twice, product + offsets)

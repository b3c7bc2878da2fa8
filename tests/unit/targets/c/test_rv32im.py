"""The kernels of RV32IM give the interpreter's codes, to the bit, on a virtual processor."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limen import devices
from limen.importers import import_file
from limen.lab import profile
from limen.ops._fixed_point import Multiplier, Requantization
from limen.program import Program
from limen.targets.c import generate
from limen.targets.c.kernels._packed._groups import split
from limen.targets.c.kernels._packed._plan import Window, divide
from limen.targets.c.kernels._packed._requantize import Channels, fit
from limen.targets.c.kernels._packed._round_once import codes, fit_once
from unit.targets.c.packed_layers import differing, random_layers
from unit.targets.c.x86_cases import CONNECTED, CONVOLUTIONS, DEPTHWISE, inputs_of, joined, program_of

COMPILERS = ("zig", "gcc") if shutil.which("riscv64-unknown-elf-gcc") else ("zig",)
GROUPS = {"convolutions": CONVOLUTIONS, "connected": CONNECTED, "depthwise": DEPTHWISE}
LEFT_TO_C = {
    "one channel out",
    "huge outputs",
    "wrapping",
    "fc to one",
    "fc wrapping",
    "dw wrapping",
    "dw of heavy weights",
}
SMALL = st.integers(-128, 127)


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("group", GROUPS)
def test_layers_equal_the_interpreter(group: str, compiler: str) -> None:
    program = joined({name: program_of(layer) for name, layer in GROUPS[group].items()})
    assert differing(program, "rv32imc", compiler) == {}


@pytest.mark.parametrize("op", ["Conv2D", "DepthwiseConv2D", "FullyConnected"])
def test_random_layers_equal_the_interpreter(op: str) -> None:
    layers = random_layers(op, 24, seed=5)
    assert differing(joined({name: program_of(layer) for name, layer in layers.items()}), "rv32imc", "zig") == {}


@pytest.mark.parametrize("group", GROUPS)
def test_layers_have_kernels_of_their_own(group: str) -> None:
    layers = GROUPS[group]
    made = generate(joined({name: program_of(layer) for name, layer in layers.items()}), devices.get("rv32imc"))
    assert {layer.name for layer in made.layers if layer.kernel != "rv32im"} <= LEFT_TO_C


@pytest.mark.parametrize(
    ("model", "most"), [("ic_resnet8", 30e6), ("kws_dscnn", 7.2e6), ("vww", 13e6), ("ad01", 0.7e6)]
)
def test_models_stay_within_their_instructions(shared: Path, model: str, most: float) -> None:
    program = import_file(shared / "models" / "mlperf-tiny" / f"{model}_int8.tflite")
    assert isinstance(program, Program)
    found = profile(generate(program, devices.get("esp32-c3")), inputs_of(program, 3))
    assert found.exact is not None
    assert found.exact["max_lsb"] == 0
    assert found.instructions is not None
    assert found.instructions <= most


def merged(total: int, table: Channels, index: int = 0) -> int:
    """What the assembler computes of a sum, in whole numbers."""
    q = (4 * total * int(table.mantissa[index])) >> 32
    value = (q - 2 * (q < 0) + 1 + (table.rounding << int(table.shift[index]))) >> (int(table.shift[index]) + 1)
    return min(max(value, table.low), table.high)


@given(
    st.lists(SMALL, min_size=1, max_size=6),
    st.integers(-(2**30), 2**30) | st.integers(-3000, 3000),
    st.integers(2**30, 2**31 - 1),
    st.integers(-31, 1),
    SMALL,
    st.sampled_from([(-128, 127), (-20, 90), (5, 6)]),
    st.data(),
)
def test_one_shift_equals_two_roundings(
    row: list[int], bias: int, mantissa: int, shift: int, zero: int, bounds: tuple[int, int], data: st.DataObject
) -> None:
    how = Requantization(Multiplier(np.asarray(mantissa), np.asarray(shift)), zero, *bounds, "int8")
    weights = np.array([row], np.int8)
    table = fit(weights, np.array([bias]), how)
    if table is None:
        return
    x = np.array([data.draw(st.lists(SMALL, min_size=len(row), max_size=len(row))) for _ in range(8)], np.int64)
    x = np.vstack([x, np.where(weights > 0, 127, -128), np.where(weights > 0, -128, 127)])
    expected = how((x @ weights.T.astype(np.int64)).astype(np.float64), np.array([bias]), 2.0**31)
    found = [merged(int(v), table) for v in (x @ table.weights.T.astype(np.int64))[:, 0] + table.bias[0]]
    assert found == expected[:, 0].tolist()


@given(st.integers(0, 2**32 - 1), SMALL, st.floats(1e-5, 0.9), st.sampled_from([(-128, 127), (-128, 0), (17, 127)]))
def test_one_rounding_in_whole_numbers_equals_float64(
    seed: int, zero: int, factor: float, bounds: tuple[int, int]
) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.integers(-127, 128, (3, 5)).astype(np.int8)
    bias = rng.integers(-30000, 30000, 3)
    table = fit_once(weights, bias, np.full(3, factor), zero, *bounds)
    assert table is not None
    x = np.vstack([rng.integers(-128, 128, (40, 5)), np.full((1, 5), -128), np.full((1, 5), 127)])
    q = (4 * (x @ table.weights.T.astype(np.int64) + table.bias) * table.mantissa) >> 32
    found = np.clip((q + (table.rounding << table.shift)) >> (table.shift + 1), *bounds)
    np.testing.assert_array_equal(found, codes(x @ weights.T.astype(np.int64) + bias, factor, zero, *bounds))


@given(st.integers(0, 2**32 - 1), st.integers(1, 400), st.integers(1, 127))
def test_groups_cover_the_weights_and_their_sums_fit_16_bits(seed: int, pairs: int, most: int) -> None:
    rows = np.random.default_rng(seed).integers(-most, most + 1, (2, 2 * pairs))
    groups = list(split(rows, 2, 126))
    np.testing.assert_array_equal(np.concatenate(groups, axis=1), rows)
    for group in groups:
        assert np.maximum(group * 127, group * -128).sum(axis=1).max() < 2**15
        assert np.minimum(group * 127, group * -128).sum(axis=1).min() >= -(2**15)


@given(st.integers(1, 400), st.sampled_from([{2: 11}, {4: 17, 2: 11}, {6: 24, 4: 17, 2: 11}]))
def test_tiles_cover_a_row_and_reach_beyond_it_only_when_it_is_short(width: int, costs: dict[int, int]) -> None:
    runs = divide(width, costs)
    covered = {run.start + i for run in runs for i in range(run.count * run.positions)}
    assert covered >= set(range(width))
    assert min(covered) == 0
    assert max(covered) < width or width < 6


@given(st.integers(1, 9), st.integers(1, 4), st.integers(1, 5))
def test_the_order_of_a_patch_has_every_weight_once(taps: int, rows: int, depth: int) -> None:
    order = Window(taps, 1, 1, depth).order(rows)
    assert sorted(order) == list(range(rows * taps * depth))

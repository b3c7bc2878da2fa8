"""The kernels of NEON give the interpreter's codes, to the bit, under an emulator of the processor."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limen import devices
from limen.errors import NotMeasurable
from limen.importers import import_file
from limen.lab import profile
from limen.ops._fixed_point import Multiplier, rescale
from limen.program import Program
from limen.targets.c import generate
from limen.targets.c.kernels._simd._taps import sums_that_fit
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

GROUPS = {
    **{
        name: {key: program_of(layer) for key, layer in layers.items()}
        for name, layers in (("convolutions", CONVOLUTIONS), ("connected", CONNECTED), ("depthwise", DEPTHWISE))
    },
    "sums": sums(),
}
BOARDS = ("rpi4", "rpi5", "armv7")
OPS = ("Conv2D", "DepthwiseConv2D", "FullyConnected")


def largest_difference(program: Program, board: str, count: int) -> int:
    """In codes, over all outputs and inputs."""
    try:
        found = profile(generate(program, devices.get(board)), inputs_of(program, count))
    except NotMeasurable as reason:
        pytest.skip(reason.message)
    assert found.exact is not None
    return int(found.exact["max_lsb"])


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("group", GROUPS)
def test_layers_equal_the_interpreter(group: str, board: str) -> None:
    assert largest_difference(joined(GROUPS[group]), board, 5) == 0


@pytest.mark.parametrize("board", BOARDS)
def test_random_layers_equal_the_interpreter(board: str) -> None:
    layers = {name: layer for op in OPS for name, layer in random_layers(op, 10, seed=23).items()}
    assert largest_difference(joined({name: program_of(layer) for name, layer in layers.items()}), board, 4) == 0


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("group", GROUPS)
def test_layers_have_kernels_of_their_own(group: str, board: str) -> None:
    """Sums on 32-bit Arm alone are left to portable C."""
    made = generate(joined(GROUPS[group]), devices.get(board))
    assert {layer.kernel for layer in made.layers} == {"portable" if (group, board) == ("sums", "armv7") else "neon"}


def test_float_layers_are_close_to_the_interpreter() -> None:
    layers = {name: layer for group in (CONVOLUTIONS, CONNECTED, DEPTHWISE) for name, layer in group.items()}
    program = joined({name: float_program_of(layer) for name, layer in layers.items()})
    try:
        found = profile(generate(program, devices.get("rpi4")), inputs_of(program, 2))
    except NotMeasurable as reason:
        pytest.skip(reason.message)
    assert found.approximate is not None
    assert found.approximate["max_abs"] < 1e-3


@pytest.mark.parametrize(("board", "model"), [("rpi4", "kws_dscnn"), ("rpi5", "kws_dscnn"), ("rpi4", "ad01")])
def test_models_equal_the_interpreter(shared: Path, board: str, model: str) -> None:
    program = import_file(shared / "models" / "mlperf-tiny" / f"{model}_int8.tflite")
    assert isinstance(program, Program)
    assert largest_difference(program, board, 3) == 0


def test_without_the_dot_product_the_code_of_a_board_that_has_it_still_compiles_and_is_exact() -> None:
    """Users compile with flags of their own: the dot product is then put together from products."""
    made = generate(joined(GROUPS["convolutions"]), devices.get("rpi5"))
    plain = dataclasses.replace(made, device=devices.get("rpi4"))
    try:
        found = profile(plain, inputs_of(plain.program, 4))
    except NotMeasurable as reason:
        pytest.skip(reason.message)
    assert found.exact is not None
    assert found.exact["max_lsb"] == 0


@given(
    st.integers(-(2**31) + 2, 2**31 - 1) | st.integers(-4000, 4000),
    st.integers(2**30, 2**31 - 1),
    st.integers(-31, 0),
    st.integers(-128, 127),
)
def test_the_instructions_round_as_the_interpreter_does(acc: int, mantissa: int, shift: int, zero: int) -> None:
    """SQRDMULH and SRSHL round halves up; the sign that SSRA adds before makes it away from zero."""
    high = (acc * mantissa + 2**30) >> 31
    wanted = int(rescale(np.array([acc]), Multiplier(np.array([mantissa]), np.array([shift])))[0])
    half = (1 << -shift) >> 1
    down = (high + (-1 if high < 0 and shift < 0 else 0) + half) >> -shift
    assert down == wanted
    above = (high + half) >> -shift
    assert max(above + zero, zero) == max(wanted + zero, zero)


@given(st.integers(1, 30), st.integers(1, 5), st.integers(0, 2**32 - 1), st.sampled_from([20, 60, 127]))
def test_sums_of_taps_fit_sixteen_bits(taps: int, channels: int, seed: int, reach: int) -> None:
    values = np.random.default_rng(seed).integers(-reach - (reach == 127), reach + 1, (taps, channels))
    sets = sums_that_fit(values)
    assert sorted(tap for chosen in sets for tap in chosen) == list(range(taps))
    for chosen in sets:
        worst = (
            np.where(values[chosen] < 0, -128, 127) * values[chosen],
            np.where(values[chosen] < 0, 127, -128) * values[chosen],
        )
        assert worst[0].sum(axis=0).max() < 2**15
        assert worst[1].sum(axis=0).min() >= -(2**15)

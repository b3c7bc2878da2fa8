"""The kernels of ARMv6-M give the interpreter's codes, to the bit, on a virtual Cortex-M0+."""

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
from limen.ops.fully_connected import FullyConnected
from limen.ops.reshape import Reshape
from limen.program import Program
from limen.targets.c import generate
from limen.targets.c.kernels._packed._requantize import Channels
from limen.targets.c.kernels.armv6m._scaling import LIMIT, fits, flavour
from unit.targets.c.packed_layers import differing, random_layers
from unit.targets.c.test_streaming import Net
from unit.targets.c.x86_cases import CONNECTED, CONVOLUTIONS, DEPTHWISE, inputs_of, joined, program_of

COMPILERS = ("zig", "gcc") if shutil.which("arm-none-eabi-gcc") else ("zig",)
GROUPS = {"convolutions": CONVOLUTIONS, "connected": CONNECTED, "depthwise": DEPTHWISE}


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("group", GROUPS)
def test_layers_equal_the_interpreter(group: str, compiler: str) -> None:
    program = joined({name: program_of(layer) for name, layer in GROUPS[group].items()})
    assert differing(program, "cortex-m0plus", compiler) == {}


@pytest.mark.parametrize("op", ["Conv2D", "DepthwiseConv2D", "FullyConnected"])
def test_random_layers_equal_the_interpreter(op: str) -> None:
    layers = random_layers(op, 24, seed=6)
    assert differing(joined({name: program_of(layer) for name, layer in layers.items()}), "cortex-m0plus", "zig") == {}


@pytest.mark.parametrize(("model", "most"), [("ic_resnet8", 37e6), ("kws_dscnn", 10.5e6)])
def test_models_take_less_than_half_of_portable_code(shared: Path, model: str, most: float) -> None:
    program = import_file(shared / "models" / "mlperf-tiny" / f"{model}_int8.tflite")
    assert isinstance(program, Program)
    found = profile(generate(program, devices.get("rp2040")), inputs_of(program, 3))
    assert found.exact is not None
    assert found.exact["max_lsb"] == 0
    assert found.instructions is not None
    assert found.instructions <= most


@given(st.integers(-LIMIT, LIMIT), st.integers(2**30, 2**31 - 1))
def test_three_pieces_of_a_multiplier_make_the_high_product(total: int, multiplier: int) -> None:
    pieces = multiplier & 1023, multiplier >> 10 & 1023, multiplier >> 20
    products = [total * piece for piece in pieces]
    middle = products[1] + (products[0] >> 10)
    high = products[2] + (middle >> 10)
    assert all(-(2**31) <= value < 2**31 for value in (*products, middle, high))
    assert high >> 10 == (4 * total * multiplier) >> 32


@given(st.integers(-(2**22), 2**22), st.integers(2**30, 2**31 - 1), st.integers(1, 21), st.integers(-128, 127))
def test_saturated_sums_keep_their_codes(bias: int, mantissa: int, shift: int, zero: int) -> None:
    one = np.array([[100]], np.int8), np.array([bias]), np.array([mantissa]), np.array([shift])
    table = Channels(*one, zero, -128, 127)
    if not fits(table):
        return
    for code in (-128, 0, 127):
        total = bias + 100 * code
        kept = max(-LIMIT, min(LIMIT, total))
        assert flavour(table).wide or kept == total
        q, saturated = ((4 * value * mantissa) >> 32 for value in (total, kept))
        codes = [(v - 2 * (v < 0) + 1 + (table.rounding << shift)) >> (shift + 1) for v in (q, saturated)]
        assert np.clip(codes[0], -128, 127) == np.clip(codes[1], -128, 127)


def test_deep_layers_whose_groups_cannot_be_counted_are_left_to_portable_code() -> None:
    net = Net(0, (1, 4, 19, 32))
    flat = net.then(Reshape(shape=(1, 2432)), "x")
    program = net.program(net.weighted(FullyConnected(), flat, (9, 2432), 0))
    assert generate(program, devices.get("cortex-m0plus")).layers[-1].kernel == "portable"

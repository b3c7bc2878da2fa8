"""Every operator as C on every virtual device, with the device's own kernels: 0 LSB beside the interpreter.

The cases of the operator families are joined into a few Programs, so that each device compiles and runs little.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from conformance._ops_c import Drawn, draw_operator, split_refused, together
from conformance._ops_harness import families, feeds_of
from limen import devices, lab
from limen.errors import NotMeasurable
from limen.program import Array, Program
from limen.targets.c import generate

pytest.importorskip("ziglang", reason="ziglang is not installed")
pytest.importorskip("unicorn", reason="unicorn is not installed")

CASES = int(os.environ.get("LIMEN_C_DEVICE_CASES", "1"))
DEVICES = ("cortex-m0plus", "cortex-m4", "cortex-m33", "esp32-c3", "x86-mini-pc", "wasm", "armv7", "rpi5")
PARTS = 6
NAMES = sorted(families())


@cache
def drawn_part(part: int) -> list[Drawn]:
    """Every sixth operator's cases, without those that hold states or that target c refuses."""
    found: list[Drawn] = []
    for name in NAMES[part::PARTS]:
        taken, _ = split_refused(draw_operator(name, CASES), devices.get("cortex-m4"), "portable")
        found += [replace(item, prefix=f"{name.lower()}_{item.prefix}") for item in taken]
    return [item for item in found if not item.case.program.states and is_integer(item.case.program)]


def is_integer(program: Program) -> bool:
    return all(program.tensors[p.tensor].dtype not in ("float32", "float64") for p in program.outputs)


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", DEVICES)
def test_operators_equal_the_interpreter_on_a_device(name: str, part: int) -> None:
    drawn = drawn_part(part)
    program = together(drawn)
    feeds: dict[str, Array] = {}
    for item in drawn:
        feed = next(iter(feeds_of(item.case, item.seed)))
        feeds.update({item.prefix + tensor: np.asarray(value) for tensor, value in feed.items()})
    made = generate(program, devices.get(name))
    try:
        found = lab.profile(made, [feeds], judge=program)
    except NotMeasurable as reason:
        pytest.skip(reason.message)
    assert found.exact is not None
    assert found.exact["max_lsb"] == 0, found.differs_first

"""Sums of int8 codes. LiteRT's reference SUM reads them as uint8, so its uint8 kernel judges them on shifted codes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance._ops_harness import LiteRT, draw_case, families, reference
from limen.program import Program, Quant


def shifted(program: Program) -> Program:
    """The same sum with codes and zero points 128 higher, in uint8."""

    def quant(old: Quant | None) -> Quant:
        assert old is not None
        return Quant(old.scale, tuple(zero + 128 for zero in old.zero_point))

    tensors = {name: replace(t, dtype="uint8", quant=quant(t.quant)) for name, t in program.tensors.items()}
    return replace(program, tensors=tensors).check()


@settings(max_examples=100)
@given(st.integers(0, 2**32 - 1))
def test_int8_sums_equal_the_uint8_kernel_on_shifted_codes(seed: int) -> None:
    program = draw_case(families()["Sum"], "int8", seed).program
    rng = np.random.default_rng(seed)
    codes = rng.integers(-128, 128, program.tensors["x"].shape).astype(np.int8)
    (made,) = reference(program, {"x": codes})
    (judged,) = LiteRT(shifted(program)).run({"x": (codes.astype(np.int16) + 128).astype(np.uint8)})
    np.testing.assert_array_equal(made.astype(np.int16) + 128, judged)

"""Every operator, for every element type that LiteRT's reference kernels take, equals them.

Integers to the bit, floats within the tolerance that the case states (see _ops_harness). 20 Programs per operator and
type, or as many as LIMEN_LITERT_CASES says, each on random and on extreme inputs, one after the other, so that states
live on. ``bench/op_table.py`` prints 100 each as a table.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance._ops_harness import LiteRT, compare, draw_case, families, feeds_of, reference
from limen.program import OPS, initial_states

FAMILIES = families()
COLUMNS = [(name, dtype) for name, family in sorted(FAMILIES.items()) for dtype in family.dtypes]
CASES = int(os.environ.get("LIMEN_LITERT_CASES", "20"))


@pytest.mark.parametrize(("name", "dtype"), COLUMNS, ids=lambda value: str(value))
def test_an_operator_equals_the_reference_kernel(name: str, dtype: str) -> None:
    @settings(max_examples=CASES)
    @given(st.integers(0, 2**32 - 1))
    def check(seed: int) -> None:
        case = draw_case(FAMILIES[name], dtype, seed)
        litert = LiteRT(case.program, FAMILIES[name].judge(dtype))
        states = initial_states(case.program)
        for feeds in feeds_of(case, seed):
            difference = compare(case, feeds, reference(case.program, feeds, states), litert.run(feeds))
            assert difference.excess == 0, (difference, case.program.nodes[0].op, case.program.tensors.values())

    check()


def test_every_operator_has_cases() -> None:
    assert sorted(FAMILIES) == sorted(OPS.names())

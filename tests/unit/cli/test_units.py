"""Quantities: the base unit, every suffix, and what is refused."""

from __future__ import annotations

import argparse
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limen.cli import _units


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (_units.points, "0.5", 0.5),
        (_units.points, "0.5pt", 0.5),
        (_units.points, "2%", 2.0),
        (_units.milliseconds, "3", 3.0),
        (_units.milliseconds, "250us", 0.25),
        (_units.milliseconds, "1.5 s", 1500.0),
        (_units.count, "250k", 250_000),
        (_units.count, "1.5M", 1_500_000),
        (_units.byte_count, "65536", 65536),
        (_units.byte_count, "64KiB", 65536),
        (_units.byte_count, "64kB", 64000),
        (_units.byte_count, "1.5MiB", 1_572_864),
        (_units.byte_count, ".5MB", 500_000),
    ],
)
def test_a_suffix_scales_to_the_base_unit(parse: Callable[[str], float], text: str, value: float) -> None:
    assert parse(text) == value


@pytest.mark.parametrize("text", ["", "ms", "-3", "3 parsecs", "nan", "inf", "1e999", "0x10", "1_000", "3ms4"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        _units.milliseconds(text)


@given(st.integers(0, 10**9))
def test_a_plain_number_is_itself(number: int) -> None:
    assert _units.byte_count(str(number)) == _units.count(str(number)) == number

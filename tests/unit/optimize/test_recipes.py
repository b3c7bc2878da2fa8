"""Recipe names decode, and a wrong one suggests what was meant."""

from __future__ import annotations

import pytest

from limen.errors import DataError, UsageError
from limen.optimize import Decision, Decisions, decode
from limen.program import Quant


@pytest.mark.parametrize(
    ("name", "kind", "activation", "per_channel", "percentile"),
    [
        ("int8", "static", "int8", True, 100.0),
        ("int16x8", "static", "int16", True, 100.0),
        ("static_wi8_ai8_pt_mse_bc", "static", "int8", False, 100.0),
        ("static_wi8_ai8_pt", "static", "int8", False, 100.0),
        ("static_wi8_ai8_pt_p99.9", "static", "int8", False, 99.9),
        ("static_wi8_ai16_p99", "static", "int16", True, 99.0),
        ("float16", "float16", "int8", True, 100.0),
        ("none", "float32", "int8", True, 100.0),
        ("dynamic", "dynamic", "int8", True, 100.0),
    ],
)
def test_a_name_decodes(name: str, kind: str, activation: str, per_channel: bool, percentile: float) -> None:
    recipe = decode(name)
    assert (recipe.kind, recipe.scheme.activation) == (kind, activation)
    assert (recipe.scheme.per_channel, recipe.percentile) == (per_channel, percentile)
    assert decode(recipe.name) == recipe


def test_int8_covers_by_least_error_and_corrects_biases() -> None:
    recipe = decode("int8")
    assert (recipe.ranges, recipe.correct_bias) == ("mse", True)
    assert (recipe.equalize, recipe.sequential_bias, recipe.second_order, recipe.full) == (False,) * 4


def test_int8_best_tries_every_guarded_pass() -> None:
    recipe = decode("int8-best")
    assert (recipe.ranges, recipe.correct_bias) == ("mse", True)
    assert recipe.equalize
    assert recipe.sequential_bias
    assert recipe.second_order
    assert recipe.full
    assert decode("int8-best").full
    assert decode("static_wi8_ai8").ranges == "minmax"


def test_a_misspelt_name_suggests_the_right_one() -> None:
    with pytest.raises(UsageError, match="static_wi8_ai8"):
        decode("static_w8_ai8")


def test_a_percentile_out_of_range_is_refused() -> None:
    with pytest.raises(UsageError, match=r"percentile 20 is not in"):
        decode("static_wi8_ai8_p20")


def test_decisions_read_back_and_refuse_another_schema() -> None:
    decision = Decision("int8", Quant.per_tensor(0.5, 3), "range", -1.0, 2.0)
    decisions = Decisions("static_wi8_ai8", {"y": decision}, 4, {"z": "Exp has no int8 kernel"}, {"y": (0.25,)})
    again = Decisions.from_json(decisions.to_json())
    assert again.to_bytes() == decisions.to_bytes()
    assert again.tensors["y"] == decision
    assert again.shifts == {"y": (0.25,)}
    with pytest.raises(DataError, match="schema 99"):
        Decisions.from_json({**decisions.to_json(), "schema": 99})

"""What every operator declares: attributes, arity, effect and how static quantisation treats it."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import pytest

from limen.program import OPS
from limen.program.op import check_attributes
from limen.program.types import DTYPES

# Operators that stay in float under static quantisation, each with the reason.
FLOAT_ONLY = {
    "Cast": "converts stored numbers; scales play no part",
    "Ceil": "no integer kernel",
    "Cos": "no integer kernel",
    "CumSum": "kernels of unquantised integers only",
    "Equal": "codes compare in fixed point: only scales below 1, and close values count as equal",
    "Floor": "no integer kernel",
    "FloorDiv": "kernels of unquantised integers only",
    "FloorMod": "kernels of unquantised integers only",
    "Greater": "as Equal",
    "GreaterEqual": "as Equal",
    "Less": "as Equal",
    "LessEqual": "as Equal",
    "LogicalAnd": "bool",
    "LogicalNot": "bool",
    "LogicalOr": "bool",
    "Neg": "negates codes without their zero point",
    "NotEqual": "as Equal",
    "Pow": "kernels of unquantised numbers only",
    "Round": "no integer kernel",
    "Rsqrt": "the integer kernels stop the run below the zero point",
    "Sign": "no integer kernel",
    "Sin": "no integer kernel",
    "Sqrt": "the integer kernels stop the run below the zero point",
    "Square": "no integer kernel",
}


@pytest.mark.parametrize("name", OPS.names())
def test_an_operator_is_a_frozen_dataclass_under_its_name(name: str) -> None:
    kind = OPS[name]
    assert is_dataclass(kind)
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert kind.name == name == kind.__name__
    assert kind.__doc__
    low, high = kind.arity
    assert 0 <= low <= high


@pytest.mark.parametrize("name", OPS.names())
def test_default_attributes_have_their_declared_types(name: str) -> None:
    made = OPS[name]()
    check_attributes(made)
    assert list(made.attributes()) == [f.name for f in fields(made)]
    assert made == OPS[name](**made.attributes())
    hash(made)


@pytest.mark.parametrize("name", OPS.names())
def test_an_operator_has_a_deliberate_quantisation_rule(name: str) -> None:
    kind, rule = OPS[name], OPS[name].quant_rule
    assert "quant_rule" in vars(kind), "the default rule says nothing"
    assert set(rule.dtypes) <= {"int8", "uint8", "int16"} <= set(DTYPES)
    assert (rule.kind == "none") == (not rule.dtypes)
    assert (rule.kind == "fixed") == bool(rule.fixed)
    assert (rule.kind == "weighted") == (rule.weights is not None)
    indices = [i for i in (rule.weights, rule.bias, *(rule.data_inputs or ())) if i is not None]
    assert all(0 <= i < kind.arity[1] for i in indices)
    assert len(set(indices)) == len(indices)


def test_what_stays_in_float_is_listed_with_a_reason() -> None:
    assert {n for n in OPS.names() if OPS[n].quant_rule.kind == "none"} == set(FLOAT_ONLY)


@pytest.mark.parametrize("name", OPS.names())
def test_only_the_state_operators_have_an_effect(name: str) -> None:
    wanted = {"ReadVariable": "read", "AssignVariable": "assign"}.get(name, "none")
    assert OPS[name].effect == wanted
    assert hasattr(OPS[name](), "state") == (wanted != "none")

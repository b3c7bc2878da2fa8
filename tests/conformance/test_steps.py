"""Every step that exists keeps the contract of limen.steps; none is named here."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from limen.errors import BundleError, DataError, UsageError
from limen.steps import STEPS, Chain, Context, Step, Value, Vector, vectors
from limen.steps._schema import hints, required

ALL = STEPS.values()
CASES = [pytest.param(case, id=f"{case.step.name}-{n}") for step in ALL for n, case in enumerate(vectors(step))]
EACH = pytest.mark.parametrize("step", ALL, ids=STEPS.names())
EACH_CASE = pytest.mark.parametrize("case", CASES)


def _run(case: Vector, chain: bool = False) -> Value:
    context = Context(labels=case.labels, facts=dict(case.facts))

    def run(value: Value) -> Value:
        return Chain((case.step,)).run(value, context) if chain else case.step.run(value, context)

    return tuple(run(chunk) for chunk in case.value) if case.stream else run(case.value)


def _assert_same(found: Any, expected: Any, tolerance: float) -> None:
    if isinstance(expected, dict):
        assert set(found) == set(expected)
        for name in expected:
            _assert_same(found[name], expected[name], tolerance)
    elif isinstance(expected, tuple):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            _assert_same(one, other, tolerance)
    else:
        assert isinstance(found, np.ndarray)
        assert found.dtype.kind == expected.dtype.kind
        assert found.dtype == expected.dtype or expected.dtype.kind == "U"
        assert found.shape == expected.shape
        if tolerance:
            np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
        else:
            np.testing.assert_array_equal(found, expected)


@EACH
def test_has_vectors_a_kind_and_a_docstring_that_explains_every_parameter(step: type[Step]) -> None:
    assert vectors(step)
    assert all(isinstance(case.step, step) for case in vectors(step))
    assert step.kind in ("pre", "post")
    assert step.version >= 1
    for parameter in hints(step):
        assert f"{parameter}:" in (step.__doc__ or ""), f"{step.name}: {parameter} is not documented"


@EACH_CASE
def test_answers_its_vectors(case: Vector) -> None:
    _assert_same(_run(case), case.expected, case.tolerance)


@EACH_CASE
def test_answers_the_same_bits_again_and_leaves_its_input_alone(case: Vector) -> None:
    before = _frozen(case.value)
    _assert_same(_run(case), _run(case), 0.0)
    assert _frozen(case.value) == before


def _frozen(value: Value) -> Any:
    if isinstance(value, dict):
        return {name: _frozen(item) for name, item in value.items()}
    if isinstance(value, tuple):
        return tuple(_frozen(item) for item in value)
    return value.tobytes() if isinstance(value, np.ndarray) else value


@EACH_CASE
def test_runs_in_a_chain_read_back_from_json_and_from_the_command_line(case: Vector) -> None:
    chain = Chain((case.step,))
    assert Chain.from_bytes(chain.to_bytes()) == chain
    assert Chain.from_bytes(chain.to_bytes()).to_bytes() == chain.to_bytes()
    assert Chain.parse(chain.spec()) == chain
    assert type(case.step).from_json(json.loads(json.dumps(case.step.to_json()))) == case.step
    assert case.step.name in chain.describe()


@EACH
def test_refuses_unknown_parameters_by_the_nearest_name(step: type[Step]) -> None:
    data = vectors(step)[0].step.to_json()
    for parameter in hints(step):
        wrong = {**data, "parameters": {**data["parameters"], parameter + "x": 1}}
        with pytest.raises(UsageError, match=f"{step.name}: parameter '{parameter}x' is not known") as caught:
            step.from_json(wrong)
        assert parameter in (caught.value.hint or "")


@EACH
def test_refuses_values_of_another_type_by_name(step: type[Step]) -> None:
    good = vectors(step)[0].step
    for parameter in hints(step):
        for wrong in (None, {"a": 1}, [[[[1]]]], object(), float("nan"), b"1"):
            with pytest.raises(UsageError, match=f"{step.name}: {parameter}=") as caught:
                type(good)(**{**good.parameters(), parameter: wrong})
            assert caught.value.hint


@EACH
def test_refuses_other_versions_and_missing_parameters(step: type[Step]) -> None:
    data = vectors(step)[0].step.to_json()
    with pytest.raises(BundleError, match="version"):
        step.from_json({**data, "version": step.version + 1}, BundleError)
    for parameter in required(step):
        fewer = {name: value for name, value in data["parameters"].items() if name != parameter}
        with pytest.raises(BundleError, match=f"parameter {parameter} is missing"):
            step.from_json({**data, "parameters": fewer}, BundleError)


@EACH
@pytest.mark.parametrize(
    "value",
    [
        np.zeros((0,), np.float32),
        np.zeros((0, 3, 3), np.uint8),
        np.array(["a", "b"]),
        np.array([1j, 2j]),
        np.zeros((1, 1, 1, 1, 1, 1, 1), np.complex64),
        np.array([np.nan, 1.0], np.float32),
        np.full((4, 4, 3), np.inf, np.float32),
        {},
        {"a": np.array([np.nan, 1.0], np.float32), "b": np.zeros((0,), np.float32)},
        [[1, 2], [3]],
        None,
        object(),
    ],
    ids=lambda value: type(value).__name__ + str(getattr(value, "shape", "")),
)
def test_takes_odd_values_or_says_clearly_why_not(step: type[Step], value: Value) -> None:
    for case in vectors(step):
        problem = _refusal(case.step, value, Context(facts=dict(case.facts)))
        assert problem is None or (problem.message.startswith(f"{step.name}: ") and problem.hint)


def _refusal(step: Step, value: Value, context: Context) -> DataError | None:
    try:
        step.run(value, context)
    except DataError as problem:
        return problem
    return None


@EACH
def test_answers_finite_numbers_to_its_own_vectors_at_their_extremes(step: type[Step]) -> None:
    for case in vectors(step):
        if isinstance(case.value, np.ndarray) and case.value.dtype.kind in "iu":
            for edge in (np.iinfo(case.value.dtype).min, np.iinfo(case.value.dtype).max):
                found = case.step.run(np.full_like(case.value, edge), Context(facts=dict(case.facts)))
                for part in found.values() if isinstance(found, dict) else (found,):
                    assert part.dtype.kind == "U" or np.isfinite(part).all()

"""softmax, top-k, threshold, standardise against scipy, scikit-learn and plain Python."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

from limen.errors import DataError, UsageError
from limen.steps import Chain, Context
from limen.steps.sigmoid import Sigmoid
from limen.steps.softmax import Softmax
from limen.steps.standardise import Standardise
from limen.steps.threshold import Threshold
from limen.steps.top_k import TopK

NUMBERS = arrays(np.float32, array_shapes(max_dims=3, max_side=6), elements=st.floats(-(2.0**99), 2.0**99, width=32))


@given(NUMBERS)
def test_softmax_and_sigmoid_are_scipys(x: NDArray[np.float32]) -> None:
    wide = x.astype(np.float64)
    np.testing.assert_allclose(Softmax().run(x, Context()), scipy.special.softmax(wide, axis=-1), atol=1e-6)
    np.testing.assert_allclose(Sigmoid().run(x, Context()), scipy.special.expit(wide), atol=1e-6)


@given(
    arrays(np.int8, st.tuples(st.integers(1, 3), st.integers(1, 9)), elements=st.integers(-3, 3)), st.integers(1, 12)
)
def test_top_k_sorts_by_score_then_class(x: NDArray[np.int8], k: int) -> None:
    found = TopK(k).run({"logits": x}, Context())
    for row, classes, scores in zip(x, found["classes"], found["scores"], strict=True):
        expected = sorted(range(len(row)), key=lambda c: (-int(row[c]), c))[:k]
        assert classes.tolist() == expected
        assert scores.tolist() == [float(row[c]) for c in expected]


def test_top_k_prefers_its_own_labels_and_refuses_a_wrong_number() -> None:
    assert TopK(1, ("a", "b")).run(np.array([0, 1]), Context(labels=("x", "y")))["labels"].tolist() == ["b"]
    with pytest.raises(DataError, match=r"^top_k: 2 labels for 3 classes \(give one label per class\)$"):
        TopK().run(np.zeros(3), Context(labels=("x", "y")))


def test_several_outputs_are_refused_by_name() -> None:
    with pytest.raises(DataError, match="the model has 2 outputs: a, b"):
        Softmax().run({"a": np.zeros(2), "b": np.zeros(2)}, Context())


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.integers(1, 5))
def test_threshold_averages_the_last_answers(scores: list[float], average: int) -> None:
    chain, context = Chain((Threshold(0.5, average),)), Context()
    for n, score in enumerate(scores, 1):
        found = chain.run(np.array([score]), context)
        mean = sum(scores[n - average : n]) / average if n >= average else 0.0
        assert found["scores"][0] == pytest.approx(mean, abs=1e-6)
        if abs(mean - 0.5) > 1e-9:
            assert found["passed"][0] == (mean > 0.5)


def test_threshold_refuses_another_shape_within_a_stream() -> None:
    step, context = Threshold(0.5, 2), Context()
    step.run(np.zeros(2), context)
    with pytest.raises(DataError, match=r"the scores are \(3,\) after \(2,\)"):
        step.run(np.zeros(3), context)


@given(arrays(np.float64, st.tuples(st.integers(2, 20), st.integers(1, 5)), elements=st.floats(-1e6, 1e6)))
def test_standardise_is_scikit_learns_scaler(x: NDArray[np.float64]) -> None:
    scaler = StandardScaler().fit(x)
    found = Standardise(scaler.mean_, scaler.scale_).run(x, Context())
    np.testing.assert_allclose(found, scaler.transform(x), rtol=1e-6, atol=1e-6)


def test_standardise_refuses_what_does_not_fit() -> None:
    step = Standardise((0.0, 1.0), (1.0, 2.0))
    with pytest.raises(DataError, match=r"shape \(2, 3\) \(give 2 features"):
        step.run(np.zeros((2, 3)), Context())
    with pytest.raises(DataError, match="the input is nan at element 1"):
        step.run(np.array([1.0, np.nan]), Context())
    with pytest.raises(DataError, match="leaves float32"):
        Standardise((0.0,), (1e-300,)).run(np.array([1e200]), Context())
    with pytest.raises(UsageError, match="std=0/1"):
        Standardise((0.0, 1.0), (0.0, 1.0))

"""Metrics agree with scikit-learn and with values computed by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as oracle

from limen.errors import DataError, UsageError
from limen.measure.metrics import accuracy, auc, cer, edit_distance, f1, find_metric, rmse

RNG = np.random.default_rng(7)
TRUTH = RNG.integers(0, 2, 200)
SCORE = np.round(TRUTH * 0.3 + RNG.random(200), 1).astype(np.float32)


def test_auc_counts_ties_as_half() -> None:
    assert auc(TRUTH, SCORE) == pytest.approx(oracle.roc_auc_score(TRUTH, SCORE))
    two = np.stack([1 - SCORE, SCORE], 1)
    assert auc(TRUTH, two) == pytest.approx(oracle.roc_auc_score(TRUTH, SCORE))


def test_auc_of_one_class_is_refused() -> None:
    with pytest.raises(DataError, match="only one class"):
        auc(np.zeros(3), np.ones(3))


def test_accuracy_takes_indices_and_one_hot() -> None:
    outputs = RNG.random((50, 4)).astype(np.float32)
    labels = RNG.integers(0, 4, 50)
    expected = oracle.accuracy_score(labels, outputs.argmax(1))
    assert accuracy(labels, outputs) == expected
    assert accuracy(np.eye(4)[labels], outputs) == expected


def test_f1_is_macro_for_many_classes_and_of_class_one_for_two() -> None:
    outputs = RNG.random((80, 3)).astype(np.float32)
    labels = RNG.integers(0, 3, 80)
    assert f1(labels, outputs) == pytest.approx(oracle.f1_score(labels, outputs.argmax(1), average="macro"))
    guess = SCORE > 0.5
    assert f1(TRUTH, SCORE[:, None]) == pytest.approx(oracle.f1_score(TRUTH, guess))


def test_rmse_and_character_error_rate_by_hand() -> None:
    assert rmse(np.asarray([1.0, 2.0]), np.asarray([[1.0], [4.0]])) == pytest.approx(np.sqrt(2.0))
    assert edit_distance([1, 2, 3], [1, 3]) == 1
    frames = np.eye(4)[[1, 1, 0, 2, 3]][None]
    assert cer(np.asarray([[1, 2, 2]]), frames) == pytest.approx(1 / 3)


def test_an_unknown_metric_suggests_and_a_function_is_loaded() -> None:
    with pytest.raises(UsageError, match="accuracy"):
        find_metric("acuracy")
    with pytest.raises(UsageError, match="cannot be loaded"):
        find_metric("math:nothing_of_that_name")
    assert find_metric("math:dist")(np.asarray([0.0]), np.asarray([2.0])) == 2.0

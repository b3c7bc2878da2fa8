"""Verdicts: proved, not provable, refused; for every metric, and with the worst class."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from limen.errors import DataError
from limen.optimize.verdict import AGREEMENT, confusion, judge, unchanged

RNG = np.random.default_rng(11)


def answers(labels: np.ndarray, wrong: int, classes: int = 4) -> np.ndarray:
    """Scores [n, classes] that are right but for the first ``wrong`` samples."""
    guess = labels.copy()
    guess[:wrong] = (guess[:wrong] + 1) % classes
    return np.eye(classes, dtype=np.float32)[guess]


LABELS = RNG.integers(0, 4, 2000)


def test_a_small_drop_is_proved_with_enough_samples() -> None:
    verdict = judge("accuracy", LABELS, answers(LABELS, 0), answers(LABELS, 2), 0.5)
    assert verdict.passed
    assert verdict.drop == pytest.approx(0.1)
    assert verdict.ci95[0] <= 0.1 <= verdict.ci95[1] <= 0.5


def test_few_samples_prove_nothing_and_say_how_many_would() -> None:
    verdict = judge("accuracy", LABELS[:300], answers(LABELS[:300], 0), answers(LABELS[:300], 0), 0.5)
    assert not verdict.passed
    assert verdict.needed is not None
    assert 700 < verdict.needed < 900
    assert "not provable with 300 samples, needs about" in verdict.text()


def test_a_large_drop_is_refused_and_no_number_of_samples_helps() -> None:
    verdict = judge("accuracy", LABELS, answers(LABELS, 0), answers(LABELS, 60), 0.5)
    assert not verdict.passed
    assert verdict.needed is None
    assert "more than 0.5 pt" in verdict.text()


def test_the_worst_class_is_the_one_that_loses_most() -> None:
    labels = np.repeat([0, 1, 2], 100)
    outputs = np.eye(3, dtype=np.float32)[labels]
    worse = outputs.copy()
    worse[200:230] = [1, 0, 0]
    verdict = judge("accuracy", labels, outputs, worse)
    assert verdict.worst_class == (2, pytest.approx(30.0))
    assert confusion(labels, worse) == [[100, 0, 0], [0, 100, 0], [30, 0, 70]]


@pytest.mark.parametrize("metric", ["auc", "f1", "map"])
def test_metrics_of_two_classes_lose_points_when_noise_is_added(metric: str) -> None:
    labels = RNG.integers(0, 2, 800)
    score = np.clip(labels * 0.6 + RNG.normal(0.2, 0.15, 800), 0, 1)
    noisy = np.clip(score + RNG.normal(0, 0.4, 800), 0, 1)
    wanted, got = (np.stack([1 - s, s], 1).astype(np.float32) for s in (score, noisy))
    verdict = judge(metric, labels, wanted, got, 0.5)
    assert verdict.unit == "pt"
    assert verdict.drop > 1
    assert not verdict.passed
    assert verdict.ci95[0] < verdict.drop < verdict.ci95[1]


def test_rmse_that_rises_is_a_drop_in_its_own_unit() -> None:
    labels = RNG.normal(0, 10, 500)
    wanted = labels + RNG.normal(0, 2, 500)
    verdict = judge("rmse", labels, wanted, wanted + RNG.normal(0, 1, 500), 1.0)
    assert verdict.unit == ""
    assert 0 < verdict.drop < 0.6
    assert verdict.passed
    assert verdict.result > verdict.reference


def test_a_python_function_is_scored_and_may_run_the_other_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.py").write_text(
        "import numpy as np\n"
        "def miss(labels, outputs):\n    return float(np.mean(outputs.argmax(1) != labels))\n"
        "miss.lower_is_better = True\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    verdict = judge("mine:miss", LABELS, answers(LABELS, 0), answers(LABELS, 20), 5.0)
    sys.modules.pop("mine")
    assert verdict.drop == pytest.approx(1.0)
    assert verdict.passed


def test_agreement_needs_no_labels() -> None:
    verdict = judge(AGREEMENT, None, answers(LABELS, 0), answers(LABELS, 10), 1.0)
    assert verdict.result == pytest.approx(0.995)
    assert verdict.drop == pytest.approx(0.5)


def test_no_labels_for_a_metric_is_an_error_and_float_never_drops() -> None:
    with pytest.raises(DataError, match="no labels"):
        judge("accuracy", None, answers(LABELS, 0), answers(LABELS, 0))
    seen = unchanged("accuracy", LABELS, answers(LABELS, 0), answers(LABELS, 100), 0.1)
    assert seen.passed
    assert seen.result == pytest.approx(0.95)


def test_labels_in_words_are_for_functions_only_and_a_function_that_fails_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = np.asarray(["a"] * len(LABELS))
    for metric in ("accuracy", "auc", "f1", "rmse", "cer"):
        with pytest.raises(DataError, match="labels are <U1"):
            judge(metric, words, answers(LABELS, 0), answers(LABELS, 0))
    (tmp_path / "wordy.py").write_text(
        "def share(words, outputs):\n    return float((words == 'a').mean())\n\n"
        "def fails(words, outputs):\n    return {}[1]\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert judge("wordy:share", words, answers(LABELS, 0), answers(LABELS, 0), 1.0).passed
    with pytest.raises(DataError, match="wordy:fails fails: KeyError"):
        judge("wordy:fails", words, answers(LABELS, 0), answers(LABELS, 0))
    sys.modules.pop("wordy")


def test_json_has_the_contracts_keys() -> None:
    value = judge("accuracy", LABELS, answers(LABELS, 0), answers(LABELS, 1)).to_json()
    assert {"float", "result", "drop", "ci95"} <= set(value)

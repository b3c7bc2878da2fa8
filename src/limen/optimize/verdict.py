"""Whether a model scores as the budget asks: 'drop <= 0.5 pt at 95 %', or 'not provable with n samples, need m'.

Both models are scored on the same samples, so what is judged is the drop between them, with its interval. Drops of
metrics between 0 and 1 are in points (hundredths); those of rmse, and of a function whose value is larger than 1, in
the metric's own unit. A positive drop is a loss, whichever way the metric runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limen.errors import DataError
from limen.measure.metrics import (
    Metric,
    class_indices,
    classes_of,
    f1_of,
    find_metric,
    lower_is_better,
    numbered,
    predictions,
    sample_errors,
)
from limen.optimize.statistics import (
    LEVEL,
    RESAMPLES,
    Interval,
    bootstrap,
    paired_areas,
    paired_shares,
    samples_for,
)

Array = NDArray[Any]
AGREEMENT = "agreement"
FUNCTION_RESAMPLES = 400
MOST_CLASSES = 50


@dataclass(frozen=True)
class Verdict:
    """One model against the float model on labelled samples.

    Args:
        metric: its name.
        reference: the float model's value; ``float`` in JSON.
        result: the model's value.
        drop: how much worse it is, in ``unit``.
        ci95: interval that holds the true drop with 95 %.
        unit: ``pt`` for points, empty for the metric's own.
        n: samples.
        limit: the drop that is allowed; None for any.
        passed: the upper end of ``ci95`` is within the limit.
        needed: samples that would prove it; None where that is not known or none would.
        worst_class: the class whose share of right answers falls most, and by how many points.
    """

    metric: str
    reference: float
    result: float
    drop: float
    ci95: Interval
    unit: str
    n: int
    limit: float | None = None
    passed: bool = True
    needed: int | None = None
    worst_class: tuple[int, float] | None = None

    def to_json(self) -> dict[str, Any]:
        return {"float" if k == "reference" else k: v for k, v in asdict(self).items()}

    def text(self) -> str:
        """In words."""
        unit = f" {self.unit}" if self.unit else ""
        seen = f"{self.metric} {self.reference:.4g} -> {self.result:.4g}, drop {self.drop:.3g}{unit}"
        seen += f" (95 %: {self.ci95[0]:.3g} to {self.ci95[1]:.3g}, {self.n} samples)"
        if self.limit is None:
            return seen
        if self.passed:
            return f"{seen}: drop <= {self.limit:g}{unit} at 95 %"
        if self.drop > self.limit:
            return f"{seen}: more than {self.limit:g}{unit}"
        need = f", needs about {self.needed}" if self.needed else ""
        return f"{seen}: drop <= {self.limit:g}{unit} is not provable with {self.n} samples{need}"


def judge(metric: str, labels: Array | None, wanted: Array, got: Array, limit: float | None = None) -> Verdict:
    """The verdict on outputs ``got`` where the float model gives ``wanted``.

    Args:
        metric: a name, ``module:function``, or ``agreement`` with the float model's classes, which needs no labels.
        labels: [n, ...].
        wanted, got: first outputs, [n, ...].
        limit: largest drop allowed, in the verdict's unit.

    Raises:
        DataError: no labels, or outputs that the metric cannot score.
    """
    labels, metric_of = _scorer(metric, labels, wanted)
    before, after = metric_of(labels, wanted), metric_of(labels, got)
    unit = unit_of(metric, before)
    factor = (100.0 if unit else 1.0) * (-1.0 if metric != AGREEMENT and lower_is_better(metric) else 1.0)
    drop, needed = factor * (before - after), None
    n = len(labels)
    if metric in ("accuracy", AGREEMENT):
        lost, won = _discordant(labels, wanted, got)
        ends = paired_shares(lost, won, n)
        needed = None if limit is None else samples_for(lost, won, n, limit / 100.0)
    else:
        ends = _interval(metric, metric_of, labels, wanted, got)
    low, high = sorted(factor * end for end in ends)
    passed = limit is None or high <= limit
    if limit is not None and not passed and needed is None and drop < limit and metric != "accuracy":
        needed = _scaled(n, drop, high, limit)
    worst = _worst_class(labels, wanted, got)
    return Verdict(metric, before, after, drop, (low, high), unit, n, limit, passed, None if passed else needed, worst)


def unchanged(metric: str, labels: Array | None, wanted: Array, got: Array, limit: float | None = None) -> Verdict:
    """The verdict on the float model itself, on any engine: its drop is nothing by definition; arguments as ``judge``.

    Raises:
        DataError: as ``judge`` raises.
    """
    labels, metric_of = _scorer(metric, labels, wanted)
    value = metric_of(labels, got)
    return Verdict(metric, value, value, 0.0, (0.0, 0.0), unit_of(metric, value), len(labels), limit)


def unit_of(metric: str, value: float) -> str:
    """Points for what lies between 0 and 1."""
    return "" if metric == "rmse" or not 0.0 <= value <= 1.0 else "pt"


def _scorer(metric: str, labels: Array | None, wanted: Array) -> tuple[Array, Metric]:
    """The labels to score against, and the function."""
    if metric == AGREEMENT:
        return predictions(wanted), find_metric("accuracy")
    if labels is None:
        raise DataError(f"metric {metric}: the data has no labels", "store them under the key y")
    if ":" not in metric and labels.dtype.kind not in "iubf":
        raise DataError(f"metric {metric}: labels are {labels.dtype}", "store numbers, or use module:function")
    return labels, find_metric(metric)


def confusion(labels: Array, outputs: Array) -> list[list[int]] | None:
    """Rows are true classes, columns answers; None where there are no classes or more than MOST_CLASSES."""
    truth, guess = classes_of(labels), predictions(outputs)
    if truth is None or len(truth) != len(guess):
        return None
    count = int(max(truth.max(), guess.max())) + 1
    if count > MOST_CLASSES or truth.min() < 0:
        return None
    table = np.bincount(truth * count + guess, minlength=count * count).reshape(count, count)
    return [[int(v) for v in row] for row in table]


def _discordant(labels: Array, wanted: Array, got: Array) -> tuple[int, int]:
    """Samples that only the float model gets right, and those that only the other does."""
    truth = classes_of(labels)
    if truth is None or len(truth) != len(wanted):
        raise DataError("accuracy: the labels are no classes", "give one whole number per sample")
    right = [_answers(outputs) == truth for outputs in (wanted, got)]
    return int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())


def _answers(outputs: Array) -> Array:
    return outputs.reshape(-1) if outputs.size == len(outputs) and outputs.dtype.kind in "iu" else predictions(outputs)


def _interval(
    metric: str, metric_of: Callable[[Array, Array], float], labels: Array, wanted: Array, got: Array
) -> Interval:
    """Of ``float - result`` in the metric's unit."""
    n = len(labels)
    if metric == "auc":
        truth = classes_of(labels)
        assert truth is not None
        scores = [outputs.reshape(n, -1)[:, -1].astype(np.float64) for outputs in (wanted, got)]
        return paired_areas(truth == 1, scores[0], scores[1])
    if metric == "f1":
        return _of_f1(labels, wanted, got)
    parts = [sample_errors(metric, labels, outputs) for outputs in (wanted, got)]
    if parts[0] is not None and parts[1] is not None:
        (error, weight, finish), (other, _, _) = parts[0], parts[1]
        return bootstrap(lambda i: finish(error[i], weight[i]) - finish(other[i], weight[i]), n, RESAMPLES, LEVEL)

    def drop(index: NDArray[np.int64]) -> float:
        try:
            return metric_of(labels[index], wanted[index]) - metric_of(labels[index], got[index])
        except DataError:
            return math.nan

    return bootstrap(drop, n, FUNCTION_RESAMPLES, LEVEL)


def _of_f1(labels: Array, wanted: Array, got: Array) -> Interval:
    classes, parts = numbered(class_indices(labels), predictions(wanted), predictions(got))

    def drop(index: NDArray[np.int64]) -> float:
        truth, first, second = (part[index] for part in parts)
        return f1_of(classes, truth, first) - f1_of(classes, truth, second)

    return bootstrap(drop, len(labels), RESAMPLES, LEVEL)


def _scaled(n: int, drop: float, high: float, limit: float) -> int:
    """Intervals shrink with the root of the number of samples."""
    return math.ceil(n * ((high - drop) / (limit - drop)) ** 2)


def _worst_class(labels: Array, wanted: Array, got: Array) -> tuple[int, float] | None:
    tables = confusion(labels, wanted), confusion(labels, got)
    if tables[0] is None or tables[1] is None:
        return None
    drops = {}
    for c in range(min(len(tables[0]), len(tables[1]))):
        total = sum(tables[0][c])
        if total:
            drops[c] = 100.0 * (tables[0][c][c] - tables[1][c][c]) / total
    worst = max(drops, key=lambda c: drops[c], default=None)
    return None if worst is None else (worst, drops[worst])

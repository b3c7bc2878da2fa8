"""The user's metric: named ones, or a Python function ``module:function`` of (labels, outputs).

Every metric takes labels [n] or [n, ...] and the model's first output [n, ...] (float), and returns a float where
larger is better, except ``rmse`` and ``cer``. A function says that smaller is better by an attribute
``lower_is_better``.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limen.errors import DataError, UsageError
from limen.measure.detection import mean_average_precision
from limen.registry import suggest

Array = NDArray[Any]
Metric = Callable[[Array, Array], float]
LOWER_IS_BETTER = frozenset({"rmse", "cer"})
Finish = Callable[[Array, Array], float]


def predictions(outputs: Array) -> NDArray[np.int64]:
    """Class of each sample: argmax over the last axis, or output > 0.5 where there is one value per sample."""
    flat = outputs.reshape(len(outputs), -1)
    if flat.shape[1] == 1:
        return (flat[:, 0] > 0.5).astype(np.int64)
    return np.asarray(flat.argmax(1), np.int64)


def class_indices(labels: Array) -> NDArray[np.int64]:
    """Labels as class indices; one-hot rows become their argmax."""
    flat = labels.reshape(len(labels), -1)
    return np.asarray(flat[:, 0] if flat.shape[1] == 1 else flat.argmax(1), np.int64)


def classes_of(labels: Array) -> NDArray[np.int64] | None:
    """Labels as class indices [n]; None where they are not classes."""
    if labels.dtype.kind not in "iubf":
        return None
    flat = labels.reshape(len(labels), -1)
    if flat.shape[1] > 1 and not (np.isin(flat, (0, 1)).all() and (flat.sum(1) == 1).all()):
        return None
    if labels.dtype.kind not in "iub" and not np.array_equal(labels, np.round(labels)):
        return None
    return class_indices(labels)


def accuracy(labels: Array, outputs: Array) -> float:
    """Share of samples whose class is right."""
    if outputs.size == len(outputs) and outputs.dtype.kind in "iu":
        return float(np.mean(outputs.reshape(-1) == class_indices(labels)))
    return float(np.mean(predictions(outputs) == class_indices(labels)))


def auc(labels: Array, outputs: Array) -> float:
    """Area under the ROC curve of a two-class score (Mann-Whitney U, ties count half)."""
    truth = class_indices(labels)
    flat = outputs.reshape(len(outputs), -1).astype(np.float64)
    score = flat[:, -1] if flat.shape[1] <= 2 else None
    if score is None or set(np.unique(truth)) - {0, 1}:
        raise DataError("auc: needs two classes and one or two outputs per sample", "use accuracy or f1")
    positive, negative = int((truth == 1).sum()), int((truth == 0).sum())
    if not positive or not negative:
        raise DataError("auc: the data holds only one class")
    order = np.argsort(score, kind="stable")
    _, inverse, counts = np.unique(score[order], return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = np.empty(len(score))
    ranks[order] = (last - (counts - 1) / 2)[inverse]
    return float((ranks[truth == 1].sum() - positive * (positive + 1) / 2) / (positive * negative))


def f1(labels: Array, outputs: Array) -> float:
    """F1 of class 1 for two classes, macro average over the classes that occur for more."""
    classes, (truth, guess) = numbered(class_indices(labels), predictions(outputs))
    return f1_of(classes, truth, guess)


def numbered(*parts: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[NDArray[np.int64]]]:
    """All classes that occur, and each part as indices into them."""
    classes, index = np.unique(np.concatenate(parts), return_inverse=True)
    return classes, np.split(index, np.cumsum([len(p) for p in parts[:-1]]))


def f1_of(classes: NDArray[np.int64], truth: NDArray[np.int64], guess: NDArray[np.int64]) -> float:
    """F1 of [n] indices into ``classes``: of class 1 where there is no class but 0 and 1, else averaged."""
    count = len(classes)
    hits = np.bincount(truth[truth == guess], minlength=count)
    seen = np.bincount(truth, minlength=count) + np.bincount(guess, minlength=count)
    scores = 2 * hits / np.maximum(seen, 1)
    if set(classes) <= {0, 1}:
        return float(scores[classes == 1].sum())
    return float(scores[seen > 0].mean())


def rmse(labels: Array, outputs: Array) -> float:
    """Root mean squared error; labels and outputs hold the same number of values."""
    if labels.size != outputs.size:
        raise DataError(f"rmse: labels are {list(labels.shape)}, outputs {list(outputs.shape)}")
    error = labels.reshape(-1).astype(np.float64) - outputs.reshape(-1).astype(np.float64)
    return float(np.sqrt(np.mean(error**2)))


def cer(labels: Array, outputs: Array) -> float:
    """Character error rate: edit distance over reference length; greedy CTC over [n, time, classes], blank 0.

    Labels are [n, length] class indices, padded with -1 or 0.
    """
    if outputs.ndim < 3:
        raise DataError(f"cer: outputs are {list(outputs.shape)}, expected [n, time, classes]")
    distances, lengths = _edits(labels, outputs)
    return float(distances.sum() / max(lengths.sum(), 1))


def _edits(labels: Array, outputs: Array) -> tuple[Array, Array]:
    """Edit distance and reference length of every sample."""
    found = []
    for row, frame in zip(labels, outputs.reshape(len(outputs), *outputs.shape[-2:]), strict=True):
        path = frame.argmax(-1)
        kept = np.concatenate([[True], path[1:] != path[:-1]]) & (path != 0)
        truth = [int(v) for v in np.ravel(row) if v > 0]
        found.append((edit_distance(truth, [int(v) for v in path[kept]]), len(truth)))
    distances, lengths = np.asarray(found, np.float64).reshape(-1, 2).T
    return distances, lengths


def sample_errors(name: str, labels: Array, outputs: Array) -> tuple[Array, Array, Finish] | None:
    """What each sample adds to a metric that is a function of sums: errors [n], weights [n], and that function.

    None where the metric is no such function.
    """
    if name == "cer":
        return *_edits(labels, outputs), lambda e, w: float(e.sum() / max(w.sum(), 1))
    if name == "rmse":
        gap = labels.reshape(len(labels), -1).astype(np.float64) - outputs.reshape(len(labels), -1)
        return (gap**2).mean(1), np.ones(len(gap)), lambda e, w: float(np.sqrt(e.sum() / w.sum()))
    return None


def edit_distance(a: Sequence[int], b: Sequence[int]) -> int:
    """Levenshtein distance."""
    previous = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        current = [i]
        for j, y in enumerate(b, 1):
            current.append(min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (x != y)))
        previous = current
    return previous[-1]


def lower_is_better(name: str) -> bool:
    """Whether a smaller value of the metric is a better one."""
    if ":" not in name:
        return name in LOWER_IS_BETTER
    return bool(getattr(find_metric(name), "lower_is_better", False))


METRICS: dict[str, Metric] = {
    "accuracy": accuracy, "auc": auc, "f1": f1, "map": mean_average_precision, "rmse": rmse, "cer": cer,
}  # fmt: skip


def find_metric(name: str) -> Metric:
    """A metric by name, or ``module:function``; the working folder is searched for the module.

    Raises:
        UsageError: no such metric, module or function.
    """
    if ":" not in name:
        if name not in METRICS:
            raise UsageError(f"metric {name!r} is not known", suggest(name, [*METRICS, "module:function"]))
        return METRICS[name]
    module_name, _, function = name.partition(":")
    here = str(Path.cwd())
    added = here not in sys.path
    if added:
        sys.path.insert(0, here)
    try:
        found = getattr(importlib.import_module(module_name), function)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"metric {name!r} cannot be loaded: {error}") from error
    finally:
        if added:
            sys.path.remove(here)

    def metric(labels: Array, outputs: Array) -> float:
        try:
            return float(found(labels, outputs))
        except Exception as error:  # whatever the user's own code raises
            raise DataError(f"metric {name} fails: {type(error).__name__}: {error}") from error

    metric.lower_is_better = bool(getattr(found, "lower_is_better", False))  # type: ignore[attr-defined]
    return metric

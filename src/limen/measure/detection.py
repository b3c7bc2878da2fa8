"""Mean average precision: of classes that are ranked, or of boxes that are detected."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from limen.errors import DataError

Array = NDArray[Any]
OVERLAP = 0.5
_BOX_COLUMNS, _FOUND_COLUMNS = 5, 6


def mean_average_precision(labels: Array, outputs: Array) -> float:
    """mAP over the classes that occur.

    Boxes: labels [n, most, 5] (x1, y1, x2, y2, class; rows of class -1 are empty), outputs [n, found, 6] (x1, y1, x2,
    y2, score, class; rows of score 0 are empty); a box is found where its intersection over union with one of its
    class is at least 0.5 (Pascal VOC's matching, area under the interpolated curve). Otherwise: labels [n] class
    indices or [n, classes] of 0 and 1, outputs [n, classes] scores.
    """
    if labels.ndim == 3 and labels.shape[-1] == _BOX_COLUMNS:
        if outputs.ndim != 3 or outputs.shape[-1] != _FOUND_COLUMNS:
            raise DataError(f"map: outputs are {list(outputs.shape)}, expected [n, found, {_FOUND_COLUMNS}]")
        return _boxes(labels, outputs)
    scores = outputs.reshape(len(outputs), -1)
    flat = labels.reshape(len(labels), -1)
    truth = flat > 0 if flat.shape[1] == scores.shape[1] else flat[:, :1] == np.arange(scores.shape[1])
    found = [_area(scores[:, c], truth[:, c], int(truth[:, c].sum())) for c in range(truth.shape[1])]
    return _mean([value for value in found if value is not None])


def _mean(values: list[float]) -> float:
    if not values:
        raise DataError("map: the labels hold no class of the outputs")
    return float(np.mean(values))


def _area(scores: Array, right: Array, wanted: int) -> float | None:
    """Area under precision over recall, precision made monotone; None where nothing was wanted."""
    if not wanted:
        return None
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(right[order])
    precision = np.maximum.accumulate((hits / np.arange(1, len(hits) + 1))[::-1])[::-1]
    return float(precision[right[order].astype(bool)].sum() / wanted)


def _boxes(labels: Array, outputs: Array) -> float:
    areas = []
    for kind in np.unique(labels[..., 4][labels[..., 4] >= 0]):
        scores, right, wanted = [], [], 0
        for truth, found in zip(labels, outputs, strict=True):
            boxes = truth[truth[:, 4] == kind][:, :4]
            guesses = found[(found[:, 5] == kind) & (found[:, 4] > 0)]
            wanted += len(boxes)
            guesses = guesses[np.argsort(-guesses[:, 4], kind="stable")]
            scores += list(guesses[:, 4])
            right += _matches(boxes, guesses[:, :4])
        area = _area(np.asarray(scores), np.asarray(right, bool), wanted)
        if area is not None:
            areas.append(area)
    return _mean(areas)


def _matches(boxes: Array, guesses: Array) -> list[bool]:
    """Whether each guess, best first, finds a box that none before it found."""
    taken: set[int] = set()
    right = []
    for guess in guesses:
        overlaps = overlap(boxes, guess)
        best = int(overlaps.argmax()) if len(overlaps) else -1
        hit = best >= 0 and overlaps[best] >= OVERLAP and best not in taken
        right.append(hit)
        if hit:
            taken.add(best)
    return right


def overlap(boxes: Array, box: Array) -> NDArray[np.float64]:
    """Intersection over union of boxes [n, 4] with one box [4]."""
    low, high = np.maximum(boxes[:, :2], box[:2]), np.minimum(boxes[:, 2:], box[2:])
    shared = np.prod(np.maximum(high - low, 0.0), axis=1)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) + float(np.prod(box[2:] - box[:2]))
    return np.asarray(shared / np.maximum(areas - shared, 1e-12), np.float64)

"""From outputs, or what the post steps made of them, to one named answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from limen.engines._engine import Array

_SUM_SLACK = 0.05
"""Eight-bit probabilities of many classes do not add up to 1 exactly."""


@dataclass(frozen=True)
class Answer:
    """What ``Session.predict`` gives for one sample.

    Args:
        index: the best class; None where nothing was found (a detector's empty list).
        label: its name; its index as text where there are no labels.
        probability: its score, 0 to 1 for probabilities.
        outputs: the model's outputs.
        found: what the post steps made of them; the outputs where there are none.
    """

    index: int | None
    label: str
    probability: float
    outputs: Mapping[str, Array]
    found: Any = field(default=None, compare=False)


def interpret(outputs: Mapping[str, Array], found: Any, labels: Sequence[str]) -> Answer:
    """The best class of one sample.

    Without post steps the first output decides: one value is the probability of class 1; several are probabilities if
    they look like them (0 to 1, sum 1), and become them by softmax if not.
    """
    if found is None:
        scores = _probabilities(next(iter(outputs.values())))
        return _best(scores, labels, outputs, outputs)
    if not isinstance(found, Mapping):
        return _best(np.asarray(found).reshape(-1), labels, outputs, found)
    scores = np.asarray(found.get("scores", ())).reshape(-1)
    if not scores.size:
        return Answer(None, "", 0.0, outputs, found)
    if "passed" in found:
        return _passed(scores, np.asarray(found["passed"]).reshape(-1), labels, outputs, found)
    place = int(scores.argmax())
    if "classes" in found:
        index = int(np.asarray(found["classes"]).reshape(-1)[place])
    else:
        index = place % np.shape(found["scores"])[-1]
    named = np.asarray(found["labels"]).reshape(-1) if "labels" in found else None
    label = _label(labels, index) if named is None else str(named[place])
    return Answer(index, label, float(scores[place]), outputs, found)


def _passed(scores: Array, passed: Array, labels: Sequence[str], outputs: Mapping[str, Array], found: Any) -> Answer:
    """A threshold's answer: for one score no or yes (class 0 or 1; one label names the yes); else the best score."""
    if scores.size > 1:
        return _best(scores, labels, outputs, found)
    index = int(passed[0])
    label = ("", labels[0])[index] if len(labels) == 1 else _label(labels, index)
    return Answer(index, label, float(scores[0]), outputs, found)


def _best(scores: Array, labels: Sequence[str], outputs: Mapping[str, Array], found: Any) -> Answer:
    if not scores.size:
        return Answer(None, "", 0.0, outputs, found)
    index = int(scores.argmax()) if scores.size > 1 else int(scores[0] > 0.5)
    return Answer(index, _label(labels, index), float(scores[index] if scores.size > 1 else scores[0]), outputs, found)


def _label(labels: Sequence[str], index: int) -> str:
    return labels[index] if index < len(labels) else str(index)


def _probabilities(values: Array) -> Array:
    scores = np.asarray(values, np.float64).reshape(-1)
    if scores.size < 2 or not np.isfinite(scores).all():
        return scores
    if scores.min() >= 0 and abs(scores.sum() - 1) <= _SUM_SLACK:
        return scores
    powers = np.exp(scores - scores.max())
    return np.asarray(powers / powers.sum())

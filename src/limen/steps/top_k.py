"""The most probable classes, with their names."""

from __future__ import annotations

import dataclasses

import numpy as np

from limen.steps._base import Context, Step, Value
from limen.steps._values import Array, array, single
from limen.steps._vectors import Vector


@dataclasses.dataclass(frozen=True)
class TopK(Step):
    """Scores [..., classes] -> ``classes`` int32 and ``scores`` float32 [..., k], best first; ties: lower class first.

    With labels, also ``labels`` (text) [..., k].

    Args:
        k: how many; all classes if there are fewer.
        labels: class names by index; ``none`` takes the context's.
    """

    name = "top_k"
    kind = "post"

    k: int = 5
    labels: tuple[str, ...] = ()

    def check(self) -> None:
        if self.k < 1:
            self.refuse("k", "give a whole number from 1 on")

    def run(self, value: Value, context: Context) -> dict[str, Array]:
        scores = array(self, single(self, value), "scores with the classes on the last axis")
        if not scores.ndim:
            self.fail("the input is one number", "give scores with the classes on the last axis")
        scores = scores.astype(np.float32)
        order = np.argsort(-scores, axis=-1, kind="stable")[..., : self.k]
        found: dict[str, Array] = {
            "classes": order.astype(np.int32),
            "scores": np.take_along_axis(scores, order, axis=-1),
        }
        labels = self.labels or context.labels
        if labels:
            if len(labels) != scores.shape[-1]:
                self.fail(f"{len(labels)} labels for {scores.shape[-1]} classes", "give one label per class")
            found["labels"] = np.array(labels)[order]
        return found


STEP = TopK

_SCORES = np.array([[0.1, 0.4, 0.1, 0.4], [0.0, -1.0, 3.0, 2.0]], np.float32)
_BEST = {
    "classes": np.array([[1, 3, 0], [2, 3, 0]], np.int32),
    "scores": np.array([[0.4, 0.4, 0.1], [3.0, 2.0, 0.0]], np.float32),
}

VECTORS = (
    Vector(TopK(3), _SCORES, _BEST),
    Vector(
        TopK(1, ("cat", "dog, wild", "none", "x")),
        _SCORES,
        {
            "classes": np.array([[1], [2]], np.int32),
            "scores": np.array([[0.4], [3.0]], np.float32),
            "labels": np.array([["dog, wild"], ["none"]]),
        },
    ),
    Vector(
        TopK(),
        np.array([7, 9], np.uint8),
        {
            "classes": np.array([1, 0], np.int32),
            "scores": np.array([9, 7], np.float32),
            "labels": np.array(["on", "off"]),
        },
        labels=("off", "on"),
    ),
)

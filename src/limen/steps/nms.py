"""Keep the best of boxes that overlap (greedy non-maximum suppression)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from limen.steps._base import Context, Step, Value
from limen.steps._boxes import Floats, overlap
from limen.steps._values import Array, array
from limen.steps._vectors import Vector


@dataclasses.dataclass(frozen=True)
class Nms(Step):
    """``boxes`` [n, 4] (x1, y1, x2, y2), ``scores`` [n, classes], perhaps ``points`` [n, k, 2] -> the kept ones.

    Returns ``boxes`` float32 [m, 4], ``scores`` float32 [m], ``classes`` int32 [m], ``points`` float32 [m, k, 2] if
    given, and ``labels`` (text) [m] if the context has labels. Best score first; ties: lower row, then lower class.

    Args:
        score: least score of a candidate; reaching it is enough.
        iou: a candidate that overlaps a better one by more than this is dropped; 1 drops nothing.
        per_class: whether only boxes of one class suppress each other.
        classes: ``best``: a row is a candidate for its best class; ``all``: for every class that reaches the score.
        candidates: how many candidates, best first, are looked at.
        limit: how many boxes are kept at most.
    """

    name = "nms"
    kind = "post"

    score: float = 0.25
    iou: float = 0.45
    per_class: bool = True
    classes: Literal["best", "all"] = "best"
    candidates: int = 1000
    limit: int = 100

    def check(self) -> None:
        if not 0 <= self.iou <= 1:
            self.refuse("iou", "give a number from 0 to 1")
        for parameter in ("candidates", "limit"):
            if getattr(self, parameter) < 1:
                self.refuse(parameter, "give a whole number from 1 on")

    def run(self, value: Value, context: Context) -> dict[str, Array]:
        if not isinstance(value, Mapping) or not {"boxes", "scores"} <= set(value):
            self.fail("the input is not boxes and scores", "put box_decode before it")
        boxes = array(self, value["boxes"], "boxes [n, 4]", (2,), empty=True).astype(np.float32)
        scores = array(self, value["scores"], "scores [n, classes]", (2,), empty=True).astype(np.float32)
        if boxes.shape[1] != 4 or len(scores) != len(boxes):
            self.fail(f"boxes are {boxes.shape}, scores {scores.shape}", "give [n, 4] and [n, classes]")
        row, category = self._candidates(scores)
        kept = self._suppress(boxes[row], category)
        row, category = row[kept], category[kept]
        found: dict[str, Array] = {
            "boxes": boxes[row],
            "scores": scores[row, category],
            "classes": category.astype(np.int32),
        }
        if "points" in value:
            points = array(self, value["points"], "points [n, k, 2]", (3,), empty=True)
            if len(points) != len(boxes):
                self.fail(f"boxes are {boxes.shape}, points {points.shape}", "give one row of points per box")
            found["points"] = points.astype(np.float32)[row]
        if context.labels:
            if len(context.labels) != scores.shape[1]:
                self.fail(f"{len(context.labels)} labels for {scores.shape[1]} classes", "give one label per class")
            found["labels"] = np.array(context.labels)[category]
        return found

    def _candidates(self, scores: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        if not scores.size:
            return np.zeros(0, np.intp), np.zeros(0, np.intp)
        reached = scores >= np.float32(self.score)
        if self.classes == "best":
            best = np.zeros_like(reached)
            best[np.arange(len(scores)), scores.argmax(axis=1)] = True
            reached &= best
        row, category = np.nonzero(reached)
        order = np.argsort(-scores[row, category], kind="stable")[: self.candidates]
        return row[order], category[order]

    def _suppress(self, boxes: Floats, category: NDArray[np.intp]) -> NDArray[np.intp]:
        alive = np.ones(len(boxes), np.bool_)
        kept: list[int] = []
        while len(kept) < self.limit and alive.any():
            best = int(alive.argmax())
            kept.append(best)
            alive[best] = False
            rest = np.flatnonzero(alive)
            if self.per_class:
                rest = rest[category[rest] == category[best]]
            alive[rest[overlap(boxes[best], boxes[rest]) > np.float32(self.iou)]] = False
        return np.array(kept, np.intp)


STEP = Nms

_FOUND = {
    "boxes": np.array([[0, 0, 10, 10], [0, 0, 10, 8], [20, 0, 30, 10], [0, 5, 10, 15], [0, 0, 10, 10]], np.float32),
    "scores": np.array([[0.5, 0.1], [0.75, 0.25], [0.25, 0.25], [0.5, 0.0], [0.0, 0.5]], np.float32),
}

VECTORS = (
    Vector(
        Nms(0.25, 0.5),
        _FOUND,
        {
            "boxes": np.array([[0, 0, 10, 8], [0, 5, 10, 15], [0, 0, 10, 10], [20, 0, 30, 10]], np.float32),
            "scores": np.array([0.75, 0.5, 0.5, 0.25], np.float32),
            "classes": np.array([0, 0, 1, 0], np.int32),
            "labels": np.array(["cat", "cat", "dog", "cat"]),
        },
        labels=("cat", "dog"),
    ),
    Vector(
        Nms(0.25, 0.125, per_class=False, classes="all", limit=2),
        {**_FOUND, "points": np.arange(10, dtype=np.float32).reshape(5, 1, 2)},
        {
            "boxes": np.array([[0, 0, 10, 8], [20, 0, 30, 10]], np.float32),
            "scores": np.array([0.75, 0.25], np.float32),
            "classes": np.array([0, 0], np.int32),
            "points": np.array([[[2, 3]], [[4, 5]]], np.float32),
        },
    ),
    Vector(
        Nms(),
        {"boxes": np.empty((0, 4), np.float32), "scores": np.empty((0, 3), np.float32)},
        {
            "boxes": np.empty((0, 4), np.float32),
            "scores": np.empty(0, np.float32),
            "classes": np.empty(0, np.int32),
        },
    ),
)

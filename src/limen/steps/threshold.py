"""Yes or no from a score, or from its mean over the last answers of a stream."""

from __future__ import annotations

import dataclasses

import numpy as np

from limen.steps._base import Context, Step, Value
from limen.steps._values import Array, array, single
from limen.steps._vectors import Vector


@dataclasses.dataclass(frozen=True)
class Threshold(Step):
    """Scores of any shape -> ``scores`` float32 (the mean) and ``passed`` bool, same shape; passed is mean > at.

    Args:
        at: the score to exceed.
        average: how many answers of the stream, the newest included, the mean is over; before that many came, scores
            are 0 and nothing passes (microWakeWord's sliding_window_size).
    """

    name = "threshold"
    kind = "post"

    at: float
    average: int = 1

    def check(self) -> None:
        if self.average < 1:
            self.refuse("average", "give a whole number from 1 on")

    def run(self, value: Value, context: Context) -> dict[str, Array]:
        scores = array(self, single(self, value), "scores").astype(np.float64)
        if self.average == 1:
            return {"scores": scores.astype(np.float32), "passed": np.asarray(scores > self.at)}
        memory = context.memory(self.name)
        kept: tuple[Array, ...] = (*memory.get("kept", ()), scores)[-self.average :]
        if kept[0].shape != scores.shape:
            self.fail(f"the scores are {scores.shape} after {kept[0].shape}", "keep one shape, or start a new Context")
        memory["kept"] = kept
        if len(kept) < self.average:
            return {"scores": np.zeros(scores.shape, np.float32), "passed": np.zeros(scores.shape, np.bool_)}
        mean = np.asarray(sum(kept[1:], kept[0]) / self.average)
        return {"scores": mean.astype(np.float32), "passed": np.asarray(mean > self.at)}


STEP = Threshold


def _answer(scores: list[float], passed: list[bool]) -> dict[str, Array]:
    return {"scores": np.array(scores, np.float32), "passed": np.array(passed)}


VECTORS = (
    Vector(Threshold(0.5), np.array([0.25, 0.5, 0.75], np.float32), _answer([0.25, 0.5, 0.75], [False, False, True])),
    Vector(
        Threshold(0.5, 2),
        (np.array([1.0], np.float32), np.array([0.25], np.float32), np.array([0.5], np.float32)),
        (_answer([0.0], [False]), _answer([0.625], [True]), _answer([0.375], [False])),
        stream=True,
    ),
)

"""Carry boxes from the model input back to the picture they were found in."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from limen.steps._base import Context, Step, Value
from limen.steps._geometry import View
from limen.steps._values import Array, array
from limen.steps._vectors import Vector


@dataclasses.dataclass(frozen=True)
class BoxRestore(Step):
    """``boxes`` [n, 4] and perhaps ``points`` [n, k, 2] in pixels of the model input -> pixels of the source picture.

    Undoes every resize, crop and letterbox of the pre chain that ran with the same Context; all else passes through.

    Args:
        clip: whether boxes are cut at the picture's edge.
    """

    name = "box_restore"
    kind = "post"

    clip: bool = True

    def run(self, value: Value, context: Context) -> dict[str, Array]:
        if not isinstance(value, Mapping) or "boxes" not in value:
            self.fail("the input has no boxes", "put box_decode and nms before it")
        view = context.facts.get("view")
        if not isinstance(view, View):
            self.fail("the context does not know the picture", "run the pre chain with the same Context first")
        boxes = array(self, value["boxes"], "boxes [n, 4]", (2,), empty=True)
        if boxes.shape[1] != 4:
            self.fail(f"boxes are {boxes.shape}", "give [n, 4]")
        corners = _back(boxes.reshape(-1, 2, 2), view)
        if self.clip:
            corners = corners.clip(0.0, np.array(view.source, np.float64))
        found: dict[str, Array] = {**value, "boxes": corners.reshape(-1, 4).astype(np.float32)}
        if "points" in value:
            points = array(self, value["points"], "points [n, k, 2]", (3,), empty=True)
            if points.shape[2] != 2:
                self.fail(f"points are {points.shape}", "give [n, k, 2]")
            found["points"] = _back(points, view).astype(np.float32)
        return found


def _back(places: Array, view: View) -> Array:
    return np.asarray((places.astype(np.float64) - np.array(view.offset)) / np.array(view.scale))


STEP = BoxRestore

_VIEW = View((640, 480), (0.5, 0.5), (0.0, 40.0))
_FOUND = {
    "boxes": np.array([[10, 50, 20, 60], [-8, 30, 400, 400]], np.float32),
    "scores": np.array([0.5, 0.25], np.float32),
}

VECTORS = (
    Vector(
        BoxRestore(),
        _FOUND,
        {**_FOUND, "boxes": np.array([[20, 20, 40, 40], [0, 0, 640, 480]], np.float32)},
        facts={"view": _VIEW},
    ),
    Vector(
        BoxRestore(clip=False),
        {"boxes": _FOUND["boxes"], "points": np.array([[[1, 41]], [[0, 39]]], np.float32)},
        {
            "boxes": np.array([[20, 20, 40, 40], [-16, -20, 800, 720]], np.float32),
            "points": np.array([[[2, 2]], [[0, -2]]], np.float32),
        },
        facts={"view": _VIEW},
    ),
)

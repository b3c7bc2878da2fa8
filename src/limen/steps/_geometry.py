"""Where a pixel of the model input came from.

Coordinates are continuous: pixel i covers [i, i + 1). Every step that moves pixels composes its own map onto the
``view`` fact, so that boxes find their way back through any mix of resize, crop and letterbox.
"""

from __future__ import annotations

import dataclasses

from limen.steps._base import Context


@dataclasses.dataclass(frozen=True)
class View:
    """model = source * scale + offset, per axis.

    Args:
        source: width and height of the source picture, pixels.
        scale: model pixels per source pixel, x and y.
        offset: where the source's upper left corner lies in the model input, pixels, x and y.
    """

    source: tuple[int, int]
    scale: tuple[float, float] = (1.0, 1.0)
    offset: tuple[float, float] = (0.0, 0.0)


def moved(context: Context, size: tuple[int, int], scale: tuple[float, float], offset: tuple[float, float]) -> None:
    """Note that a picture of that width and height was scaled, then shifted, by the running step."""
    before = context.facts.get("view", View(size))
    context.facts["view"] = View(
        before.source,
        (before.scale[0] * scale[0], before.scale[1] * scale[1]),
        (before.offset[0] * scale[0] + offset[0], before.offset[1] * scale[1] + offset[1]),
    )

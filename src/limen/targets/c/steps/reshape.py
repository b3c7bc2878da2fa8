"""Reshape: the same elements in another shape."""

from __future__ import annotations

import math

from limen.steps.reshape import Reshape
from limen.targets.c.steps._kernel import StepSite
from limen.targets.c.steps._pointwise import Fusion


def VIEW(site: StepSite, fusion: Fusion) -> Fusion | None:
    """The loop with its elements in that shape; None where strides cannot say it."""
    step = site.step
    assert isinstance(step, Reshape)
    size, known = fusion.view.size, math.prod(axis for axis in step.shape if axis != -1)
    if not fusion.varies and (size % known or (-1 not in step.shape and size != known)):
        site.refuse(f"of {size} elements to {list(step.shape)}", f"shape needs {known} of them")
    return fusion.reshaped(site, step.shape)

"""Layout: the axes of one picture in the order the model wants."""

from __future__ import annotations

from limen.steps.layout import Layout
from limen.targets.c.steps._kernel import StepSite
from limen.targets.c.steps._pointwise import Fusion, Strides


def VIEW(site: StepSite, fusion: Fusion) -> Fusion | None:
    """The loop with its elements in that order; None where strides cannot say it."""
    step = site.step
    assert isinstance(step, Layout)
    if fusion.view.ndim not in (2, 3):
        site.refuse(f"on the shape {list(fusion.view.shape)}", "give one picture, height x width x channels")
    if fusion.varies:
        site.refuse("on a counted value", "give one picture of known size")

    def move(view: Strides) -> Strides:
        image = view[:, :, None] if view.ndim == 2 else view
        moved = image.transpose(2, 0, 1) if step.to.endswith("chw") else image
        return moved[None] if step.to.startswith("n") else moved

    return fusion.moved(move)

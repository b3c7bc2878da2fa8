"""What the picture steps share: their input, and the view that carries boxes back to the source picture.

A view is ``real view[6]``: model = source * scale + offset, as scale x and y, offset x and y, width and height of the
source picture. The chain begins it, every step that moves pixels composes its own map onto it.
"""

from __future__ import annotations

from limen.targets.c._kernel import Helper
from limen.targets.c.steps._kernel import Port, Real, StepSite, fill

_MOVED = """\
/* Notes in the view that the picture was scaled, then shifted. */
static inline void view_moved_@real@(@real@ *view, @real@ scale_x, @real@ scale_y, @real@ offset_x, @real@ offset_y)
{
    view[0] *= scale_x;
    view[1] *= scale_y;
    view[2] *= scale_x;
    view[3] *= scale_y;
    view[2] += offset_x;
    view[3] += offset_y;
}
"""


def mover(real: Real) -> Helper:
    """The function that composes one step onto the view."""
    return Helper(f"view_moved_{real}", fill(_MOVED, real=real))


def movers(site: StepSite) -> tuple[Helper, ...]:
    """The same, where the chain has a view."""
    return (mover(site.real),) if site.views else ()


def picture(site: StepSite) -> Port:
    """The one picture that flows in, [height, width, channels], uint8 or float32; a grey one may lack the channels.

    Raises:
        UnsupportedOp: another shape or dtype.
    """
    port = site.port
    if site.flow.varies == "count" or len(port.shape) not in (2, 3) or not port.size:
        site.refuse(f"on the shape {list(port.shape)}", "give one picture, height x width x channels")
    if port.dtype not in ("uint8", "float32") or port.scale:
        site.refuse(f"on pixels of {port.dtype}", "give uint8 or float32")
    return port if len(port.shape) == 3 else Port(port.dtype, (*port.shape, 1))


def moved(site: StepSite, *numbers: str) -> str:
    """The statement that notes scale x, scale y, offset x, offset y, C expressions; nothing where there is no view."""
    return f"    view_moved_{site.real}(view, {', '.join(numbers)});\n" if site.views else ""

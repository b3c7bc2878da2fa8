"""Decode image: pixels that are an array already, in the mode wanted. Files are read by ``targets/c/readers/pnm``."""

from __future__ import annotations

from limen.steps.decode_image import DecodeImage
from limen.targets.c.steps._kernel import Flow, StepKernel, StepSite, fill, one
from limen.targets.c.steps._picture import picture

_GREY = """\
    for (int32_t i = 0; i < @n@; i++) {
        const uint32_t red = x[3 * i];
        const uint32_t green = x[3 * i + 1];
        const uint32_t blue = x[3 * i + 2];
        y[i] = (uint8_t)((19595u * red + 38470u * green + 7471u * blue + 32768u) >> 16);
    }
"""

_RGB = """\
    for (int32_t i = @n@ - 1; i >= 0; i--) {
        const uint8_t grey = x[i];
        y[3 * i] = grey;
        y[3 * i + 1] = grey;
        y[3 * i + 2] = grey;
    }
"""


def EMIT(site: StepSite) -> StepKernel | Flow:
    """uint8 [height, width, 1 or 3] -> [height, width, 3], or 1 for grey; what has that form already stays."""
    step = site.step
    assert isinstance(step, DecodeImage)
    port = picture(site)
    height, width, channels = port.shape
    if port.dtype != "uint8" or channels not in (1, 3):
        site.refuse(f"on {port.dtype} {list(port.shape)}", "give uint8 pixels of 1 or 3 channels")
    wanted = 3 if step.mode == "rgb" else 1
    if wanted == channels:
        return one("uint8", port.shape, site.flow.varies)
    kernel = StepKernel("", one("uint8", (height, width, wanted), site.flow.varies), in_place=wanted == 1)
    n = "height * width" if site.flow.varies else height * width
    sizes = "    *high = height;\n    *wide = width;\n" if site.flow.varies else ""
    return site.write(kernel, sizes + fill(_RGB if wanted == 3 else _GREY, n=n))

"""Resize and letterbox for pictures whose size is known at run time only, up to a largest one."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from limen.steps.letterbox import Letterbox
from limen.steps.resize import Resize
from limen.targets.c._kernel import C_TYPES, Helper
from limen.targets.c.steps import _open_taps
from limen.targets.c.steps._kernel import Port, StepKernel, StepSite, fill, number, one
from limen.targets.c.steps._picture import moved, movers
from limen.targets.c.steps._resample import PASSES, Kind, helper, kind_of, nearest_helper

LARGEST_SIDE = 32768
ASPECT = 4
"""How many times the target the longer side may be with fit=cover."""

CONTAINED = Helper(
    "contained",
    """\
/* A side scaled and rounded half to even, at least 1. */
static inline int32_t contained(int32_t side, double scale)
{
    const double wanted = (double)side * scale;
    int32_t whole = (int32_t)wanted;
    const double rest = wanted - (double)whole;

    whole += rest > 0.5 || (rest == 0.5 && (whole & 1) != 0) ? 1 : 0;
    return whole > 1 ? whole : 1;
}
""",
)

_CHECK = """\
    if (height < 1 || width < 1 || height > @height@ || width > @width@) {
        return -1;
    }
"""

_COVER = """\
    const int32_t across_first = @w@ * height >= @h@ * width;
    const int32_t longer = across_first ? @w@ * height / width : @h@ * width / height;
    const int32_t inner_wide = across_first ? @w@ : (longer > @w@ ? longer : @w@);
    const int32_t inner_high = across_first ? (longer > @h@ ? longer : @h@) : @h@;

    if (inner_wide > @most_wide@ || inner_high > @most_high@) {
        return -1;
    }
    *wide = inner_wide;
    *high = inner_high;
"""

_CONTAIN = """\
    const double scale_x = @w@.0 / (double)width;
    const double scale_y = @h@.0 / (double)height;
    const double scale = scale_x < scale_y ? scale_x : scale_y;
    int32_t inner_wide = contained(width, scale);
    int32_t inner_high = contained(height, scale);

@keep@    const int32_t left = @left@;
    const int32_t top = @top@;
"""

_KEEP = """\
    if (inner_wide >= width && inner_high >= height) {
        inner_wide = width;
        inner_high = height;
    }
"""

_TAPS = """\
    uint8_t *const room = (uint8_t *)scratch;
    uint16_t *const across_first = (uint16_t *)scratch;
    uint16_t *const across_count = &across_first[@most_wide@];
    uint16_t *const down_first = &across_count[@most_wide@];
    uint16_t *const down_count = &down_first[@most_high@];
    @w@ *const across_weight = (@w@ *)(void *)(room + @across@);
    @w@ *const down_weight = (@w@ *)(void *)(room + @down@);
    @row@ *const ring = (@row@ *)(void *)(room + @ring@);
    const struct taps_@k@ across = {inner_wide, @pitch_x@, across_first, across_count, across_weight};
    const struct taps_@k@ down = {inner_high, @pitch_y@, down_first, down_count, down_weight};

    @taps@(width, inner_wide, @pitch_x@, across_first, across_count, across_weight);
    @taps@(height, inner_high, @pitch_y@, down_first, down_count, down_weight);
"""

_PLAIN = """\
    resize_@k@(x, width, @channels@, &across, &down, @to@, @pitch@, ring, @pitch_y@);
"""

_EITHER = """\
    const int32_t lost_wide = width > inner_wide ? 2 * (width - inner_wide) : 0;
    if (height - inner_high > lost_wide) {
        resize_down_first_@k@(x, height, width, @channels@, &across, &down, @to@, @pitch@, ring);
    } else {
        resize_@k@(x, width, @channels@, &across, &down, @to@, @pitch@, ring, @pitch_y@);
    }
"""


@dataclass(frozen=True)
class Bounds:
    """What is known of the sizes at compile time.

    Args:
        most: largest inner width and height.
        scale: how many times the source's width and height may be the inner ones.
    """

    most: tuple[int, int]
    scale: tuple[float, float]


def resize(site: StepSite, port: Port) -> StepKernel:
    """The step resize on a picture of unknown size."""
    step = site.step
    assert isinstance(step, Resize)
    height, width, channels = _limits(site, port)
    w, h = step.size
    check = fill(_CHECK, height=height, width=width)
    cover = step.fit == "cover"
    bounds = Bounds((w * ASPECT, h * ASPECT) if cover else (w, h), (width / w, height / h))
    if cover:
        holes = {"w": w, "h": h, "most_wide": bounds.most[0], "most_high": bounds.most[1]}
        sizes = _named(fill(_COVER, **holes))
        result = one(port.dtype, (bounds.most[1], bounds.most[0], channels), "picture")
    else:
        sizes = f"    const int32_t inner_wide = {w};\n    const int32_t inner_high = {h};\n"
        result = one(port.dtype, (h, w, channels))
    kernel = StepKernel("", result, helpers=movers(site), view=site.views, fails=True)
    return _written(site, port, kernel, step.method, bounds, check + sizes, "y", f"inner_wide * {channels}", ("0", "0"))


def _named(text: str) -> str:
    """The cover's own name, which the taps use too."""
    return text.replace("across_first", "wide_fits")


def letterbox(site: StepSite, port: Port) -> StepKernel:
    """The step letterbox on a picture of unknown size."""
    step = site.step
    assert isinstance(step, Letterbox)
    height, width, channels = _limits(site, port)
    w, h = step.size
    corner = step.align == "corner"
    sizes = fill(
        _CONTAIN,
        w=w,
        h=h,
        keep="" if step.enlarge else _KEEP,
        left=0 if corner else f"({w} - inner_wide) / 2",
        top=0 if corner else f"({h} - inner_high) / 2",
    )
    if step.enlarge:
        sizes = sizes.replace("    int32_t inner", "    const int32_t inner")
    scale = 1.5 * max(width / w, height / h, 1.0)
    pitch = w * channels
    kernel = StepKernel(
        "",
        one(port.dtype, (h, w, channels)),
        helpers=(CONTAINED, *movers(site)),
        view=site.views,
        fails=True,
    )
    frame = _filled(port.dtype, step.fill, h * pitch)
    before = fill(_CHECK, height=height, width=width) + sizes + frame
    to = f"&y[top * {pitch} + left * {channels}]"
    places = (f"({site.real})left", f"({site.real})top")
    return _written(site, port, kernel, step.method, Bounds((w, h), (scale, scale)), before, to, str(pitch), places)


def _filled(dtype: str, value: float, size: int) -> str:
    if dtype == "uint8":
        return f"    memset(y, {int(value)}, {size}u);\n"
    return f"    for (int32_t i = 0; i < {size}; i++) {{\n        y[i] = {number(value)};\n    }}\n"


def _limits(site: StepSite, port: Port) -> tuple[int, int, int]:
    height, width, channels = port.shape
    if max(height, width) > LARGEST_SIDE:
        site.refuse(f"on pictures of up to {width}x{height}", f"allow sides of up to {LARGEST_SIDE}")
    return height, width, channels


def _written(
    site: StepSite,
    port: Port,
    kernel: StepKernel,
    method: str,
    bounds: Bounds,
    before: str,
    to: str,
    pitch: str,
    places: tuple[str, str],
) -> StepKernel:
    channels = port.shape[2]
    real = site.real
    scales = (f"({real})inner_wide / ({real})width", f"({real})inner_high / ({real})height")
    end = moved(site, *scales, *places) + "    return 0;\n"
    if method == "nearest":
        call = (
            f"    resize_nearest_{port.ctype}(x, height, width, {channels}, inner_high, inner_wide, {to}, {pitch});\n"
        )
        kernel = replace(kernel, helpers=(*kernel.helpers, nearest_helper(port.dtype)))
        return site.write(kernel, before + call + end)
    kind = kind_of(port.dtype, method, real)
    taps, scratch = _taps(kind, method, bounds, port)
    call = fill(
        _EITHER if kind is PASSES else _PLAIN,
        k=kind.key,
        channels=channels,
        to=to,
        pitch=pitch,
        pitch_y=_open_taps.pitch(method, bounds.scale[1]),
    )
    functions = (helper(kind), *((helper(kind, True),) if kind is PASSES else ()), _open_taps.helper(kind, method))
    kernel = replace(kernel, helpers=(*kernel.helpers, *functions), scratch=scratch)
    return site.write(kernel, before + taps + call + end)


def _taps(kind: Kind, method: str, bounds: Bounds, port: Port) -> tuple[str, int]:
    """The statements that fill the tables, and the bytes of scratch."""
    pitches = tuple(_open_taps.pitch(method, scale) for scale in bounds.scale)
    weight, row = np.dtype(kind.weight).itemsize, np.dtype(kind.row).itemsize
    across = _up(4 * sum(bounds.most))
    down = across + _up(bounds.most[0] * pitches[0] * weight)
    ring = down + _up(bounds.most[1] * pitches[1] * weight)
    line = max(pitches[1] * bounds.most[0], port.shape[1] if kind is PASSES else 0) * port.shape[2]
    text = fill(
        _TAPS,
        most_wide=bounds.most[0],
        most_high=bounds.most[1],
        across=across,
        down=down,
        ring=ring,
        pitch_x=pitches[0],
        pitch_y=pitches[1],
        taps=_open_taps.name(kind, method),
        w=C_TYPES[kind.weight],
        row=C_TYPES[kind.row],
        k=kind.key,
    )
    return text, ring + line * row


def _up(size: int) -> int:
    return math.ceil(size / 16) * 16

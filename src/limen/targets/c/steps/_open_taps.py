"""Tables of taps computed in C, for pictures whose size is known at run time only.

The arithmetic is that of ``limen.steps._resample``, operation by operation in double, so the tables are the same.
"""

from __future__ import annotations

import math

from limen.targets.c._kernel import C_TYPES, Helper
from limen.targets.c.steps._kernel import fill
from limen.targets.c.steps._resample import JOINT, PASSES, Kind

_LINEAR = """\
/* Two taps around the centre of each target line, the edge line repeated. */
static inline void taps_linear_@k@(int32_t source, int32_t target, int32_t pitch, uint16_t *first, uint16_t *count,
                                   @w@ *weight)
{
    const double scale = (double)source / (double)target;

    for (int32_t i = 0; i < target; i++) {
        const double wide = ((double)i + 0.5) * scale;
        const double centre = wide - 0.5;
        int32_t low = (int32_t)centre;

        low -= (double)low > centre ? 1 : 0;
        const double fraction = centre - (double)low;
        const int32_t a = low < 0 ? 0 : low;
        const int32_t b = low + 1 < source ? low + 1 : source - 1;
        @w@ *const to = &weight[i * pitch];
        first[i] = (uint16_t)a;
        count[i] = (uint16_t)(b - a + 1);
@store@    }
}
"""

_LINEAR_INTEGER = """\
        const double scaled = fraction * @one@.0;
        const int32_t second = (int32_t)(scaled + 0.5);
        to[0] = (@w@)(a == b ? @one@ : @one@ - second);
        to[1] = (@w@)(a == b ? 0 : second);
"""

_LINEAR_REAL = """\
        to[0] = (@w@)(a == b ? 1.0 : 1.0 - fraction);
        to[1] = (@w@)fraction;
"""

_SHAPES = {
    "antialias": """\
/* Triangle filter. */
static inline double filter_antialias(double x)
{
    const double away = x < 0.0 ? -x : x;

    return away < 1.0 ? 1.0 - away : 0.0;
}
""",
    "bicubic": """\
/* Cubic filter, a = -0.5. */
static inline double filter_bicubic(double x)
{
    const double away = x < 0.0 ? -x : x;
    double sum;

    if (away < 1.0) {
        sum = 1.5 * away;
        sum = sum - 2.5;
        sum = sum * away * away;
        return sum + 1.0;
    }
    if (away >= 2.0) {
        return 0.0;
    }
    sum = -0.5 * away;
    sum = sum + 2.5;
    sum = sum * away;
    sum = sum - 4.0;
    sum = sum * away;
    return sum + 2.0;
}
""",
}

_SMOOTH = """\
/* Taps of a filter stretched by the shrink factor. */
static inline void taps_@method@_@k@(int32_t source, int32_t target, int32_t pitch, uint16_t *first, uint16_t *count,
                                     @w@ *weight)
{
    const double scale = (double)source / (double)target;
    const double stretch = scale > 1.0 ? scale : 1.0;
    const double reach = @radius@ * stretch;
    const double squeeze = 1.0 / stretch;

    for (int32_t i = 0; i < target; i++) {
        const double centre = ((double)i + 0.5) * scale;
        const double from = centre - reach + 0.5;
        const double until = centre + reach + 0.5;
        const int32_t low = from > 0.0 ? (int32_t)from : 0;
        const int32_t high = until < (double)source ? (int32_t)until : source;
        @w@ *const to = &weight[i * pitch];
        double total = 0.0;

        for (int32_t j = low; j < high; j++) {
            const double away = (double)j - centre + 0.5;
            total += filter_@method@(away * squeeze);
        }
        for (int32_t j = low; j < high; j++) {
            const double away = (double)j - centre + 0.5;
            const double share = filter_@method@(away * squeeze) / total;
@store@            to[j - low] = value;
        }
        first[i] = (uint16_t)low;
        count[i] = (uint16_t)(high - low);
    }
}
"""

_AREA = """\
/* Shares of each target line's footprint. */
static inline void taps_area_@k@(int32_t source, int32_t target, int32_t pitch, uint16_t *first, uint16_t *count,
                                 @w@ *weight)
{
    for (int32_t i = 0; i < target; i++) {
        const double from = (double)(i * source) / (double)target;
        const double until = (double)((i + 1) * source) / (double)target;
        const double whole = until - from;
        const int32_t low = i * source / target;
        const int32_t high = ((i + 1) * source + target - 1) / target;
        @w@ *const to = &weight[i * pitch];

        for (int32_t j = low; j < high; j++) {
            const double end = until < (double)j + 1.0 ? until : (double)j + 1.0;
            const double begin = from > (double)j ? from : (double)j;
            const double share = (end - begin) / whole;
@store@            to[j - low] = value;
        }
        first[i] = (uint16_t)low;
        count[i] = (uint16_t)(high - low);
    }
}
"""

_STORE_INTEGER = """\
            const double scaled = share * @one@.0;
            const @w@ value = (@w@)(scaled < 0.0 ? scaled - 0.5 : scaled + 0.5);
"""

_STORE_REAL = """\
            const @w@ value = (@w@)share;
"""

RADIUS = {"antialias": 1.0, "bicubic": 2.0}


def helper(kind: Kind, method: str) -> Helper:
    """The function that fills one axis of taps."""
    holes = {"k": kind.key, "w": C_TYPES[kind.weight], "one": kind.scale, "method": method}
    if method == "bilinear":
        store = _LINEAR_INTEGER if kind is JOINT else _LINEAR_REAL
        return Helper(f"taps_linear_{kind.key}", fill(fill(_LINEAR, store=store), **holes))
    store = _STORE_INTEGER if kind is PASSES else _STORE_REAL
    if method == "area":
        return Helper(f"taps_area_{kind.key}", fill(fill(_AREA, store=store), **holes))
    needs = (Helper(f"filter_{method}", _SHAPES[method]),)
    text = fill(fill(_SMOOTH, store=store), radius=RADIUS[method], **holes)
    return Helper(f"taps_{method}_{kind.key}", text, needs)


def name(kind: Kind, method: str) -> str:
    """Of the function."""
    return f"taps_{'linear' if method == 'bilinear' else method}_{kind.key}"


def pitch(method: str, scale: float) -> int:
    """The most taps of a target line, where no source line is more than ``scale`` times as many as target lines."""
    if method == "bilinear":
        return 2
    if method == "area":
        return math.ceil(scale) + 2
    return 2 * math.ceil(RADIUS[method] * max(scale, 1.0)) + 2

"""Sum and Mean in portable C."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from limen.ops._fixed_point import Multiplier, Requantization
from limen.ops._reduce import is_codes, scale_ratio
from limen.targets.c._kernel import Fold, Kernel, Site, c_type
from limen.targets.c.ops._wfinish import Accumulator, finish_codes
from limen.targets.c.ops._wfit import Range
from limen.targets.c.ops._wreduce import Reduction, reduce_axes, reduced_count


def sums(site: Site, axes: tuple[int, ...], mean: bool) -> Kernel:
    """float32, int32, int64, and the codes int8, uint8, int16."""
    made = reduction(site, axes, mean)
    return replace(reduce_axes(site, axes, made), fold=image_fold(site, axes, made))


def reduction(site: Site, axes: tuple[int, ...], mean: bool) -> Reduction:
    """The arithmetic of a sum or mean."""
    x = site.input(0)
    count = reduced_count(x, axes)
    if is_codes(site.operands):
        return _codes(site, count, mean)
    if x.dtype == "float32":
        return Reduction("float", "0.0f", "acc += @X;", f"acc / {float(count)}f" if mean else "acc")
    wide = "uint64_t" if mean or x.dtype == "int64" else "uint32_t"
    signed = wide.removeprefix("u")
    result = f"({signed})acc"
    if mean:
        result = f"({c_type(x)})({result} / {count})" if x.dtype == "int32" else f"{result} / {count}"
    return Reduction(wide, "0", f"acc += ({wide})@X;", result)


def _codes(site: Site, count: int, mean: bool) -> Reduction:
    """1/n is folded into the multiplier, with as many bits as fit, as the Program does."""
    x, output = site.input(0), site.output()
    factor = scale_ratio(site.operands)
    if mean:
        bits = min(count.bit_length() - 1, 32, 31 + int(factor.shift))
        mantissa = (int(factor.mantissa) << bits) // count
        factor = Multiplier(np.asarray(mantissa, np.int64), factor.shift - bits)
    codes, info = np.iinfo(output.dtype), np.iinfo(x.dtype)
    start = -x.zero_point * count
    low, high = start + int(info.min) * count, start + int(info.max) * count
    inside = low >= -(2**31) and high < 2**31 and abs(start) < 2**31
    reach = Range(np.array([low]), np.array([high])) if inside else None
    source = Accumulator("int32_t" if inside else "int64_t", reach, wraps=not inside)
    scaling = Requantization(factor, output.zero_point, int(codes.min), int(codes.max), output.dtype)
    made = finish_codes(site, scaling, 1, source)
    first = str(start) if inside else f"INT64_C({start})"
    return Reduction(source.ctype, first, "acc += @X;", made.of("acc", "0"), made.text, made.constants, made.helpers)


_FOLD = """\
static void {symbol}_start(void *scratch)
{{
    memset(scratch, 0, {bytes}u);
}}

static void {symbol}_add(const {kind} *x0, void *scratch)
{{
    {wide} *const sums = scratch;
    for (int32_t x = 0; x < {width}; ++x) {{
        for (int32_t c = 0; c < {channels}; ++c) {{
            sums[c] += x0[x * {channels} + c];
        }}
    }}
}}

static void {symbol}_finish({kind} *y0, const void *scratch)
{{
    const {wide} *const sums = scratch;
    for (int32_t c = 0; c < {channels}; ++c) {{
        const {wide} acc = sums[c]{start};
        y0[c] = {finish};
    }}
}}
"""


def image_fold(site: Site, axes: tuple[int, ...], made: Reduction) -> Fold | None:
    """The streaming form over height and width of one image: rows are added as they come; None in other cases."""
    x = site.input(0)
    if len(x.shape) != 4 or x.shape[0] != 1 or tuple(sorted(axes)) != (1, 2):
        return None
    if made.accumulator not in ("float", "int32_t"):
        return None
    start = "" if made.start in ("0", "0.0f") else f" + {made.start}".replace("+ -", "- ")
    text = _FOLD.format(
        symbol=site.symbol,
        bytes=4 * x.shape[3],
        kind=c_type(x),
        wide=made.accumulator,
        width=x.shape[2],
        channels=x.shape[3],
        start=start,
        finish=made.finish,
    )
    return Fold(f"{made.text}\n{text}" if made.text else text, 4 * x.shape[3], made.helpers)

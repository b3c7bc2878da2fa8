"""Sums of two int8 tensors in two multiply-accumulates an element, proved on all pairs of codes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from limen.ops._activation import code_range
from limen.ops._sum import sum_codes
from limen.program import Activation
from limen.targets.c._kernel import Constant, Helper, Kernel, Reach, Site
from limen.targets.c.kernels.armv7em._clamp import clamp
from limen.targets.c.kernels.armv7em._routines import head, repeat, text_of
from limen.targets.c.kernels.armv7em._scaling import Int64

_NEIGHBOURS = sorted(product(range(-12, 13), repeat=2), key=lambda pair: abs(pair[0]) + abs(pair[1]))
_NEAREST = 1000

_ROW = """\
static void {symbol}_row(const int8_t *const *x0, const int8_t *const *x1, int8_t *y0)
{{
    {routine}(x0[0], x1[0], y0, {symbol}_plane);
{finish}}}
"""


@dataclass(frozen=True)
class Plane:
    """code = saturate((a * first + b * second + addend) >> shift)."""

    first: int
    second: int
    addend: int
    shift: int


def sums(site: Site, activation: Activation, sign: int) -> Kernel | None:
    """a + sign * b of int8 tensors of one shape; None where another kernel is better."""
    if len(site.live) != 2 or any(t.dtype != "int8" for t in (site.input(0), site.input(1), site.output())):
        return None
    if not site.input(0).shape == site.input(1).shape == site.output().shape or len(site.output().shape) != 4:
        return None
    plane = _fit(site, activation, sign)
    if plane is None:
        return None
    low, high = code_range(site.output(), activation)
    count = site.row_elements
    routine, declaration = _routine(plane.shift)
    finish = clamp("y0", count, low, high)
    values = np.array([plane.first, plane.second, plane.addend, count], np.int32)
    constant = Constant(site.local("plane"), values, 4, "factors, addend, count")
    text = _ROW.format(symbol=site.symbol, routine=routine.name, finish=finish.text)
    return Kernel(
        text,
        (constant,),
        (declaration, *finish.helpers),
        reaches=(Reach(), Reach()),
        elementwise=True,
        routines=(routine, *finish.routines),
    )


def _fit(site: Site, activation: Activation, sign: int) -> Plane | None:
    """A plane whose steps are the reference's for all 65536 pairs of codes, or None."""
    a, b = np.arange(-128, 128)[:, None], np.arange(-128, 128)[None, :]
    pair = (a.astype(np.int8), b.astype(np.int8))
    codes = np.asarray(sum_codes(pair, site.operands, activation, sign), np.int64)
    slopes = [site.input(i).scale / site.output().scale * (sign if i else 1) for i in (0, 1)]
    low, high = code_range(site.output(), activation)
    near = np.unravel_index(_nearest(site, slopes), codes.shape)
    largest = int(np.floor(31 - np.log2(128 * (abs(slopes[0]) + abs(slopes[1])) + 1)))
    for shift in range(min(largest, 30), max(largest - 3, 0), -1):
        exact = [round(slope * 2.0**shift) for slope in slopes]
        for first, second in ((exact[0] + i, exact[1] + j) for i, j in _NEIGHBOURS):
            if _addend(a[near[0], 0] * first + b[0, near[1]] * second, codes[near], shift, low, high) is None:
                continue
            addend = _addend(a * first + b * second, codes, shift, low, high)
            if addend is not None:
                return Plane(first, second, addend, shift)
    return None


def _nearest(site: Site, slopes: list[float]) -> Int64:
    """The pairs of codes that lie nearest to a step: they decide."""
    codes = [np.arange(-128, 128) - site.input(i).zero_point for i in (0, 1)]
    real = codes[0][:, None] * slopes[0] + codes[1][None, :] * slopes[1] + 0.5
    return np.argsort(np.abs(real - np.round(real)), axis=None)[:_NEAREST]


def _addend(values: Int64, codes: Int64, shift: int, low: int, high: int) -> int | None:
    """What puts every value on its step."""
    lower = np.where(codes > low, (codes << shift) - values, -(1 << 40)).max()
    upper = np.where(codes < high, ((codes + 1) << shift) - 1 - values, 1 << 40).min()
    addend = (int(lower) + int(upper)) // 2 if abs(lower + upper) < 1 << 40 else 0
    fits = int(np.abs(values).max()) + abs(addend) < 1 << 31
    return addend if lower <= addend <= upper and fits else None


def _routine(shift: int) -> tuple[Helper, Helper]:
    name = f"limen_sum_s{shift}"
    what = "Sums of two int8 vectors: plane holds both factors, the addend and the count."
    element = [
        "ldrsb   r8, [r0], #1",
        "ldrsb   r9, [r1], #1",
        "mla     r8, r8, r4, r6",
        "mla     r8, r9, r5, r8",
        f"ssat    r8, #8, r8, asr #{shift}",
        "strb    r8, [r2], #1",
    ]
    lines = [
        f"/* void {name}(const int8_t *a, const int8_t *b, int8_t *out, const int32_t *plane)",
        f" * {what} */",
        *head(name),
        "push    {r4-r9}",
        "ldm     r3, {r4-r7}",
        "lsrs    r12, r7, #3",
        "beq     2f",
        "1:",
        *repeat(8, *element),
        "subs    r12, r12, #1",
        "bne     1b",
        "2:",
        "ands    r7, r7, #7",
        "beq     4f",
        "3:",
        *element,
        "subs    r7, r7, #1",
        "bne     3b",
        "4:",
        "pop     {r4-r9}",
        "bx      lr",
        f".size {name}, .-{name}",
    ]
    declaration = f"/* {what} */\nextern void {name}(const int8_t *a, const int8_t *b, int8_t *out,\n"
    declaration += "    const int32_t *plane);\n"
    return Helper(name, text_of(lines)), Helper(name, declaration)

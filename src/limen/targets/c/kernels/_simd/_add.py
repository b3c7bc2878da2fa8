"""Sums and differences of int8 tensors: two multiply-adds that are proved on every pair of codes, or tables.

With 65536 pairs the proof is to try them all. Where no constants are found, each operand's share is looked up in a
table of its 256 rescaled codes, and the sum is rescaled by integers, as the reference does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from limen.ops._activation import code_range
from limen.ops._binary import common_scale, rescale_down
from limen.ops._fixed_point import smaller_than_one
from limen.ops._sum import left_shift, output_factor, sum_codes
from limen.program import Array
from limen.targets.c._kernel import Constant, Helper, Kernel, Site
from limen.targets.c._text import float_literal
from limen.targets.c.kernels._simd._fit import Arithmetic
from limen.targets.c.kernels._simd._vectors import Vectors

_CODES = np.arange(-128, 128, dtype=np.int8)
_STRETCHES = (0.0, *(s * 2.0**-k for k in (21, 20, 22, 19, 18, 23, 17) for s in (1, -1)))
_NUDGES = (0.0, *(s * 2.0**-k for k in (19, 20, 18, 17) for s in (1, -1)))


@dataclass(frozen=True)
class Linear:
    """clamp(rne(fma(a, by_a, fma(b, by_b, offset))))."""

    by_a: float
    by_b: float
    offset: float


_SHARES = Helper(
    "limen_add_shares",
    """\
/* sum * multiplier * 2^-(31 + right), by a rounding doubling high multiply and a rounding division. */
static inline int8_t limen_add_shares(int32_t sum, int32_t multiplier, int32_t right, int32_t zero, int32_t low,
                                      int32_t high)
{
    const int32_t product = (int32_t)(((int64_t)sum * multiplier + (INT64_C(1) << 30)) >> 31);
    const int32_t half = (int32_t)((UINT32_C(1) << right) >> 1);
    const int32_t code = ((product + half - (product < 0 && half > 0 ? 1 : 0)) >> right) + zero;
    return (int8_t)(code < low ? low : code > high ? high : code);
}
""",
)


def add(site: Site, vectors: Vectors, sign: int) -> Kernel | None:
    """a + sign * b; None unless both are int8, of the output's shape, and computed."""
    if len(site.operands.inputs) != 2 or site.live != (0, 1):
        return None
    a, b, output = site.input(0), site.input(1), site.output()
    if {a.dtype, b.dtype, output.dtype} != {"int8"} or not a.shape == b.shape == output.shape or not output.size:
        return None
    activation = site.op.activation  # type: ignore[attr-defined]
    low, high = code_range(output, activation)
    wanted = sum_codes((_CODES[:, None], _CODES[None, :]), site.operands, activation, sign)
    found = _search(site, vectors.arithmetic, wanted, sign)
    if found is None:
        return _by_tables(site, sign, low, high)
    helper = vectors.helper("add")
    constants = ", ".join(float_literal(v) for v in (found.by_a, found.by_b, found.offset))
    text = (
        f"static void {site.symbol}(const int8_t *x0, const int8_t *x1, int8_t *y0)\n{{\n"
        f"    {helper.name}(x0, x1, y0, {output.size}, {constants}, {low}, {high});\n}}\n"
    )
    return Kernel(text, helpers=(helper,), aliases=(0, 1), includes=(vectors.header,))


def _search(site: Site, how: Arithmetic, wanted: Array, sign: int) -> Linear | None:
    low, high = int(wanted.min()), int(wanted.max())
    codes = _CODES.astype(np.int64)
    for candidate in _candidates(site, sign):
        by_a, by_b, offset = (np.array([v], np.float32) for v in (candidate.by_a, candidate.by_b, candidate.offset))
        inner = how.multiply_add(codes, by_b, offset)
        outer = how.multiply_add(codes[:, None], by_a, inner[None, :])
        if np.abs(outer).max() < how.limit and np.array_equal(np.clip(np.rint(outer), low, high), wanted):
            return candidate
    return None


def _candidates(site: Site, sign: int) -> Iterator[Linear]:
    """Around the real factors: a little steeper takes ties away from zero, as the reference does."""
    a, b, output = site.input(0), site.input(1), site.output()
    for nudge in _NUDGES:
        for stretch in _STRETCHES:
            by_a = np.float32(a.scale / output.scale * (1 + stretch))
            by_b = np.float32(sign * b.scale / output.scale * (1 + stretch))
            offset = output.zero_point - float(by_a) * a.zero_point - float(by_b) * b.zero_point + nudge
            yield Linear(float(by_a), float(by_b), float(np.float32(offset)))


def _by_tables(site: Site, sign: int, low: int, high: int) -> Kernel:
    output = site.output()
    shift = left_shift(site.operands)
    tables = []
    for index in (0, 1):
        tensor = site.input(index)
        factor = smaller_than_one(tensor.scale / common_scale(site.operands), tensor.name)
        shares = rescale_down((_CODES.astype(np.int64) - tensor.zero_point) << shift, factor)
        tables.append(shares * (sign if index else 1))
    by = output_factor(site.operands)
    names = [site.local(f"share{index}") for index in (0, 1)]
    constants = tuple(
        Constant(name, table.astype(np.int32), 64, "rescaled codes from -128 on")
        for name, table in zip(names, tables, strict=True)
    )
    text = (
        f"static void {site.symbol}(const int8_t *x0, const int8_t *x1, int8_t *y0)\n{{\n"
        f"    for (int32_t i = 0; i < {output.size}; ++i) {{\n"
        f"        const int32_t sum = {names[0]}[x0[i] + 128] + {names[1]}[x1[i] + 128];\n"
        f"        y0[i] = {_SHARES.name}(sum, {int(by.mantissa)}, {int(-by.shift)},"
        f" {output.zero_point}, {low}, {high});\n"
        "    }\n}\n"
    )
    return Kernel(text, constants, (_SHARES,), aliases=(0, 1))

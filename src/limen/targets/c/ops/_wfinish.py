"""From accumulators to what is stored: rescaling, zero point, clamping, as a C expression with its constants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limen.ops._fixed_point import INT32_MAX, INT32_MIN, Int64, Multiplier, Requantization, rescale, round_away
from limen.program import Activation, Array
from limen.targets.c._kernel import C_TYPES, Constant, Helper, Site
from limen.targets.c._text import float_literal
from limen.targets.c.ops._requantize import CLAMP, RESCALE
from limen.targets.c.ops._wfit import Fit, Range, fit

_FLOAT_BOUNDS: dict[str, tuple[float | None, float | None]] = {
    "none": (None, None),
    "relu": (0.0, None),
    "relu6": (0.0, 6.0),
    "relu_n1_to_1": (-1.0, 1.0),
}

ROUND_TO_CODE = Helper(
    "limen_round",
    """\
/* The nearest whole number between two bounds, halves away from zero. */
static inline int32_t limen_round(double value, int32_t low, int32_t high)
{
    if (value <= low || value >= high) {
        return value <= low ? low : high;
    }
    const int32_t whole = (int32_t)value;
    const double rest = value - whole;
    return whole + (rest >= 0.5 ? 1 : 0) - (rest <= -0.5 ? 1 : 0);
}
""",
)


@dataclass(frozen=True)
class Finish:
    """How an accumulator becomes an element.

    Args:
        expression: C, with ``@A`` for the accumulator and ``@O`` for the channel's index.
        constants: arrays that the expression reads.
        helpers: functions that it calls.
    """

    expression: str
    constants: tuple[Constant, ...] = ()
    helpers: tuple[Helper, ...] = ()

    def of(self, accumulator: str, channel: str) -> str:
        """The expression for one accumulator and channel."""
        return self.expression.replace("@A", accumulator).replace("@O", channel)


def finish_float(activation: Activation) -> Finish:
    """The activation alone; nan stays nan."""
    low, high = _FLOAT_BOUNDS[activation]
    value = "@A"
    if low is not None:
        value = f"({value} < {float_literal(low)} ? {float_literal(low)} : {value})"
    if high is not None:
        value = f"(@A > {float_literal(high)} ? {float_literal(high)} : {value})"
    return Finish(value.strip("()") if low is None and high is None else value[1:-1])


def finish_codes(site: Site, scaling: Requantization, channels: int, reach: Range | None, prefix: str = "") -> Finish:
    """Fixed-point rescaling of int32 accumulators (int64 ones in 16x8 kernels).

    Args:
        channels: number of factors that the expression chooses from.
        reach: of the accumulators; None where they can leave int32, so that they wrap.
        prefix: of the constants' names.
    """
    if scaling.wide:
        return _wide(site, scaling, channels, prefix)
    mantissa = np.broadcast_to(scaling.factor.mantissa, channels).astype(np.int64)
    shift = np.broadcast_to(scaling.factor.shift, channels).astype(np.int64)
    if reach is not None and not _left_shift_wraps(shift, reach):
        factors = np.ldexp(mantissa.astype(np.float64), (shift - 31).astype(np.int32))
        bounds = (scaling.low, scaling.high)
        found = fit(factors, reach, bounds, scaling.zero_point, lambda x: rescale(x, Multiplier(mantissa, shift)))
        if found is not None and scaling.dtype != "int16":
            return _fitted(site, found, scaling, prefix)
    multiplier, first = _per_channel(site, f"{prefix}multiplier", mantissa.astype(np.int32), "Q31 mantissas")
    power, second = _per_channel(site, f"{prefix}shift", shift.astype(np.int8), "powers of two")
    value = _plus(f"limen_rescale(@A, {multiplier}, {power})", scaling.zero_point)
    return Finish(_clamped(value, scaling), (*first, *second), (RESCALE, CLAMP))


def _left_shift_wraps(shift: Int64, reach: Range) -> bool:
    left = np.maximum(shift, 0)
    return bool(np.any(reach.low << left < INT32_MIN) or np.any(reach.high << left > INT32_MAX))


def finish_in_double(
    site: Site,
    factors: NDArray[np.float64],
    zero_point: int,
    bounds: tuple[int, int],
    dtype: str,
    reach: Range | None,
    prefix: str = "",
) -> Finish:
    """Rescaling that is defined in float64 (FullyConnected): one multiplication where that is proved to be the same.

    Args:
        factors: one per channel.
        bounds: smallest and largest code.
        dtype: of the codes.
        reach: of the accumulators, None where they are wider than int32.
    """
    scaling = Requantization(Multiplier(np.int64(0), np.int64(0)), zero_point, *bounds, dtype)  # type: ignore[arg-type]
    if reach is not None:
        found = fit(factors, reach, bounds, zero_point, lambda x: round_away(x * factors).astype(np.int64))
        if found is not None:
            return _fitted(site, found, scaling, prefix)
    symbol, constants = _per_channel(site, f"{prefix}factor", factors, "rescaling factors")
    low, high = bounds[0] - zero_point, bounds[1] - zero_point
    value = _plus(f"limen_round((double)@A * {symbol}, {low}, {high})", zero_point)
    return Finish(f"({C_TYPES[dtype]})({value})", constants, (ROUND_TO_CODE,))


def _fitted(site: Site, found: Fit, scaling: Requantization, prefix: str) -> Finish:
    comment = f"factors times 2^{found.shift}"
    symbol, constants = _per_channel(site, f"{prefix}multiplier", found.mantissa.astype(np.int32), comment)
    product = f"(int64_t)@A * {symbol} + INT64_C({found.addend})"
    return Finish(_clamped(f"(int32_t)(({product}) >> {found.shift})", scaling), constants, (CLAMP,))


def _wide(site: Site, scaling: Requantization, channels: int, prefix: str) -> Finish:
    """A 16-bit mantissa and one rounding, halves up."""
    mantissa = np.broadcast_to(scaling.factor.mantissa, channels).astype(np.int64)
    total = (15 - np.broadcast_to(scaling.factor.shift, channels)).astype(np.int8)
    reduced = np.where(mantissa < 0x7FFF0000, (mantissa + (1 << 15)) >> 16, 0x7FFF).astype(np.int16)
    multiplier, first = _per_channel(site, f"{prefix}multiplier", reduced, "Q15 mantissas")
    shift, second = _per_channel(site, f"{prefix}shift", total, "right shifts")
    half = f"(INT64_C(1) << ({shift} - 1))" if second else f"INT64_C({1 << (int(total[0]) - 1)})"
    value = _plus(f"(int32_t)(((int64_t)@A * {multiplier} + {half}) >> {shift})", scaling.zero_point)
    return Finish(_clamped(value, scaling), (*first, *second), (CLAMP,))


def _per_channel(site: Site, name: str, values: Array, comment: str) -> tuple[str, tuple[Constant, ...]]:
    """A literal where all channels agree, else an element of a new array."""
    if (values == values[0]).all():
        value = values[0].item()
        if values.dtype.kind == "f":
            return float_literal(value, values.dtype.itemsize == 4), ()
        return (f"({value})" if value < 0 else str(value)), ()
    constant = Constant(site.local(name), values, comment=comment)
    return f"{constant.symbol}[@O]", (constant,)


def _plus(value: str, zero_point: int) -> str:
    if zero_point == 0:
        return value
    return f"{value} {'+' if zero_point > 0 else '-'} {abs(zero_point)}"


def _clamped(value: str, scaling: Requantization) -> str:
    return f"({C_TYPES[scaling.dtype]})limen_clamp({value}, {scaling.low}, {scaling.high})"

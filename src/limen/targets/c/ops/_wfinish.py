"""From accumulators to what is stored: rescaling, zero point, clamping, as a C expression with its constants."""

from __future__ import annotations

from dataclasses import dataclass, replace

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

RESCALE_DOWN = Helper(
    "limen_rescale_down",
    """\
/* acc * multiplier / 2^(31 + right), right >= 1: a doubling high multiply, halves up, then a rounding
 * division, halves away from zero. */
static inline int32_t limen_rescale_down(int32_t acc, int32_t multiplier, int32_t right)
{
    const int32_t high = (int32_t)(((int64_t)acc * multiplier + (INT64_C(1) << 30)) >> 31);
    return (high + (1 << (right - 1)) - (high < 0 ? 1 : 0)) >> right;
}
""",
)

RESCALE_POSITIVE = Helper(
    "limen_rescale_positive",
    """\
/* acc * multiplier / 2^(31 + right), rounded twice, halves up; results below 0 do not matter. */
static inline int32_t limen_rescale_positive(int32_t acc, int32_t multiplier, int32_t right)
{
    const int32_t high = (int32_t)(((int64_t)acc * multiplier + (INT64_C(1) << 30)) >> 31);
    return (high + (1 << (right - 1))) >> right;
}
""",
)

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
        call: C expression, with ``@A`` for the accumulator and ``@O`` for the channel's index.
        text: the function that it calls; empty where there is none.
        constants: arrays that the function reads.
        helpers: functions that it calls.
    """

    call: str
    text: str = ""
    constants: tuple[Constant, ...] = ()
    helpers: tuple[Helper, ...] = ()

    def of(self, accumulator: str, channel: str) -> str:
        """The expression for one accumulator and channel."""
        return self.call.replace("@A", accumulator).replace("@O", channel)


@dataclass(frozen=True)
class Accumulator:
    """What arrives.

    Args:
        ctype: int32_t or int64_t.
        reach: range of each channel's values; None where they can leave int32.
        wraps: values of an int64_t are cut to 32 bits first, as the Program's int32 wraps.
    """

    ctype: str
    reach: Range | None
    wraps: bool = False

    def joined(self) -> Accumulator:
        """All channels as one."""
        if self.reach is None:
            return self
        reach = Range(self.reach.low.min(keepdims=True), self.reach.high.max(keepdims=True))
        return replace(self, reach=reach)


def finish_float(activation: Activation) -> Finish:
    """The activation alone; nan stays nan."""
    low, high = _FLOAT_BOUNDS[activation]
    if low is None:
        return Finish("@A")
    above = f"@A < {float_literal(low)} ? {float_literal(low)} : @A"
    if high is None:
        return Finish(above)
    return Finish(f"@A > {float_literal(high)} ? {float_literal(high)} : {above}")


def finish_codes(site: Site, scaling: Requantization, channels: int, source: Accumulator) -> Finish:
    """Fixed-point rescaling of int32 accumulators (int64 ones in 16x8 kernels).

    Args:
        channels: number of factors that the expression chooses from.
    """
    if scaling.wide:
        return _wide(site, scaling, channels, source)
    mantissa = np.broadcast_to(scaling.factor.mantissa, channels).astype(np.int64)
    shift = np.broadcast_to(scaling.factor.shift, channels).astype(np.int64)
    if (mantissa == mantissa[0]).all() and (shift == shift[0]).all():
        mantissa, shift, source = mantissa[:1], shift[:1], source.joined()
    found = _fit_fixed_point(scaling, mantissa, shift, source)
    if found is not None:
        return _fitted(site, found, scaling, source)
    multiplier, first = _per_channel(site, "multiplier", mantissa.astype(np.int32), "Q31 mantissas")
    if int(shift.max()) < 0:
        helper = RESCALE_POSITIVE if scaling.low >= scaling.zero_point else RESCALE_DOWN
        power, second = _per_channel(site, "shift", (-shift).astype(np.int8), "right shifts")
    else:
        helper = RESCALE
        power, second = _per_channel(site, "shift", shift.astype(np.int8), "powers of two")
    lines = []
    if first:
        lines.append(f"const int32_t multiplier = {multiplier};")
        multiplier = "multiplier"
    if second:
        lines.append(f"const int32_t shift = {power};")
        power = "shift"
    value = _plus(f"{helper.name}(@A, {multiplier}, {power})", scaling.zero_point)
    return _finish(site, lines, value, scaling, source, (*first, *second), (helper, CLAMP))


def _fit_fixed_point(scaling: Requantization, mantissa: Int64, shift: Int64, source: Accumulator) -> Fit | None:
    """Only where one shift holds all mantissas without loss; a fit of rounded ones is next to never exact."""
    if source.reach is None or scaling.dtype == "int16" or (shift != shift[0]).any():
        return None
    if _left_shift_wraps(shift, source.reach):
        return None
    factors = np.ldexp(mantissa.astype(np.float64), (shift - 31).astype(np.int32))
    factor = Multiplier(mantissa, shift)
    bounds = (scaling.low, scaling.high)
    return fit(factors, source.reach, bounds, scaling.zero_point, lambda x: rescale(x, factor))


def _finish(
    site: Site,
    lines: list[str],
    value: str,
    scaling: Requantization,
    source: Accumulator,
    constants: tuple[Constant, ...],
    helpers: tuple[Helper, ...],
    clamp: bool = True,
) -> Finish:
    """``SYMBOL_code``: lines, then the value clamped to the codes."""
    name, kind = site.local("code"), C_TYPES[scaling.dtype]
    value = f"limen_clamp({value}, {scaling.low}, {scaling.high})" if clamp else f"({value})"
    lines = [*lines, f"return ({kind}){value};"]
    if source.wraps:
        lines = ["const int32_t low = (int32_t)(uint32_t)acc;", *(line.replace("@A", "low") for line in lines)]
    indexed = any("@O" in line for line in lines)
    body = "".join(f"    {line}\n" for line in lines).replace("@A", "acc").replace("@O", "o")
    parameters = f"{source.ctype} acc, int32_t o" if indexed else f"{source.ctype} acc"
    text = f"/* From an accumulator to the output's code. */\nstatic inline {kind} {name}({parameters})\n{{\n{body}}}\n"
    return Finish(f"{name}(@A, @O)" if indexed else f"{name}(@A)", text, constants, helpers)


def _left_shift_wraps(shift: Int64, reach: Range) -> bool:
    left = np.maximum(shift, 0)
    return bool(np.any(reach.low << left < INT32_MIN) or np.any(reach.high << left > INT32_MAX))


def finish_in_double(
    site: Site,
    factors: NDArray[np.float64],
    zero_point: int,
    bounds: tuple[int, int],
    dtype: str,
    source: Accumulator,
) -> Finish:
    """Rescaling that is defined in float64 (FullyConnected): one multiplication where that is proved to be the same.

    Args:
        factors: one per channel.
        bounds: smallest and largest code.
        dtype: of the codes.
    """
    scaling = Requantization(Multiplier(np.int64(0), np.int64(0)), zero_point, *bounds, dtype)  # type: ignore[arg-type]
    if (factors == factors[0]).all():
        factors, source = factors[:1], source.joined()
    if source.reach is not None:
        found = fit(factors, source.reach, bounds, zero_point, lambda x: round_away(x * factors).astype(np.int64))
        if found is not None:
            return _fitted(site, found, scaling, source)
    symbol, constants = _per_channel(site, "factor", factors, "rescaling factors")
    low, high = bounds[0] - zero_point, bounds[1] - zero_point
    value = _plus(f"limen_round((double)@A * {symbol}, {low}, {high})", zero_point)
    return _finish(site, [], value, scaling, source, constants, (ROUND_TO_CODE,), clamp=False)


def _fitted(site: Site, found: Fit, scaling: Requantization, source: Accumulator) -> Finish:
    comment = f"factors times 2^{found.shift}"
    symbol, constants = _per_channel(site, "multiplier", found.mantissa.astype(np.int32), comment)
    half = f"INT64_C({found.addend})"
    lines = []
    if found.negative != found.addend:
        lines = [f"const int64_t half = @A < 0 ? INT64_C({found.negative}) : {half};"]
        half = "half"
    lines.append(f"const int64_t scaled = (int64_t)@A * {symbol} + {half};")
    return _finish(site, lines, f"(int32_t)(scaled >> {found.shift})", scaling, source, constants, (CLAMP,))


def _wide(site: Site, scaling: Requantization, channels: int, source: Accumulator) -> Finish:
    """A 16-bit mantissa and one rounding, halves up."""
    mantissa = np.broadcast_to(scaling.factor.mantissa, channels).astype(np.int64)
    total = (15 - np.broadcast_to(scaling.factor.shift, channels)).astype(np.int8)
    reduced = np.where(mantissa < 0x7FFF0000, (mantissa + (1 << 15)) >> 16, 0x7FFF).astype(np.int16)
    multiplier, first = _per_channel(site, "multiplier", reduced, "Q15 mantissas")
    shift, second = _per_channel(site, "shift", total, "right shifts")
    half = f"INT64_C({1 << (int(total[0]) - 1)})"
    lines = []
    if second:
        lines = [f"const int32_t shift = {shift};", "const int64_t half = INT64_C(1) << (shift - 1);"]
        shift, half = "shift", "half"
    lines.append(f"const int64_t scaled = (int64_t)@A * {multiplier} + {half};")
    value = _plus(f"(int32_t)(scaled >> {shift})", scaling.zero_point)
    return _finish(site, lines, value, scaling, source, (*first, *second), (CLAMP,))


def _per_channel(site: Site, name: str, values: Array, comment: str) -> tuple[str, tuple[Constant, ...]]:
    """A literal where all channels agree, else an element of a new array."""
    if (values == values[0]).all():
        value = values[0].item()
        if values.dtype.kind == "f":
            return float_literal(value, values.dtype.itemsize == 4), ()
        return str(value), ()
    constant = Constant(site.local(name), values, comment=comment)
    return f"{constant.symbol}[@O]", (constant,)


def _plus(value: str, zero_point: int) -> str:
    if zero_point == 0:
        return value
    return f"{value} {'+' if zero_point > 0 else '-'} {abs(zero_point)}"

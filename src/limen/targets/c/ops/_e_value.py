"""Integer expressions of C with known bounds: the fixed-point arithmetic of the Program, to the bit.

A rescaling in the Program's meaning is a saturating doubling high multiply and a rounding shift (see
``limen.ops._fixed_point``). The bounds of the value say which of its corner cases can occur, so that only those are
paid for: no saturation, no 64-bit addition, no clamp where the value cannot leave the range.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from limen.ops._fixed_point import INT32_MAX, INT32_MIN, Multiplier, divide_by_pot
from limen.program import Tensor
from limen.targets.c._kernel import Helper
from limen.targets.c.ops._requantize import CLAMP

MULTIPLY_HIGH = Helper(
    "multiply_high",
    """/* a * b / 2**32, rounded, halves up. */
static inline int32_t multiply_high(int32_t a, int32_t b)
{
    const int64_t product = (int64_t)a * b;

    return (int32_t)(product >> 32) + (int32_t)((uint32_t)product >> 31);
}
""",
)
DOUBLING_MULTIPLY_HIGH = Helper(
    "doubling_multiply_high",
    """/* a * b / 2**31, rounded, halves up; b is not INT32_MIN. */
static inline int32_t doubling_multiply_high(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + INT64_C(0x40000000)) >> 31);
}
""",
)
SHIFT_ROUNDED = Helper(
    "shift_rounded",
    """/* x / 2**n for n >= 1, rounded, halves away from zero; |x| + 2**(n - 1) stays below 2**31. */
static inline int32_t shift_rounded(int32_t x, int32_t n)
{
    return (x + (1 << (n - 1)) - (x < 0)) >> n;
}
""",
)
SHIFT_ROUNDED_PLUS = Helper(
    "shift_rounded_plus",
    """\
/* shift_rounded(x, n) + addend, where nothing overflows on the way. */
static inline int32_t shift_rounded_plus(int32_t x, int32_t n, int32_t addend)
{
    return (x + addend * (1 << n) + (1 << (n - 1)) - (x < 0)) >> n;
}
""",
)
SHIFT_HALF_UP_PLUS = Helper(
    "shift_half_up_plus",
    """\
/* shift_rounded_plus with halves upwards: the same wherever x >= 0, and never above addend below that. */
static inline int32_t shift_half_up_plus(int32_t x, int32_t n, int32_t addend)
{
    return (x + addend * (1 << n) + (1 << (n - 1))) >> n;
}
""",
)
SHIFT_ROUNDED_ANY = Helper(
    "shift_rounded_any",
    """/* x / 2**n for n = 1 ... 31, rounded, halves away from zero. */
static inline int32_t shift_rounded_any(int32_t x, int32_t n)
{
    return (int32_t)(((int64_t)x + (INT64_C(1) << (n - 1)) - (x < 0)) >> n);
}
""",
)
SHIFT_LEFT = Helper(
    "shift_left",
    """/* x * 2**n, wrapping. */
static inline int32_t shift_left(int32_t x, int32_t n)
{
    return (int32_t)((uint32_t)x << n);
}
""",
)


@dataclass(frozen=True)
class Value:
    """A C expression of type int32_t (or one that is promoted to it) times a power of two.

    Args:
        text: the expression.
        low, high: bounds of ``text``, inclusive.
        exponent: the value is ``text * 2**exponent``.
        helpers: functions that the text calls.
        atom: the text binds tighter than any operator.
        shifted: where the text is ``shift_rounded`` of a value, that value and the number of bits.
    """

    text: str
    low: int
    high: int
    exponent: int = 0
    helpers: tuple[Helper, ...] = ()
    atom: bool = True
    shifted: tuple[Value, int] | None = None

    @property
    def operand(self) -> str:
        """The text as an operand of * or of a cast."""
        return self.text if self.atom else f"({self.text})"

    @property
    def bounds(self) -> tuple[int, int]:
        """Bounds of the value."""
        return self.low << self.exponent, self.high << self.exponent


def code(tensor: Tensor, text: str) -> Value:
    """An element of a tensor less its zero point."""
    info = np.iinfo(tensor.dtype)
    return plus(Value(text, int(info.min), int(info.max)), -tensor.zero_point)


def plus(value: Value, number: int) -> Value:
    """The value plus a constant."""
    assert value.exponent == 0
    if number == 0:
        return value
    text = f"{value.text} {'+' if number > 0 else '-'} {abs(number)}"
    return Value(text, value.low + number, value.high + number, 0, value.helpers, False)


def combine(a: Value, b: Value, sign: str) -> Value:
    """a + b or a - b."""
    a, b = flat(a), flat(b)
    low, high = (a.low + b.low, a.high + b.high) if sign == "+" else (a.low - b.high, a.high - b.low)
    right = b.text if sign == "+" else b.operand
    return Value(f"{a.text} {sign} {right}", low, high, 0, a.helpers + b.helpers, False)


def times(a: Value, b: Value) -> Value:
    """a * b."""
    corners = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
    return Value(f"{a.operand} * {b.operand}", min(corners), max(corners), 0, a.helpers + b.helpers, False)


def either(condition: str, a: Value, b: Value) -> Value:
    """a where the condition holds, else b."""
    a, b = flat(a), flat(b)
    text = f"({condition} ? {a.text} : {b.text})"
    return Value(text, min(a.low, b.low), max(a.high, b.high), 0, a.helpers + b.helpers)


def scaled(value: Value, shift: int) -> Value:
    """value * 2**shift, without a C operation yet."""
    return Value(value.text, value.low, value.high, value.exponent + shift, value.helpers, value.atom)


def flat(value: Value) -> Value:
    """The same with exponent 0."""
    if value.exponent == 0:
        return value
    low, high = value.bounds
    if fits(low, high):
        factor = f"(1 << {value.exponent})" if value.exponent > 3 else str(1 << value.exponent)
        return Value(f"{value.operand} * {factor}", low, high, 0, value.helpers, False)
    text = f"shift_left({value.text}, {value.exponent})"
    return Value(text, INT32_MIN, INT32_MAX, 0, (*value.helpers, SHIFT_LEFT))


def fits(low: int, high: int) -> bool:
    """The bounds lie within int32."""
    return low >= INT32_MIN and high <= INT32_MAX


def rescaled(value: Value, factor: Multiplier) -> Value:
    """The value times a fixed-point factor: ``limen.ops._fixed_point.rescale``."""
    mantissa, shift = int(factor.mantissa), int(factor.shift)
    if mantissa == 0:
        return Value("0", 0, 0)
    left, right = max(shift, 0), max(-shift, 0)
    low, high = (bound << left for bound in value.bounds)
    wraps = not fits(low, high)
    if mantissa == 1 << 30 and not wraps and value.exponent + shift >= 1:
        return scaled(value, shift - 1)
    low, high = (INT32_MIN, INT32_MAX) if wraps else (low, high)
    if fits(2 * low, 2 * high):
        wide = flat(scaled(value, left + 1))
        text, helpers = f"multiply_high({wide.text}, {mantissa})", (*wide.helpers, MULTIPLY_HIGH)
    else:
        wide = flat(scaled(value, left))
        text = f"doubling_multiply_high({wide.text}, {mantissa})"
        helpers = (*wide.helpers, DOUBLING_MULTIPLY_HIGH)
    product = (low * mantissa + (1 << 30)) >> 31, (high * mantissa + (1 << 30)) >> 31
    low, high = min(product), max(product)
    if right:
        return shifted_right(Value(text, low, high, 0, helpers), right)
    return Value(text, low, high, 0, helpers)


def shifted_right(value: Value, bits: int) -> Value:
    """The value over 2**bits, rounded, halves away from zero."""
    low, high = int(divide_by_pot(value.low, bits)), int(divide_by_pot(value.high, bits))
    simple = fits(value.low - 1, value.high + (1 << (bits - 1)))
    helper = SHIFT_ROUNDED if simple else SHIFT_ROUNDED_ANY
    text = f"{helper.name}({value.text}, {bits})"
    return Value(text, low, high, 0, (*value.helpers, helper), shifted=(value, bits) if simple else None)


def plus_zero_point(value: Value, zero: int, low: int) -> Value:
    """The value plus a zero point, in the cheapest form that is right for a clamp whose lower bound is ``low``."""
    value = flat(value)
    upwards = low >= zero  # the clamp hides which way the halves of negative values went
    if value.shifted is None or not (upwards or zero):
        return plus(value, zero)
    x, bits = value.shifted
    if not fits(x.low + min(zero << bits, 0) - 1, x.high + max(zero << bits, 0) + (1 << (bits - 1))):
        return plus(value, zero)
    helper = SHIFT_HALF_UP_PLUS if upwards else SHIFT_ROUNDED_PLUS
    text = f"{helper.name}({x.text}, {bits}, {zero})"
    return Value(text, value.low + zero, value.high + zero, 0, (*x.helpers, helper))


def clamped(value: Value, low: int, high: int) -> Value:
    """The value kept within bounds; nothing where it cannot leave them."""
    value = flat(value)
    if value.low >= low and value.high <= high:
        return value
    least, most = ("INT32_MIN" if low == INT32_MIN else low), ("INT32_MAX" if high == INT32_MAX else high)
    return Value(f"limen_clamp({value.text}, {least}, {most})", low, high, 0, (*value.helpers, CLAMP))


def named(value: Value, name: str) -> tuple[str, Value]:
    """A declaration, and the value by its name."""
    value = flat(value)
    return f"const int32_t {name} = {value.text};", Value(name, value.low, value.high, 0, value.helpers)

"""C of one box: from its numbers and its prior to corners, points and scores."""

from __future__ import annotations

from limen.steps.box_decode import _LARGEST_EXPONENT, BoxDecode
from limen.targets.c._kernel import Helper
from limen.targets.c.ops._math import EXP, LOG, TANH
from limen.targets.c.steps._kernel import fill, number
from limen.targets.c.steps._numbers import ROOT, SQUASH

PRIOR = Helper(
    "box_prior",
    """\
/* Where a box starts: centre, width and height in pixels, both by axis x, y; pixels per cell. */
struct box_prior {
    float centre[2];
    float side[2];
    float stride;
};
""",
)

POWER = Helper(
    "power_f32",
    """\
/* x**power for x from 0 on. */
static inline float power_f32(float x, float power)
{
    return x > 0.0f ? exp_f32(power * log_f32(x)) : 0.0f;
}
""",
    (EXP, LOG),
)

_SHIFT = """\
/* A centre number to pixels along an axis (0: x, 1: y). */
static float @s@_@name@(float t, const struct box_prior *prior, int32_t axis)
{
@unused@    float moved = @active@;

@scale@@stretch@    return @sum@;
}
"""

_LENGTH = """\
/* A side or edge number to pixels along an axis (0: x, 1: y). */
static float @s@_length(float t, const struct box_prior *prior, int32_t axis)
{
@unused@@scaled@    return @long@ * @unit@;
}
"""

_CORNERS = """\
/* Four box numbers to the corners x1, y1, x2, y2. */
static void @s@_corners(const float *t, const struct box_prior *prior, float *box)
{
    for (int32_t axis = 0; axis < 2; axis++) {
        const float one = t[@axis@];
        const float two = t[2 + @axis@];
@middle@        box[axis] = @low@;
        box[2 + axis] = @high@;
    }
}
"""


def _unit(step: BoxDecode, unit: str) -> str:
    return {
        "prior": "prior->side[axis]",
        "stride": "prior->stride",
        "input": f"(axis == 0 ? {number(step.size[0])} : {number(step.size[1])})",
        "pixel": "1.0f",
    }[unit]


def _unused(text: str) -> str:
    """Statements that say which parameters a function does not need."""
    return "".join(f"    (void){name};\n" for name in ("prior", "axis") if name not in text)


def shift(step: BoxDecode, symbol: str, name: str, activation: str) -> str:
    """``float SYMBOL_NAME(t, prior, axis)``."""
    active = {"none": "t", "tanh": "tanh_f32(t)", "sigmoid": "sigmoid_f32(t)"}[activation]
    unit, total = _unit(step, step.centre_unit), "prior->centre[axis] + moved" if step._has_priors() else "moved"
    scale = f"    moved = moved * {number(step.centre_scale)};\n" if step.centre_scale != 1 else ""
    stretch = f"    moved = moved * {unit};\n" if step.centre_unit != "pixel" else ""
    return fill(
        _SHIFT,
        s=symbol,
        name=name,
        unused=_unused(stretch + total),
        active=active,
        scale=scale,
        stretch=stretch,
        sum=total,
    )


def length(step: BoxDecode, symbol: str) -> str:
    """``float SYMBOL_length(t, prior, axis)``."""
    unit, scale = _unit(step, step.side_unit), number(step.side_scale)
    scaled = f"    const float scaled = {f't * {scale}' if step.side_scale != 1 else 't'};\n"
    long = "scaled"
    if step.side == "exp":
        most = number(_LARGEST_EXPONENT)
        long = f"exp_f32(scaled < {most} ? scaled : {most})"
    elif step.side == "sigmoid":
        scaled = scaled.replace("= t", "= sigmoid_f32(t)")
    return fill(_LENGTH, s=symbol, unused=_unused(unit), scaled=scaled, long=long, unit=unit)


def corners(step: BoxDecode, symbol: str) -> str:
    """``void SYMBOL_corners(t, prior, box)`` and what it calls."""
    middle = ""
    if step.form in ("offset", "centre"):
        middle = (
            f"        const float middle = {symbol}_shift(one, prior, axis);\n"
            f"        const float half = {symbol}_length(two, prior, axis) / 2.0f;\n"
        )
        low, high, parts = "middle - half", "middle + half", [shift(step, symbol, "shift", step.centre)]
    else:
        low, high, parts = f"{symbol}_length(one, prior, axis)", f"{symbol}_length(two, prior, axis)", []
        if step.form == "distance":
            low, high = f"prior->centre[axis] - {low}", f"prior->centre[axis] + {high}"
    axis = "1 - axis" if step.axes == "yx" else "axis"
    text = fill(_CORNERS, s=symbol, axis=axis, middle=middle, low=low, high=high)
    return "\n".join([*parts, length(step, symbol), text])


def helpers(step: BoxDecode) -> tuple[Helper, ...]:
    """Functions that the texts call."""
    found = [PRIOR]
    if "sigmoid" in (step.centre, step.side, step.score, step.object_score):
        found.append(SQUASH)
    if step.centre == "tanh":
        found.append(TANH)
    if step.side == "exp" or step.score == "softmax":
        found.append(EXP)
    for power in (step.score_power, step.object_power) if step.objectness else ():
        if power == 0.5:
            found.append(ROOT)
        elif power != 1:
            found.append(POWER)
    return tuple(found)


def raised(value: str, power: float) -> str:
    """An expression to a power."""
    if power == 1:
        return value
    return f"root_f32({value})" if power == 0.5 else f"power_f32({value}, {number(power)})"


SOFTMAX = """\
float most = @first@;
float sum = 0.0f;
for (int32_t k = 1; k < @all@; k++) {
    const float logit = @logit@;
    most = logit > most ? logit : most;
}
for (int32_t k = 0; k < @all@; k++) {
    const float power = exp_f32(@logit@ - most);
    sum += power;
    if (k >= @skip@ && k < @end@) {
        score[k - @skip@] = power;
    }
}
for (int32_t k = 0; k < @classes@; k++) {
    score[k] /= sum;
}
"""

PLAIN = """\
for (int32_t k = 0; k < @classes@; k++) {
    score[k] = @score@;
}
"""

OBJECTNESS = """\
float sure = @object@;
sure = sure > 0.0f ? (sure < 1.0f ? sure : 1.0f) : 0.0f;
@raise@for (int32_t k = 0; k < @classes@; k++) {
    const float part = score[k] > 0.0f ? (score[k] < 1.0f ? score[k] : 1.0f) : 0.0f;
    score[k] = @part@ * sure;
}
"""

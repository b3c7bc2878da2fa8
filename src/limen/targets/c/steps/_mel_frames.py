"""Frames and filters of the step log_mel in C: what its arithmetics share."""

from __future__ import annotations

import numpy as np

from limen.program import Array
from limen.steps._signal import mel_filters
from limen.steps.log_mel import LogMel
from limen.targets.c._kernel import Constant, Helper
from limen.targets.c.ops._math import LOG
from limen.targets.c.steps._kernel import Port, Real, StepSite, fill, number

_SAMPLE = """\
/* Sample number i of the frame that starts at a sample@windowed@; zeros follow the window@around@. */
static @type@ @s@_sample(const @t@ *x, @length@int32_t start, int32_t i)
{
@inside@
    return @value@;
}
"""

_REFLECT = """\
    int32_t at = start + i - @pad@;
    at = at < 0 ? -at : at;
    at = at < @n@ ? at : 2 * (@n@ - 1) - at;
"""

_AROUND = {"none": "", "zeros": " and stand around the signal", "reflect": ", the signal is mirrored at its ends"}


def frames(step: LogMel, samples: int) -> int:
    """How many frames a signal gives; 0 where it is too short."""
    if step.centre == "none":
        return 0 if samples < step.size else (samples - step.size) // step.hop + 1
    return 0 if samples < shortest(step) else (samples + 2 * (step.fft // 2) - step.fft) // step.hop + 1


def shortest(step: LogMel) -> int:
    """The least number of samples."""
    return {"none": step.size, "zeros": 1 + step.fft % 2, "reflect": step.fft // 2 + 1}[step.centre]


def counting(step: LogMel) -> str:
    """Statements that compute ``frames`` from ``count``, or refuse it."""
    less = step.size if step.centre == "none" else step.fft - 2 * (step.fft // 2)
    inner = f"(count - {less}) / {step.hop}" if less else f"count / {step.hop}"
    return (
        f"    if (count < {shortest(step)}) {{\n        return -1;\n    }}\n    const int32_t frames = {inner} + 1;\n"
    )


def needs_length(step: LogMel, counted: bool) -> bool:
    """Whether a sample's place depends on how many there are."""
    return counted and step.centre != "none"


def sample(step: LogMel, port: Port, site: StepSite, kind: str, value: str) -> str:
    """``SYMBOL_sample``, which answers ``value``, an expression of the place ``@at@`` and of the window's ``@i@``."""
    before = 0 if step.centre == "none" else (step.fft - step.size) // 2
    counted = site.flow.varies == "count"
    length, pad = "count" if counted else str(port.shape[0]), step.fft // 2
    lines = []
    if before:
        lines.append(f"    if (i < {before} || i >= {before + step.size}) {{\n        return 0;\n    }}")
    elif step.fft > step.size:
        lines.append(f"    if (i >= {step.size}) {{\n        return 0;\n    }}")
    if step.centre == "reflect":
        lines.append(fill(_REFLECT, pad=pad, n=length).rstrip("\n"))
    elif step.centre == "zeros":
        lines.append(f"    const int32_t at = start + i - {pad};")
        lines.append(f"    if (at < 0 || at >= {length}) {{\n        return 0;\n    }}")
    text = fill(
        _SAMPLE,
        inside="\n".join(lines) + "\n" if lines else "",
        around=_AROUND[step.centre],
        value=value,
        windowed=", windowed" if "window" in value else "",
        type=kind,
        length="int32_t count, " if needs_length(step, counted) else "",
        t=port.ctype,
        s=site.symbol,
    )
    text = fill(text, at="start + i" if step.centre == "none" else "at", i=f"i - {before}" if before else "i")
    return text.replace("{\n\n    return", "{\n    return")


def filters(step: LogMel) -> tuple[Array, Array, Array]:
    """First frequency, number of frequencies and weights of every mel filter, without its zeros."""
    dense = mel_filters(step.rate, step.fft, step.mels, step.low, step.high, step.scale, step.slopes, step.area)
    return sparse(dense)


def filter_constants(
    site: StepSite, first: Array, count: Array, weights: Array, note: str = ""
) -> tuple[Constant, ...]:
    """Their tables."""
    return (
        Constant(site.local("first"), first, comment="first frequency of each mel filter"),
        Constant(site.local("count"), count, comment="how many frequencies it spans"),
        Constant(site.local("weight"), weights, comment=f"its weights{note}, one filter after the other"),
    )


def used(first: Array, count: Array) -> tuple[int, int]:
    """The first frequency that a filter uses, and the one behind the last."""
    return int(first.min()), max(1, int((first + count).max()))


def sparse(dense: Array) -> tuple[Array, Array, Array]:
    """Per column of [bins, filters]: the first row that is not zero, how many rows to the last one, these weights."""
    first, count, weights = [], [], []
    for column in dense.T:
        rows = np.flatnonzero(column)
        start, end = (int(rows[0]), int(rows[-1]) + 1) if rows.size else (0, 0)
        first.append(start)
        count.append(end - start)
        weights.append(column[start:end])
    flat = np.concatenate(weights)
    return np.array(first, np.uint16), np.array(count, np.uint16), flat if flat.size else np.zeros(1)


def ordering(site: StepSite, order: Array) -> Constant:
    """The transform's order of input."""
    narrow = order.astype(np.uint8 if len(order) <= 256 else np.uint16)
    return Constant(site.local("order"), narrow, 1, "the transform's order of input")


def logged(step: LogMel, real: Real) -> tuple[str, tuple[Helper, ...]]:
    """The feature, an expression of ``sum``, and the functions that it calls."""
    total = "sum" if real == "float" else "(float)sum"
    if step.log == "none":
        return total, ()
    floor = number(step.floor, real)
    safe = f"sum + {floor}" if step.rule == "add" else f"sum > {floor} ? sum : {floor}"
    logarithm = f"log_f32({f'(float)({safe})' if real == 'double' else safe})"
    if step.log == "ln":
        return logarithm, (LOG,)
    factor = {"log10": 1.0, "db": 20.0 / step.power}[step.log] / np.log(10.0)
    return f"{number(factor)} * {logarithm}", (LOG,)

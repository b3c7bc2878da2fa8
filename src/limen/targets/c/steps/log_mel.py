"""Logarithm of mel-scaled spectra, frame by frame.

The numpy step computes in float64. Here the transform and the sums are in ``real``, roots and logarithms in float: with
``real=float`` a bin that lies far below the loudest one of its frame loses digits (about 1e-7 of the loudest).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from limen.program import Array
from limen.steps._signal import mel_filters, window
from limen.steps.log_mel import LogMel
from limen.targets.c._kernel import Constant, Helper
from limen.targets.c.ops._math import LOG
from limen.targets.c.steps._fft import LARGEST_PRIME, Transform, factors, transform
from limen.targets.c.steps._kernel import Port, StepKernel, StepSite, fill, number, one
from limen.targets.c.steps._numbers import ROOT

_SAMPLE = """\
/* Sample number i of the frame that starts at a sample, windowed; zeros follow the window@around@. */
static @real@ @s@_sample(const @t@ *x, @length@int32_t start, int32_t i)
{
@inside@
    return (@real@)x[@at@] * @s@_window[@i@];
}
"""

_REFLECT = """\
    int32_t at = start + i - @pad@;
    at = at < 0 ? -at : at;
    at = at < @n@ ? at : 2 * (@n@ - 1) - at;
"""

_SPECTRUM = """\
/* Power of every frequency of one frame; z holds the transform. */
static void @s@_spectrum(const @t@ *x, @length@int32_t start, @real@ *z, float *power)
{
@room@    for (int32_t i = 0; i < @points@; i++) {
@load@    }
@stages@@powers@}
"""

_BODY = """\
    @real@ *const z = (@real@ *)scratch;
    float *const power = (float *)(void *)&z[@numbers@];
@frames@
    for (int32_t frame = 0; frame < @count@; frame++) {
        int32_t at = 0;

        @s@_spectrum(x, @n@frame * @hop@, z, power);
@root@        for (int32_t i = 0; i < @mels@; i++) {
            const float *bin = &power[@s@_first[i]];
            @real@ sum = 0;

            for (int32_t k = 0; k < @s@_count[i]; k++) {
                sum += @s@_weight[at++] * bin[k];
            }
            y[frame * @mels@ + i] = @log@;
        }
    }
@end@"""

_ROOT = """\
        for (int32_t i = 0; i < @bins@; i++) {
            power[i] = root_f32(power[i]);
        }
"""


def EMIT(site: StepSite) -> StepKernel:
    """[samples] int16 or float32 -> float32 [frames, mels]."""
    step = site.step
    assert isinstance(step, LogMel)
    port = site.single("one channel of samples", (1,))
    if port.dtype not in ("int16", "float32") or port.scale:
        site.refuse(f"on samples of {port.dtype}", "give int16 or float32")
    points = step.fft // 2 if step.fft % 2 == 0 else step.fft
    if max(factors(points), default=1) > LARGEST_PRIME:
        site.refuse(f"with fft={step.fft}, which has a prime factor above {LARGEST_PRIME}", "set fft to a power of two")
    most = frames(step, port.shape[0])
    if most < 1:
        site.refuse(f"on a signal of {port.shape[0]} samples", f"give at least {shortest(step)}")
    spectrum = transform(step.fft, site.real, site.symbol)
    counted = site.flow.varies == "count"
    filters = Filters.of(step, site)
    numbers = 2 * spectrum.points
    size = 8 if site.real == "double" else 4
    kernel = StepKernel(
        "",
        one("float32", (most, step.mels), "count" if counted else ""),
        (*_window(step, port, site), *_ordering(spectrum, site), *spectrum.constants, *filters.constants),
        (*spectrum.helpers, *_functions(step)),
        numbers * size + 4 * (step.fft // 2 + 1),
        fails=counted,
    )
    body = fill(
        _BODY,
        numbers=numbers,
        frames=_frames(step) if counted else "",
        count="frames" if counted else most,
        n="count, " if _needs_length(step, counted) else "",
        hop=step.hop,
        root=fill(_ROOT, bins=step.fft // 2 + 1) if step.power == 1 else "",
        mels=step.mels,
        log=_logged(step, site),
        end="    *counted = frames;\n    return 0;\n" if counted else "",
        real=site.real,
        s=site.symbol,
    )
    return site.write(
        kernel, body, _sample(step, port, site, counted) + "\n" + _spectrum(step, port, site, spectrum, counted)
    )


def frames(step: LogMel, samples: int) -> int:
    """How many frames a signal gives; 0 where it is too short."""
    if step.centre == "none":
        return 0 if samples < step.size else (samples - step.size) // step.hop + 1
    return 0 if samples < shortest(step) else (samples + 2 * (step.fft // 2) - step.fft) // step.hop + 1


def shortest(step: LogMel) -> int:
    """The least number of samples."""
    return {"none": step.size, "zeros": 1 + step.fft % 2, "reflect": step.fft // 2 + 1}[step.centre]


def _frames(step: LogMel) -> str:
    less = step.size if step.centre == "none" else step.fft - 2 * (step.fft // 2)
    inner = f"(count - {less}) / {step.hop}" if less else f"count / {step.hop}"
    return (
        f"    if (count < {shortest(step)}) {{\n        return -1;\n    }}\n    const int32_t frames = {inner} + 1;\n"
    )


def _needs_length(step: LogMel, counted: bool) -> bool:
    return counted and step.centre != "none"


def _window(step: LogMel, port: Port, site: StepSite) -> tuple[Constant, ...]:
    scale = 32768.0 if port.dtype == "int16" else 1.0
    dtype = np.float64 if site.real == "double" else np.float32
    shape = (window(step.shape, step.size) / scale).astype(dtype)
    return (Constant(site.local("window"), shape, comment=f"{step.shape} window" + ", divided by 32768" * (scale > 1)),)


def _ordering(spectrum: Transform, site: StepSite) -> tuple[Constant, ...]:
    order = spectrum.order.astype(np.uint8 if spectrum.points <= 256 else np.uint16)
    return (Constant(site.local("order"), order, 1, "the transform's order of input"),)


def _sample(step: LogMel, port: Port, site: StepSite, counted: bool) -> str:
    before = 0 if step.centre == "none" else (step.fft - step.size) // 2
    pad = 0 if step.centre == "none" else step.fft // 2
    length = "count" if counted else str(port.shape[0])
    lines = []
    if before:
        lines.append(f"    if (i < {before} || i >= {before + step.size}) {{\n        return 0;\n    }}")
    elif step.fft > step.size:
        lines.append(f"    if (i >= {step.size}) {{\n        return 0;\n    }}")
    at = "start + i"
    if step.centre == "reflect":
        lines.append(fill(_REFLECT, pad=pad, n=length).rstrip("\n"))
        at = "at"
    elif step.centre == "zeros":
        lines.append(f"    const int32_t at = start + i - {pad};")
        lines.append(f"    if (at < 0 || at >= {length}) {{\n        return 0;\n    }}")
        at = "at"
    return fill(
        _SAMPLE,
        inside="\n".join(lines) + "\n" if lines else "",
        around={"none": "", "zeros": " and stand around the signal", "reflect": ", the signal is mirrored at its ends"}[
            step.centre
        ],
        at=at,
        i=f"i - {before}" if before else "i",
        length="int32_t count, " if _needs_length(step, counted) else "",
        t=port.ctype,
        real=site.real,
        s=site.symbol,
    ).replace("{\n\n    return", "{\n    return")


def _spectrum(step: LogMel, port: Port, site: StepSite, spectrum: Transform, counted: bool) -> str:
    sample = f"{site.symbol}_sample(x, {'count, ' if _needs_length(step, counted) else ''}start, "
    order = f"{site.symbol}_order[i]"
    if spectrum.packed:
        load = f"        z[2 * i] = {sample}2 * {order});\n        z[2 * i + 1] = {sample}2 * {order} + 1);\n"
    else:
        load = f"        z[2 * i] = {sample}{order});\n        z[2 * i + 1] = 0;\n"
    return fill(
        _SPECTRUM,
        room=f"    {site.real} t[{spectrum.room}];\n\n" if spectrum.room else "",
        points=spectrum.points,
        load=load,
        stages=spectrum.stages,
        powers=spectrum.powers,
        length="int32_t count, " if _needs_length(step, counted) else "",
        t=port.ctype,
        real=site.real,
        s=site.symbol,
    )


@dataclass(frozen=True, eq=False)
class Filters:
    """Mel filters without their zeros."""

    constants: tuple[Constant, ...]

    @classmethod
    def of(cls, step: LogMel, site: StepSite) -> Filters:
        dense = mel_filters(step.rate, step.fft, step.mels, step.low, step.high, step.scale, step.slopes, step.area)
        first, count, weights = sparse(dense)
        dtype = np.float64 if site.real == "double" else np.float32
        return cls(
            (
                Constant(site.local("first"), first, comment="first frequency of each mel filter"),
                Constant(site.local("count"), count, comment="how many frequencies it spans"),
                Constant(
                    site.local("weight"), weights.astype(dtype), comment="its weights, one filter after the other"
                ),
            )
        )


def sparse(dense: Array) -> tuple[Array, Array, Array]:
    """Per column of [bins, filters]: the first row that is not zero, how many rows to the last one, these weights."""
    first, count, weights = [], [], []
    for column in dense.T:
        used = np.flatnonzero(column)
        start, end = (int(used[0]), int(used[-1]) + 1) if used.size else (0, 0)
        first.append(start)
        count.append(end - start)
        weights.append(column[start:end])
    flat = np.concatenate(weights)
    return np.array(first, np.uint16), np.array(count, np.uint16), flat if flat.size else np.zeros(1)


def _functions(step: LogMel) -> tuple[Helper, ...]:
    return ((ROOT,) if step.power == 1 else ()) + ((LOG,) if step.log != "none" else ())


def _logged(step: LogMel, site: StepSite) -> str:
    total = "sum" if site.real == "float" else "(float)sum"
    if step.log == "none":
        return total
    floor = number(step.floor, site.real)
    safe = f"sum + {floor}" if step.rule == "add" else f"sum > {floor} ? sum : {floor}"
    logarithm = f"log_f32({f'(float)({safe})' if site.real == 'double' else safe})"
    factor = {"ln": 1.0, "log10": 1.0, "db": 20.0 / step.power}[step.log] / (1.0 if step.log == "ln" else np.log(10.0))
    return logarithm if step.log == "ln" else f"{number(factor)} * {logarithm}"

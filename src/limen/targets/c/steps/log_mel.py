"""Logarithm of mel-scaled spectra, frame by frame.

The numpy step computes in float64. Here the transform and the sums are in ``real``, roots and logarithms in float: with
``real=float`` a bin that lies far below the loudest one of its frame loses digits (about 1e-7 of the loudest). Devices
without an FPU transform int16 samples in 32-bit integers, see ``_mel_fixed``.
"""

from __future__ import annotations

import numpy as np

from limen.steps._signal import window
from limen.steps.log_mel import LogMel
from limen.targets.c._kernel import Constant
from limen.targets.c.steps import _mel_fixed
from limen.targets.c.steps._fft import LARGEST_PRIME, Transform, factors, transform
from limen.targets.c.steps._kernel import Port, StepKernel, StepSite, fill, one
from limen.targets.c.steps._mel_frames import (
    counting,
    filter_constants,
    filters,
    frames,
    logged,
    needs_length,
    ordering,
    sample,
    shortest,
    used,
)
from limen.targets.c.steps._numbers import ROOT

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
        for (int32_t i = @low@; i < @high@; i++) {
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
    if frames(step, port.shape[0]) < 1:
        site.refuse(f"on a signal of {port.shape[0]} samples", f"give at least {shortest(step)}")
    if not site.fpu and _mel_fixed.serves(step, port):
        return _mel_fixed.emit(site, step, port)
    return _in_reals(site, step, port)


def _in_reals(site: StepSite, step: LogMel, port: Port) -> StepKernel:
    spectrum, counted = transform(step.fft, site.real, site.symbol), site.flow.varies == "count"
    most, numbers = frames(step, port.shape[0]), 2 * spectrum.points
    first, count, weights = filters(step)
    log, functions = logged(step, site.real)
    dtype = np.float64 if site.real == "double" else np.float32
    scale = 32768.0 if port.dtype == "int16" else 1.0
    shape = (window(step.shape, step.size) / scale).astype(dtype)
    comment = f"{step.shape} window{', divided by 32768' if scale > 1 else ''}"
    kernel = StepKernel(
        "",
        one("float32", (most, step.mels), "count" if counted else ""),
        (
            Constant(site.local("window"), shape, comment=comment),
            ordering(site, spectrum.order),
            *spectrum.constants,
            *filter_constants(site, first, count, weights.astype(dtype)),
        ),
        (*spectrum.helpers, *((ROOT,) if step.power == 1 else ()), *functions),
        numbers * np.dtype(dtype).itemsize + 4 * (step.fft // 2 + 1),
        fails=counted,
    )
    low, high = used(first, count)
    body = fill(
        _BODY,
        numbers=numbers,
        frames=counting(step) if counted else "",
        count="frames" if counted else most,
        n="count, " if needs_length(step, counted) else "",
        hop=step.hop,
        root=fill(_ROOT, low=low, high=high) if step.power == 1 else "",
        mels=step.mels,
        log=log,
        end="    *counted = frames;\n    return 0;\n" if counted else "",
        real=site.real,
        s=site.symbol,
    )
    value = f"({site.real})x[@at@] * {site.symbol}_window[@i@]"
    before = sample(step, port, site, site.real, value) + "\n" + _spectrum(step, port, site, spectrum, counted)
    return site.write(kernel, body, before)


def _spectrum(step: LogMel, port: Port, site: StepSite, spectrum: Transform, counted: bool) -> str:
    seen = f"{site.symbol}_sample(x, {'count, ' if needs_length(step, counted) else ''}start, "
    order = f"{site.symbol}_order[i]"
    if spectrum.packed:
        load = f"        z[2 * i] = {seen}2 * {order});\n        z[2 * i + 1] = {seen}2 * {order} + 1);\n"
    else:
        load = f"        z[2 * i] = {seen}{order});\n        z[2 * i + 1] = 0;\n"
    return fill(
        _SPECTRUM,
        room=f"    {site.real} t[{spectrum.room}];\n\n" if spectrum.room else "",
        points=spectrum.points,
        load=load,
        stages=spectrum.stages,
        powers=spectrum.powers,
        length="int32_t count, " if needs_length(step, counted) else "",
        t=port.ctype,
        real=site.real,
        s=site.symbol,
    )

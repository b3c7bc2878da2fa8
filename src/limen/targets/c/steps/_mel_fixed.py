"""The step log_mel for devices without an FPU: the transform and the magnitudes in integers, logarithms in float.

Samples are moved up until the loudest fills 31 bits and windowed in 31 bits, so errors are about 1e-8 of the loudest
bin, like those of a transform in float.
"""

from __future__ import annotations

import numpy as np

from limen.steps._signal import window
from limen.steps.log_mel import LogMel
from limen.targets.c._kernel import Constant
from limen.targets.c.ops._math_bits import FROM_BITS
from limen.targets.c.steps import _fft_fixed
from limen.targets.c.steps._kernel import Port, StepKernel, StepSite, fill, number, one
from limen.targets.c.steps._mel_frames import (
    counting,
    filter_constants,
    filters,
    frames,
    logged,
    needs_length,
    ordering,
    sample,
    used,
)
from limen.targets.c.steps._numbers import BITS_32

WEIGHT_BITS = 24

_SPECTRUM = """\
/* Transform of one frame into z, its samples moved up as far as they go. Answers by how many bits. */
static int32_t @s@_spectrum(const int16_t *x, @length@int32_t start, int32_t *z)
{
    uint32_t seen = 0;

    for (int32_t i = 0; i < @fft@; i++) {
        const int32_t value = @s@_sample(x, @n@start, i);
        seen |= (uint32_t)(value < 0 ? ~value : value);
    }
    const int32_t up = 15 - bit_length_u32(seen);
    for (int32_t i = 0; i < @fft@; i++) {
        const int32_t at = 2 * @s@_order[i >> 1] + (i & 1);
        const int32_t value = @s@_sample(x, @n@start, at) * (1 << up);
        z[i] = high_of(value * 65536, @s@_window[at]);
    }
@stages@    return up;
}
"""

_POWER = """\
/* Square of a magnitude. */
static inline uint64_t @s@_power(int32_t re, int32_t im)
{
    return (uint64_t)((int64_t)re * re) + (uint64_t)((int64_t)im * im);
}
"""

_BODY = """\
    int32_t *const z = (int32_t *)scratch;
    @kind@ *const size = (@kind@ *)(void *)&z[@fft@];
@frames@
    for (int32_t frame = 0; frame < @count@; frame++) {
        const int32_t up = @s@_spectrum(x, @n@frame * @hop@, z);
        const float unit = @unit@;
        int32_t at = 0;

        size[0] = @of@(@s@_power((z[0] >> 1) + (z[1] >> 1), 0));
        size[@half@] = @of@(@s@_power((z[0] >> 1) - (z[1] >> 1), 0));
        for (int32_t k = 1; k <= @quarter@; k++) {
            int32_t low[2], high[2];

            fft_split_q30(z, @half@, k, @s@_split, low, high);
            size[k] = @of@(@s@_power(low[0], low[1]));
@upper@        }
        for (int32_t i = 0; i < @mels@; i++) {
            const @kind@ *bin = &size[@s@_first[i]];
            @total@ total = 0;

            for (int32_t k = 0; k < @s@_count[i]; k++) {
                total += @product@;
            }
            const float sum = (float)total * unit;
            y[frame * @mels@ + i] = @log@;
        }
    }
@end@"""

_UPPER = """\
            if (@half@ - k < @last@) {
                size[@half@ - k] = @of@(@s@_power(high[0], high[1]));
            }
"""


def serves(step: LogMel, port: Port) -> bool:
    """Whether the transform can be in integers: samples of 16 bits, a power of two of them."""
    return port.dtype == "int16" and 8 <= step.fft <= 8192 and step.fft & (step.fft - 1) == 0


def emit(site: StepSite, step: LogMel, port: Port) -> StepKernel:
    """As ``log_mel.EMIT``."""
    order, stages, turns, helpers = _fft_fixed.transform(step.fft, site.symbol)
    counted, most = site.flow.varies == "count", frames(step, port.shape[0])
    first, count, weights = filters(step)
    whole = step.power == 1
    kept = np.rint(weights * (1 << WEIGHT_BITS)).astype(np.uint32) if whole else weights.astype(np.float32)
    log, functions = logged(step, "float")
    before = 0 if step.centre == "none" else (step.fft - step.size) // 2
    shape = np.zeros(step.fft, np.int32)
    shape[before : before + step.size] = np.minimum(np.rint(window(step.shape, step.size) * 2.0**31), 2**31 - 1)
    kernel = StepKernel(
        "",
        one("float32", (most, step.mels), "count" if counted else ""),
        (
            Constant(site.local("window"), shape, comment=f"{step.shape} window in Q31"),
            ordering(site, order),
            *turns,
            *filter_constants(site, first, count, kept, f" in Q{WEIGHT_BITS}" if whole else ""),
        ),
        (*helpers, BITS_32, FROM_BITS, *((_fft_fixed.MAGNITUDE,) if whole else ()), *functions),
        4 * step.fft + 4 * (step.fft // 2 + 1),
        fails=counted,
    )
    holes = {
        "s": site.symbol,
        "fft": step.fft,
        "half": step.fft // 2,
        "quarter": step.fft // 4,
        "n": "count, " if needs_length(step, counted) else "",
        "length": "int32_t count, " if needs_length(step, counted) else "",
        "of": "magnitude_of" if whole else "(float)",
    }
    text = fill(_BODY, upper="" if used(first, count)[1] <= step.fft // 4 else _UPPER, unit=_unit(step))
    body = fill(
        text,
        kind="uint32_t" if whole else "float",
        total="uint64_t" if whole else "float",
        product=f"(uint64_t){site.symbol}_weight[at++] * bin[k]" if whole else f"{site.symbol}_weight[at++] * bin[k]",
        frames=counting(step) if counted else "",
        count="frames" if counted else most,
        hop=step.hop,
        mels=step.mels,
        log=log,
        last=used(first, count)[1],
        end="    *counted = frames;\n    return 0;\n" if counted else "",
        **holes,
    )
    texts = [sample(step, port, site, "int32_t", "x[@at@]"), fill(_SPECTRUM, stages=stages, **holes)]
    return site.write(kernel, body, "\n".join([*texts, fill(_POWER, **holes)]))


def _unit(step: LogMel) -> str:
    """What one unit of the sum is worth: a magnitude of 1 is fft / 2^(30 + up), a power its square."""
    if step.power == 1:
        return f"{number(step.fft * 2.0 ** -(30 + WEIGHT_BITS))} * float_from_bits((uint32_t)(127 - up) << 23)"
    return f"{number(step.fft**2 * 2.0**-60)} * float_from_bits((uint32_t)(127 - 2 * up) << 23)"

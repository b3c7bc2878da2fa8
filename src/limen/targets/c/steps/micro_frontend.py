"""The integer audio front end of the wake-word models, to the bit as ``limen.steps.micro_frontend``."""

from __future__ import annotations

import numpy as np

from limen.steps import _micro
from limen.steps.micro_frontend import MicroFrontend, _fixed
from limen.targets.c._kernel import Constant
from limen.targets.c.steps import _micro_fft
from limen.targets.c.steps._kernel import Port, StepKernel, StepSite, fill, number, one
from limen.targets.c.steps._mel_frames import sparse
from limen.targets.c.steps._micro_text import GAIN, LOGARITHM, ROOT_U64
from limen.targets.c.steps._numbers import BITS_32, ROUND

_SAMPLE = """\
/* Sample number i of what was kept and the new samples. */
static inline int32_t @s@_sample(const int16_t *rest, int32_t kept, const @t@ *x, int32_t i)
{
    return i < kept ? rest[i] : @new@;
}
"""

_FRAME = """\
/* Spectrum of one frame: windowed, shifted up to use all 16 bits, transformed. Answers the shift. */
static int32_t @s@_spectrum(const int16_t *rest, int32_t kept, const @t@ *x, int32_t start, int16_t *z)
{
    int32_t peak = 0;

    for (int32_t i = 0; i < @size@; i++) {
        const int32_t value = (int16_t)((@s@_sample(rest, kept, x, start + i) * @s@_window[i]) >> @window_bits@);
        const int32_t size = (int16_t)(value < 0 ? -value : value);
        peak = size > peak ? size : peak;
    }
    const int32_t shift = 15 - bit_length_u32((uint32_t)peak);
    for (int32_t i = 0; i < @fft@; i++) {
        const int32_t at = 2 * @s@_order[i >> 1] + (i & 1);
        int32_t value = 0;
        if (at < @size@) {
            value = (int16_t)((@s@_sample(rest, kept, x, start + at) * @s@_window[at]) >> @window_bits@);
        }
        z[i] = (int16_t)(value * (1 << shift));
    }
@stages@    return shift;
}
"""

_CHANNEL = """\
/* Feature of one channel from its energy: noise reduction, @gain_word@logarithm. */
static uint32_t @s@_feature(uint32_t signal, uint32_t *noise, uint32_t smoothing)
{
    const uint32_t up = signal << @bits@;
    const uint64_t newest = (uint64_t)up * smoothing + (uint64_t)*noise * (@one@u - smoothing);
    const uint32_t estimate = (uint32_t)(newest >> @noise_bits@);
    const uint32_t least = (uint32_t)(((uint64_t)signal * @remaining@u) >> @noise_bits@);
    uint32_t value = (up - (estimate < up ? estimate : up)) >> @bits@;

    *noise = estimate;
    value = value > least ? value : least;
@gain@    return log_scaled(value @shifted@, @log_shift@, @s@_log);
}
"""

_BODY = """\
    int32_t *const kept = (int32_t *)state;
    uint32_t *const noise = (uint32_t *)(void *)((uint8_t *)state + 16);
    int16_t *const rest = (int16_t *)(void *)&noise[@channels@];
    int16_t *const z = (int16_t *)scratch;
    const int32_t total = *kept + @count@;
    const int32_t frames = total < @size@ ? 0 : (total - @size@) / @hop@ + 1;

    for (int32_t frame = 0; frame < frames; frame++) {
        const int32_t shift = @s@_spectrum(rest, *kept, x, frame * @hop@, z);
        int32_t at = 0;

        for (int32_t i = 0; i < @channels@; i++) {
            const int16_t *bin = &z[2 * @s@_first[i]];
            uint64_t energy = 0;

            for (int32_t k = 0; k < @s@_count[i]; k++) {
                const uint32_t power = (uint32_t)(bin[2 * k] * bin[2 * k])
                    + (uint32_t)(bin[2 * k + 1] * bin[2 * k + 1]);
                energy += (uint64_t)power * @s@_weight[at++];
            }
            const uint32_t signal = root_u64(energy) >> shift;
            const uint32_t smoothing = (i & 1) != 0 ? @odd@u : @even@u;
            y[frame * @channels@ + i] = (float)@s@_feature(signal, &noise[i], smoothing)@scale@;
        }
    }
    const int32_t used = frames * @hop@;
    const int32_t left = total - used;
    for (int32_t i = 0; i < left; i++) {
        rest[i] = (int16_t)@s@_sample(rest, *kept, x, used + i);
    }
    *kept = left;
    *counted = frames;
"""


def EMIT(site: StepSite) -> StepKernel:
    """[samples] int16 or float32 -> float32 [frames, channels]; a stream goes on from call to call."""
    step = site.step
    assert isinstance(step, MicroFrontend)
    port = site.single("one channel of samples", (1,))
    if port.dtype not in ("int16", "float32") or port.scale:
        site.refuse(f"on samples of {port.dtype}", "give int16 or float32")
    size, hop, fft = step._samples(step.size), step._samples(step.hop), step._fft()
    frames = (port.shape[0] - 1) // hop + 1
    stages, constants, helpers = _micro_fft.transform(fft, site.symbol)
    floating = port.dtype == "float32"
    kernel = StepKernel(
        "",
        one("float32", (frames, step.channels), "count"),
        (*constants, *_tables(step, site, size)),
        (*helpers, BITS_32, ROOT_U64, LOGARITHM, *((GAIN,) if step.gain else ()), *((ROUND,) if floating else ())),
        scratch=2 * (fft + 2),
        state=16 + 4 * step.channels + 2 * size,
    )
    holes = _holes(step, port, site)
    before = "\n".join(fill(t, stages=stages, **holes) for t in (_SAMPLE, _FRAME, _CHANNEL))
    return site.write(kernel, fill(_BODY, **holes), before)


def _holes(step: MicroFrontend, port: Port, site: StepSite) -> dict[str, object]:
    fft = step._fft()
    correction = fft.bit_length() - 1 - _micro.FILTER_BITS // 2
    gain = ""
    if step.gain:
        shift = step.gain_bits - correction - _micro.SNR_BITS
        gain = f"    value = gained(value, estimate, {site.symbol}_gain, {shift});\n"
    fixed = f"round_within(x[i - kept] * 32768.0f, {-(2**15)}, {2**15 - 1})"
    return {
        "s": site.symbol,
        "t": port.ctype,
        "new": fixed if port.dtype == "float32" else "x[i - kept]",
        "size": step._samples(step.size),
        "hop": step._samples(step.hop),
        "fft": fft,
        "channels": step.channels,
        "count": "count" if site.flow.varies else port.shape[0],
        "window_bits": _micro.WINDOW_BITS,
        "noise_bits": _micro.NOISE_BITS,
        "one": 1 << _micro.NOISE_BITS,
        "bits": step.smoothing_bits,
        "remaining": _fixed(step.remaining),
        "even": _fixed(step.even_smoothing),
        "odd": _fixed(step.odd_smoothing),
        "gain": gain,
        "gain_word": "gain control, " if step.gain else "",
        "shifted": f"<< {correction}" if correction >= 0 else f">> {-correction}",
        "log_shift": step.log_shift,
        "scale": "" if np.float32(step.scale) == 1 else f" * {number(step.scale)}",
    }


def _tables(step: MicroFrontend, site: StepSite, size: int) -> tuple[Constant, ...]:
    dense = step._filters()
    assert dense is not None
    first, count, weight = sparse(dense)
    found = [
        Constant(site.local("window"), _micro.window(size).astype(np.int16), comment="Hann window in Q12"),
        Constant(site.local("first"), first, comment="first frequency of each mel filter"),
        Constant(site.local("count"), count, comment="how many frequencies it spans"),
        Constant(
            site.local("weight"), weight.astype(np.uint16), comment="its weights in Q12, one filter after another"
        ),
        Constant(site.local("log"), _micro.log_table().astype(np.uint16), comment="log2(1 + f) - f in Q16, 128 steps"),
    ]
    if step.gain:
        correction = step._fft().bit_length() - 1 - _micro.FILTER_BITS // 2
        bits = step.smoothing_bits - correction
        table = _micro.gain_table(step.gain_strength, step.gain_offset, step.gain_bits, bits)
        found.append(Constant(site.local("gain"), table.astype(np.int16), comment="gain: quadratic pieces per octave"))
    return tuple(found)

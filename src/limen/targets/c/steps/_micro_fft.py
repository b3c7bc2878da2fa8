"""The 16-bit real transform of the micro front end in C, bit for bit ``limen.steps._fixed_fft``."""

from __future__ import annotations

import numpy as np

from limen.steps import _fixed_fft
from limen.targets.c._kernel import Constant, Helper
from limen.targets.c.steps._kernel import fill

_NUMBERS = """\
/* A product of two Q15 numbers back to Q15, rounded half up; it wraps as the reference does. */
static inline int32_t q15_of(int32_t product)
{
    return (int16_t)((product + (1 << 14)) >> 15);
}

/* One scaled and turned point of a butterfly. */
static inline void q15_turned(const int16_t *z, const int16_t *turn, int32_t scale, int32_t *re, int32_t *im)
{
    const int32_t a = q15_of(z[0] * scale);
    const int32_t b = q15_of(z[1] * scale);

    *re = q15_of(a * turn[0] - b * turn[1]);
    *im = q15_of(a * turn[1] + b * turn[0]);
}
"""

_RADIX_4 = """\
/* One stage of radix 4 over n complex Q15 numbers, scaled by 8191 / 32768. */
static inline void q15_radix4(int16_t *z, int32_t n, int32_t inner, const int16_t *turns)
{
    const int32_t stride = n / (4 * inner);

    for (int32_t k = 0; k < inner; k++) {
        for (int32_t i = k; i < n; i += 4 * inner) {
            int16_t *a = &z[2 * i];
            int16_t *b = &z[2 * (i + inner)];
            int16_t *c = &z[2 * (i + 2 * inner)];
            int16_t *d = &z[2 * (i + 3 * inner)];
            const int32_t a_re = q15_of(a[0] * 8191);
            const int32_t a_im = q15_of(a[1] * 8191);
            int32_t b_re, b_im, c_re, c_im, d_re, d_im;

            q15_turned(b, &turns[2 * k * stride], 8191, &b_re, &b_im);
            q15_turned(c, &turns[4 * k * stride], 8191, &c_re, &c_im);
            q15_turned(d, &turns[6 * k * stride], 8191, &d_re, &d_im);
            a[0] = (int16_t)(a_re + c_re + b_re + d_re);
            a[1] = (int16_t)(a_im + c_im + b_im + d_im);
            b[0] = (int16_t)(a_re - c_re + b_im - d_im);
            b[1] = (int16_t)(a_im - c_im - b_re + d_re);
            c[0] = (int16_t)(a_re + c_re - b_re - d_re);
            c[1] = (int16_t)(a_im + c_im - b_im - d_im);
            d[0] = (int16_t)(a_re - c_re - b_im + d_im);
            d[1] = (int16_t)(a_im - c_im + b_re - d_re);
        }
    }
}
"""

_RADIX_2 = """\
/* One stage of radix 2 over n complex Q15 numbers, scaled by 16383 / 32768. */
static inline void q15_radix2(int16_t *z, int32_t n, int32_t inner, const int16_t *turns)
{
    const int32_t stride = n / (2 * inner);

    for (int32_t k = 0; k < inner; k++) {
        for (int32_t i = k; i < n; i += 2 * inner) {
            int16_t *a = &z[2 * i];
            int16_t *b = &z[2 * (i + inner)];
            const int32_t a_re = q15_of(a[0] * 16383);
            const int32_t a_im = q15_of(a[1] * 16383);
            int32_t b_re, b_im;

            q15_turned(b, &turns[2 * k * stride], 16383, &b_re, &b_im);
            a[0] = (int16_t)(a_re + b_re);
            a[1] = (int16_t)(a_im + b_im);
            b[0] = (int16_t)(a_re - b_re);
            b[1] = (int16_t)(a_im - b_im);
        }
    }
}
"""

_SPLIT = """\
/* The spectrum of 2 * half real samples from the transform of half packed ones; z has room for one number more. */
static inline void q15_split(int16_t *z, int32_t half, const int16_t *turns)
{
    const int32_t re = q15_of(z[0] * 16383);
    const int32_t im = q15_of(z[1] * 16383);

    z[0] = (int16_t)(re + im);
    z[1] = 0;
    z[2 * half] = (int16_t)(re - im);
    z[2 * half + 1] = 0;
    for (int32_t k = 1; k <= half / 2; k++) {
        int16_t *low = &z[2 * k];
        int16_t *high = &z[2 * (half - k)];
        const int16_t *turn = &turns[2 * (k - 1)];
        const int32_t low_re = q15_of(low[0] * 16383);
        const int32_t low_im = q15_of(low[1] * 16383);
        const int32_t high_re = q15_of(high[0] * 16383);
        const int32_t high_im = q15_of((int16_t)-high[1] * 16383);
        const int32_t sum_re = (int16_t)(low_re + high_re);
        const int32_t sum_im = (int16_t)(low_im + high_im);
        const int32_t dif_re = (int16_t)(low_re - high_re);
        const int32_t dif_im = (int16_t)(low_im - high_im);
        const int32_t turn_re = q15_of(dif_re * turn[0] - dif_im * turn[1]);
        const int32_t turn_im = q15_of(dif_re * turn[1] + dif_im * turn[0]);

        low[0] = (int16_t)((sum_re + turn_re) >> 1);
        low[1] = (int16_t)((sum_im + turn_im) >> 1);
        high[0] = (int16_t)((sum_re - turn_re) >> 1);
        high[1] = (int16_t)((turn_im - sum_im) >> 1);
    }
}
"""

_NUMBERS_Q15 = Helper("q15_of", _NUMBERS)
_HELPERS = {
    4: Helper("q15_radix4", _RADIX_4, (_NUMBERS_Q15,)),
    2: Helper("q15_radix2", _RADIX_2, (_NUMBERS_Q15,)),
}

_CALL = """\
    q15_radix@radix@(z, @n@, @inner@, @s@_turns);
"""


def transform(fft: int, symbol: str) -> tuple[str, tuple[Constant, ...], tuple[Helper, ...]]:
    """Statements that turn ``int16_t z[fft + 2]``, samples packed in the order ``SYMBOL_order``, into a spectrum."""
    half = fft // 2
    order, stages = _fixed_fft._plan(half)
    cosine, sine = _fixed_fft._unit([-2.0 * np.pi * i / half for i in range(max(1, half * 3 // 4))])
    split = _fixed_fft._turns(half)
    lines = [fill(_CALL, radix=radix, n=half, inner=inner, s=symbol) for radix, inner, _, _ in stages]
    lines.append(f"    q15_split(z, {half}, {symbol}_split);\n")
    kind = np.uint8 if half <= 256 else np.uint16
    constants = (
        Constant(f"{symbol}_order", order.astype(kind), 1, "the transform's order of input"),
        Constant(f"{symbol}_turns", _pairs(cosine, sine), comment=f"cos, sin of -2 pi k / {half} in Q15"),
        Constant(f"{symbol}_split", _pairs(*split), comment=f"cos, sin of -pi (k / {half} + 1 / 2) in Q15, from k = 1"),
    )
    radices = sorted({radix for radix, _, _, _ in stages})
    helpers = (*(_HELPERS[radix] for radix in radices), Helper("q15_split", _SPLIT, (_NUMBERS_Q15,)))
    return "".join(lines), constants, helpers


def _pairs(cosine: _fixed_fft.Ints, sine: _fixed_fft.Ints) -> _fixed_fft.Ints:
    return np.stack([cosine, sine], axis=1).astype(np.int16)

"""A real Fourier transform in 32-bit integers, for devices without an FPU.

Every stage divides by its radix, so that a transform of n samples comes out divided by n and nothing can overflow; the
caller moves its samples up to 30 bits first. Errors are a few units of 2^-30 of the largest sample.
"""

from __future__ import annotations

import numpy as np

from limen.program import Array
from limen.targets.c._kernel import Constant, Helper
from limen.targets.c.steps import _fft
from limen.targets.c.steps._numbers import BITS_32

HIGH = Helper(
    "high_of",
    """\
/* The upper 32 bits of a product. */
static inline int32_t high_of(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b) >> 32);
}
""",
)

_TURNED = Helper(
    "fft_turned_q30",
    """\
/* A quarter of z times the unit number w, which is given in 30 fractional bits. */
static inline void fft_turned_q30(const int32_t *z, const int32_t *w, int32_t *re, int32_t *im)
{
    *re = high_of(z[0], w[0]) - high_of(z[1], w[1]);
    *im = high_of(z[0], w[1]) + high_of(z[1], w[0]);
}
""",
    (HIGH,),
)

_RADIX_2 = Helper(
    "fft_radix2_q30",
    """\
/* One stage of radix 2 over n complex numbers, divided by 2. */
static inline void fft_radix2_q30(int32_t *z, int32_t n, int32_t inner, const int32_t *turns)
{
    const int32_t stride = n / (2 * inner);

    for (int32_t k = 0; k < inner; k++) {
        for (int32_t i = k; i < n; i += 2 * inner) {
            int32_t *a = &z[2 * i];
            int32_t *b = &z[2 * (i + inner)];
            int32_t re, im;

            fft_turned_q30(b, &turns[2 * k * stride], &re, &im);
            const int32_t a_re = a[0] >> 1;
            const int32_t a_im = a[1] >> 1;

            a[0] = a_re + 2 * re;
            a[1] = a_im + 2 * im;
            b[0] = a_re - 2 * re;
            b[1] = a_im - 2 * im;
        }
    }
}
""",
    (_TURNED,),
)

_RADIX_4 = Helper(
    "fft_radix4_q30",
    """\
/* One stage of radix 4 over n complex numbers, divided by 4. */
static inline void fft_radix4_q30(int32_t *z, int32_t n, int32_t inner, const int32_t *turns)
{
    const int32_t stride = n / (4 * inner);

    for (int32_t k = 0; k < inner; k++) {
        const int32_t *u = &turns[2 * k * stride];
        const int32_t *v = &turns[4 * k * stride];
        const int32_t *w = &turns[6 * k * stride];

        for (int32_t i = k; i < n; i += 4 * inner) {
            int32_t *a = &z[2 * i];
            int32_t *b = &z[2 * (i + inner)];
            int32_t *c = &z[2 * (i + 2 * inner)];
            int32_t *d = &z[2 * (i + 3 * inner)];
            int32_t b_re, b_im, c_re, c_im, d_re, d_im;

            fft_turned_q30(b, u, &b_re, &b_im);
            fft_turned_q30(c, v, &c_re, &c_im);
            fft_turned_q30(d, w, &d_re, &d_im);
            const int32_t even_re = (a[0] >> 2) + c_re;
            const int32_t even_im = (a[1] >> 2) + c_im;
            const int32_t far_re = (a[0] >> 2) - c_re;
            const int32_t far_im = (a[1] >> 2) - c_im;
            const int32_t odd_re = b_re + d_re;
            const int32_t odd_im = b_im + d_im;
            const int32_t turn_re = b_re - d_re;
            const int32_t turn_im = b_im - d_im;

            a[0] = even_re + odd_re;
            a[1] = even_im + odd_im;
            b[0] = far_re + turn_im;
            b[1] = far_im - turn_re;
            c[0] = even_re - odd_re;
            c[1] = even_im - odd_im;
            d[0] = far_re - turn_im;
            d[1] = far_im + turn_re;
        }
    }
}
""",
    (_TURNED,),
)

_SPLIT = Helper(
    "fft_split_q30",
    """\
/* Frequencies k and half - k of 2 * half real samples, divided by 2, from the transform z of packed ones. */
static inline void fft_split_q30(const int32_t *z, int32_t half, int32_t k, const int32_t *turns,
                                 int32_t *low, int32_t *high)
{
    const int32_t *a = &z[2 * k];
    const int32_t *b = &z[2 * (half - k)];
    const int32_t even[2] = {((a[0] >> 1) + (b[0] >> 1)) >> 1, ((a[1] >> 1) - (b[1] >> 1)) >> 1};
    const int32_t odd[2] = {(a[1] >> 1) + (b[1] >> 1), (b[0] >> 1) - (a[0] >> 1)};
    int32_t re, im;

    fft_turned_q30(odd, &turns[2 * k], &re, &im);
    low[0] = even[0] + 2 * re;
    low[1] = even[1] + 2 * im;
    high[0] = even[0] - 2 * re;
    high[1] = even[1] - 2 * im;
}
""",
    (_TURNED,),
)


def transform(fft: int, symbol: str) -> tuple[Array, str, tuple[Constant, ...], tuple[Helper, ...]]:
    """Order of input, statements that transform ``z`` in place, constants, helpers; ``fft`` is a power of two."""
    half = fft // 2
    radices = _fft.factors(half)
    lines, inner = [], 1
    for radix in reversed(radices):
        lines.append(f"    fft_radix{radix}_q30(z, {half}, {inner}, {symbol}_turns);\n")
        inner *= radix
    constants = (
        Constant(f"{symbol}_turns", _turns(half, 3 * half // 4 + 1), comment=f"cos, sin of -2 pi k / {half} in Q30"),
        Constant(f"{symbol}_split", _turns(fft, half // 2 + 1), comment=f"cos, sin of -2 pi k / {fft} in Q30"),
    )
    helpers = tuple({4: _RADIX_4, 2: _RADIX_2}[radix] for radix in sorted(set(radices)))
    return _fft._order(np.arange(half), radices), "".join(lines), constants, (*helpers, _SPLIT)


def _turns(size: int, count: int) -> Array:
    pairs = _fft._turns(size, count, np.float64)
    return np.asarray(np.rint(pairs * (1 << 30)).astype(np.int32))


_MAGNITUDE = """\
/* Square root of a number of 64 bits, to one unit in 2**30 or in the last place. */
static inline uint32_t magnitude_of(uint64_t power)
{
    const uint32_t top = (uint32_t)(power >> 32);
    const int32_t bits = top != 0 ? 32 + bit_length_u32(top) : bit_length_u32((uint32_t)power);
    const int32_t shift = (64 - bits) & ~1;
    const uint32_t upper = (uint32_t)((power << shift) >> 32);
    uint32_t rest = upper;
    uint32_t root = 0;

    if (power == 0) {
        return 0;
    }
    for (uint32_t bit = (uint32_t)1 << 30; bit != 0; bit >>= 2) {
        if (rest >= root + bit) {
            rest -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return (uint32_t)(((root << 16) + (rest << 15) / root) >> (shift / 2));
}
"""

MAGNITUDE = Helper("magnitude_of", _MAGNITUDE, (BITS_32,))

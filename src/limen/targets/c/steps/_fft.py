"""Real Fourier transforms of any length in C, all tables computed offline.

An even length n goes through one complex transform of n / 2 (neighbouring samples as real and imaginary parts), an odd
one through a complex transform of n. Decimation in time, in place, radix 5, 4, 3, 2 and other primes; the caller writes
its samples in the order of :attr:`Transform.order`. Source: Cooley and Tukey 1965; Brigham, The Fast Fourier Transform.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np

from limen.program import Array
from limen.targets.c._kernel import Constant, Helper
from limen.targets.c.steps._kernel import Real, fill, number

LARGEST_PRIME = 61

_RADIX_2 = """\
/* One stage of radix 2 over n complex numbers, whose transforms of inner numbers are done. */
static inline void fft_radix2_@real@(@real@ *z, int32_t n, int32_t inner, const @real@ *turns)
{
    const int32_t stride = n / (2 * inner);

    for (int32_t k = 0; k < inner; k++) {
        const @real@ cosine = turns[2 * k * stride];
        const @real@ sine = turns[2 * k * stride + 1];

        for (int32_t i = k; i < n; i += 2 * inner) {
            @real@ *a = &z[2 * i];
            @real@ *b = &z[2 * (i + inner)];
            const @real@ re = b[0] * cosine - b[1] * sine;
            const @real@ im = b[0] * sine + b[1] * cosine;

            b[0] = a[0] - re;
            b[1] = a[1] - im;
            a[0] += re;
            a[1] += im;
        }
    }
}
"""

_RADIX_4 = """\
/* One stage of radix 4 over n complex numbers, whose transforms of inner numbers are done. */
static inline void fft_radix4_@real@(@real@ *z, int32_t n, int32_t inner, const @real@ *turns)
{
    const int32_t stride = n / (4 * inner);

    for (int32_t k = 0; k < inner; k++) {
        const @real@ *u = &turns[2 * k * stride];
        const @real@ *v = &turns[4 * k * stride];
        const @real@ *w = &turns[6 * k * stride];

        for (int32_t i = k; i < n; i += 4 * inner) {
            @real@ *a = &z[2 * i];
            @real@ *b = &z[2 * (i + inner)];
            @real@ *c = &z[2 * (i + 2 * inner)];
            @real@ *d = &z[2 * (i + 3 * inner)];
            const @real@ b_re = b[0] * u[0] - b[1] * u[1];
            const @real@ b_im = b[0] * u[1] + b[1] * u[0];
            const @real@ c_re = c[0] * v[0] - c[1] * v[1];
            const @real@ c_im = c[0] * v[1] + c[1] * v[0];
            const @real@ d_re = d[0] * w[0] - d[1] * w[1];
            const @real@ d_im = d[0] * w[1] + d[1] * w[0];
            const @real@ even_re = a[0] + c_re;
            const @real@ even_im = a[1] + c_im;
            const @real@ far_re = a[0] - c_re;
            const @real@ far_im = a[1] - c_im;
            const @real@ odd_re = b_re + d_re;
            const @real@ odd_im = b_im + d_im;
            const @real@ turn_re = b_re - d_re;
            const @real@ turn_im = b_im - d_im;

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
"""

_TURNED = """\
/* z times the unit number w. */
static inline void fft_turned_@real@(const @real@ *z, const @real@ *w, @real@ *t)
{
    t[0] = z[0] * w[0] - z[1] * w[1];
    t[1] = z[0] * w[1] + z[1] * w[0];
}
"""

_RADIX_3 = """\
/* One stage of radix 3 over n complex numbers, whose transforms of inner numbers are done. */
static inline void fft_radix3_@real@(@real@ *z, int32_t n, int32_t inner, const @real@ *turns)
{
    const int32_t stride = n / (3 * inner);

    for (int32_t k = 0; k < inner; k++) {
        for (int32_t i = k; i < n; i += 3 * inner) {
            @real@ *a = &z[2 * i];
            @real@ *b = &z[2 * (i + inner)];
            @real@ *c = &z[2 * (i + 2 * inner)];
            @real@ u[2], v[2];

            fft_turned_@real@(b, &turns[2 * k * stride], u);
            fft_turned_@real@(c, &turns[4 * k * stride], v);
            const @real@ sum_re = u[0] + v[0];
            const @real@ sum_im = u[1] + v[1];
            const @real@ dif_re = (u[0] - v[0]) * @sin60@;
            const @real@ dif_im = (u[1] - v[1]) * @sin60@;
            const @real@ mid_re = a[0] - sum_re / 2;
            const @real@ mid_im = a[1] - sum_im / 2;

            a[0] += sum_re;
            a[1] += sum_im;
            b[0] = mid_re + dif_im;
            b[1] = mid_im - dif_re;
            c[0] = mid_re - dif_im;
            c[1] = mid_im + dif_re;
        }
    }
}
"""

_RADIX_5 = """\
/* One stage of radix 5 over n complex numbers, whose transforms of inner numbers are done. */
static inline void fft_radix5_@real@(@real@ *z, int32_t n, int32_t inner, const @real@ *turns)
{
    const int32_t stride = n / (5 * inner);

    for (int32_t k = 0; k < inner; k++) {
        for (int32_t i = k; i < n; i += 5 * inner) {
            @real@ *to[5];
            @real@ t[5][2];

            for (int32_t r = 0; r < 5; r++) {
                to[r] = &z[2 * (i + r * inner)];
                fft_turned_@real@(to[r], &turns[2 * r * k * stride], t[r]);
            }
            for (int32_t part = 0; part < 2; part++) { /* real, then imaginary */
                const @real@ outer = t[1][part] + t[4][part];
                const @real@ middle = t[2][part] + t[3][part];
                to[0][part] = t[0][part] + outer + middle;
                to[1][part] = t[0][part] + @cos72@ * outer + @cos144@ * middle;
                to[2][part] = t[0][part] + @cos144@ * outer + @cos72@ * middle;
            }
            for (int32_t part = 0; part < 2; part++) {
                const @real@ outer = t[1][1 - part] - t[4][1 - part];
                const @real@ middle = t[2][1 - part] - t[3][1 - part];
                const @real@ near = @sin72@ * outer + @sin144@ * middle;
                const @real@ far = @sin144@ * outer - @sin72@ * middle;
                const @real@ one = to[1][part];
                const @real@ two = to[2][part];
                to[1][part] = part == 0 ? one + near : one - near;
                to[4][part] = part == 0 ? one - near : one + near;
                to[2][part] = part == 0 ? two + far : two - far;
                to[3][part] = part == 0 ? two - far : two + far;
            }
        }
    }
}
"""

_RADIX = """\
/* One stage of any radix over n complex numbers, whose transforms of inner numbers are done; t: 2 * radix numbers. */
static inline void fft_radix_@real@(@real@ *z, int32_t n, int32_t radix, int32_t inner, const @real@ *turns,
                                    @real@ *t)
{
    const int32_t stride = n / (radix * inner);

    for (int32_t k = 0; k < inner; k++) {
        for (int32_t i = k; i < n; i += radix * inner) {
            for (int32_t r = 0; r < radix; r++) {
                const @real@ *a = &z[2 * (i + r * inner)];
                const @real@ *w = &turns[2 * r * k * stride];
                t[2 * r] = a[0] * w[0] - a[1] * w[1];
                t[2 * r + 1] = a[0] * w[1] + a[1] * w[0];
            }
            for (int32_t q = 0; q < radix; q++) {
                @real@ re = 0;
                @real@ im = 0;
                int32_t turn = 0;
                for (int32_t r = 0; r < radix; r++) {
                    const @real@ *w = &turns[2 * turn];
                    re += t[2 * r] * w[0] - t[2 * r + 1] * w[1];
                    im += t[2 * r] * w[1] + t[2 * r + 1] * w[0];
                    turn += q * (n / radix);
                    turn -= turn >= n ? n : 0;
                }
                z[2 * (i + q * inner)] = re;
                z[2 * (i + q * inner) + 1] = im;
            }
        }
    }
}
"""

_POWERS_EVEN = """\
    power[0] = @open@(z[0] + z[1]) * (z[0] + z[1])@close@;
    power[@half@] = @open@(z[0] - z[1]) * (z[0] - z[1])@close@;
    for (int32_t k = 1; k <= @quarter@; k++) {
        const @real@ *a = &z[2 * k];
        const @real@ *b = &z[2 * (@half@ - k)];
        const @real@ *w = &@split@[2 * k];
        const @real@ even_re = (a[0] + b[0]) / 2;
        const @real@ even_im = (a[1] - b[1]) / 2;
        const @real@ odd_re = (a[1] + b[1]) / 2;
        const @real@ odd_im = (b[0] - a[0]) / 2;
        const @real@ turn_re = odd_re * w[0] - odd_im * w[1];
        const @real@ turn_im = odd_re * w[1] + odd_im * w[0];
        const @real@ low_re = even_re + turn_re;
        const @real@ low_im = even_im + turn_im;
        const @real@ high_re = even_re - turn_re;
        const @real@ high_im = even_im - turn_im;

        power[k] = @open@low_re * low_re + low_im * low_im@close@;
        power[@half@ - k] = @open@high_re * high_re + high_im * high_im@close@;
    }
"""

_POWERS_ODD = """\
    for (int32_t k = 0; k < @bins@; k++) {
        power[k] = @open@z[2 * k] * z[2 * k] + z[2 * k + 1] * z[2 * k + 1]@close@;
    }
"""


@dataclass(frozen=True, eq=False)
class Transform:
    """A real transform of one length.

    Args:
        order: the place in time of every complex number, [points].
        packed: whether a complex number is two neighbouring samples.
        stages: C statements that transform ``z`` (2 * points reals) in place; ``t`` is room for 2 * LARGEST_PRIME.
        powers: C statements that write ``float power[bins]`` from ``z``.
        constants, helpers: what they use.
        room: reals that ``t`` needs; 0 where it is not used.
    """

    order: Array
    packed: bool
    stages: str
    powers: str
    constants: tuple[Constant, ...]
    helpers: tuple[Helper, ...]
    room: int

    @property
    def points(self) -> int:
        """Complex numbers."""
        return len(self.order)


@functools.cache
def factors(count: int) -> tuple[int, ...]:
    """Radices from the outermost stage to the innermost: fours, a two, odd primes."""
    found: list[int] = []
    for radix in (4, 2, 3, *range(5, count + 1, 2)):
        while count % radix == 0 and count > 1:
            found.append(radix)
            count //= radix
    return tuple(found)


def transform(size: int, real: Real, symbol: str) -> Transform:
    """The transform of ``size`` samples, with constants named after ``symbol``."""
    packed = size % 2 == 0
    points = size // 2 if packed else size
    radices = factors(points)
    dtype = np.float64 if real == "double" else np.float32
    lines, inner, most = [], 1, 1
    for radix in reversed(radices):
        most = max(most, points // radix * (radix - 1) + 1)
        call = f"fft_radix{radix}_{real}(z, {points}, {inner}, {symbol}_turns)"
        if radix not in _OWN:
            call = f"fft_radix_{real}(z, {points}, {radix}, {inner}, {symbol}_turns, t)"
        lines.append(f"    {call};\n")
        inner *= radix
    constants = []
    if radices:
        constants.append(
            Constant(f"{symbol}_turns", _turns(points, most, dtype), comment=f"cos, sin of -2 pi k / {points}")
        )
    if packed:
        split = _turns(size, points // 2 + 1, dtype)
        constants.append(Constant(f"{symbol}_split", split, comment=f"cos, sin of -2 pi k / {size}"))
    template = _POWERS_EVEN if packed else _POWERS_ODD
    powers = fill(
        template,
        half=points,
        quarter=points // 2,
        split=f"{symbol}_split",
        bins=size // 2 + 1,
        real=real,
        open="(float)(" if real == "double" else "",
        close=")" if real == "double" else "",
    )
    odd = [radix for radix in radices if radix not in _OWN]
    return Transform(
        _order(np.arange(points), radices),
        packed,
        "".join(lines),
        powers,
        tuple(constants),
        tuple(_helper(radix, real) for radix in sorted(set(radices))),
        2 * max(odd, default=0),
    )


_OWN = {2: _RADIX_2, 3: _RADIX_3, 4: _RADIX_4, 5: _RADIX_5}


def _helper(radix: int, real: Real) -> Helper:
    if radix not in _OWN:
        return Helper(f"fft_radix_{real}", fill(_RADIX, real=real))
    turned = Helper(f"fft_turned_{real}", fill(_TURNED, real=real))
    angles = {f"{f.__name__}{a}": number(f(math.radians(a)), real) for f in (math.cos, math.sin) for a in (60, 72, 144)}
    text = fill(_OWN[radix], real=real, **angles)
    return Helper(f"fft_radix{radix}_{real}", text, (turned,) if radix in (3, 5) else ())


def _turns(size: int, count: int, dtype: type) -> Array:
    """cos and sin of -2 pi k / size, one after the other, for k < count; exact zeros and ones."""
    turns = np.exp(-2j * np.pi * np.arange(count) / size)
    pairs = np.stack([turns.real, turns.imag], axis=1)
    return np.where(np.abs(pairs) < 1e-15, 0.0, pairs).astype(dtype)


def _order(indices: Array, radices: tuple[int, ...]) -> Array:
    """Digit-reversed input order of a decimation in time."""
    if len(radices) <= 1:
        return indices
    return np.concatenate([_order(indices[k :: radices[0]], radices[1:]) for k in range(radices[0])])

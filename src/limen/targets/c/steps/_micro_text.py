"""Integer functions of the micro front end in C; the arithmetic is that of ``limen.steps._micro``."""

from __future__ import annotations

from limen.steps import _micro
from limen.targets.c._kernel import Helper
from limen.targets.c.steps._kernel import fill
from limen.targets.c.steps._numbers import BITS_32

ROOT_U64 = Helper(
    "root_u64",
    """\
/* Square root rounded to nearest, but never from 65535 up to 65536 while x fits 32 bits. */
static inline uint32_t root_u64(uint64_t x)
{
    uint64_t rest = x;
    uint64_t root = 0;
    uint64_t bit = x >> 32 != 0 ? (uint64_t)1 << 62 : (uint64_t)1 << 30;

    while (bit > x) {
        bit >>= 2;
    }
    for (; bit != 0; bit >>= 2) {
        if (rest >= root + bit) {
            rest -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    if (rest > root && !(root == 0xffffu && x >> 32 == 0)) {
        root++;
    }
    return (uint32_t)root;
}
""",
)

LOGARITHM = Helper(
    "log_scaled",
    fill(
        """\
/* Natural logarithm times 2**shift, 0 up to 1, at most 65535: log2 by straight pieces of a table. */
static inline uint32_t log_scaled(uint32_t x, int32_t shift, const uint16_t *table)
{
    if (x <= 1) {
        return 0;
    }
    const int32_t whole = bit_length_u32(x) - 1;
    const uint32_t bits = x - ((uint32_t)1 << whole);
    const uint32_t fraction = whole < @q@ ? bits << (@q@ - whole) : bits >> (whole - @q@);
    const uint32_t segment = fraction >> 9;
    const int32_t low = table[segment];
    const int32_t rise = table[segment + 1] - low;
    const int32_t bent = low + ((rise * (int32_t)(fraction & 511u)) >> @q@);
    const uint64_t log2 = ((uint64_t)(uint32_t)whole << @q@) + fraction + (uint64_t)(uint32_t)bent;
    const uint64_t natural = (log2 * @ln2@u + (1u << (@q@ - 1))) >> @q@;
    const uint64_t scaled = ((natural << shift) + (1u << (@q@ - 1))) >> @q@;
    return scaled < 65535u ? (uint32_t)scaled : 65535u;
}
""",
        q=_micro.LOG_BITS,
        ln2=_micro._LN2_Q16,
    ),
    (BITS_32,),
)

GAIN = Helper(
    "gained",
    fill(
        """\
/* A signal times the gain that belongs to its noise estimate, then a soft knee. */
static inline uint32_t gained(uint32_t signal, uint32_t estimate, const int16_t *table, int32_t shift)
{
    const int32_t octave = bit_length_u32(estimate);
    const int16_t *piece = &table[3 * octave];
    int64_t gain = piece[0];

    if (estimate > 2) {
        const uint32_t place = octave < 11 ? estimate << (11 - octave) : estimate >> (octave - 11);
        const int32_t fraction = (int32_t)(place & 0x3ffu);
        const int64_t slope = (int64_t)(((piece[2] * fraction) >> 5) + piece[1] * 32) * fraction;
        gain += (slope + (1 << 14)) >> 15;
    }
    const uint32_t snr = (uint32_t)(((int64_t)signal * gain) >> shift);
    if (snr < (2u << @snr@)) {
        return (snr * snr) >> @knee@;
    }
    return (snr >> @out@) - (1u << @gain_out@);
}
""",
        snr=_micro.SNR_BITS,
        knee=2 + 2 * _micro.SNR_BITS - _micro.GAIN_OUT_BITS,
        out=_micro.SNR_BITS - _micro.GAIN_OUT_BITS,
        gain_out=_micro.GAIN_OUT_BITS,
    ),
    (BITS_32,),
)

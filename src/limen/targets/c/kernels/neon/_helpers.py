"""The C of a few instructions each that the kernels of NEON share, for 64-bit and 32-bit Arm."""

from __future__ import annotations

from limen.targets.c._kernel import Helper

_TEXTS = {
    "load": """\
static inline int8x16_t limen_load_128(const int8_t *p)
{
    return vld1q_s8(p);
}
""",
    "load_sums": """\
static inline int32x4_t limen_load_sums_128(const int32_t *p)
{
    return vld1q_s32(p);
}
""",
    "dot": """\
/* acc + x . w: four signed bytes per lane. With dot products the next macro does not call it. */
__attribute__((unused)) static inline int32x4_t limen_dot_128(int32x4_t acc, int8x16_t x, int8x16_t w)
{
#if defined(__ARM_FEATURE_DOTPROD)
    return vdotq_s32(acc, x, w);
#else
    const int32x4_t low = vpaddlq_s16(vmull_s8(vget_low_s8(x), vget_low_s8(w)));
    const int32x4_t high = vpaddlq_s16(vmull_s8(vget_high_s8(x), vget_high_s8(w)));
    const int32x2_t first = vpadd_s32(vget_low_s32(low), vget_high_s32(low));
    return vaddq_s32(acc, vcombine_s32(first, vpadd_s32(vget_low_s32(high), vget_high_s32(high))));
#endif
}
""",
    "dot_lane": """\
/* The same with four bytes of x for all lanes. */
#if defined(__ARM_FEATURE_DOTPROD)
#define LIMEN_DOT_LANE(acc, w, x, lane) vdotq_laneq_s32((acc), (w), (x), (lane))
#else
#define LIMEN_DOT_LANE(acc, w, x, lane)                                                                            \\
    limen_dot_128((acc), vreinterpretq_s8_s32(vdupq_n_s32(vgetq_lane_s32(vreinterpretq_s32_s8(x), (lane)))), (w))
#endif
""",
    "word": """\
/* Two and four bytes, at any address. */
typedef int16_t __attribute__((aligned(1), may_alias)) limen_pair;
typedef int32_t __attribute__((aligned(1), may_alias)) limen_word;
""",
    "broadcast": """\
/* The four bytes at p in every lane. */
static inline int8x16_t limen_broadcast_128(const int8_t *p)
{
    return vreinterpretq_s8_s32(vdupq_n_s32(*(const limen_word *)(const void *)p));
}
""",
    "halves": """\
/* Four bytes of one position: the first two in every 16-bit lane, and the last two. */
typedef struct {
    int8x16_t first, last;
} limen_halves;

#define LIMEN_QUARTER(x, lane) vreinterpretq_s8_s16(vdupq_n_s16(vgetq_lane_s16(vreinterpretq_s16_s8(x), (lane))))
#define LIMEN_HALVES(x, lane) ((limen_halves){LIMEN_QUARTER((x), 2 * (lane)), LIMEN_QUARTER((x), 2 * (lane) + 1)})
""",
    "broadcast_halves": """\
/* The four bytes at p. */
static inline limen_halves limen_broadcast_halves(const int8_t *p)
{
    const limen_pair *const pair = (const void *)p;
    const limen_halves x = {vreinterpretq_s8_s16(vdupq_n_s16(pair[0])), vreinterpretq_s8_s16(vdupq_n_s16(pair[1]))};
    return x;
}
""",
    "dot_halves": """\
/* acc + x . w: four signed bytes per lane, of which w holds the first two of all lanes and then the last two. Sums of
 * two products fit 16 bits unless both weights are -128, which the compiler of this file has ruled out. */
static inline int32x4_t limen_dot_halves(int32x4_t acc, int8x16_t w, limen_halves x)
{
    const int16x8_t products = vmull_s8(vget_low_s8(w), vget_low_s8(x.first));
    return vpadalq_s16(acc, vmlal_s8(products, vget_high_s8(w), vget_high_s8(x.last)));
}
""",
    "rescale": """\
/* Codes of accumulators less the zero point: a rounding doubling high multiply (halves up), then a rounding division
 * by a power of two (halves away from zero); a positive shift goes left before. */
static inline int32x4_t limen_rescale_128(int32x4_t acc, const int32_t *multiplier, const int32_t *shift)
{
    const int32x4_t by = vld1q_s32(shift), none = vdupq_n_s32(0), right = vminq_s32(by, none);
    const int32x4_t high = vqrdmulhq_s32(vshlq_s32(acc, vmaxq_s32(by, none)), vld1q_s32(multiplier));
    return vrshlq_s32(vsraq_n_s32(high, vandq_s32(high, right), 31), right);
}
""",
    "rescale_down": """\
/* Codes of accumulators less the zero point: a rounding doubling high multiply (halves up), then a rounding division
 * by a power of two, at least 2 (halves away from zero). */
static inline int32x4_t limen_rescale_down_128(int32x4_t acc, const int32_t *multiplier, const int32_t *shift)
{
    const int32x4_t high = vqrdmulhq_s32(acc, vld1q_s32(multiplier));
    return vrshlq_s32(vsraq_n_s32(high, high, 31), vld1q_s32(shift));
}
""",
    "rescale_above": """\
/* The same where codes below the zero point are cut off: only they would tell halves away from zero from halves up. */
static inline int32x4_t limen_rescale_above_128(int32x4_t acc, const int32_t *multiplier, const int32_t *shift)
{
    return vrshlq_s32(vqrdmulhq_s32(acc, vld1q_s32(multiplier)), vld1q_s32(shift));
}
""",
    "round": """\
/* Codes of accumulators less the zero point, in double precision, halves away from zero. */
static inline int32x4_t limen_round_128(int32x4_t acc, const double *factor)
{
#if defined(__aarch64__)
    const float64x2_t low = vmulq_f64(vcvtq_f64_s64(vmovl_s32(vget_low_s32(acc))), vld1q_f64(factor));
    const float64x2_t high = vmulq_f64(vcvtq_f64_s64(vmovl_s32(vget_high_s32(acc))), vld1q_f64(factor + 2));
    return vcombine_s32(vqmovn_s64(vcvtaq_s64_f64(low)), vqmovn_s64(vcvtaq_s64_f64(high)));
#else
    int32_t codes[4];
    vst1q_s32(codes, acc);
    for (int32_t i = 0; i < 4; ++i) {
        const double value = (double)codes[i] * factor[i];
        const double safe = value < -1024.0 ? -1024.0 : value > 1024.0 ? 1024.0 : value;
        const double rest = safe - (double)(int32_t)safe;
        codes[i] = (int32_t)safe + (rest >= 0.5 ? 1 : rest <= -0.5 ? -1 : 0);
    }
    return vld1q_s32(codes);
#endif
}
""",
    "words": """\
/* Eight codes in 16 bits, with the zero point. */
static inline int16x8_t limen_words(int32x4_t a, int32x4_t b, int16_t zero)
{
    const int16x8_t words = vcombine_s16(vqmovn_s32(a), vqmovn_s32(b));
    return zero == 0 ? words : vqaddq_s16(words, vdupq_n_s16(zero));
}
""",
    "bounded": """\
/* Within their bounds, which are known where this is called. */
static inline int8x16_t limen_bounded(int8x16_t codes, int8_t low, int8_t high)
{
    const int8x16_t some = low > -128 ? vmaxq_s8(codes, vdupq_n_s8(low)) : codes;
    return high < 127 ? vminq_s8(some, vdupq_n_s8(high)) : some;
}
""",
    "pack": """\
/* Codes of sixteen channels. */
static inline int8x16_t limen_pack_128(int32x4_t a, int32x4_t b, int32x4_t c, int32x4_t d, int16_t zero, int8_t low,
                                       int8_t high)
{
    const int8x8_t first = vqmovn_s16(limen_words(a, b, zero)), last = vqmovn_s16(limen_words(c, d, zero));
    return limen_bounded(vcombine_s8(first, last), low, high);
}
""",
    "store_vector": """\
/* Sixteen channels. */
static inline void limen_store_vector_128(int8_t *y, int32x4_t a, int32x4_t b, int32x4_t c, int32x4_t d, int16_t zero,
                                          int8_t low, int8_t high)
{
    vst1q_s8(y, limen_pack_128(a, b, c, d, zero, low, high));
}
""",
    "store_lanes": """\
/* The first channels of one accumulator. */
static inline void limen_store_lanes_128(int8_t *y, int32x4_t a, int32_t count, int16_t zero, int8_t low, int8_t high)
{
    const int8x8_t codes = vqmovn_s16(limen_words(a, a, zero));
    const int8x16_t both = limen_bounded(vcombine_s8(codes, codes), low, high);
    const int32_t bytes = vgetq_lane_s32(vreinterpretq_s32_s8(both), 0);
    if (count == 4) {
        *(limen_word *)(void *)y = bytes;
    } else {
        for (int32_t i = 0; i < count; ++i) {
            y[i] = (int8_t)((uint32_t)bytes >> (8 * i));
        }
    }
}
""",
    "store_first": """\
/* The first of sixteen channels. */
static inline void limen_store_first_128(int8_t *y, int32x4_t a, int32x4_t b, int32x4_t c, int32x4_t d, int32_t count,
                                         int16_t zero, int8_t low, int8_t high)
{
    const int8x16_t codes = limen_pack_128(a, b, c, d, zero, low, high);
    if (count >= 16) {
        vst1q_s8(y, codes);
    } else {
        int8_t bytes[16];
        vst1q_s8(bytes, codes);
        for (int32_t i = 0; i < count; ++i) {
            y[i] = bytes[i];
        }
    }
}
""",
    "enter": """\
/* Codes as they are. The count is known where this is called: no test is left of the ends. */
static inline void limen_enter_bytes(int8_t *to, const int8_t *from, int32_t count)
{
    for (int32_t i = 0; i < count / 16 * 16; i += 16) {
        vst1q_s8(to + i, vld1q_s8(from + i));
    }
    if (count % 16 >= 8) {
        vst1_s8(to + count / 16 * 16, vld1_s8(from + count / 16 * 16));
    }
    for (int32_t i = count / 8 * 8; i < count; ++i) {
        to[i] = from[i];
    }
}
""",
    "interleave": """\
typedef struct {
    int8x16_t v[4];
} limen_woven4_128;

/* Bytes of four rows side by side: every lane holds one channel's four. */
static inline limen_woven4_128 limen_interleave4_128(int8x16_t r0, int8x16_t r1, int8x16_t r2, int8x16_t r3)
{
    const int8x16x2_t top = vzipq_s8(r0, r1), bottom = vzipq_s8(r2, r3);
    const int16x8x2_t low = vzipq_s16(vreinterpretq_s16_s8(top.val[0]), vreinterpretq_s16_s8(bottom.val[0]));
    const int16x8x2_t high = vzipq_s16(vreinterpretq_s16_s8(top.val[1]), vreinterpretq_s16_s8(bottom.val[1]));
    const limen_woven4_128 woven = {{vreinterpretq_s8_s16(low.val[0]), vreinterpretq_s8_s16(low.val[1]),
                                     vreinterpretq_s8_s16(high.val[0]), vreinterpretq_s8_s16(high.val[1])}};
    return woven;
}
""",
    "sums": """\
/* Products of sixteen channels in 16 bits. */
typedef struct {
    int16x8_t low, high;
} limen_sums;

static inline limen_sums limen_times(int8x16_t x, int8x16_t w)
{
    const limen_sums sums = {vmull_s8(vget_low_s8(x), vget_low_s8(w)), vmull_s8(vget_high_s8(x), vget_high_s8(w))};
    return sums;
}

__attribute__((unused)) static inline limen_sums limen_plus_times(limen_sums sums, int8x16_t x, int8x16_t w)
{
    const limen_sums more = {vmlal_s8(sums.low, vget_low_s8(x), vget_low_s8(w)),
                             vmlal_s8(sums.high, vget_high_s8(x), vget_high_s8(w))};
    return more;
}
""",
    "add": """\
static inline int32x4_t limen_add_lanes(int16x4_t a, int16x4_t b, float by_a, float by_b, float offset)
{
    const float32x4_t x = vcvtq_f32_s32(vmovl_s16(a)), z = vcvtq_f32_s32(vmovl_s16(b));
    const float32x4_t rest = vfmaq_f32(vdupq_n_f32(offset), z, vdupq_n_f32(by_b));
    return vcvtnq_s32_f32(vfmaq_f32(rest, x, vdupq_n_f32(by_a)));
}

static inline int16x8_t limen_add_words(int8x8_t a, int8x8_t b, float by_a, float by_b, float offset)
{
    const int16x8_t x = vmovl_s8(a), z = vmovl_s8(b);
    return limen_words(limen_add_lanes(vget_low_s16(x), vget_low_s16(z), by_a, by_b, offset),
                       limen_add_lanes(vget_high_s16(x), vget_high_s16(z), by_a, by_b, offset), 0);
}

/* y = a * by_a + (b * by_b + offset), rounded and clamped: constants proved equal to the integer sum for every pair of
 * codes. y may be a or b. */
static inline void limen_add_128(const int8_t *a, const int8_t *b, int8_t *y, int32_t count, float by_a, float by_b,
                                 float offset, int8_t low, int8_t high)
{
    for (int32_t i = 0; i < count; i += 16) {
        int8_t rest[3][16] = {{0}};
        const int32_t some = count - i < 16 ? count - i : 16;
        if (some < 16) {
            memcpy(rest[0], a + i, (size_t)some);
            memcpy(rest[1], b + i, (size_t)some);
        }
        const int8x16_t x = vld1q_s8(some < 16 ? rest[0] : a + i), z = vld1q_s8(some < 16 ? rest[1] : b + i);
        const int16x8_t first = limen_add_words(vget_low_s8(x), vget_low_s8(z), by_a, by_b, offset);
        const int16x8_t last = limen_add_words(vget_high_s8(x), vget_high_s8(z), by_a, by_b, offset);
        const int8x16_t codes = limen_bounded(vcombine_s8(vqmovn_s16(first), vqmovn_s16(last)), low, high);
        vst1q_s8(some < 16 ? rest[2] : y + i, codes);
        if (some < 16) {
            memcpy(y + i, rest[2], (size_t)some);
        }
    }
}
""",
}

_NAMES = {
    "dot_lane": "LIMEN_DOT_LANE",
    "halves": "LIMEN_HALVES",
    "broadcast_halves": "limen_broadcast_halves",
    "dot_halves": "limen_dot_halves",
    "words": "limen_words",
    "bounded": "limen_bounded",
    "interleave": "limen_interleave4_128",
    "sums": "limen_sums",
    "enter": "limen_enter_bytes",
    "word": "limen_word",
}
_NEEDS = {
    "dot_lane": ("dot",),
    "broadcast": ("word",),
    "broadcast_halves": ("halves", "word"),
    "dot_halves": ("halves",),
    "pack": ("words", "bounded"),
    "store_vector": ("pack",),
    "store_lanes": ("words", "bounded", "word"),
    "store_first": ("pack",),
    "add": ("words", "bounded"),
}
_SAME = {"load_weights": "load"}


def shared(name: str) -> Helper:
    """A helper by what it does, ``rescale``."""
    key = _SAME.get(name, name)
    needs = tuple(shared(other) for other in _NEEDS.get(key, ()))
    return Helper(_NAMES.get(key, f"limen_{key}_128"), _TEXTS[key], needs)

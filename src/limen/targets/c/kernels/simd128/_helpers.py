"""The C of a few instructions each that the WebAssembly kernels share."""

from __future__ import annotations

from limen.targets.c._kernel import Helper

_TEXTS = {
    "load": """\
static inline v128_t limen_load_128(const void *p)
{
    return wasm_v128_load(p);
}
""",
    "load_weights": """\
static inline v128_t limen_load_weights_128(const int8_t *p)
{
    return wasm_i16x8_load8x8(p);
}
""",
    "broadcast": """\
/* The two words at p in every lane. */
static inline v128_t limen_broadcast_128(const int16_t *p)
{
    return wasm_v128_load32_splat(p);
}
""",
    "dot": """\
/* acc + x . w: two signed words per lane. */
static inline v128_t limen_dot_128(v128_t acc, v128_t x, v128_t w)
{
    return wasm_i32x4_add(acc, wasm_i32x4_dot_i16x8(x, w));
}
""",
    "round_sum": """\
/* a + b rounded to integers, for sums below 2^22: beside 1.5 * 2^23 no fraction is left. */
static inline v128_t limen_round_sum_128(v128_t a, v128_t b)
{
    const v128_t sum = wasm_f32x4_add(wasm_f32x4_add(a, b), wasm_f32x4_const_splat(12582912.0f));
    return wasm_i32x4_sub(sum, wasm_i32x4_const_splat(0x4B400000));
}
""",
    "scale": """\
/* Codes of accumulators by a multiplication and a sum, which the compiler of this file has proved equal to the integer
 * rescaling for every value that an accumulator can take. */
static inline v128_t limen_scale_128(v128_t acc, const float *slope, const float *offset)
{
    const v128_t value = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(acc), wasm_v128_load(slope));
    return limen_round_sum_128(value, wasm_v128_load(offset));
}
""",
    "scale_signed": """\
/* The same where negative accumulators need an offset of their own, as halves round away from zero. */
static inline v128_t limen_scale_signed_128(v128_t acc, const float *slope, const float *offset, const float *below)
{
    const v128_t value = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(acc), wasm_v128_load(slope));
    const v128_t negative = wasm_i32x4_shr(acc, 31);
    return limen_round_sum_128(value, wasm_v128_bitselect(wasm_v128_load(below), wasm_v128_load(offset), negative));
}
""",
    "rescale": """\
/* Codes of accumulators by integers: a rounding doubling high multiply (halves up), then a rounding division by a
 * power of two (halves away from zero); a positive shift goes left before. */
static inline v128_t limen_rescale_128(v128_t acc, const int32_t *multiplier, const int32_t *shift, int32_t zero)
{
    int32_t codes[4];
    wasm_v128_store(codes, acc);
    for (int32_t i = 0; i < 4; ++i) {
        const int32_t left = shift[i] > 0 ? shift[i] : 0, right = shift[i] < 0 ? -shift[i] : 0;
        const int32_t x = (int32_t)((uint32_t)codes[i] << left);
        const int32_t high = (int32_t)(((int64_t)x * multiplier[i] + (INT64_C(1) << 30)) >> 31);
        const int64_t half = (INT64_C(1) << right) >> 1;
        codes[i] = (int32_t)((high + half - (high < 0 && half > 0 ? 1 : 0)) >> right) + zero;
    }
    return wasm_v128_load(codes);
}
""",
    "round": """\
/* Codes of accumulators in double precision, halves away from zero. */
static inline v128_t limen_round_128(v128_t acc, const double *factor, int32_t zero)
{
    int32_t codes[4];
    wasm_v128_store(codes, acc);
    for (int32_t i = 0; i < 4; ++i) {
        const double value = (double)codes[i] * factor[i];
        const double safe = value < -1024.0 ? -1024.0 : value > 1024.0 ? 1024.0 : value;
        const double whole = (double)(int32_t)safe;
        codes[i] = (int32_t)safe + (safe - whole >= 0.5 ? 1 : safe - whole <= -0.5 ? -1 : 0) + zero;
    }
    return wasm_v128_load(codes);
}
""",
    "pack": """\
/* Codes of eight channels within their bounds, twice. */
static inline v128_t limen_pack_128(v128_t a, v128_t b, int8_t low, int8_t high)
{
    const v128_t words = wasm_i16x8_narrow_i32x4(a, b);
    v128_t codes = wasm_i8x16_narrow_i16x8(words, words);
    if (low > -128) {
        codes = wasm_i8x16_max(codes, wasm_i8x16_splat(low));
    }
    if (high < 127) {
        codes = wasm_i8x16_min(codes, wasm_i8x16_splat(high));
    }
    return codes;
}
""",
    "store_vector": """\
/* Eight channels. */
static inline void limen_store_pair_128(int8_t *y, v128_t a, v128_t b, int8_t low, int8_t high)
{
    wasm_v128_store64_lane(y, limen_pack_128(a, b, low, high), 0);
}
""",
    "store_lanes": """\
/* The first channels of one accumulator. */
static inline void limen_store_lanes_128(int8_t *y, v128_t a, int32_t count, int8_t low, int8_t high)
{
    const int32_t bytes = wasm_i32x4_extract_lane(limen_pack_128(a, a, low, high), 0);
    memcpy(y, &bytes, (size_t)count);
}
""",
    "store_first": """\
/* The first of eight channels. */
static inline void limen_store_first_128(int8_t *y, v128_t a, v128_t b, int32_t count, int8_t low, int8_t high)
{
    const v128_t codes = limen_pack_128(a, b, low, high);
    if (count >= 8) {
        wasm_v128_store64_lane(y, codes, 0);
    } else {
        int8_t bytes[16];
        wasm_v128_store(bytes, codes);
        for (int32_t i = 0; i < count; ++i) {
            y[i] = bytes[i];
        }
    }
}
""",
    "interleave": """\
typedef struct {
    v128_t v[2];
} limen_woven2_128;

/* Words of two rows side by side: every lane holds one channel's two. */
static inline limen_woven2_128 limen_interleave2_128(v128_t r0, v128_t r1)
{
    const limen_woven2_128 woven = {{wasm_i16x8_shuffle(r0, r1, 0, 8, 1, 9, 2, 10, 3, 11),
                                     wasm_i16x8_shuffle(r0, r1, 4, 12, 5, 13, 6, 14, 7, 15)}};
    return woven;
}
""",
    "enter": """\
/* Codes to words: the code less the zero point. */
static inline void limen_enter_words(int16_t *to, const int8_t *from, int32_t count, int16_t zero)
{
    for (int32_t i = 0; i < count / 8 * 8; i += 8) {
        wasm_v128_store(to + i, wasm_i16x8_sub(wasm_i16x8_load8x8(from + i), wasm_i16x8_splat(zero)));
    }
    for (int32_t i = count / 8 * 8; i < count; ++i) {
        to[i] = (int16_t)(from[i] - zero);
    }
}
""",
    "add": """\
static inline v128_t limen_add_lanes(v128_t a, v128_t b, float by_a, float by_b, float offset)
{
    const v128_t x = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(a), wasm_f32x4_splat(by_a));
    const v128_t z = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(b), wasm_f32x4_splat(by_b));
    return limen_round_sum_128(x, wasm_f32x4_add(z, wasm_f32x4_splat(offset)));
}

/* y = a * by_a + (b * by_b + offset), rounded and clamped: constants proved equal to the integer sum for every pair of
 * codes. y may be a or b. */
static inline void limen_add_128(const int8_t *a, const int8_t *b, int8_t *y, int32_t count, float by_a, float by_b,
                                 float offset, int8_t low, int8_t high)
{
    for (int32_t i = 0; i < count; i += 8) {
        int8_t rest[2][8] = {{0}};
        const int32_t some = count - i < 8 ? count - i : 8;
        if (some < 8) {
            memcpy(rest[0], a + i, (size_t)some);
            memcpy(rest[1], b + i, (size_t)some);
        }
        const v128_t x = wasm_i16x8_load8x8(some < 8 ? rest[0] : a + i);
        const v128_t z = wasm_i16x8_load8x8(some < 8 ? rest[1] : b + i);
        const v128_t first = limen_add_lanes(wasm_i32x4_extend_low_i16x8(x), wasm_i32x4_extend_low_i16x8(z), by_a,
                                             by_b, offset);
        const v128_t second = limen_add_lanes(wasm_i32x4_extend_high_i16x8(x), wasm_i32x4_extend_high_i16x8(z), by_a,
                                              by_b, offset);
        limen_store_first_128(y + i, first, second, some, low, high);
    }
}
""",
}

_NAMES = {"store_vector": "limen_store_pair_128", "interleave": "limen_interleave2_128", "enter": "limen_enter_words"}
_NEEDS = {
    "scale": ("round_sum",),
    "scale_signed": ("round_sum",),
    "store_vector": ("pack",),
    "store_lanes": ("pack",),
    "store_first": ("pack",),
    "add": ("round_sum", "store_first"),
}


def shared(name: str) -> Helper:
    """A helper by what it does, ``scale``."""
    key = "load" if name == "load_sums" else name
    needs = tuple(shared(other) for other in _NEEDS.get(key, ()))
    return Helper(_NAMES.get(key, f"limen_{key}_128"), _TEXTS[key], needs)

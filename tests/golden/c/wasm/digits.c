/* digits.c: digits, compiled by limen 0.1.0 for wasm. */
#include "digits.h"

#include <string.h>
#include <wasm_simd128.h>

/* Layers stay functions of their own, so that profilers and debuggers see them. */
#define LIMEN_LAYER __attribute__((noinline))
#define AT(offset) ((void *)((uint8_t *)arena + (offset)))

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

static inline v128_t limen_load_weights_128(const int8_t *p)
{
    return wasm_i16x8_load8x8(p);
}

static inline v128_t limen_load_128(const void *p)
{
    return wasm_v128_load(p);
}

/* The two words at p in every lane. */
static inline v128_t limen_broadcast_128(const int16_t *p)
{
    return wasm_v128_load32_splat(p);
}

/* acc + x . w: two signed words per lane. */
static inline v128_t limen_dot_128(v128_t acc, v128_t x, v128_t w)
{
    return wasm_i32x4_add(acc, wasm_i32x4_dot_i16x8(x, w));
}

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

/* Eight channels. */
static inline void limen_store_pair_128(int8_t *y, v128_t a, v128_t b, int8_t low, int8_t high)
{
    wasm_v128_store64_lane(y, limen_pack_128(a, b, low, high), 0);
}

/* a + b rounded to integers, for sums below 2^22: beside 1.5 * 2^23 no fraction is left. */
static inline v128_t limen_round_sum_128(v128_t a, v128_t b)
{
    const v128_t sum = wasm_f32x4_add(wasm_f32x4_add(a, b), wasm_f32x4_const_splat(12582912.0f));
    return wasm_i32x4_sub(sum, wasm_i32x4_const_splat(0x4B400000));
}

/* Codes of accumulators by a multiplication and a sum, which the compiler of this file has proved equal to the integer
 * rescaling for every value that an accumulator can take. */
static inline v128_t limen_scale_128(v128_t acc, const float *slope, const float *offset)
{
    const v128_t value = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(acc), wasm_v128_load(slope));
    return limen_round_sum_128(value, wasm_v128_load(offset));
}

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

/* The first channels of one accumulator. */
static inline void limen_store_lanes_128(int8_t *y, v128_t a, int32_t count, int8_t low, int8_t high)
{
    const int32_t bytes = wasm_i32x4_extract_lane(limen_pack_128(a, a, low, high), 0);
    memcpy(y, &bytes, (size_t)count);
}

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

/* a * b / 2^31, halves up; never both INT32_MIN. */
static inline int32_t limen_doubling_high(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + (INT64_C(1) << 30)) >> 31);
}

/* x / 2^shift, halves away from zero; shift >= 1. */
static inline int64_t limen_shift_right(int64_t x, int32_t shift)
{
    return (x + (INT64_C(1) << (shift - 1)) - (x < 0 ? 1 : 0)) >> shift;
}

/* Leading zero bits of a positive number. */
static inline int32_t limen_leading_zeros(int32_t x)
{
    int32_t zeros = 0;

    while (x < 0x40000000) {
        x <<= 1;
        ++zeros;
    }
    return zeros + 1;
}

/* x * 2^shift, saturated. */
static inline int32_t limen_shift_left(int32_t x, int32_t shift)
{
    const int64_t wide = (int64_t)x * (INT64_C(1) << shift);
    return wide > INT32_MAX ? INT32_MAX : wide < INT32_MIN ? INT32_MIN : (int32_t)wide;
}

/* 1 / (1 + x) of x in [0, 1), both Q31: three steps of Newton and Raphson with two integer bits. */
static inline int32_t limen_one_over_one_plus(int32_t x)
{
    const int32_t half = (int32_t)(((int64_t)x + (INT64_C(1) << 31)) >> 1);
    int32_t guess = 1515870810 + limen_doubling_high(half, -1010580540);

    for (int32_t i = 0; i < 3; ++i) {
        const int32_t error = (1 << 29) - limen_doubling_high(half, guess);
        guess += limen_shift_left(limen_doubling_high(guess, error), 2);
    }
    return limen_shift_left(guess, 1);
}

/* Layer 0: Conv2D re_lu/Relu
 * int8[1,8,8,1], int8[16,3,3,1], int32[16] -> int8[1,8,8,16]; 9216 multiply-accumulates */
/* [block][run][group][accumulator][lane][2] */
_Alignas(64) static const int8_t digits_00_conv2d_weights[192] = {
    /* sha256 cdf8e57c574055d1527e786714c1bef0 */
};

/* [block][accumulator][lane], zero points folded in */
_Alignas(64) static const int32_t digits_00_conv2d_bias[16] = {
    /* sha256 905206373e2607ecfba5ed50f27e51e4 */
};

_Alignas(64) static const float digits_00_conv2d_slope[16] = {
    /* sha256 f9712d67e458bddc1d6629f856cb05f4 */
};

_Alignas(64) static const float digits_00_conv2d_offset[16] = {
    /* sha256 67c1d4dff5643aac1b2b53f36d939d41 */
};

static inline v128_t digits_00_conv2d_codes(v128_t acc, int32_t at)
{
    return limen_scale_128(acc, digits_00_conv2d_slope + at, digits_00_conv2d_offset + at);
}

static void digits_00_conv2d_0(const int16_t *image, int8_t *y0)
{
    const int8_t *const weights = digits_00_conv2d_weights + 0;
    for (int32_t block = 0; block < 2; ++block) {
        for (int32_t row = 0; row < 8; ++row) {
            for (int32_t x = 0; x < 8; x += 4) {
                const int16_t *p = image + row * 10 + x * 1;
                const int8_t *w = weights + block * 96;
                const int32_t lane = 0 + block * 8;
                v128_t a0_0 = limen_load_128(digits_00_conv2d_bias + lane + 0);
                v128_t a0_1 = limen_load_128(digits_00_conv2d_bias + lane + 4);
                v128_t a1_0 = a0_0, a1_1 = a0_1;
                v128_t a2_0 = a0_0, a2_1 = a0_1;
                v128_t a3_0 = a0_0, a3_1 = a0_1;
                for (int32_t ky = 0; ky < 3; ++ky) {
                    for (int32_t k = 0; k < 4; k += 2) {
                        const v128_t w0 = limen_load_weights_128(w + 0);
                        const v128_t w1 = limen_load_weights_128(w + 8);
                        const v128_t v0 = limen_broadcast_128(p + k);
                        a0_0 = limen_dot_128(a0_0, v0, w0);
                        a0_1 = limen_dot_128(a0_1, v0, w1);
                        const v128_t v1 = limen_broadcast_128(p + 1 + k);
                        a1_0 = limen_dot_128(a1_0, v1, w0);
                        a1_1 = limen_dot_128(a1_1, v1, w1);
                        const v128_t v2 = limen_broadcast_128(p + 2 + k);
                        a2_0 = limen_dot_128(a2_0, v2, w0);
                        a2_1 = limen_dot_128(a2_1, v2, w1);
                        const v128_t v3 = limen_broadcast_128(p + 3 + k);
                        a3_0 = limen_dot_128(a3_0, v3, w0);
                        a3_1 = limen_dot_128(a3_1, v3, w1);
                        w += 16;
                    }
                    p += 10;
                }
                int8_t *const to = y0 + row * 128 + x * 16 + block * 8;
                limen_store_pair_128(to + 0, digits_00_conv2d_codes(a0_0, lane + 0), digits_00_conv2d_codes(a0_1, lane + 4), -128, 127);
                limen_store_pair_128(to + 16, digits_00_conv2d_codes(a1_0, lane + 0), digits_00_conv2d_codes(a1_1, lane + 4), -128, 127);
                limen_store_pair_128(to + 32, digits_00_conv2d_codes(a2_0, lane + 0), digits_00_conv2d_codes(a2_1, lane + 4), -128, 127);
                limen_store_pair_128(to + 48, digits_00_conv2d_codes(a3_0, lane + 0), digits_00_conv2d_codes(a3_1, lane + 4), -128, 127);
            }
        }
    }
}

LIMEN_LAYER static void digits_00_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int16_t *const image = scratch;
    memset(image, 0, 20u);
    for (int32_t y = 0; y < 8; ++y) {
        int16_t *const row = image + (y + 1) * 10;
        memset(row, 0, 2u);
        limen_enter_words(row + 1, x0 + y * 8, 8, -128);
        memset(row + 9, 0, 2u);
    }
    memset(image + 90, 0, 20u);
    digits_00_conv2d_0(image, y0);
}

/* Layer 1: Conv2D re_lu_1/Relu
 * int8[1,8,8,16], int8[32,3,3,16], int32[32] -> int8[1,8,8,32]; 294912 multiply-accumulates */
/* [block][run][group][accumulator][lane][2] */
_Alignas(64) static const int8_t digits_01_conv2d_weights[4608] = {
    /* sha256 be4e3ce15ce56141b22d4790065f5c89 */
};

/* [block][accumulator][lane], zero points folded in */
_Alignas(64) static const int32_t digits_01_conv2d_bias[32] = {
    /* sha256 aaa9de0116653bb75019ac5d1bbfbf0b */
};

_Alignas(64) static const float digits_01_conv2d_slope[32] = {
    /* sha256 813a570c5932f70e97775da7cba44b7b */
};

_Alignas(64) static const float digits_01_conv2d_offset[32] = {
    /* sha256 58f1dc69d01ee296c941196c5694ab60 */
};

/* 1: by integers */
_Alignas(4) static const uint8_t digits_01_conv2d_exact[8] = {
    /* sha256 837862ae094644c98874b27b59fad3bd */
};

_Alignas(64) static const int32_t digits_01_conv2d_multiplier[32] = {
    /* sha256 9581875d6fba47bde910723752fa3913 */
};

_Alignas(64) static const int32_t digits_01_conv2d_shift[32] = {
    /* sha256 15563bf46d2892389ad018f56343769f */
};

static inline v128_t digits_01_conv2d_codes(v128_t acc, int32_t at)
{
    if (digits_01_conv2d_exact[at / 4]) {
        return limen_rescale_128(acc, digits_01_conv2d_multiplier + at, digits_01_conv2d_shift + at, -128);
    }
    return limen_scale_128(acc, digits_01_conv2d_slope + at, digits_01_conv2d_offset + at);
}

static void digits_01_conv2d_0(const int16_t *image, int8_t *y0)
{
    const int8_t *const weights = digits_01_conv2d_weights + 0;
    for (int32_t block = 0; block < 4; ++block) {
        for (int32_t row = 0; row < 8; ++row) {
            for (int32_t x = 0; x < 8; x += 4) {
                const int16_t *p = image + row * 160 + x * 16;
                const int8_t *w = weights + block * 1152;
                const int32_t lane = 0 + block * 8;
                v128_t a0_0 = limen_load_128(digits_01_conv2d_bias + lane + 0);
                v128_t a0_1 = limen_load_128(digits_01_conv2d_bias + lane + 4);
                v128_t a1_0 = a0_0, a1_1 = a0_1;
                v128_t a2_0 = a0_0, a2_1 = a0_1;
                v128_t a3_0 = a0_0, a3_1 = a0_1;
                for (int32_t ky = 0; ky < 3; ++ky) {
                    for (int32_t k = 0; k < 48; k += 2) {
                        const v128_t w0 = limen_load_weights_128(w + 0);
                        const v128_t w1 = limen_load_weights_128(w + 8);
                        const v128_t v0 = limen_broadcast_128(p + k);
                        a0_0 = limen_dot_128(a0_0, v0, w0);
                        a0_1 = limen_dot_128(a0_1, v0, w1);
                        const v128_t v1 = limen_broadcast_128(p + 16 + k);
                        a1_0 = limen_dot_128(a1_0, v1, w0);
                        a1_1 = limen_dot_128(a1_1, v1, w1);
                        const v128_t v2 = limen_broadcast_128(p + 32 + k);
                        a2_0 = limen_dot_128(a2_0, v2, w0);
                        a2_1 = limen_dot_128(a2_1, v2, w1);
                        const v128_t v3 = limen_broadcast_128(p + 48 + k);
                        a3_0 = limen_dot_128(a3_0, v3, w0);
                        a3_1 = limen_dot_128(a3_1, v3, w1);
                        w += 16;
                    }
                    p += 160;
                }
                int8_t *const to = y0 + row * 256 + x * 32 + block * 8;
                limen_store_pair_128(to + 0, digits_01_conv2d_codes(a0_0, lane + 0), digits_01_conv2d_codes(a0_1, lane + 4), -128, 127);
                limen_store_pair_128(to + 32, digits_01_conv2d_codes(a1_0, lane + 0), digits_01_conv2d_codes(a1_1, lane + 4), -128, 127);
                limen_store_pair_128(to + 64, digits_01_conv2d_codes(a2_0, lane + 0), digits_01_conv2d_codes(a2_1, lane + 4), -128, 127);
                limen_store_pair_128(to + 96, digits_01_conv2d_codes(a3_0, lane + 0), digits_01_conv2d_codes(a3_1, lane + 4), -128, 127);
            }
        }
    }
}

LIMEN_LAYER static void digits_01_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int16_t *const image = scratch;
    memset(image, 0, 320u);
    for (int32_t y = 0; y < 8; ++y) {
        int16_t *const row = image + (y + 1) * 160;
        memset(row, 0, 32u);
        limen_enter_words(row + 16, x0 + y * 128, 128, -128);
        memset(row + 144, 0, 32u);
    }
    memset(image + 1440, 0, 320u);
    digits_01_conv2d_0(image, y0);
}

/* Layer 2: MaxPool2D max_pooling2d/MaxPool
 * int8[1,8,8,32] -> int8[1,4,4,32] */
/* At one position whose window lies inside the row: all output channels. */
static void digits_02_max_pool2d_inside(const int8_t *const *x0, int32_t at, int8_t *y)
{
    for (int32_t o = 0; o < 32; o += 4) {
        int32_t acc0 = -128;
        int32_t acc1 = -128;
        int32_t acc2 = -128;
        int32_t acc3 = -128;
        for (int32_t ky = 0; ky < 2; ++ky) {
            const int8_t *x = x0[ky] + at + o;
            for (int32_t kx = 0; kx < 2; ++kx) {
                acc0 = x[0] > acc0 ? x[0] : acc0;
                acc1 = x[1] > acc1 ? x[1] : acc1;
                acc2 = x[2] > acc2 ? x[2] : acc2;
                acc3 = x[3] > acc3 ? x[3] : acc3;
                x += 32;
            }
        }
        y[o] = (int8_t)acc0;
        y[o + 1] = (int8_t)acc1;
        y[o + 2] = (int8_t)acc2;
        y[o + 3] = (int8_t)acc3;
    }
}

/* One row of the output. */
static void digits_02_max_pool2d_row(const int8_t *const *x0, int8_t *y0)
{
    for (int32_t x = 0; x < 4; ++x) {
        digits_02_max_pool2d_inside(x0, x * 64, y0 + x * 32);
    }
}

LIMEN_LAYER static void digits_02_max_pool2d(const int8_t *x0, int8_t *y0)
{
    for (int32_t y = 0; y < 4; ++y) {
        const int8_t *rows0[2];
        for (int32_t i = 0; i < 2; ++i) {
            const int32_t r = y * 2 + i;
            rows0[i] = x0 + r * 256;
        }
        digits_02_max_pool2d_row(rows0, y0 + y * 128);
    }
}

/* Layer 3: Conv2D re_lu_2/Relu
 * int8[1,4,4,32], int8[48,3,3,32], int32[48] -> int8[1,4,4,48]; 221184 multiply-accumulates */
/* [block][run][group][accumulator][lane][2] */
_Alignas(64) static const int8_t digits_03_conv2d_weights[13824] = {
    /* sha256 c8cf222b8fde4157f6d0bae97a859b21 */
};

/* [block][accumulator][lane], zero points folded in */
_Alignas(64) static const int32_t digits_03_conv2d_bias[48] = {
    /* sha256 d431c94b50924da38cbc4c7940919fb8 */
};

_Alignas(64) static const float digits_03_conv2d_slope[48] = {
    /* sha256 b59f4919084c40f95aefbe1b2ae45fc3 */
};

_Alignas(64) static const float digits_03_conv2d_offset[48] = {
    /* sha256 0a873f2642d76893e28455db0a7bcc56 */
};

/* 1: by integers */
_Alignas(4) static const uint8_t digits_03_conv2d_exact[12] = {
    /* sha256 e0df6e8c942e1c1730ffedf833e08e0f */
};

_Alignas(64) static const int32_t digits_03_conv2d_multiplier[48] = {
    /* sha256 69477d7b538431c9cde3154171c9b34c */
};

_Alignas(64) static const int32_t digits_03_conv2d_shift[48] = {
    /* sha256 11782a0367e048315e4a082bb0571b28 */
};

static inline v128_t digits_03_conv2d_codes(v128_t acc, int32_t at)
{
    if (digits_03_conv2d_exact[at / 4]) {
        return limen_rescale_128(acc, digits_03_conv2d_multiplier + at, digits_03_conv2d_shift + at, -128);
    }
    return limen_scale_128(acc, digits_03_conv2d_slope + at, digits_03_conv2d_offset + at);
}

static void digits_03_conv2d_0(const int16_t *image, int8_t *y0)
{
    const int8_t *const weights = digits_03_conv2d_weights + 0;
    for (int32_t block = 0; block < 6; ++block) {
        for (int32_t row = 0; row < 4; ++row) {
            const int16_t *p = image + row * 192;
            const int8_t *w = weights + block * 2304;
            const int32_t lane = 0 + block * 8;
            v128_t a0_0 = limen_load_128(digits_03_conv2d_bias + lane + 0);
            v128_t a0_1 = limen_load_128(digits_03_conv2d_bias + lane + 4);
            v128_t a1_0 = a0_0, a1_1 = a0_1;
            v128_t a2_0 = a0_0, a2_1 = a0_1;
            v128_t a3_0 = a0_0, a3_1 = a0_1;
            for (int32_t ky = 0; ky < 3; ++ky) {
                for (int32_t k = 0; k < 96; k += 2) {
                    const v128_t w0 = limen_load_weights_128(w + 0);
                    const v128_t w1 = limen_load_weights_128(w + 8);
                    const v128_t v0 = limen_broadcast_128(p + k);
                    a0_0 = limen_dot_128(a0_0, v0, w0);
                    a0_1 = limen_dot_128(a0_1, v0, w1);
                    const v128_t v1 = limen_broadcast_128(p + 32 + k);
                    a1_0 = limen_dot_128(a1_0, v1, w0);
                    a1_1 = limen_dot_128(a1_1, v1, w1);
                    const v128_t v2 = limen_broadcast_128(p + 64 + k);
                    a2_0 = limen_dot_128(a2_0, v2, w0);
                    a2_1 = limen_dot_128(a2_1, v2, w1);
                    const v128_t v3 = limen_broadcast_128(p + 96 + k);
                    a3_0 = limen_dot_128(a3_0, v3, w0);
                    a3_1 = limen_dot_128(a3_1, v3, w1);
                    w += 16;
                }
                p += 192;
            }
            int8_t *const to = y0 + row * 192 + block * 8;
            limen_store_pair_128(to + 0, digits_03_conv2d_codes(a0_0, lane + 0), digits_03_conv2d_codes(a0_1, lane + 4), -128, 127);
            limen_store_pair_128(to + 48, digits_03_conv2d_codes(a1_0, lane + 0), digits_03_conv2d_codes(a1_1, lane + 4), -128, 127);
            limen_store_pair_128(to + 96, digits_03_conv2d_codes(a2_0, lane + 0), digits_03_conv2d_codes(a2_1, lane + 4), -128, 127);
            limen_store_pair_128(to + 144, digits_03_conv2d_codes(a3_0, lane + 0), digits_03_conv2d_codes(a3_1, lane + 4), -128, 127);
        }
    }
}

LIMEN_LAYER static void digits_03_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int16_t *const image = scratch;
    memset(image, 0, 384u);
    for (int32_t y = 0; y < 4; ++y) {
        int16_t *const row = image + (y + 1) * 192;
        memset(row, 0, 64u);
        limen_enter_words(row + 32, x0 + y * 128, 128, -128);
        memset(row + 160, 0, 64u);
    }
    memset(image + 960, 0, 384u);
    digits_03_conv2d_0(image, y0);
}

/* Layer 4: MaxPool2D max_pooling2d_1/MaxPool
 * int8[1,4,4,48] -> int8[1,2,2,48] */
/* At one position whose window lies inside the row: all output channels. */
static void digits_04_max_pool2d_inside(const int8_t *const *x0, int32_t at, int8_t *y)
{
    for (int32_t o = 0; o < 48; o += 4) {
        int32_t acc0 = -128;
        int32_t acc1 = -128;
        int32_t acc2 = -128;
        int32_t acc3 = -128;
        for (int32_t ky = 0; ky < 2; ++ky) {
            const int8_t *x = x0[ky] + at + o;
            for (int32_t kx = 0; kx < 2; ++kx) {
                acc0 = x[0] > acc0 ? x[0] : acc0;
                acc1 = x[1] > acc1 ? x[1] : acc1;
                acc2 = x[2] > acc2 ? x[2] : acc2;
                acc3 = x[3] > acc3 ? x[3] : acc3;
                x += 48;
            }
        }
        y[o] = (int8_t)acc0;
        y[o + 1] = (int8_t)acc1;
        y[o + 2] = (int8_t)acc2;
        y[o + 3] = (int8_t)acc3;
    }
}

/* One row of the output. */
static void digits_04_max_pool2d_row(const int8_t *const *x0, int8_t *y0)
{
    for (int32_t x = 0; x < 2; ++x) {
        digits_04_max_pool2d_inside(x0, x * 96, y0 + x * 48);
    }
}

LIMEN_LAYER static void digits_04_max_pool2d(const int8_t *x0, int8_t *y0)
{
    for (int32_t y = 0; y < 2; ++y) {
        const int8_t *rows0[2];
        for (int32_t i = 0; i < 2; ++i) {
            const int32_t r = y * 2 + i;
            rows0[i] = x0 + r * 192;
        }
        digits_04_max_pool2d_row(rows0, y0 + y * 96);
    }
}

/* Layer 6: FullyConnected probability/Gemm
 * int8[1,192], int8[10,192], int32[10] -> int8[1,10]; 1920 multiply-accumulates */
/* [block][run][group][accumulator][lane][2] */
_Alignas(64) static const int8_t digits_06_fully_connected_weights[2304] = {
    /* sha256 aec795589735cabf4dbf01cbd11080a5 */
};

/* [block][accumulator][lane], zero points folded in */
_Alignas(64) static const int32_t digits_06_fully_connected_bias[12] = {
    /* sha256 09bc8efcbdefe7f9983f0ebaed3effea */
};

_Alignas(64) static const float digits_06_fully_connected_slope[12] = {
    /* sha256 0c4db97744f1da73d9aa8d4e28e97864 */
};

_Alignas(64) static const float digits_06_fully_connected_offset[12] = {
    /* sha256 8f7d655177ec0be3f24aae3a873f15ed */
};

/* 1: by integers */
_Alignas(4) static const uint8_t digits_06_fully_connected_exact[3] = {
    /* sha256 02d4fa76d84c542210296f488c02a4c6 */
};

_Alignas(64) static const double digits_06_fully_connected_factor[12] = {
    /* sha256 dbe51737750d9cf922dfbfe4477a50fd */
};

static inline v128_t digits_06_fully_connected_codes(v128_t acc, int32_t at)
{
    if (digits_06_fully_connected_exact[at / 4]) {
        return limen_round_128(acc, digits_06_fully_connected_factor + at, -19);
    }
    return limen_scale_128(acc, digits_06_fully_connected_slope + at, digits_06_fully_connected_offset + at);
}

static void digits_06_fully_connected_0(const int16_t *image, int8_t *y0)
{
    const int8_t *const weights = digits_06_fully_connected_weights + 0;
    const int16_t *p = image;
    const int8_t *w = weights;
    const int32_t lane = 0;
    v128_t a0_0 = limen_load_128(digits_06_fully_connected_bias + lane + 0);
    v128_t a0_1 = limen_load_128(digits_06_fully_connected_bias + lane + 4);
    for (int32_t k = 0; k < 192; k += 2) {
        const v128_t w0 = limen_load_weights_128(w + 0);
        const v128_t w1 = limen_load_weights_128(w + 8);
        const v128_t v0 = limen_broadcast_128(p + k);
        a0_0 = limen_dot_128(a0_0, v0, w0);
        a0_1 = limen_dot_128(a0_1, v0, w1);
        w += 16;
    }
    int8_t *const to = y0 + 0;
    limen_store_pair_128(to + 0, digits_06_fully_connected_codes(a0_0, lane + 0), digits_06_fully_connected_codes(a0_1, lane + 4), -128, 127);
}

static void digits_06_fully_connected_8(const int16_t *image, int8_t *y0)
{
    const int8_t *const weights = digits_06_fully_connected_weights + 1536;
    const int16_t *p = image;
    const int8_t *w = weights;
    const int32_t lane = 8;
    v128_t a0_0 = limen_load_128(digits_06_fully_connected_bias + lane + 0);
    for (int32_t k = 0; k < 192; k += 2) {
        const v128_t w0 = limen_load_weights_128(w + 0);
        const v128_t v0 = limen_broadcast_128(p + k);
        a0_0 = limen_dot_128(a0_0, v0, w0);
        w += 8;
    }
    int8_t *const to = y0 + 8;
    limen_store_lanes_128(to + 0, digits_06_fully_connected_codes(a0_0, lane + 0), 2, -128, 127);
}

LIMEN_LAYER static void digits_06_fully_connected(const int8_t *x0, int8_t *y0, void *scratch)
{
    int16_t *const image = scratch;
    limen_enter_words(image, x0, 192, -128);
    digits_06_fully_connected_0(image, y0);
    digits_06_fully_connected_8(image, y0);
}

/* Layer 7: Softmax probability
 * int8[1,10] -> int8[1,10] */
/* e to the power of 0, -1, -2 ... codes, Q31 */
static const int32_t digits_07_softmax_exp[249] = {
    /* sha256 401e61f4bd4cc9523ffb6138f43eec57 */
};

LIMEN_LAYER static void digits_07_softmax(const int8_t *x0, int8_t *y0)
{
    for (int32_t row = 0; row < 1; ++row) {
        const int8_t *x = x0 + row * 10;
        int8_t *y = y0 + row * 10;
        int32_t most = x[0];
        for (int32_t i = 1; i < 10; ++i) {
            most = x[i] > most ? x[i] : most;
        }
        int32_t sum = 0;
        for (int32_t i = 0; i < 10; ++i) {
            const int32_t below = most - x[i];
            sum += below < 249
                ? (int32_t)(((uint32_t)digits_07_softmax_exp[below] + 2048u) >> 12) : 0;
        }
        const int32_t zeros = limen_leading_zeros(sum);
        const int32_t share =
            limen_one_over_one_plus((int32_t)(((uint32_t)sum << zeros) - 0x80000000u));
        for (int32_t i = 0; i < 10; ++i) {
            const int32_t below = most - x[i];
            const int32_t exp = below < 249 ? digits_07_softmax_exp[below] : 0;
            const int64_t part = limen_shift_right(limen_doubling_high(exp, share),
                35 - zeros) - 128;
            y[i] = (int8_t)(part > 127 ? 127 : part);
        }
    }
}

void digits_reset(void *arena)
{
    (void)arena;
}

void digits_invoke(void *arena)
{
    digits_00_conv2d(AT(336), AT(5376), AT(0));
    digits_01_conv2d(AT(5376), AT(3328), AT(0));
    digits_02_max_pool2d(AT(3328), AT(3200));
    digits_03_conv2d(AT(3200), AT(2432), AT(0));
    digits_04_max_pool2d(AT(2432), AT(512));
    digits_06_fully_connected(AT(512), AT(704), AT(0));
    digits_07_softmax(AT(704), AT(0));
}

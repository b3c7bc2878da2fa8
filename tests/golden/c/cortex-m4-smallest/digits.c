/* digits.c: digits, compiled by limen 0.1.0 for cortex-m4. */
#include "digits.h"

#include <string.h>

/* Layers stay functions of their own, so that profilers and debuggers see them. */
#define LIMEN_LAYER __attribute__((noinline))
#define AT(offset) ((void *)((uint8_t *)arena + (offset)))

/* Widens words * 4 elements of two positions into int16 pairs, side by side; returns the end. */
extern uint32_t *limen_expand_pair(uint32_t *to, const int8_t *a, const int8_t *b, int32_t words);

/* Widens 3 elements of each of 3 rows for two positions into int16 pairs, odd ends last. */
extern void limen_expand_bytes_3x3(uint32_t *to, const int8_t *const *rows, int32_t a,
    int32_t b);

/* Two positions by four output channels a pass, sums of 12 elements. */
extern void limen_quad_12_s12_x5_wide(const uint32_t *columns, const void *stream, int8_t *a,
    int8_t *b, const int8_t *end_of_a);

/* A window along a row: its taps, their distance, positions and channels of the input, words of a tap. */
typedef struct {
    int32_t taps_y, taps_x, dilation, width_in, channels, words;
} limen_window;

/* Columns of the windows whose first columns are left_a and left_b, tap by tap, from channel first on. */
LIMEN_LAYER static void limen_expand_taps(uint32_t *columns, const int8_t *const *rows, const int8_t *padding,
    int32_t left_a, int32_t left_b, int32_t first, const limen_window *w)
{
    for (int32_t ky = 0; ky < w->taps_y; ++ky) {
        for (int32_t kx = 0; kx < w->taps_x; ++kx) {
            const int32_t a = left_a + kx * w->dilation;
            const int32_t b = left_b + kx * w->dilation;
            const int8_t *const from_a = (a >= 0 && a < w->width_in) ? rows[ky] + a * w->channels + first : padding;
            const int8_t *const from_b = (b >= 0 && b < w->width_in) ? rows[ky] + b * w->channels + first : padding;
            columns = limen_expand_pair(columns, from_a, from_b, w->words);
        }
    }
}

/* Widens 48 elements of each of count rows for two positions, aligned to 4, into int16 pairs. */
extern void limen_expand_rows_12(uint32_t *to, const int8_t *const *rows, int32_t a,
    int32_t b, int32_t count);

/* Two positions by four output channels a pass, sums of 144 elements. */
extern void limen_quad_144_s12_x10(const uint32_t *columns, const void *stream, int8_t *a,
    int8_t *b, const int8_t *end_of_a);

/* Weights as words of a canonical prefix code, high bits first. last[n]: the last 16-bit head of a word of
 * shortest + n bits; base[n]: what makes such a word the index of its weight. Returns where the next block starts. */
LIMEN_LAYER static const uint8_t *limen_unpack_huffman(const uint8_t *in, int8_t *out, int32_t count,
                                                       int32_t shortest, const uint16_t *last, const int16_t *base,
                                                       const int8_t *weights)
{
    uint32_t ahead = 0;
    int32_t have = 0;
    for (int32_t i = 0; i < count; ++i) {
        while (have < 16) {
            ahead |= (uint32_t)*in++ << (24 - have);
            have += 8;
        }
        const uint32_t head = ahead >> 16;
        int32_t n = 0;
        while (head > last[n]) {
            ++n;
        }
        const int32_t bits = shortest + n;
        out[i] = weights[(int32_t)(head >> (16 - bits)) + base[n]];
        ahead <<= bits;
        have -= bits;
    }
    return in - (have >> 3);
}

/* Four sums of products: w holds four weights of each of four channels, then the next four. */
extern void limen_sums_m4(const int8_t *x, const int8_t *w, int32_t count, int32_t *acc);

/* acc * multiplier / 2^(31 + right), rounded twice, halves up; results below 0 do not matter. */
static inline int32_t limen_rescale_positive(int32_t acc, int32_t multiplier, int32_t right)
{
    const int32_t high = (int32_t)(((int64_t)acc * multiplier + (INT64_C(1) << 30)) >> 31);
    return (high + (1 << (right - 1))) >> right;
}

/* The value, held between low and high. */
static inline int32_t limen_clamp(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* The window whose first column is at, of rows of width positions, as one run of elements; zero outside. */
LIMEN_LAYER static void limen_gather_int8(const int8_t *const *rows, int32_t at, int8_t *patch, int32_t height,
    int32_t taps, int32_t dilation, int32_t width, int32_t channels, int32_t zero)
{
    const int32_t whole = dilation == 1 && at >= 0 && at + taps <= width;
    const int32_t run = whole ? taps * channels : channels;
    for (int32_t ky = 0; ky < height; ++ky) {
        for (int32_t kx = 0; kx < (whole ? 1 : taps); ++kx) {
            const int32_t column = at + kx * dilation;
            if (column >= 0 && column < width) {
                memcpy(patch, rows[ky] + column * channels, (uint32_t)run * sizeof *patch);
                patch += run;
            } else {
                for (int32_t i = 0; i < channels; ++i) {
                    *patch++ = (int8_t)zero;
                }
            }
        }
    }
}

/* Widens words * 4 elements into int16 pairs: elements 0 and 2, 1 and 3 of each four. */
extern void limen_expand(uint32_t *to, const int8_t *from, int32_t words);

/* Four outputs a pass, sums of 192 elements of int16. */
extern void limen_product_192_s16_x4(const void *x, const void *stream, int8_t *out,
    const int8_t *end);

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
/* biases, weights and rescaling, in reading order */
static const int32_t digits_00_conv2d_stream[144] = {
    /* sha256 0aab9e846f60b791797aac89cd1166dd */
};

/* The bytes of the window at a position, odd ends of the rows last. */
LIMEN_LAYER static void digits_00_conv2d_gather(const int8_t *const *x0, int32_t position, int8_t *to)
{
    const int32_t left = position - 1;
    for (int32_t ky = 0; ky < 3; ++ky) {
        int32_t i = 0;
        for (int32_t kx = 0; kx < 3; ++kx) {
            const int32_t at = left + kx;
            for (int32_t c = 0; c < 1; ++c, ++i) {
                const int32_t place = i < 0 ? ky * 0 + i : 0 + ky * 3 + i - 0;
                to[place] = (at >= 0 && at < 8) ? x0[ky][at + c] : -128;
            }
        }
    }
}

static void digits_00_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < 8; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 16;
        int8_t *const at_b = y0 + b * 16;
        if (a >= 1 && b < 7) {
            limen_expand_bytes_3x3(columns, x0, a - 1, b - 1);
        } else {
            int8_t *const bytes = (int8_t *)(columns + 12);
            digits_00_conv2d_gather(x0, a, bytes);
            digits_00_conv2d_gather(x0, b, bytes + 12);
            limen_expand_pair(columns, bytes, bytes + 12, 3);
        }
        limen_quad_12_s12_x5_wide(columns, digits_00_conv2d_stream, at_a, at_b, at_a + 16);
    }
}

LIMEN_LAYER static void digits_00_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 80);
    memset(pad, -128, 8u);
    for (int32_t y = 0; y < 8; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y - 1 + i;
            rows0[i] = (r >= 0 && r < 8) ? x0 + r * 8 : pad;
        }
        digits_00_conv2d_row(rows0, y0 + y * 128, scratch);
    }
}

/* Layer 1: Conv2D re_lu_1/Relu
 * int8[1,8,8,16], int8[32,3,3,16], int32[32] -> int8[1,8,8,32]; 294912 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t digits_01_conv2d_stream[1248] = {
    /* sha256 b3492a7bc847362502bd47a986c1f845 */
};

/* outside the input */
_Alignas(4) static const int8_t digits_01_conv2d_padding[16] = {
    /* sha256 9ff3a05a28de74ec08874ed8de797171 */
};

static const limen_window digits_01_conv2d_window = {3, 3, 1, 8, 16, 4};

static void digits_01_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < 8; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 32;
        int8_t *const at_b = y0 + b * 32;
        if (a >= 1 && b < 7) {
            limen_expand_rows_12(columns, x0, a * 16 - 16, b * 16 - 16, 3);
        } else {
            limen_expand_taps(columns, x0, digits_01_conv2d_padding, a - 1, b - 1, 0, &digits_01_conv2d_window);
        }
        limen_quad_144_s12_x10(columns, digits_01_conv2d_stream, at_a, at_b, at_a + 32);
    }
}

LIMEN_LAYER static void digits_01_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 576);
    memset(pad, -128, 128u);
    for (int32_t y = 0; y < 8; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y - 1 + i;
            rows0[i] = (r >= 0 && r < 8) ? x0 + r * 128 : pad;
        }
        digits_01_conv2d_row(rows0, y0 + y * 256, scratch);
    }
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
/* weights as huffman, a prefix code of 7 to 14 bits; [channels in fours][elements in fours][channel][element] */
static const uint8_t digits_03_conv2d_weights[12964] = {
    /* sha256 191397cdc1e076178359f56608d620d5 */
};

/* the last head of each length */
static const uint16_t digits_03_conv2d_last[8] = {
    /* sha256 8bec3393632267e53d611d557801f095 */
};

/* from words to indices */
static const int16_t digits_03_conv2d_base[8] = {
    /* sha256 340aa5e14d431fb12e01ee881827721f */
};

/* the weights that occur */
static const int8_t digits_03_conv2d_table[254] = {
    /* sha256 7a65909735ce079bafb2aa50ed6750b4 */
};

/* biases less the share of the input's zero point -128 */
static const int32_t digits_03_conv2d_bias[48] = {
    /* sha256 a982debf01dffd0d9705378db4dee295 */
};

/* Q31 mantissas */
static const int32_t digits_03_conv2d_multiplier[48] = {
    /* sha256 69477d7b538431c9cde3154171c9b34c */
};

/* right shifts */
_Alignas(4) static const int8_t digits_03_conv2d_shift[48] = {
    /* sha256 3b7c80b9586e106befaa4b0365127915 */
};

/* From an accumulator to the output's code. */
static inline int8_t digits_03_conv2d_code(int32_t acc, int32_t o)
{
    const int32_t multiplier = digits_03_conv2d_multiplier[o];
    const int32_t shift = digits_03_conv2d_shift[o];
    return (int8_t)limen_clamp(limen_rescale_positive(acc, multiplier, shift) - 128, -128, 127);
}

/* One row of the output, channels from o on, whose weights lie at the start of the scratch memory. */
static void digits_03_conv2d_line(const int8_t *const *x0, int8_t *y0, void *scratch, int32_t o)
{
    const int8_t *const w = scratch;
    int8_t *const patch = (void *)((uint8_t *)scratch + 1152);
    for (int32_t x = 0; x < 4; ++x) {
        limen_gather_int8(x0, x - 1, patch, 3, 3, 1, 4, 32, -128);
        int32_t acc[4] = {digits_03_conv2d_bias[o], digits_03_conv2d_bias[o + 1],
            digits_03_conv2d_bias[o + 2], digits_03_conv2d_bias[o + 3]};
        limen_sums_m4(patch, w, 288, acc);
        for (int32_t j = 0; j < 4; ++j) {
            y0[x * 48 + o + j] = digits_03_conv2d_code(acc[j], o + j);
        }
    }
}

LIMEN_LAYER static void digits_03_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 1440);
    memset(pad, -128, 128u);
    int8_t *const w = scratch;
    const uint8_t *code = digits_03_conv2d_weights;
    for (int32_t o = 0; o < 48; o += 4) {
        code = limen_unpack_huffman(code, w, 1152, 7, digits_03_conv2d_last, digits_03_conv2d_base, digits_03_conv2d_table);
        for (int32_t y = 0; y < 4; ++y) {
            const int8_t *rows0[3];
            for (int32_t i = 0; i < 3; ++i) {
                const int32_t r = y - 1 + i;
                rows0[i] = (r >= 0 && r < 4) ? x0 + r * 128 : pad;
            }
            digits_03_conv2d_line(rows0, y0 + y * 192, scratch, o);
        }
    }
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
/* biases, weights and rescaling, in reading order */
static const int32_t digits_06_fully_connected_stream[612] = {
    /* sha256 55c4123294a8aa3090214c486133cc57 */
};

LIMEN_LAYER static void digits_06_fully_connected(const int8_t *x0, int8_t *y0, void *scratch)
{
    limen_expand(scratch, x0, 48);
    limen_product_192_s16_x4(scratch, digits_06_fully_connected_stream, y0, y0 + 8);
    int8_t rest[4];
    limen_product_192_s16_x4(scratch, digits_06_fully_connected_stream + 408, rest, rest + 4);
    for (int32_t i = 0; i < 2; ++i) {
        y0[8 + i] = rest[i];
    }
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
    digits_00_conv2d(AT(88), AT(1280), AT(0));
    digits_01_conv2d(AT(1280), AT(0), AT(2304));
    digits_02_max_pool2d(AT(0), AT(2336));
    digits_03_conv2d(AT(2336), AT(1568), AT(0));
    digits_04_max_pool2d(AT(1568), AT(384));
    digits_06_fully_connected(AT(384), AT(576), AT(0));
    digits_07_softmax(AT(576), AT(0));
}

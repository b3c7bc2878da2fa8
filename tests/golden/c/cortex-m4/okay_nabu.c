/* okay_nabu.c: okay_nabu, compiled by limen 0.1.0 for cortex-m4. */
#include "okay_nabu.h"

#include <string.h>

/* Layers stay functions of their own, so that profilers and debuggers see them. */
#define LIMEN_LAYER __attribute__((noinline))
#define AT(offset) ((void *)((uint8_t *)arena + (offset)))

/* Widens 40 elements of each of count rows for two positions, aligned to 4, into int16 pairs. */
extern void limen_expand_rows_10(uint32_t *to, const int8_t *const *rows, int32_t a,
    int32_t b, int32_t count);

/* One position by four output channels a pass, sums of 200 elements. */
extern void limen_quad_200_s16_one(const uint32_t *columns, const void *stream, int8_t *out,
    const int8_t *end);

/* A window along a row: its taps, their distance, positions and channels of the input, words of a tap. */
typedef struct {
    int32_t taps_y, taps_x, dilation, width_in, channels, words;
} limen_window;

/* Addresses of the taps of the window whose first column is left; outside the input they are padding. */
LIMEN_LAYER static void limen_window_taps(const int8_t **tap, const int8_t *const *rows, const int8_t *padding,
    int32_t left, const limen_window *w)
{
    for (int32_t ky = 0; ky < w->taps_y; ++ky) {
        int32_t at = left;
        for (int32_t kx = 0; kx < w->taps_x; ++kx, at += w->dilation) {
            *tap++ = (at >= 0 && at < w->width_in) ? rows[ky] + at * w->channels : padding;
        }
    }
    *tap = padding;
}

/* One position of a depthwise convolution of 4 taps, channels [first, end) in fours. */
extern void limen_taps_4_s12_bent(const int8_t *const *taps, const void *stream, int32_t first,
    int32_t end, int8_t *out);

/* Widens 64 elements of each of count rows for two positions, aligned to 4, into int16 pairs. */
extern void limen_expand_rows_16(uint32_t *to, const int8_t *const *rows, int32_t a,
    int32_t b, int32_t count);

/* One position by four output channels a pass, sums of 64 elements. */
extern void limen_quad_64_s12_one(const uint32_t *columns, const void *stream, int8_t *out,
    const int8_t *end);

/* One position of a depthwise convolution of 6 taps, channels [first, end) in fours. */
extern void limen_taps_6_s12_bent(const int8_t *const *taps, const void *stream, int32_t first,
    int32_t end, int8_t *out);

/* One position of a depthwise convolution of 10 taps, channels [first, end) in fours. */
extern void limen_taps_10_s12_bent(const int8_t *const *taps, const void *stream, int32_t first,
    int32_t end, int8_t *out);

/* One position of a depthwise convolution of 8 taps, channels [first, end) in fours. */
extern void limen_taps_8_s12_bent(const int8_t *const *taps, const void *stream, int32_t first,
    int32_t end, int8_t *out);

/* One position of a depthwise convolution of 14 taps, channels [first, end) in fours. */
extern void limen_taps_14_s12_bent(const int8_t *const *taps, const void *stream, int32_t first,
    int32_t end, int8_t *out);

/* One position of a depthwise convolution of 16 taps, channels [first, end) in fours. */
extern void limen_taps_16_s12_bent(const int8_t *const *taps, const void *stream, int32_t first,
    int32_t end, int8_t *out);

/* One position of a depthwise convolution of 18 taps, channels [first, end) in fours. */
extern void limen_taps_18_s12_bent(const int8_t *const *taps, const void *stream, int32_t first,
    int32_t end, int8_t *out);

/* Widens words * 4 elements into int16 pairs: elements 0 and 2, 1 and 3 of each four. */
extern void limen_expand(uint32_t *to, const int8_t *from, int32_t words);

/* Four outputs a pass, sums of 64 elements of int16. */
extern void limen_product_64_s16_uniform_x4(const void *x, const void *stream, int8_t *out,
    const int8_t *end);

/* The value, held between low and high. */
static inline int32_t limen_clamp(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* Layer 4: Concatenation model_1/stream_6/concat
 * int8[1,2,1,40], int8[1,3,1,40] -> int8[1,5,1,40] */
LIMEN_LAYER static void okay_nabu_04_concatenation(const int8_t *x0, const int8_t *x1, int8_t *y0)
{
    memcpy(y0, x0, 80u);
    memcpy(y0 + 80, x1, 120u);
}

/* Layer 5: StridedSlice model_1/stream_6/strided_slice1
 * int8[1,5,1,40] -> int8[1,2,1,40] */
LIMEN_LAYER static void okay_nabu_05_strided_slice(const int8_t *x0, int8_t *y0)
{
    memcpy(y0, x0 + 120, 80u);
}

/* Layer 7: Conv2D model_1/stream_6/conv2d_6/Conv2D
 * int8[1,5,1,40], int8[64,5,1,40], int32[64] -> int8[1,1,1,64]; 12800 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t okay_nabu_07_conv2d_stream[3392] = {
    /* sha256 7f7a66b65cc9ac951bb2fee5ca6337d1 */
};

static void okay_nabu_07_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    {
        const int32_t a = 0;
        const int32_t b = 0;
        int8_t *const at_a = y0 + a * 64;
        limen_expand_rows_10(columns, x0, a * 40, b * 40, 5);
        limen_quad_200_s16_one(columns, okay_nabu_07_conv2d_stream, at_a, at_a + 64);
    }
}

LIMEN_LAYER static void okay_nabu_07_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    for (int32_t y = 0; y < 1; ++y) {
        const int8_t *rows0[5];
        for (int32_t i = 0; i < 5; ++i) {
            const int32_t r = y * 3 + i;
            rows0[i] = x0 + r * 40;
        }
        okay_nabu_07_conv2d_row(rows0, y0, scratch);
    }
}

/* Layer 9: Concatenation model_1/stream_7/concat
 * int8[1,2,1,64], int8[1,1,1,64] -> int8[1,3,1,64] */
LIMEN_LAYER static void okay_nabu_09_concatenation(const int8_t *x0, const int8_t *x1, int8_t *y0)
{
    memcpy(y0, x0, 128u);
    memcpy(y0 + 128, x1, 64u);
}

/* Layer 10: StridedSlice model_1/stream_7/strided_slice1
 * int8[1,3,1,64] -> int8[1,2,1,64] */
LIMEN_LAYER static void okay_nabu_10_strided_slice(const int8_t *x0, int8_t *y0)
{
    memcpy(y0, x0 + 64, 128u);
}

/* Layer 12: DepthwiseConv2D model_1/depthwise_conv2d_8/BiasAdd/ReadVariableOp
 * int8[1,3,1,64], int8[1,3,1,64], int32[64] -> int8[1,1,1,64]; 192 multiply-accumulates */
/* biases, weights and rescaling by four channels */
static const int32_t okay_nabu_12_depthwise_conv2d_stream[384] = {
    /* sha256 6b5b9dd18732f21f9de84d8b10a030a9 */
};

/* outside the input */
_Alignas(4) static const int8_t okay_nabu_12_depthwise_conv2d_padding[64] = {
    /* sha256 210a190a8ae7b0df44f53ac70a3d6757 */
};

static const limen_window okay_nabu_12_depthwise_conv2d_window = {3, 1, 1, 1, 64, 16};

static void okay_nabu_12_depthwise_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    const int8_t **const taps = scratch;
    for (int32_t x = 0; x < 1; ++x) {
        limen_window_taps(taps, x0, okay_nabu_12_depthwise_conv2d_padding, x, &okay_nabu_12_depthwise_conv2d_window);
        limen_taps_4_s12_bent(taps, okay_nabu_12_depthwise_conv2d_stream, 0, 64, y0 + x * 64);
    }
}

LIMEN_LAYER static void okay_nabu_12_depthwise_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    for (int32_t y = 0; y < 1; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y + i;
            rows0[i] = x0 + r * 64;
        }
        okay_nabu_12_depthwise_conv2d_row(rows0, y0, scratch);
    }
}

/* Layer 13: Conv2D model_1/conv2d_7/Conv2D
 * int8[1,1,1,64], int8[64,1,1,64], int32[64] -> int8[1,1,1,64]; 4096 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t okay_nabu_13_conv2d_stream[1216] = {
    /* sha256 743b7c6f01c998fa153f603eb9e674f4 */
};

static void okay_nabu_13_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    {
        const int32_t a = 0;
        const int32_t b = 0;
        int8_t *const at_a = y0 + a * 64;
        limen_expand_rows_16(columns, x0, a * 64, b * 64, 1);
        limen_quad_64_s12_one(columns, okay_nabu_13_conv2d_stream, at_a, at_a + 64);
    }
}

LIMEN_LAYER static void okay_nabu_13_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    const int8_t *const rows0[1] = {x0};
    okay_nabu_13_conv2d_row(rows0, y0, scratch);
}

/* Layer 15: Concatenation model_1/stream_8/concat
 * int8[1,8,1,64], int8[1,1,1,64] -> int8[1,9,1,64] */
LIMEN_LAYER static void okay_nabu_15_concatenation(const int8_t *x0, const int8_t *x1, int8_t *y0)
{
    memcpy(y0, x0, 512u);
    memcpy(y0 + 512, x1, 64u);
}

/* Layer 16: StridedSlice model_1/stream_8/strided_slice1
 * int8[1,9,1,64] -> int8[1,8,1,64] */
LIMEN_LAYER static void okay_nabu_16_strided_slice(const int8_t *x0, int8_t *y0)
{
    memcpy(y0, x0 + 64, 512u);
}

/* Layer 18: SplitV model_1/tf.split_3/split;model_1/tf.split_3/split1
 * int8[1,9,1,64] -> int8[1,9,1,32], int8[1,9,1,32] */
LIMEN_LAYER static void okay_nabu_18_split_v(const int8_t *x0, int8_t *y0, int8_t *y1)
{
    for (int32_t i = 0; i < 9; ++i) {
        memcpy(y0 + 32 * i, x0 + 64 * i, 32u);
    }
    for (int32_t i = 0; i < 9; ++i) {
        memcpy(y1 + 32 * i, x0 + 32 + 64 * i, 32u);
    }
}

/* Layer 19: StridedSlice model_1/strided_keep_6/strided_slice
 * int8[1,9,1,32] -> int8[1,5,1,32] */
LIMEN_LAYER static void okay_nabu_19_strided_slice(const int8_t *x0, int8_t *y0)
{
    memcpy(y0, x0 + 128, 160u);
}

/* Layer 20: DepthwiseConv2D model_1/depthwise_conv2d_9/BiasAdd/ReadVariableOp
 * int8[1,5,1,32], int8[1,5,1,32], int32[32] -> int8[1,1,1,32]; 160 multiply-accumulates */
/* biases, weights and rescaling by four channels */
static const int32_t okay_nabu_20_depthwise_conv2d_stream[224] = {
    /* sha256 3ad909ceca62e56b81dba6209cfbca9a */
};

/* outside the input */
_Alignas(4) static const int8_t okay_nabu_20_depthwise_conv2d_padding[32] = {
    /* sha256 8e6479de01c226e8797eef95b90d4483 */
};

static const limen_window okay_nabu_20_depthwise_conv2d_window = {5, 1, 1, 1, 32, 8};

static void okay_nabu_20_depthwise_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    const int8_t **const taps = scratch;
    for (int32_t x = 0; x < 1; ++x) {
        limen_window_taps(taps, x0, okay_nabu_20_depthwise_conv2d_padding, x, &okay_nabu_20_depthwise_conv2d_window);
        limen_taps_6_s12_bent(taps, okay_nabu_20_depthwise_conv2d_stream, 0, 32, y0 + x * 32);
    }
}

LIMEN_LAYER static void okay_nabu_20_depthwise_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    for (int32_t y = 0; y < 1; ++y) {
        const int8_t *rows0[5];
        for (int32_t i = 0; i < 5; ++i) {
            const int32_t r = y + i;
            rows0[i] = x0 + r * 32;
        }
        okay_nabu_20_depthwise_conv2d_row(rows0, y0, scratch);
    }
}

/* Layer 21: StridedSlice model_1/strided_keep_7/strided_slice
 * int8[1,9,1,32] -> int8[1,9,1,32] */
static void okay_nabu_21_strided_slice_row(const int8_t *const *x0, int8_t *y0)
{
    const int8_t *const in = x0[0];

    memcpy(y0, in, 288u);
}

LIMEN_LAYER static void okay_nabu_21_strided_slice(const int8_t *x0, int8_t *y0)
{
    const int8_t *const rows0[1] = {x0};
    okay_nabu_21_strided_slice_row(rows0, y0);
}

/* Layer 22: DepthwiseConv2D model_1/depthwise_conv2d_10/BiasAdd/ReadVariableOp
 * int8[1,9,1,32], int8[1,9,1,32], int32[32] -> int8[1,1,1,32]; 288 multiply-accumulates */
/* biases, weights and rescaling by four channels */
static const int32_t okay_nabu_22_depthwise_conv2d_stream[288] = {
    /* sha256 43dd64539c1de73c614480eee29c7115 */
};

/* outside the input */
_Alignas(4) static const int8_t okay_nabu_22_depthwise_conv2d_padding[32] = {
    /* sha256 8e6479de01c226e8797eef95b90d4483 */
};

static const limen_window okay_nabu_22_depthwise_conv2d_window = {9, 1, 1, 1, 32, 8};

static void okay_nabu_22_depthwise_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    const int8_t **const taps = scratch;
    for (int32_t x = 0; x < 1; ++x) {
        limen_window_taps(taps, x0, okay_nabu_22_depthwise_conv2d_padding, x, &okay_nabu_22_depthwise_conv2d_window);
        limen_taps_10_s12_bent(taps, okay_nabu_22_depthwise_conv2d_stream, 0, 32, y0 + x * 32);
    }
}

LIMEN_LAYER static void okay_nabu_22_depthwise_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    for (int32_t y = 0; y < 1; ++y) {
        const int8_t *rows0[9];
        for (int32_t i = 0; i < 9; ++i) {
            const int32_t r = y + i;
            rows0[i] = x0 + r * 32;
        }
        okay_nabu_22_depthwise_conv2d_row(rows0, y0, scratch);
    }
}

/* Layer 23: Concatenation model_1/tf.concat_3/concat
 * int8[1,1,1,32], int8[1,1,1,32] -> int8[1,1,1,64] */
static void okay_nabu_23_concatenation_row(const int8_t *const *x0,
                                           const int8_t *const *x1,
                                           int8_t *y0)
{
    const int8_t *const in0 = x0[0];
    const int8_t *const in1 = x1[0];

    memcpy(y0, in0, 32u);
    memcpy(y0 + 32, in1, 32u);
}

LIMEN_LAYER static void okay_nabu_23_concatenation(const int8_t *x0, const int8_t *x1, int8_t *y0)
{
    const int8_t *const rows0[1] = {x0};
    const int8_t *const rows1[1] = {x1};
    okay_nabu_23_concatenation_row(rows0, rows1, y0);
}

/* Layer 24: Conv2D model_1/conv2d_8/Conv2D
 * int8[1,1,1,64], int8[64,1,1,64], int32[64] -> int8[1,1,1,64]; 4096 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t okay_nabu_24_conv2d_stream[1216] = {
    /* sha256 daafbffa11b71d4c78b3f89787ab233e */
};

static void okay_nabu_24_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    {
        const int32_t a = 0;
        const int32_t b = 0;
        int8_t *const at_a = y0 + a * 64;
        limen_expand_rows_16(columns, x0, a * 64, b * 64, 1);
        limen_quad_64_s12_one(columns, okay_nabu_24_conv2d_stream, at_a, at_a + 64);
    }
}

LIMEN_LAYER static void okay_nabu_24_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    const int8_t *const rows0[1] = {x0};
    okay_nabu_24_conv2d_row(rows0, y0, scratch);
}

/* Layer 26: Concatenation model_1/stream_9/concat
 * int8[1,12,1,64], int8[1,1,1,64] -> int8[1,13,1,64] */
LIMEN_LAYER static void okay_nabu_26_concatenation(const int8_t *x0, const int8_t *x1, int8_t *y0)
{
    memcpy(y0, x0, 768u);
    memcpy(y0 + 768, x1, 64u);
}

/* Layer 27: StridedSlice model_1/stream_9/strided_slice1
 * int8[1,13,1,64] -> int8[1,12,1,64] */
LIMEN_LAYER static void okay_nabu_27_strided_slice(const int8_t *x0, int8_t *y0)
{
    memcpy(y0, x0 + 64, 768u);
}

/* Layer 29: SplitV model_1/tf.split_4/split;model_1/tf.split_4/split1
 * int8[1,13,1,64] -> int8[1,13,1,32], int8[1,13,1,32] */
LIMEN_LAYER static void okay_nabu_29_split_v(const int8_t *x0, int8_t *y0, int8_t *y1)
{
    for (int32_t i = 0; i < 13; ++i) {
        memcpy(y0 + 32 * i, x0 + 64 * i, 32u);
    }
    for (int32_t i = 0; i < 13; ++i) {
        memcpy(y1 + 32 * i, x0 + 32 + 64 * i, 32u);
    }
}

/* Layer 30: StridedSlice model_1/strided_keep_8/strided_slice
 * int8[1,13,1,32] -> int8[1,7,1,32] */
LIMEN_LAYER static void okay_nabu_30_strided_slice(const int8_t *x0, int8_t *y0)
{
    memcpy(y0, x0 + 192, 224u);
}

/* Layer 31: DepthwiseConv2D model_1/depthwise_conv2d_11/BiasAdd/ReadVariableOp
 * int8[1,7,1,32], int8[1,7,1,32], int32[32] -> int8[1,1,1,32]; 224 multiply-accumulates */
/* biases, weights and rescaling by four channels */
static const int32_t okay_nabu_31_depthwise_conv2d_stream[256] = {
    /* sha256 8c85a19ff037d4dbc5e5631f36a14e17 */
};

/* outside the input */
_Alignas(4) static const int8_t okay_nabu_31_depthwise_conv2d_padding[32] = {
    /* sha256 8e6479de01c226e8797eef95b90d4483 */
};

static const limen_window okay_nabu_31_depthwise_conv2d_window = {7, 1, 1, 1, 32, 8};

static void okay_nabu_31_depthwise_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    const int8_t **const taps = scratch;
    for (int32_t x = 0; x < 1; ++x) {
        limen_window_taps(taps, x0, okay_nabu_31_depthwise_conv2d_padding, x, &okay_nabu_31_depthwise_conv2d_window);
        limen_taps_8_s12_bent(taps, okay_nabu_31_depthwise_conv2d_stream, 0, 32, y0 + x * 32);
    }
}

LIMEN_LAYER static void okay_nabu_31_depthwise_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    for (int32_t y = 0; y < 1; ++y) {
        const int8_t *rows0[7];
        for (int32_t i = 0; i < 7; ++i) {
            const int32_t r = y + i;
            rows0[i] = x0 + r * 32;
        }
        okay_nabu_31_depthwise_conv2d_row(rows0, y0, scratch);
    }
}

/* Layer 32: StridedSlice model_1/strided_keep_9/strided_slice
 * int8[1,13,1,32] -> int8[1,13,1,32] */
static void okay_nabu_32_strided_slice_row(const int8_t *const *x0, int8_t *y0)
{
    const int8_t *const in = x0[0];

    memcpy(y0, in, 416u);
}

LIMEN_LAYER static void okay_nabu_32_strided_slice(const int8_t *x0, int8_t *y0)
{
    const int8_t *const rows0[1] = {x0};
    okay_nabu_32_strided_slice_row(rows0, y0);
}

/* Layer 33: DepthwiseConv2D model_1/depthwise_conv2d_12/BiasAdd/ReadVariableOp
 * int8[1,13,1,32], int8[1,13,1,32], int32[32] -> int8[1,1,1,32]; 416 multiply-accumulates */
/* biases, weights and rescaling by four channels */
static const int32_t okay_nabu_33_depthwise_conv2d_stream[352] = {
    /* sha256 357602be472e6d49403aabab8cf6f584 */
};

/* outside the input */
_Alignas(4) static const int8_t okay_nabu_33_depthwise_conv2d_padding[32] = {
    /* sha256 8e6479de01c226e8797eef95b90d4483 */
};

static const limen_window okay_nabu_33_depthwise_conv2d_window = {13, 1, 1, 1, 32, 8};

static void okay_nabu_33_depthwise_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    const int8_t **const taps = scratch;
    for (int32_t x = 0; x < 1; ++x) {
        limen_window_taps(taps, x0, okay_nabu_33_depthwise_conv2d_padding, x, &okay_nabu_33_depthwise_conv2d_window);
        limen_taps_14_s12_bent(taps, okay_nabu_33_depthwise_conv2d_stream, 0, 32, y0 + x * 32);
    }
}

LIMEN_LAYER static void okay_nabu_33_depthwise_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    for (int32_t y = 0; y < 1; ++y) {
        const int8_t *rows0[13];
        for (int32_t i = 0; i < 13; ++i) {
            const int32_t r = y + i;
            rows0[i] = x0 + r * 32;
        }
        okay_nabu_33_depthwise_conv2d_row(rows0, y0, scratch);
    }
}

/* Layer 34: Concatenation model_1/tf.concat_4/concat
 * int8[1,1,1,32], int8[1,1,1,32] -> int8[1,1,1,64] */
static void okay_nabu_34_concatenation_row(const int8_t *const *x0,
                                           const int8_t *const *x1,
                                           int8_t *y0)
{
    const int8_t *const in0 = x0[0];
    const int8_t *const in1 = x1[0];

    memcpy(y0, in0, 32u);
    memcpy(y0 + 32, in1, 32u);
}

LIMEN_LAYER static void okay_nabu_34_concatenation(const int8_t *x0, const int8_t *x1, int8_t *y0)
{
    const int8_t *const rows0[1] = {x0};
    const int8_t *const rows1[1] = {x1};
    okay_nabu_34_concatenation_row(rows0, rows1, y0);
}

/* Layer 35: Conv2D model_1/conv2d_9/Conv2D
 * int8[1,1,1,64], int8[64,1,1,64], int32[64] -> int8[1,1,1,64]; 4096 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t okay_nabu_35_conv2d_stream[1216] = {
    /* sha256 3b9fc083276e77d441d112a8be060fcc */
};

static void okay_nabu_35_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    {
        const int32_t a = 0;
        const int32_t b = 0;
        int8_t *const at_a = y0 + a * 64;
        limen_expand_rows_16(columns, x0, a * 64, b * 64, 1);
        limen_quad_64_s12_one(columns, okay_nabu_35_conv2d_stream, at_a, at_a + 64);
    }
}

LIMEN_LAYER static void okay_nabu_35_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    const int8_t *const rows0[1] = {x0};
    okay_nabu_35_conv2d_row(rows0, y0, scratch);
}

/* Layer 36: Concatenation model_1/stream_10/concat
 * int8[1,14,1,64], int8[1,1,1,64] -> int8[1,15,1,64] */
LIMEN_LAYER static void okay_nabu_36_concatenation(const int8_t *x0, const int8_t *x1, int8_t *y0)
{
    memcpy(y0, x0, 896u);
    memcpy(y0 + 896, x1, 64u);
}

/* Layer 37: StridedSlice model_1/stream_10/strided_slice1
 * int8[1,15,1,64] -> int8[1,14,1,64] */
LIMEN_LAYER static void okay_nabu_37_strided_slice(const int8_t *x0, int8_t *y0)
{
    memcpy(y0, x0 + 64, 896u);
}

/* Layer 39: SplitV model_1/tf.split_5/split;model_1/tf.split_5/split1
 * int8[1,15,1,64] -> int8[1,15,1,32], int8[1,15,1,32] */
LIMEN_LAYER static void okay_nabu_39_split_v(const int8_t *x0, int8_t *y0, int8_t *y1)
{
    for (int32_t i = 0; i < 15; ++i) {
        memcpy(y0 + 32 * i, x0 + 64 * i, 32u);
    }
    for (int32_t i = 0; i < 15; ++i) {
        memcpy(y1 + 32 * i, x0 + 32 + 64 * i, 32u);
    }
}

/* Layer 40: StridedSlice model_1/strided_keep_10/strided_slice
 * int8[1,15,1,32] -> int8[1,9,1,32] */
LIMEN_LAYER static void okay_nabu_40_strided_slice(const int8_t *x0, int8_t *y0)
{
    memcpy(y0, x0 + 192, 288u);
}

/* Layer 41: DepthwiseConv2D model_1/depthwise_conv2d_13/BiasAdd/ReadVariableOp
 * int8[1,9,1,32], int8[1,9,1,32], int32[32] -> int8[1,1,1,32]; 288 multiply-accumulates */
/* biases, weights and rescaling by four channels */
static const int32_t okay_nabu_41_depthwise_conv2d_stream[288] = {
    /* sha256 274793eeaecd2910d0003d53f83433f8 */
};

/* outside the input */
_Alignas(4) static const int8_t okay_nabu_41_depthwise_conv2d_padding[32] = {
    /* sha256 8e6479de01c226e8797eef95b90d4483 */
};

static const limen_window okay_nabu_41_depthwise_conv2d_window = {9, 1, 1, 1, 32, 8};

static void okay_nabu_41_depthwise_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    const int8_t **const taps = scratch;
    for (int32_t x = 0; x < 1; ++x) {
        limen_window_taps(taps, x0, okay_nabu_41_depthwise_conv2d_padding, x, &okay_nabu_41_depthwise_conv2d_window);
        limen_taps_10_s12_bent(taps, okay_nabu_41_depthwise_conv2d_stream, 0, 32, y0 + x * 32);
    }
}

LIMEN_LAYER static void okay_nabu_41_depthwise_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    for (int32_t y = 0; y < 1; ++y) {
        const int8_t *rows0[9];
        for (int32_t i = 0; i < 9; ++i) {
            const int32_t r = y + i;
            rows0[i] = x0 + r * 32;
        }
        okay_nabu_41_depthwise_conv2d_row(rows0, y0, scratch);
    }
}

/* Layer 42: StridedSlice model_1/strided_keep_11/strided_slice
 * int8[1,15,1,32] -> int8[1,15,1,32] */
static void okay_nabu_42_strided_slice_row(const int8_t *const *x0, int8_t *y0)
{
    const int8_t *const in = x0[0];

    memcpy(y0, in, 480u);
}

LIMEN_LAYER static void okay_nabu_42_strided_slice(const int8_t *x0, int8_t *y0)
{
    const int8_t *const rows0[1] = {x0};
    okay_nabu_42_strided_slice_row(rows0, y0);
}

/* Layer 43: DepthwiseConv2D model_1/depthwise_conv2d_14/BiasAdd/ReadVariableOp
 * int8[1,15,1,32], int8[1,15,1,32], int32[32] -> int8[1,1,1,32]; 480 multiply-accumulates */
/* biases, weights and rescaling by four channels */
static const int32_t okay_nabu_43_depthwise_conv2d_stream[384] = {
    /* sha256 712426bc6daa5158652730d0e14136b1 */
};

/* outside the input */
_Alignas(4) static const int8_t okay_nabu_43_depthwise_conv2d_padding[32] = {
    /* sha256 8e6479de01c226e8797eef95b90d4483 */
};

static const limen_window okay_nabu_43_depthwise_conv2d_window = {15, 1, 1, 1, 32, 8};

static void okay_nabu_43_depthwise_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    const int8_t **const taps = scratch;
    for (int32_t x = 0; x < 1; ++x) {
        limen_window_taps(taps, x0, okay_nabu_43_depthwise_conv2d_padding, x, &okay_nabu_43_depthwise_conv2d_window);
        limen_taps_16_s12_bent(taps, okay_nabu_43_depthwise_conv2d_stream, 0, 32, y0 + x * 32);
    }
}

LIMEN_LAYER static void okay_nabu_43_depthwise_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    for (int32_t y = 0; y < 1; ++y) {
        const int8_t *rows0[15];
        for (int32_t i = 0; i < 15; ++i) {
            const int32_t r = y + i;
            rows0[i] = x0 + r * 32;
        }
        okay_nabu_43_depthwise_conv2d_row(rows0, y0, scratch);
    }
}

/* Layer 44: Concatenation model_1/tf.concat_5/concat
 * int8[1,1,1,32], int8[1,1,1,32] -> int8[1,1,1,64] */
static void okay_nabu_44_concatenation_row(const int8_t *const *x0,
                                           const int8_t *const *x1,
                                           int8_t *y0)
{
    const int8_t *const in0 = x0[0];
    const int8_t *const in1 = x1[0];

    memcpy(y0, in0, 32u);
    memcpy(y0 + 32, in1, 32u);
}

LIMEN_LAYER static void okay_nabu_44_concatenation(const int8_t *x0, const int8_t *x1, int8_t *y0)
{
    const int8_t *const rows0[1] = {x0};
    const int8_t *const rows1[1] = {x1};
    okay_nabu_44_concatenation_row(rows0, rows1, y0);
}

/* Layer 45: Conv2D model_1/conv2d_10/Conv2D
 * int8[1,1,1,64], int8[64,1,1,64], int32[64] -> int8[1,1,1,64]; 4096 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t okay_nabu_45_conv2d_stream[1216] = {
    /* sha256 e5695595c2065465a445d0fd59372ead */
};

static void okay_nabu_45_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    {
        const int32_t a = 0;
        const int32_t b = 0;
        int8_t *const at_a = y0 + a * 64;
        limen_expand_rows_16(columns, x0, a * 64, b * 64, 1);
        limen_quad_64_s12_one(columns, okay_nabu_45_conv2d_stream, at_a, at_a + 64);
    }
}

LIMEN_LAYER static void okay_nabu_45_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    const int8_t *const rows0[1] = {x0};
    okay_nabu_45_conv2d_row(rows0, y0, scratch);
}

/* Layer 46: Concatenation model_1/stream_11/concat
 * int8[1,16,1,64], int8[1,1,1,64] -> int8[1,17,1,64] */
LIMEN_LAYER static void okay_nabu_46_concatenation(const int8_t *x0, const int8_t *x1, int8_t *y0)
{
    memcpy(y0, x0, 1024u);
    memcpy(y0 + 1024, x1, 64u);
}

/* Layer 47: StridedSlice model_1/stream_11/strided_slice2
 * int8[1,17,1,64] -> int8[1,16,1,64] */
LIMEN_LAYER static void okay_nabu_47_strided_slice(const int8_t *x0, int8_t *y0)
{
    memcpy(y0, x0 + 64, 1024u);
}

/* Layer 49: DepthwiseConv2D model_1/depthwise_conv2d_15/BiasAdd/ReadVariableOp
 * int8[1,17,1,64], int8[1,17,1,64], int32[64] -> int8[1,1,1,64]; 1088 multiply-accumulates */
/* biases, weights and rescaling by four channels */
static const int32_t okay_nabu_49_depthwise_conv2d_stream[832] = {
    /* sha256 6d10fea5102e5e51c1b27a0c4e61b5cc */
};

/* outside the input */
_Alignas(4) static const int8_t okay_nabu_49_depthwise_conv2d_padding[64] = {
    /* sha256 210a190a8ae7b0df44f53ac70a3d6757 */
};

static const limen_window okay_nabu_49_depthwise_conv2d_window = {17, 1, 1, 1, 64, 16};

static void okay_nabu_49_depthwise_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    const int8_t **const taps = scratch;
    for (int32_t x = 0; x < 1; ++x) {
        limen_window_taps(taps, x0, okay_nabu_49_depthwise_conv2d_padding, x, &okay_nabu_49_depthwise_conv2d_window);
        limen_taps_18_s12_bent(taps, okay_nabu_49_depthwise_conv2d_stream, 0, 64, y0 + x * 64);
    }
}

LIMEN_LAYER static void okay_nabu_49_depthwise_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    for (int32_t y = 0; y < 1; ++y) {
        const int8_t *rows0[17];
        for (int32_t i = 0; i < 17; ++i) {
            const int32_t r = y + i;
            rows0[i] = x0 + r * 64;
        }
        okay_nabu_49_depthwise_conv2d_row(rows0, y0, scratch);
    }
}

/* Layer 50: Conv2D model_1/conv2d_11/Conv2D
 * int8[1,1,1,64], int8[64,1,1,64], int32[64] -> int8[1,1,1,64]; 4096 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t okay_nabu_50_conv2d_stream[1216] = {
    /* sha256 91c4725dd7bb43af789f31566b6d22b4 */
};

static void okay_nabu_50_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    {
        const int32_t a = 0;
        const int32_t b = 0;
        int8_t *const at_a = y0 + a * 64;
        limen_expand_rows_16(columns, x0, a * 64, b * 64, 1);
        limen_quad_64_s12_one(columns, okay_nabu_50_conv2d_stream, at_a, at_a + 64);
    }
}

LIMEN_LAYER static void okay_nabu_50_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    const int8_t *const rows0[1] = {x0};
    okay_nabu_50_conv2d_row(rows0, y0, scratch);
}

/* Layer 51: FullyConnected model_1/dense_1/MatMul;model_1/dense_1/BiasAdd
 * int8[1,1,1,64], int8[1,64], int32[1] -> int8[1,1]; 64 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t okay_nabu_51_fully_connected_stream[70] = {
    /* sha256 42422595437f97d6a082b70b70cad4f3 */
};

LIMEN_LAYER static void okay_nabu_51_fully_connected(const int8_t *x0, int8_t *y0, void *scratch)
{
    limen_expand(scratch, x0, 16);
    int8_t rest[4];
    limen_product_64_s16_uniform_x4(scratch, okay_nabu_51_fully_connected_stream + 0, rest, rest + 4);
    for (int32_t i = 0; i < 1; ++i) {
        y0[0 + i] = rest[i];
    }
}

/* Layer 52: Logistic StatefulPartitionedCall:01
 * int8[1,1] -> int8[1,1] */
/* The result of every code, -128 ... -1 last. */
static const int8_t okay_nabu_52_logistic_table[256] = {
    /* sha256 36437bed2d2e0006af044739b2972e8f */
};

static void okay_nabu_52_logistic_row(const int8_t *const *x0, int8_t *y0)
{
    const int8_t *const in = x0[0];

    for (int32_t i = 0; i < 1; ++i) {
        y0[i] = okay_nabu_52_logistic_table[(uint8_t)in[i]];
    }
}

LIMEN_LAYER static void okay_nabu_52_logistic(const int8_t *x0, int8_t *y0)
{
    const int8_t *const rows0[1] = {x0};
    okay_nabu_52_logistic_row(rows0, y0);
}

/* Layer 53: Quantize StatefulPartitionedCall:0
 * int8[1,1] -> uint8[1,1] */
static void okay_nabu_53_quantize_row(const int8_t *const *x0, uint8_t *y0)
{
    const int8_t *const in = x0[0];

    for (int32_t i = 0; i < 1; ++i) {
        y0[i] = (uint8_t)limen_clamp(in[i] + 128, 0, 255);
    }
}

LIMEN_LAYER static void okay_nabu_53_quantize(const int8_t *x0, uint8_t *y0)
{
    const int8_t *const rows0[1] = {x0};
    okay_nabu_53_quantize_row(rows0, y0);
}

/* initial value of state stream_9/states */
_Alignas(4) static const int8_t okay_nabu_initial_stream_9_states[768] = {
    /* sha256 af58ddb5a5087543f092bc994a56990a */
};

/* initial value of state stream_8/states */
_Alignas(4) static const int8_t okay_nabu_initial_stream_8_states[512] = {
    /* sha256 0388dfcc8c435ed0b51e9b6e05d8ef82 */
};

/* initial value of state stream_7/states */
_Alignas(4) static const int8_t okay_nabu_initial_stream_7_states[128] = {
    /* sha256 478b7485d61ca8d3b4c233540f8cb98d */
};

/* initial value of state stream_6/states */
_Alignas(4) static const int8_t okay_nabu_initial_stream_6_states[80] = {
    /* sha256 8f8f40ef3e46e13c0ae121bdc1a0e356 */
};

/* initial value of state stream_11/states */
_Alignas(4) static const int8_t okay_nabu_initial_stream_11_states[1024] = {
    /* sha256 18ecff12cd84a9174db30fe161fb3ed0 */
};

/* initial value of state stream_10/states */
_Alignas(4) static const int8_t okay_nabu_initial_stream_10_states[896] = {
    /* sha256 02dbe388675cbf2b308f9e768c9919e4 */
};

void okay_nabu_reset(void *arena)
{
    memcpy(AT(4032), okay_nabu_initial_stream_9_states, 768u);
    memcpy(AT(4800), okay_nabu_initial_stream_8_states, 512u);
    memcpy(AT(5312), okay_nabu_initial_stream_7_states, 128u);
    memcpy(AT(5440), okay_nabu_initial_stream_6_states, 80u);
    memcpy(AT(1088), okay_nabu_initial_stream_11_states, 1024u);
    memcpy(AT(3136), okay_nabu_initial_stream_10_states, 896u);
}

void okay_nabu_invoke(void *arena)
{
    okay_nabu_04_concatenation(AT(5440), AT(0), AT(800));
    okay_nabu_05_strided_slice(AT(800), AT(0));
    memcpy(AT(5440), AT(0), 80u);
    okay_nabu_07_conv2d(AT(800), AT(1000), AT(0));
    okay_nabu_09_concatenation(AT(5312), AT(1000), AT(0));
    okay_nabu_10_strided_slice(AT(0), AT(192));
    memcpy(AT(5312), AT(192), 128u);
    okay_nabu_12_depthwise_conv2d(AT(0), AT(256), AT(192));
    okay_nabu_13_conv2d(AT(256), AT(576), AT(0));
    okay_nabu_15_concatenation(AT(4800), AT(576), AT(0));
    okay_nabu_16_strided_slice(AT(0), AT(576));
    memcpy(AT(4800), AT(576), 512u);
    okay_nabu_18_split_v(AT(0), AT(576), AT(2112));
    okay_nabu_19_strided_slice(AT(576), AT(0));
    okay_nabu_20_depthwise_conv2d(AT(0), AT(332), AT(160));
    okay_nabu_21_strided_slice(AT(2112), AT(0));
    okay_nabu_22_depthwise_conv2d(AT(0), AT(364), AT(288));
    okay_nabu_23_concatenation(AT(332), AT(364), AT(256));
    okay_nabu_24_conv2d(AT(256), AT(832), AT(0));
    okay_nabu_26_concatenation(AT(4032), AT(832), AT(0));
    okay_nabu_27_strided_slice(AT(0), AT(2112));
    memcpy(AT(4032), AT(2112), 768u);
    okay_nabu_29_split_v(AT(0), AT(2112), AT(2528));
    okay_nabu_30_strided_slice(AT(2112), AT(0));
    okay_nabu_31_depthwise_conv2d(AT(0), AT(476), AT(224));
    okay_nabu_32_strided_slice(AT(2528), AT(0));
    okay_nabu_33_depthwise_conv2d(AT(0), AT(508), AT(416));
    okay_nabu_34_concatenation(AT(476), AT(508), AT(256));
    okay_nabu_35_conv2d(AT(256), AT(960), AT(0));
    okay_nabu_36_concatenation(AT(3136), AT(960), AT(0));
    okay_nabu_37_strided_slice(AT(0), AT(2112));
    memcpy(AT(3136), AT(2112), 896u);
    okay_nabu_39_split_v(AT(0), AT(2112), AT(2592));
    okay_nabu_40_strided_slice(AT(2112), AT(0));
    okay_nabu_41_depthwise_conv2d(AT(0), AT(548), AT(288));
    okay_nabu_42_strided_slice(AT(2592), AT(0));
    okay_nabu_43_depthwise_conv2d(AT(0), AT(580), AT(480));
    okay_nabu_44_concatenation(AT(548), AT(580), AT(256));
    okay_nabu_45_conv2d(AT(256), AT(2112), AT(0));
    okay_nabu_46_concatenation(AT(1088), AT(2112), AT(0));
    okay_nabu_47_strided_slice(AT(0), AT(2112));
    memcpy(AT(1088), AT(2112), 1024u);
    okay_nabu_49_depthwise_conv2d(AT(0), AT(2188), AT(2112));
    okay_nabu_50_conv2d(AT(2188), AT(256), AT(0));
    okay_nabu_51_fully_connected(AT(256), AT(128), AT(0));
    okay_nabu_52_logistic(AT(128), AT(0));
    okay_nabu_53_quantize(AT(0), AT(0));
}

/* ad01_int8.c: ad01_int8, compiled by limen 0.1.0 for cortex-m4. */
#include "ad01_int8.h"

#include <string.h>

/* Layers stay functions of their own, so that profilers and debuggers see them. */
#define LIMEN_LAYER __attribute__((noinline))
#define AT(offset) ((void *)((uint8_t *)arena + (offset)))

/* Four outputs a pass, sums of 640 elements of int8. */
extern void limen_product_640_s12_uniform_x20_narrow(const void *x, const void *stream, int8_t *out,
    const int8_t *end);

/* Widens words * 4 elements into int16 pairs: elements 0 and 2, 1 and 3 of each four. */
extern void limen_expand(uint32_t *to, const int8_t *from, int32_t words);

/* Four outputs a pass, sums of 128 elements of int16. */
extern void limen_product_128_s12_uniform_x20(const void *x, const void *stream, int8_t *out,
    const int8_t *end);

/* Four outputs a pass, sums of 128 elements of int16. */
extern void limen_product_128_s8_uniform_x20(const void *x, const void *stream, int8_t *out,
    const int8_t *end);

/* Four outputs a pass, sums of 128 elements of int16. */
extern void limen_product_128_s12_uniform_x4(const void *x, const void *stream, int8_t *out,
    const int8_t *end);

/* Four outputs a pass, sums of 8 elements of int16. */
extern void limen_product_8_s12_uniform_x4(const void *x, const void *stream, int8_t *out,
    const int8_t *end);

/* Four outputs a pass, sums of 128 elements of int16. */
extern void limen_product_128_s16_uniform_x20(const void *x, const void *stream, int8_t *out,
    const int8_t *end);

/* Layer 0: FullyConnected functional_1/activation/Relu;functional_1/dense/BiasAdd
 * int8[1,640], int8[128,640], int32[128] -> int8[1,128]; 81920 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t ad01_int8_00_fully_connected_stream[20610] = {
    /* sha256 de1f3914826f2ff949641e253219eee5 */
};

LIMEN_LAYER static void ad01_int8_00_fully_connected(const int8_t *x0, int8_t *y0)
{
    limen_product_640_s12_uniform_x20_narrow(x0, ad01_int8_00_fully_connected_stream, y0, y0 + 128);
}

/* Layer 1: FullyConnected functional_1/activation_1/Relu;functional_1/dense_1/BiasAdd
 * int8[1,128], int8[128,128], int32[128] -> int8[1,128]; 16384 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t ad01_int8_01_fully_connected_stream[4226] = {
    /* sha256 514c5ca2bcac6538f735cf639fbb677f */
};

LIMEN_LAYER static void ad01_int8_01_fully_connected(const int8_t *x0, int8_t *y0, void *scratch)
{
    limen_expand(scratch, x0, 32);
    limen_product_128_s12_uniform_x20(scratch, ad01_int8_01_fully_connected_stream, y0, y0 + 128);
}

/* Layer 2: FullyConnected functional_1/activation_2/Relu;functional_1/dense_2/BiasAdd
 * int8[1,128], int8[128,128], int32[128] -> int8[1,128]; 16384 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t ad01_int8_02_fully_connected_stream[4226] = {
    /* sha256 807242dac8205b2d385fc030829c6b2c */
};

LIMEN_LAYER static void ad01_int8_02_fully_connected(const int8_t *x0, int8_t *y0, void *scratch)
{
    limen_expand(scratch, x0, 32);
    limen_product_128_s8_uniform_x20(scratch, ad01_int8_02_fully_connected_stream, y0, y0 + 128);
}

/* Layer 3: FullyConnected functional_1/activation_3/Relu;functional_1/dense_3/BiasAdd
 * int8[1,128], int8[128,128], int32[128] -> int8[1,128]; 16384 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t ad01_int8_03_fully_connected_stream[4226] = {
    /* sha256 a4da6a852d57f56f00828b946ec9a3c3 */
};

LIMEN_LAYER static void ad01_int8_03_fully_connected(const int8_t *x0, int8_t *y0, void *scratch)
{
    limen_expand(scratch, x0, 32);
    limen_product_128_s8_uniform_x20(scratch, ad01_int8_03_fully_connected_stream, y0, y0 + 128);
}

/* Layer 4: FullyConnected functional_1/activation_4/Relu;functional_1/dense_4/BiasAdd
 * int8[1,128], int8[8,128], int32[8] -> int8[1,8]; 1024 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t ad01_int8_04_fully_connected_stream[266] = {
    /* sha256 8dc1140160230a1022dffa1bb16c7c42 */
};

LIMEN_LAYER static void ad01_int8_04_fully_connected(const int8_t *x0, int8_t *y0, void *scratch)
{
    limen_expand(scratch, x0, 32);
    limen_product_128_s12_uniform_x4(scratch, ad01_int8_04_fully_connected_stream, y0, y0 + 8);
}

/* Layer 5: FullyConnected functional_1/activation_5/Relu;functional_1/dense_5/BiasAdd
 * int8[1,8], int8[128,8], int32[128] -> int8[1,128]; 1024 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t ad01_int8_05_fully_connected_stream[386] = {
    /* sha256 b6f624e4707b5894fc402a2364fd0732 */
};

LIMEN_LAYER static void ad01_int8_05_fully_connected(const int8_t *x0, int8_t *y0, void *scratch)
{
    limen_expand(scratch, x0, 2);
    limen_product_8_s12_uniform_x4(scratch, ad01_int8_05_fully_connected_stream, y0, y0 + 128);
}

/* Layer 6: FullyConnected functional_1/activation_6/Relu;functional_1/dense_6/BiasAdd
 * int8[1,128], int8[128,128], int32[128] -> int8[1,128]; 16384 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t ad01_int8_06_fully_connected_stream[4226] = {
    /* sha256 f6d7590a95c4cdf7fa2e238a1a8ef5ba */
};

LIMEN_LAYER static void ad01_int8_06_fully_connected(const int8_t *x0, int8_t *y0, void *scratch)
{
    limen_expand(scratch, x0, 32);
    limen_product_128_s12_uniform_x20(scratch, ad01_int8_06_fully_connected_stream, y0, y0 + 128);
}

/* Layer 7: FullyConnected functional_1/activation_7/Relu;functional_1/dense_7/BiasAdd
 * int8[1,128], int8[128,128], int32[128] -> int8[1,128]; 16384 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t ad01_int8_07_fully_connected_stream[4226] = {
    /* sha256 70007aeca2836d4f4eadce782b91878b */
};

LIMEN_LAYER static void ad01_int8_07_fully_connected(const int8_t *x0, int8_t *y0, void *scratch)
{
    limen_expand(scratch, x0, 32);
    limen_product_128_s12_uniform_x20(scratch, ad01_int8_07_fully_connected_stream, y0, y0 + 128);
}

/* Layer 8: FullyConnected functional_1/activation_8/Relu;functional_1/dense_8/BiasAdd
 * int8[1,128], int8[128,128], int32[128] -> int8[1,128]; 16384 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t ad01_int8_08_fully_connected_stream[4226] = {
    /* sha256 90a696503807f8a2148e2dc76ffb4c58 */
};

LIMEN_LAYER static void ad01_int8_08_fully_connected(const int8_t *x0, int8_t *y0, void *scratch)
{
    limen_expand(scratch, x0, 32);
    limen_product_128_s12_uniform_x20(scratch, ad01_int8_08_fully_connected_stream, y0, y0 + 128);
}

/* Layer 9: FullyConnected Identity
 * int8[1,128], int8[640,128], int32[640] -> int8[1,640]; 81920 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t ad01_int8_09_fully_connected_stream[21122] = {
    /* sha256 414a4569cfff2ef37dd3c01fe795b1ac */
};

LIMEN_LAYER static void ad01_int8_09_fully_connected(const int8_t *x0, int8_t *y0, void *scratch)
{
    limen_expand(scratch, x0, 32);
    limen_product_128_s16_uniform_x20(scratch, ad01_int8_09_fully_connected_stream, y0, y0 + 640);
}

void ad01_int8_reset(void *arena)
{
    (void)arena;
}

void ad01_int8_invoke(void *arena)
{
    ad01_int8_00_fully_connected(AT(0), AT(640));
    ad01_int8_01_fully_connected(AT(640), AT(256), AT(0));
    ad01_int8_02_fully_connected(AT(256), AT(384), AT(0));
    ad01_int8_03_fully_connected(AT(384), AT(256), AT(0));
    ad01_int8_04_fully_connected(AT(256), AT(384), AT(0));
    ad01_int8_05_fully_connected(AT(384), AT(256), AT(0));
    ad01_int8_06_fully_connected(AT(256), AT(384), AT(0));
    ad01_int8_07_fully_connected(AT(384), AT(256), AT(0));
    ad01_int8_08_fully_connected(AT(256), AT(896), AT(0));
    ad01_int8_09_fully_connected(AT(896), AT(0), AT(640));
}

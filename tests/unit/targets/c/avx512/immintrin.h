/* The AVX-512 that the generated code uses, in AVX2 and plain C, so that its meaning can be tested on a processor
 * without it. A vector is two halves; packing, interleaving and arithmetic never cross 128-bit lanes, so the halves are
 * independent. The dot product is written out by its definition (Intel SDM, VPDPBUSD). */
#ifndef LIMEN_TEST_AVX512_H
#define LIMEN_TEST_AVX512_H

#include_next <immintrin.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    __m256i h[2];
} emulated_m512i;

typedef struct {
    __m256 h[2];
} emulated_m512;

#define __m512i emulated_m512i
#define __m512 emulated_m512
#define EMULATED static inline __attribute__((unused))

#define ONE(name, half)                                               \
    EMULATED __m512i emulated_##name(__m512i a, int n)                \
    {                                                                 \
        const __m512i r = {{half(a.h[0], n), half(a.h[1], n)}};       \
        return r;                                                     \
    }
#define TWO(name, half)                                               \
    EMULATED __m512i emulated_##name(__m512i a, __m512i b)            \
    {                                                                 \
        const __m512i r = {{half(a.h[0], b.h[0]), half(a.h[1], b.h[1])}}; \
        return r;                                                     \
    }
#define SET(name, half, type)                                         \
    EMULATED __m512i emulated_##name(type value)                      \
    {                                                                 \
        const __m512i r = {{half(value), half(value)}};               \
        return r;                                                     \
    }

TWO(add_epi32, _mm256_add_epi32)
TWO(sub_epi32, _mm256_sub_epi32)
TWO(add_epi64, _mm256_add_epi64)
TWO(mul_epi32, _mm256_mul_epi32)
TWO(max_epi32, _mm256_max_epi32)
TWO(min_epi32, _mm256_min_epi32)
TWO(max_epi8, _mm256_max_epi8)
TWO(min_epi8, _mm256_min_epi8)
TWO(sllv_epi32, _mm256_sllv_epi32)
TWO(srav_epi32, _mm256_srav_epi32)
TWO(xor_si512, _mm256_xor_si256)
TWO(packs_epi32, _mm256_packs_epi32)
TWO(packs_epi16, _mm256_packs_epi16)
TWO(unpacklo_epi8, _mm256_unpacklo_epi8)
TWO(unpackhi_epi8, _mm256_unpackhi_epi8)
TWO(unpacklo_epi16, _mm256_unpacklo_epi16)
TWO(unpackhi_epi16, _mm256_unpackhi_epi16)
ONE(srli_epi32, _mm256_srli_epi32)
ONE(srai_epi32, _mm256_srai_epi32)
ONE(srli_epi64, _mm256_srli_epi64)
ONE(slli_epi64, _mm256_slli_epi64)
SET(set1_epi8, _mm256_set1_epi8, int8_t)
SET(set1_epi32, _mm256_set1_epi32, int32_t)
SET(set1_epi64, _mm256_set1_epi64x, int64_t)

EMULATED __m256i emulated_dot(__m256i acc, __m256i x, __m256i w)
{
    uint8_t u[32];
    int8_t s[32];
    int32_t sum[8];
    memcpy(u, &x, 32);
    memcpy(s, &w, 32);
    memcpy(sum, &acc, 32);
    for (int i = 0; i < 32; ++i) {
        sum[i / 4] = (int32_t)((uint32_t)sum[i / 4] + (uint32_t)(u[i] * s[i]));
    }
    memcpy(&acc, sum, 32);
    return acc;
}

EMULATED __m512i emulated_dpbusd_epi32(__m512i acc, __m512i x, __m512i w)
{
    const __m512i r = {{emulated_dot(acc.h[0], x.h[0], w.h[0]), emulated_dot(acc.h[1], x.h[1], w.h[1])}};
    return r;
}

EMULATED __m512i emulated_setzero_si512(void)
{
    return emulated_set1_epi32(0);
}

EMULATED __m512i emulated_loadu_si512(const void *p)
{
    __m512i r;
    memcpy(&r, p, sizeof r);
    return r;
}

EMULATED void emulated_storeu_si512(void *p, __m512i a)
{
    memcpy(p, &a, sizeof a);
}

EMULATED __m512 emulated_loadu_ps(const void *p)
{
    __m512 r;
    memcpy(&r, p, sizeof r);
    return r;
}

EMULATED __m512 emulated_mask_loadu_ps(__m512 a, uint16_t mask, const void *p)
{
    float values[16];
    memcpy(values, &a, sizeof values);
    for (int i = 0; i < 16; ++i) {
        if (mask >> i & 1) {
            memcpy(values + i, (const char *)p + 4 * i, 4);
        }
    }
    return emulated_loadu_ps(values);
}

EMULATED __m512 emulated_cvtepi32_ps(__m512i a)
{
    const __m512 r = {{_mm256_cvtepi32_ps(a.h[0]), _mm256_cvtepi32_ps(a.h[1])}};
    return r;
}

EMULATED __m512i emulated_cvtps_epi32(__m512 a)
{
    const __m512i r = {{_mm256_cvtps_epi32(a.h[0]), _mm256_cvtps_epi32(a.h[1])}};
    return r;
}

EMULATED __m512 emulated_fmadd_ps(__m512 a, __m512 b, __m512 c)
{
    const __m512 r = {{_mm256_fmadd_ps(a.h[0], b.h[0], c.h[0]), _mm256_fmadd_ps(a.h[1], b.h[1], c.h[1])}};
    return r;
}

EMULATED uint16_t emulated_cmpgt_epi32_mask(__m512i a, __m512i b)
{
    const __m256i low = _mm256_cmpgt_epi32(a.h[0], b.h[0]), high = _mm256_cmpgt_epi32(a.h[1], b.h[1]);
    const int mask = _mm256_movemask_ps(_mm256_castsi256_ps(low)) | _mm256_movemask_ps(_mm256_castsi256_ps(high)) << 8;
    return (uint16_t)mask;
}

EMULATED uint16_t emulated_cmplt_epi32_mask(__m512i a, __m512i b)
{
    return emulated_cmpgt_epi32_mask(b, a);
}

EMULATED __m512i emulated_mask_mov_epi32(__m512i a, uint16_t mask, __m512i b)
{
    int32_t r[16], v[16];
    memcpy(r, &a, 64);
    memcpy(v, &b, 64);
    for (int i = 0; i < 16; ++i) {
        r[i] = mask >> i & 1 ? v[i] : r[i];
    }
    return emulated_loadu_si512(r);
}

EMULATED __m512i emulated_mask_sub_epi32(__m512i from, uint16_t mask, __m512i a, __m512i b)
{
    return emulated_mask_mov_epi32(from, mask, emulated_sub_epi32(a, b));
}

EMULATED __m128i emulated_cvtsepi32_epi8(__m512i a)
{
    int32_t v[16];
    int8_t codes[16];
    memcpy(v, &a, 64);
    for (int i = 0; i < 16; ++i) {
        codes[i] = (int8_t)(v[i] < -128 ? -128 : v[i] > 127 ? 127 : v[i]);
    }
    return _mm_loadu_si128((const void *)codes);
}

EMULATED void emulated_store_some(void *p, uint64_t mask, const void *from, int count)
{
    for (int i = 0; i < count; ++i) {
        if (mask >> i & 1) {
            ((int8_t *)p)[i] = ((const int8_t *)from)[i];
        }
    }
}

EMULATED void emulated_mask_storeu_epi8(void *p, uint64_t mask, __m512i a)
{
    emulated_store_some(p, mask, &a, 64);
}

EMULATED void emulated_mask_storeu_epi8_256(void *p, uint32_t mask, __m256i a)
{
    emulated_store_some(p, mask, &a, 32);
}

EMULATED void emulated_mask_storeu_epi8_128(void *p, uint16_t mask, __m128i a)
{
    emulated_store_some(p, mask, &a, 16);
}

EMULATED __m512i emulated_maskz_loadu_epi8(uint64_t mask, const void *p)
{
    int8_t values[64] = {0};
    emulated_store_some(values, mask, p, 64);
    return emulated_loadu_si512(values);
}

EMULATED __m256i emulated_castsi512_si256(__m512i a)
{
    return a.h[0];
}

EMULATED __m256i emulated_extracti64x4_epi64(__m512i a, int half)
{
    return a.h[half];
}

EMULATED __m512i emulated_castsi256_si512(__m256i a)
{
    const __m512i r = {{a, a}};
    return r;
}

EMULATED __m512i emulated_inserti64x4(__m512i a, __m256i b, int half)
{
    a.h[half] = b;
    return a;
}

EMULATED __m512i emulated_cvtepi8_epi32(__m128i a)
{
    const __m512i r = {{_mm256_cvtepi8_epi32(a), _mm256_cvtepi8_epi32(_mm_srli_si128(a, 8))}};
    return r;
}

EMULATED __m512 emulated_set1_ps(float value)
{
    const __m512 r = {{_mm256_set1_ps(value), _mm256_set1_ps(value)}};
    return r;
}

EMULATED __m128i emulated_maskz_loadu_epi8_128(uint16_t mask, const void *p)
{
    int8_t values[16] = {0};
    emulated_store_some(values, mask, p, 16);
    return _mm_loadu_si128((const void *)values);
}

EMULATED void emulated_storeu_ps(float *p, __m512 a)
{
    memcpy(p, &a, sizeof a);
}

EMULATED void emulated_mask_storeu_ps(float *p, uint16_t mask, __m512 a)
{
    float values[16];
    memcpy(values, &a, sizeof values);
    for (int i = 0; i < 16; ++i) {
        if (mask >> i & 1) {
            p[i] = values[i];
        }
    }
}

EMULATED __m512 emulated_min_ps(__m512 a, __m512 b)
{
    const __m512 r = {{_mm256_min_ps(a.h[0], b.h[0]), _mm256_min_ps(a.h[1], b.h[1])}};
    return r;
}

EMULATED __m512 emulated_max_ps(__m512 a, __m512 b)
{
    const __m512 r = {{_mm256_max_ps(a.h[0], b.h[0]), _mm256_max_ps(a.h[1], b.h[1])}};
    return r;
}

/* Some of the names are macros. */
#undef _mm512_storeu_ps
#undef _mm512_mask_storeu_ps
#undef _mm512_min_ps
#undef _mm512_max_ps
#undef _mm512_cvtepi8_epi32
#undef _mm512_set1_ps
#undef _mm_maskz_loadu_epi8
#undef _mm512_add_epi32
#undef _mm512_sub_epi32
#undef _mm512_add_epi64
#undef _mm512_mul_epi32
#undef _mm512_max_epi32
#undef _mm512_min_epi32
#undef _mm512_max_epi8
#undef _mm512_min_epi8
#undef _mm512_sllv_epi32
#undef _mm512_srav_epi32
#undef _mm512_xor_si512
#undef _mm512_packs_epi32
#undef _mm512_packs_epi16
#undef _mm512_unpacklo_epi8
#undef _mm512_unpackhi_epi8
#undef _mm512_unpacklo_epi16
#undef _mm512_unpackhi_epi16
#undef _mm512_srli_epi32
#undef _mm512_srai_epi32
#undef _mm512_srli_epi64
#undef _mm512_slli_epi64
#undef _mm512_set1_epi8
#undef _mm512_set1_epi32
#undef _mm512_set1_epi64
#undef _mm512_setzero_si512
#undef _mm512_dpbusd_epi32
#undef _mm256_dpbusd_epi32
#undef _mm512_loadu_si512
#undef _mm512_storeu_si512
#undef _mm512_loadu_ps
#undef _mm512_mask_loadu_ps
#undef _mm512_cvtepi32_ps
#undef _mm512_cvtps_epi32
#undef _mm512_fmadd_ps
#undef _mm512_cmpgt_epi32_mask
#undef _mm512_cmplt_epi32_mask
#undef _mm512_mask_mov_epi32
#undef _mm512_mask_sub_epi32
#undef _mm512_cvtsepi32_epi8
#undef _mm512_mask_storeu_epi8
#undef _mm256_mask_storeu_epi8
#undef _mm_mask_storeu_epi8
#undef _mm512_maskz_loadu_epi8
#undef _mm512_castsi512_si256
#undef _mm512_extracti64x4_epi64
#undef _mm512_castsi256_si512
#undef _mm512_inserti64x4

#define _mm512_add_epi32 emulated_add_epi32
#define _mm512_sub_epi32 emulated_sub_epi32
#define _mm512_add_epi64 emulated_add_epi64
#define _mm512_mul_epi32 emulated_mul_epi32
#define _mm512_max_epi32 emulated_max_epi32
#define _mm512_min_epi32 emulated_min_epi32
#define _mm512_max_epi8 emulated_max_epi8
#define _mm512_min_epi8 emulated_min_epi8
#define _mm512_sllv_epi32 emulated_sllv_epi32
#define _mm512_srav_epi32 emulated_srav_epi32
#define _mm512_xor_si512 emulated_xor_si512
#define _mm512_packs_epi32 emulated_packs_epi32
#define _mm512_packs_epi16 emulated_packs_epi16
#define _mm512_unpacklo_epi8 emulated_unpacklo_epi8
#define _mm512_unpackhi_epi8 emulated_unpackhi_epi8
#define _mm512_unpacklo_epi16 emulated_unpacklo_epi16
#define _mm512_unpackhi_epi16 emulated_unpackhi_epi16
#define _mm512_srli_epi32 emulated_srli_epi32
#define _mm512_srai_epi32 emulated_srai_epi32
#define _mm512_srli_epi64 emulated_srli_epi64
#define _mm512_slli_epi64 emulated_slli_epi64
#define _mm512_set1_epi8 emulated_set1_epi8
#define _mm512_set1_epi32 emulated_set1_epi32
#define _mm512_set1_epi64 emulated_set1_epi64
#define _mm512_setzero_si512 emulated_setzero_si512
#define _mm512_dpbusd_epi32 emulated_dpbusd_epi32
#define _mm256_dpbusd_epi32 emulated_dot
#define _mm512_loadu_si512 emulated_loadu_si512
#define _mm512_storeu_si512 emulated_storeu_si512
#define _mm512_loadu_ps emulated_loadu_ps
#define _mm512_mask_loadu_ps emulated_mask_loadu_ps
#define _mm512_cvtepi32_ps emulated_cvtepi32_ps
#define _mm512_cvtps_epi32 emulated_cvtps_epi32
#define _mm512_fmadd_ps emulated_fmadd_ps
#define _mm512_cmpgt_epi32_mask emulated_cmpgt_epi32_mask
#define _mm512_cmplt_epi32_mask emulated_cmplt_epi32_mask
#define _mm512_mask_mov_epi32 emulated_mask_mov_epi32
#define _mm512_mask_sub_epi32 emulated_mask_sub_epi32
#define _mm512_cvtsepi32_epi8 emulated_cvtsepi32_epi8
#define _mm512_mask_storeu_epi8 emulated_mask_storeu_epi8
#define _mm256_mask_storeu_epi8 emulated_mask_storeu_epi8_256
#define _mm_mask_storeu_epi8 emulated_mask_storeu_epi8_128
#define _mm512_maskz_loadu_epi8 emulated_maskz_loadu_epi8
#define _mm512_castsi512_si256 emulated_castsi512_si256
#define _mm512_extracti64x4_epi64 emulated_extracti64x4_epi64
#define _mm512_castsi256_si512 emulated_castsi256_si512
#define _mm512_inserti64x4 emulated_inserti64x4
#define _mm512_cvtepi8_epi32 emulated_cvtepi8_epi32
#define _mm512_set1_ps emulated_set1_ps
#define _mm_maskz_loadu_epi8 emulated_maskz_loadu_epi8_128
#define _mm512_storeu_ps emulated_storeu_ps
#define _mm512_mask_storeu_ps emulated_mask_storeu_ps
#define _mm512_min_ps emulated_min_ps
#define _mm512_max_ps emulated_max_ps

#endif

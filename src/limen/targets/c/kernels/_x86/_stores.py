"""C text of the x86 helpers that store codes (whole vectors, pairs, lanes, the first few) and interleave rows."""

from __future__ import annotations

STORE_VECTOR_512 = """\
/* 64 channels: packing orders them, as their accumulators are. */
static inline void limen_store_vector_512(int8_t *y, __m512i a, __m512i b, __m512i c, __m512i d,
                                          int8_t low, int8_t high)
{
    __m512i codes = _mm512_packs_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d));
    if (low > -128) {
        codes = _mm512_max_epi8(codes, _mm512_set1_epi8(low));
    }
    if (high < 127) {
        codes = _mm512_min_epi8(codes, _mm512_set1_epi8(high));
    }
    _mm512_storeu_si512(y, codes);
}
"""

STORE_VECTOR_256 = """\
/* 32 channels: packing orders them, as their accumulators are. */
static inline void limen_store_vector_256(int8_t *y, __m256i a, __m256i b, __m256i c, __m256i d,
                                          int8_t low, int8_t high)
{
    __m256i codes = _mm256_packs_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
    if (low > -128) {
        codes = _mm256_max_epi8(codes, _mm256_set1_epi8(low));
    }
    if (high < 127) {
        codes = _mm256_min_epi8(codes, _mm256_set1_epi8(high));
    }
    _mm256_storeu_si256((void *)y, codes);
}
"""

STORE_PAIR_256 = """\
/* 16 channels: packing orders them, as their accumulators are. */
static inline void limen_store_pair_256(int8_t *y, __m256i a, __m256i b, int8_t low, int8_t high)
{
    const __m256i words = _mm256_packs_epi32(a, b);
    __m128i codes = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    if (low > -128) {
        codes = _mm_max_epi8(codes, _mm_set1_epi8(low));
    }
    if (high < 127) {
        codes = _mm_min_epi8(codes, _mm_set1_epi8(high));
    }
    _mm_storeu_si128((void *)y, codes);
}
"""

STORE_LANES_512 = """\
/* The first channels of one accumulator, in its lanes' order. */
static inline void limen_store_lanes_512(int8_t *y, __m512i a, int32_t count, int8_t low, int8_t high)
{
    __m128i codes = _mm512_cvtsepi32_epi8(a);
    if (low > -128) {
        codes = _mm_max_epi8(codes, _mm_set1_epi8(low));
    }
    if (high < 127) {
        codes = _mm_min_epi8(codes, _mm_set1_epi8(high));
    }
    if (count == 16) {
        _mm_storeu_si128((void *)y, codes);
    } else {
        _mm_mask_storeu_epi8(y, (__mmask16)((1 << count) - 1), codes);
    }
}
"""

STORE_LANES_256 = """\
/* The first channels of one accumulator, in its lanes' order. */
static inline void limen_store_lanes_256(int8_t *y, __m256i a, int32_t count, int8_t low, int8_t high)
{
    const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    __m128i codes = _mm_packs_epi16(words, words);
    if (low > -128) {
        codes = _mm_max_epi8(codes, _mm_set1_epi8(low));
    }
    if (high < 127) {
        codes = _mm_min_epi8(codes, _mm_set1_epi8(high));
    }
    const int64_t bytes = _mm_cvtsi128_si64(codes);
    memcpy(y, &bytes, (size_t)count);
}
"""

STORE_FIRST_512 = """\
/* The first of 64 channels. */
static inline void limen_store_first_512(int8_t *y, __m512i a, __m512i b, __m512i c, __m512i d, int32_t count,
                                         int8_t low, int8_t high)
{
    __m512i codes = _mm512_packs_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d));
    codes = _mm512_min_epi8(_mm512_max_epi8(codes, _mm512_set1_epi8(low)), _mm512_set1_epi8(high));
    if (count >= 64) {
        _mm512_storeu_si512(y, codes);
    } else {
        _mm512_mask_storeu_epi8(y, (UINT64_C(1) << count) - 1, codes);
    }
}
"""

STORE_FIRST_PAIR_256 = """\
/* The first of 16 channels. */
static inline void limen_store_first_256(int8_t *y, __m256i a, __m256i b, int32_t count, int8_t low, int8_t high)
{
    int8_t codes[16];
    limen_store_pair_256(count >= 16 ? y : codes, a, b, low, high);
    for (int32_t i = 0; count < 16 && i < count; ++i) {
        y[i] = codes[i];
    }
}
"""

INTERLEAVE_4 = """\
typedef struct {{
    __m{bits}i v[4];
}} limen_woven4_{bits};

/* Bytes of four rows side by side: every lane holds one channel's four. */
static inline limen_woven4_{bits} limen_interleave4_{bits}(__m{bits}i r0, __m{bits}i r1, __m{bits}i r2, __m{bits}i r3)
{{
    const __m{bits}i a = _mm{bits}_unpacklo_epi8(r0, r1), b = _mm{bits}_unpackhi_epi8(r0, r1);
    const __m{bits}i c = _mm{bits}_unpacklo_epi8(r2, r3), d = _mm{bits}_unpackhi_epi8(r2, r3);
    const limen_woven4_{bits} woven = {{{{_mm{bits}_unpacklo_epi16(a, c), _mm{bits}_unpackhi_epi16(a, c),
                                       _mm{bits}_unpacklo_epi16(b, d), _mm{bits}_unpackhi_epi16(b, d)}}}};
    return woven;
}}
"""

INTERLEAVE_2 = """\
typedef struct {
    __m256i v[2];
} limen_woven2_256;

/* Words of two rows side by side: every lane holds one channel's two. */
static inline limen_woven2_256 limen_interleave2_256(__m256i r0, __m256i r1)
{
    const limen_woven2_256 woven = {{_mm256_unpacklo_epi16(r0, r1), _mm256_unpackhi_epi16(r0, r1)}};
    return woven;
}
"""

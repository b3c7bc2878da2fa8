"""The C of a few instructions each that all layers share."""

from __future__ import annotations

from limen.targets.c._kernel import Helper
from limen.targets.c.kernels._x86 import _stores

DOT_VNNI_512 = Helper(
    "limen_dot_512",
    """\
/* acc + x . w: four unsigned by signed bytes per lane. GCC copies accumulators around the intrinsic and then runs out
 * of registers; the tied operand keeps them in place. */
static inline __m512i limen_dot_512(__m512i acc, __m512i x, __m512i w)
{
#if defined(__GNUC__) && !defined(__clang__)
    __asm__("vpdpbusd %2, %1, %0" : "+v"(acc) : "v"(x), "vm"(w));
    return acc;
#else
    return _mm512_dpbusd_epi32(acc, x, w);
#endif
}
""",
)

DOT_VNNI_256 = Helper(
    "limen_dot_256",
    """\
/* acc + x . w: four unsigned by signed bytes per lane. */
static inline __m256i limen_dot_256(__m256i acc, __m256i x, __m256i w)
{
    return _mm256_dpbusd_epi32(acc, x, w);
}
""",
)

DOT_AVX2 = Helper(
    "limen_dot_256",
    """\
/* acc + x . w: two signed words per lane. */
static inline __m256i limen_dot_256(__m256i acc, __m256i x, __m256i w)
{
    return _mm256_add_epi32(acc, _mm256_madd_epi16(x, w));
}
""",
)

_LOAD = """\
static inline __m{bits}i limen_load_{bits}(const void *p)
{{
    return _mm{bits}_loadu_si{bits}(p);
}}
"""

_LOAD_BYTES_256 = """\
/* Sixteen bytes as words. */
static inline __m256i limen_load_bytes_256(const int8_t *p)
{
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const void *)p));
}
"""

_BROADCAST = """\
/* The four bytes at p in every lane. */
static inline __m{bits}i limen_broadcast_{bits}(const void *p)
{{
    int32_t group;
    memcpy(&group, p, sizeof group);
    return _mm{bits}_set1_epi32(group);
}}
"""

_LOAD_PS = """\
static inline __m{bits} limen_load_ps_{bits}(const float *p)
{{
    return _mm{bits}_loadu_ps(p);
}}
"""

_BROADCAST_PS = """\
static inline __m{bits} limen_broadcast_ps_{bits}(const float *p)
{{
    return _mm{bits}_set1_ps(*p);
}}
"""

_FMA = """\
static inline __m{bits} limen_fma_{bits}(__m{bits} acc, __m{bits} x, __m{bits} w)
{{
    return _mm{bits}_fmadd_ps(x, w, acc);
}}
"""

_CLAMP_PS = """\
/* The activation's bounds; NaN stays NaN. */
static inline __m{bits} limen_clamp_ps_{bits}(__m{bits} a, float low, float high)
{{
    return _mm{bits}_min_ps(_mm{bits}_set1_ps(high), _mm{bits}_max_ps(_mm{bits}_set1_ps(low), a));
}}
"""

_STORE_SOME_256 = """\
/* The first floats of a vector. */
static inline void limen_store_some_256(float *y, __m256 a, int32_t count)
{
    const __m256i index = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    _mm256_maskstore_ps(y, _mm256_cmpgt_epi32(_mm256_set1_epi32(count), index), a);
}
"""

_STORE_SOME_512 = """\
/* The first floats of a vector. */
static inline void limen_store_some_512(float *y, __m512 a, int32_t count)
{
    _mm512_mask_storeu_ps(y, (__mmask16)((1 << count) - 1), a);
}
"""

_SCALE = """\
/* Codes of accumulators by one multiply-add, which the compiler of this file has proved equal to the integer
 * rescaling for every value that an accumulator can take. */
static inline __m{bits}i limen_scale_{bits}(__m{bits}i acc, const float *slope, const float *offset)
{{
    const __m{bits} value = _mm{bits}_cvtepi32_ps(acc);
    return _mm{bits}_cvtps_epi32(_mm{bits}_fmadd_ps(value, _mm{bits}_loadu_ps(slope), _mm{bits}_loadu_ps(offset)));
}}
"""

_SCALE_SIGNED_256 = """\
/* The same where negative accumulators need an offset of their own, as halves round away from zero. */
static inline __m256i limen_scale_signed_256(__m256i acc, const float *slope, const float *offset,
                                             const float *below)
{
    const __m256 value = _mm256_cvtepi32_ps(acc);
    const __m256 shift = _mm256_blendv_ps(_mm256_loadu_ps(offset), _mm256_loadu_ps(below), _mm256_castsi256_ps(acc));
    return _mm256_cvtps_epi32(_mm256_fmadd_ps(value, _mm256_loadu_ps(slope), shift));
}
"""

_SCALE_SIGNED_512 = """\
/* The same where negative accumulators need an offset of their own, as halves round away from zero. */
static inline __m512i limen_scale_signed_512(__m512i acc, const float *slope, const float *offset,
                                             const float *below)
{
    const __m512 value = _mm512_cvtepi32_ps(acc);
    const __mmask16 negative = _mm512_cmplt_epi32_mask(acc, _mm512_setzero_si512());
    const __m512 shift = _mm512_mask_loadu_ps(_mm512_loadu_ps(offset), negative, below);
    return _mm512_cvtps_epi32(_mm512_fmadd_ps(value, _mm512_loadu_ps(slope), shift));
}
"""

_RESCALE_256 = """\
/* Codes of accumulators by integers: a rounding doubling high multiply (halves up), then a rounding division by a
 * power of two (halves away from zero); a positive shift goes left before. */
static inline __m256i limen_rescale_256(__m256i acc, const int32_t *multiplier, const int32_t *shift, int32_t zero)
{
    const __m256i none = _mm256_setzero_si256(), half = _mm256_set1_epi64x(INT64_C(1) << 30);
    const __m256i by = limen_load_256(shift), m = limen_load_256(multiplier);
    const __m256i right = _mm256_max_epi32(_mm256_sub_epi32(none, by), none);
    const __m256i x = _mm256_sllv_epi32(acc, _mm256_max_epi32(by, none));
    const __m256i even = _mm256_add_epi64(_mm256_mul_epi32(x, m), half);
    const __m256i odd = _mm256_add_epi64(_mm256_mul_epi32(_mm256_srli_epi64(x, 32), _mm256_srli_epi64(m, 32)), half);
    const __m256i high = _mm256_blend_epi32(_mm256_srli_epi64(even, 31), _mm256_slli_epi64(odd, 1), 0xAA);
    const __m256i point = _mm256_srli_epi32(_mm256_sllv_epi32(_mm256_set1_epi32(1), right), 1);
    const __m256i away = _mm256_and_si256(_mm256_srai_epi32(high, 31), _mm256_cmpgt_epi32(point, none));
    const __m256i code = _mm256_srav_epi32(_mm256_add_epi32(_mm256_add_epi32(high, point), away), right);
    return _mm256_add_epi32(code, _mm256_set1_epi32(zero));
}
"""

_RESCALE_512 = """\
/* Codes of accumulators by integers: a rounding doubling high multiply (halves up), then a rounding division by a
 * power of two (halves away from zero); a positive shift goes left before. */
static inline __m512i limen_rescale_512(__m512i acc, const int32_t *multiplier, const int32_t *shift, int32_t zero)
{
    const __m512i none = _mm512_setzero_si512(), half = _mm512_set1_epi64(INT64_C(1) << 30);
    const __m512i by = limen_load_512(shift), m = limen_load_512(multiplier);
    const __m512i right = _mm512_max_epi32(_mm512_sub_epi32(none, by), none);
    const __m512i x = _mm512_sllv_epi32(acc, _mm512_max_epi32(by, none));
    const __m512i even = _mm512_add_epi64(_mm512_mul_epi32(x, m), half);
    const __m512i odd = _mm512_add_epi64(_mm512_mul_epi32(_mm512_srli_epi64(x, 32), _mm512_srli_epi64(m, 32)), half);
    const __m512i high = _mm512_mask_mov_epi32(_mm512_srli_epi64(even, 31), 0xAAAA, _mm512_slli_epi64(odd, 1));
    const __m512i point = _mm512_srli_epi32(_mm512_sllv_epi32(_mm512_set1_epi32(1), right), 1);
    const __mmask16 negative = _mm512_cmplt_epi32_mask(high, none) & _mm512_cmpgt_epi32_mask(point, none);
    const __m512i sum = _mm512_add_epi32(high, point);
    const __m512i code = _mm512_mask_sub_epi32(sum, negative, sum, _mm512_set1_epi32(1));
    return _mm512_add_epi32(_mm512_srav_epi32(code, right), _mm512_set1_epi32(zero));
}
"""

_ROUND_256 = """\
/* Codes of accumulators in double precision, halves away from zero. */
static inline __m256i limen_round_256(__m256i acc, const double *factor, int32_t zero)
{
    __m128i part[2];
    for (int32_t i = 0; i < 2; ++i) {
        const __m128i four = i ? _mm256_extracti128_si256(acc, 1) : _mm256_castsi256_si128(acc);
        const __m256d value = _mm256_mul_pd(_mm256_cvtepi32_pd(four), _mm256_loadu_pd(factor + 4 * i));
        const __m256d sign = _mm256_and_pd(value, _mm256_set1_pd(-0.0));
        const __m256d whole = _mm256_round_pd(value, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
        const __m256d rest = _mm256_andnot_pd(_mm256_set1_pd(-0.0), _mm256_sub_pd(value, whole));
        const __m256d one = _mm256_or_pd(_mm256_set1_pd(1.0), sign);
        const __m256d up = _mm256_and_pd(one, _mm256_cmp_pd(rest, _mm256_set1_pd(0.5), _CMP_GE_OQ));
        const __m256d code = _mm256_add_pd(whole, up);
        const __m256d safe = _mm256_min_pd(_mm256_max_pd(code, _mm256_set1_pd(-1024.0)), _mm256_set1_pd(1024.0));
        part[i] = _mm256_cvttpd_epi32(safe);
    }
    return _mm256_add_epi32(_mm256_set_m128i(part[1], part[0]), _mm256_set1_epi32(zero));
}
"""

_ROUND_512 = """\
/* Codes of accumulators in double precision, halves away from zero. */
static inline __m512i limen_round_512(__m512i acc, const double *factor, int32_t zero)
{
    const __m256i low = limen_round_256(_mm512_castsi512_si256(acc), factor, zero);
    const __m256i high = limen_round_256(_mm512_extracti64x4_epi64(acc, 1), factor + 8, zero);
    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}
"""

_ENTER_512 = """\
/* Signed codes to unsigned bytes, code + 128. The count is known where this is called: no test is left of the ends. */
static inline void limen_enter_512(uint8_t *to, const int8_t *from, int32_t count)
{
    for (int32_t i = 0; i < count / 64 * 64; i += 64) {
        _mm512_storeu_si512(to + i, _mm512_xor_si512(_mm512_loadu_si512(from + i), _mm512_set1_epi8(-128)));
    }
    if (count % 64 >= 32) {
        const __m256i codes = _mm256_loadu_si256((const void *)(from + count / 64 * 64));
        _mm256_storeu_si256((void *)(to + count / 64 * 64), _mm256_xor_si256(codes, _mm256_set1_epi8(-128)));
    }
    if (count % 32 >= 16) {
        const __m128i codes = _mm_loadu_si128((const void *)(from + count / 32 * 32));
        _mm_storeu_si128((void *)(to + count / 32 * 32), _mm_xor_si128(codes, _mm_set1_epi8(-128)));
    }
    if (count % 16 >= 8) {
        const __m128i codes = _mm_loadl_epi64((const void *)(from + count / 16 * 16));
        _mm_storel_epi64((void *)(to + count / 16 * 16), _mm_xor_si128(codes, _mm_set1_epi8(-128)));
    }
    for (int32_t i = count / 8 * 8; i < count; ++i) {
        to[i] = (uint8_t)(from[i] + 128);
    }
}
"""

_ENTER_WORDS = """\
/* Codes to words: the code less the zero point. */
static inline void limen_enter_words(int16_t *to, const int8_t *from, int32_t count, int16_t zero)
{
    for (int32_t i = 0; i < count / 16 * 16; i += 16) {
        const __m256i words = _mm256_cvtepi8_epi16(_mm_loadu_si128((const void *)(from + i)));
        _mm256_storeu_si256((void *)(to + i), _mm256_sub_epi16(words, _mm256_set1_epi16(zero)));
    }
    if (count % 16 >= 8) {
        const __m128i words = _mm_cvtepi8_epi16(_mm_loadl_epi64((const void *)(from + count / 16 * 16)));
        _mm_storeu_si128((void *)(to + count / 16 * 16), _mm_sub_epi16(words, _mm_set1_epi16(zero)));
    }
    for (int32_t i = count / 8 * 8; i < count; ++i) {
        to[i] = (int16_t)(from[i] - zero);
    }
}
"""

_ADD_256 = """\
static inline __m256i limen_add_lanes(const int8_t *a, const int8_t *b, float by_a, float by_b, float offset)
{
    const __m256 x = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const void *)a)));
    const __m256 z = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const void *)b)));
    const __m256 rest = _mm256_fmadd_ps(z, _mm256_set1_ps(by_b), _mm256_set1_ps(offset));
    return _mm256_cvtps_epi32(_mm256_fmadd_ps(x, _mm256_set1_ps(by_a), rest));
}

/* y = a * by_a + b * by_b + offset, rounded and clamped: constants proved equal to the integer sum for every pair of
 * codes. y may be a or b. */
static inline void limen_add_256(const int8_t *a, const int8_t *b, int8_t *y, int32_t count, float by_a, float by_b,
                                 float offset, int8_t low, int8_t high)
{
    const __m128i least = _mm_set1_epi8(low), most = _mm_set1_epi8(high);
    for (int32_t i = 0; i < count; i += 16) {
        int8_t rest[3][16];
        const int32_t some = count - i < 16 ? count - i : 16;
        const int8_t *from_a = a + i, *from_b = b + i;
        if (some < 16) {
            memset(rest, 0, sizeof rest);
            memcpy(rest[0], from_a, (size_t)some);
            memcpy(rest[1], from_b, (size_t)some);
            from_a = rest[0];
            from_b = rest[1];
        }
        const __m256i first = limen_add_lanes(from_a, from_b, by_a, by_b, offset);
        const __m256i second = limen_add_lanes(from_a + 8, from_b + 8, by_a, by_b, offset);
        const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(first, second), 0xD8);
        __m128i codes = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
        codes = _mm_min_epi8(_mm_max_epi8(codes, least), most);
        _mm_storeu_si128((void *)(some < 16 ? rest[2] : y + i), codes);
        if (some < 16) {
            memcpy(y + i, rest[2], (size_t)some);
        }
    }
}
"""

_ADD_512 = """\
/* y = a * by_a + b * by_b + offset, rounded and clamped: constants proved equal to the integer sum for every pair of
 * codes. y may be a or b. */
static inline void limen_add_512(const int8_t *a, const int8_t *b, int8_t *y, int32_t count, float by_a, float by_b,
                                 float offset, int8_t low, int8_t high)
{
    const __m512 fa = _mm512_set1_ps(by_a), fb = _mm512_set1_ps(by_b), f = _mm512_set1_ps(offset);
    const __m128i least = _mm_set1_epi8(low), most = _mm_set1_epi8(high);
    for (int32_t i = 0; i < count; i += 16) {
        const __mmask16 some = (__mmask16)(count - i >= 16 ? 0xFFFF : (1 << (count - i)) - 1);
        const __m512 x = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(some, a + i)));
        const __m512 z = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(some, b + i)));
        const __m512i sum = _mm512_cvtps_epi32(_mm512_fmadd_ps(x, fa, _mm512_fmadd_ps(z, fb, f)));
        const __m128i codes = _mm_min_epi8(_mm_max_epi8(_mm512_cvtsepi32_epi8(sum), least), most);
        _mm_mask_storeu_epi8(y + i, some, codes);
    }
}
"""


def _both(name: str, template: str) -> dict[int, Helper]:
    return {bits: Helper(f"{name}_{bits}", template.format(bits=bits)) for bits in (256, 512)}


_LOADS, _BROADCASTS, _SCALES = (
    _both("limen_load", _LOAD),
    _both("limen_broadcast", _BROADCAST),
    _both("limen_scale", _SCALE),
)
_FLOATS = {
    name: _both(f"limen_{name}", template)
    for name, template in (
        ("load_ps", _LOAD_PS),
        ("broadcast_ps", _BROADCAST_PS),
        ("fma", _FMA),
        ("clamp_ps", _CLAMP_PS),
    )
}
_INTERLEAVES = _both("limen_interleave4", _stores.INTERLEAVE_4)
_ROUND = Helper("limen_round_256", _ROUND_256)
_PAIR = Helper("limen_store_pair_256", _stores.STORE_PAIR_256)
_BY_WIDTH: dict[tuple[str, int], Helper] = {
    **{(name, bits): helper for name in ("load", "load_sums", "load_weights") for bits, helper in _LOADS.items()},
    ("load_bytes", 256): Helper("limen_load_bytes_256", _LOAD_BYTES_256),
    **{("broadcast", bits): helper for bits, helper in _BROADCASTS.items()},
    **{("scale", bits): helper for bits, helper in _SCALES.items()},
    **{(name, bits): helper for name, widths in _FLOATS.items() for bits, helper in widths.items()},
    ("store_some", 256): Helper("limen_store_some_256", _STORE_SOME_256),
    ("store_some", 512): Helper("limen_store_some_512", _STORE_SOME_512),
    ("scale_signed", 256): Helper("limen_scale_signed_256", _SCALE_SIGNED_256),
    ("scale_signed", 512): Helper("limen_scale_signed_512", _SCALE_SIGNED_512),
    ("rescale", 256): Helper("limen_rescale_256", _RESCALE_256, (_LOADS[256],)),
    ("rescale", 512): Helper("limen_rescale_512", _RESCALE_512, (_LOADS[512],)),
    ("round", 256): _ROUND,
    ("round", 512): Helper("limen_round_512", _ROUND_512, (_ROUND,)),
    ("store_vector", 256): Helper("limen_store_vector_256", _stores.STORE_VECTOR_256),
    ("store_vector", 512): Helper("limen_store_vector_512", _stores.STORE_VECTOR_512),
    ("store_pair", 256): _PAIR,
    ("store_first", 512): Helper("limen_store_first_512", _stores.STORE_FIRST_512),
    ("store_first", 256): Helper("limen_store_first_256", _stores.STORE_FIRST_PAIR_256, (_PAIR,)),
    ("interleave4", 256): _INTERLEAVES[256],
    ("interleave4", 512): _INTERLEAVES[512],
    ("interleave2", 256): Helper("limen_interleave2_256", _stores.INTERLEAVE_2),
    ("store_lanes", 256): Helper("limen_store_lanes_256", _stores.STORE_LANES_256),
    ("store_lanes", 512): Helper("limen_store_lanes_512", _stores.STORE_LANES_512),
    ("add", 256): Helper("limen_add_256", _ADD_256),
    ("add", 512): Helper("limen_add_512", _ADD_512),
    **{("enter", bits): Helper("limen_enter_512", _ENTER_512) for bits in (256, 512)},
    ("enter_words", 256): Helper("limen_enter_words", _ENTER_WORDS),
}


def shared(name: str, bits: int) -> Helper:
    """A helper by its name without prefix and width, ``scale``."""
    return _BY_WIDTH[name, bits]

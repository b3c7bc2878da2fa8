/* read_wav.c: samples of RIFF WAVE files. */
#include "read_wav.h"

#include <string.h>

#define PCM 1u
#define FLOATING 3u
#define EXTENSIBLE 0xfffeu

static uint16_t u16(const uint8_t *at)
{
    return (uint16_t)(at[0] | (uint16_t)(at[1] << 8));
}

static uint32_t u32(const uint8_t *at)
{
    return u16(at) | (uint32_t)u16(at + 2) << 16;
}

/* A number of 24 bits and more, float or whole, as float between -1 and 1; rounded once. */
static float wide_sample(const struct wav *wav, const uint8_t *at)
{
    float single;
    double twice;
    uint64_t bits;

    if (wav->format == FLOATING && wav->bits == 32) {
        const uint32_t word = u32(at);
        memcpy(&single, &word, sizeof single);
        return single;
    }
    if (wav->format == FLOATING) {
        bits = u32(at) | (uint64_t)u32(at + 4) << 32;
        memcpy(&twice, &bits, sizeof twice);
        return (float)twice;
    }
    const uint32_t word = wav->bits == 32 ? u32(at) : (uint32_t)u16(at) << 8 | (uint32_t)at[2] << 24;
    return (float)(int32_t)word * (1.0f / 2147483648.0f);
}

/* A number of 8 or 16 bits in 16. */
static int32_t short_sample(const struct wav *wav, const uint8_t *at)
{
    return wav->bits == 8 ? (at[0] - 128) * 256 : (int16_t)u16(at);
}

static int is_short(const struct wav *wav)
{
    return wav->bits <= 16;
}

static const uint8_t *sample_at(const struct wav *wav, uint32_t place)
{
    return wav->data + (size_t)place * wav->channels * (wav->bits / 8u);
}

/* Mean of the channels, downwards for whole numbers. */
static int32_t short_mean(const struct wav *wav, uint32_t place)
{
    const uint8_t *at = sample_at(wav, place);
    int32_t sum = 0;

    for (uint32_t c = 0; c < wav->channels; c++) {
        sum += short_sample(wav, at + c * (wav->bits / 8u));
    }
    const int32_t mean = sum / wav->channels;
    return sum % wav->channels < 0 ? mean - 1 : mean;
}

static float wide_mean(const struct wav *wav, uint32_t place)
{
    const uint8_t *at = sample_at(wav, place);
    double sum = 0.0;

    if (wav->channels == 1) {
        return wide_sample(wav, at);
    }
    for (uint32_t c = 0; c < wav->channels; c++) {
        sum += (double)wide_sample(wav, at + c * (wav->bits / 8u));
    }
    return (float)(sum / wav->channels);
}

static int is_finite(const struct wav *wav)
{
    const uint32_t numbers = wav->samples * wav->channels;

    for (uint32_t i = 0; i < numbers; i++) {
        const float x = wide_sample(wav, wav->data + (size_t)i * (wav->bits / 8u));
        if (x - x != 0.0f) {
            return 0;
        }
    }
    return 1;
}

static int is_known(const struct wav *wav)
{
    if (wav->format == PCM) {
        return wav->bits == 8 || wav->bits == 16 || wav->bits == 24 || wav->bits == 32;
    }
    return wav->format == FLOATING && (wav->bits == 32 || wav->bits == 64);
}

enum wav_result wav_open(const uint8_t *file, uint32_t size, struct wav *wav)
{
    const uint8_t *format = NULL;
    const uint8_t *data = NULL;
    uint32_t format_size = 0;
    uint32_t data_size = 0;
    uint64_t place = 12;

    if (size < 12 || memcmp(file, "RIFF", 4) != 0 || memcmp(file + 8, "WAVE", 4) != 0) {
        return WAV_NOT_RIFF;
    }
    while (place + 8 <= size) {
        const uint8_t *chunk = file + place;
        const uint32_t claimed = u32(chunk + 4);
        const uint32_t there = size - (uint32_t)place - 8;
        const uint32_t length = claimed < there ? claimed : there;

        if (format == NULL && memcmp(chunk, "fmt ", 4) == 0) {
            format = chunk + 8;
            format_size = length;
        } else if (data == NULL && memcmp(chunk, "data", 4) == 0) {
            data = chunk + 8;
            data_size = length;
        }
        place += (uint64_t)8 + claimed + claimed % 2;
    }
    if (format_size < 16 || data == NULL) {
        return WAV_INCOMPLETE;
    }
    wav->format = u16(format);
    if (wav->format == EXTENSIBLE && format_size >= 26) {
        wav->format = u16(format + 24);
    }
    wav->channels = u16(format + 2);
    wav->rate = u32(format + 4);
    wav->bits = u16(format + 14);
    wav->data = data;
    if (!is_known(wav)) {
        return WAV_FORMAT;
    }
    if (wav->channels == 0 || wav->rate == 0 || u16(format + 12) != wav->channels * wav->bits / 8) {
        return WAV_HEADER;
    }
    wav->samples = data_size / (wav->channels * (wav->bits / 8u));
    if (wav->samples == 0) {
        return WAV_EMPTY;
    }
    return wav->format == FLOATING && !is_finite(wav) ? WAV_NOT_FINITE : WAV_OK;
}

const char *wav_problem(enum wav_result result)
{
    switch (result) {
    case WAV_OK:
        return "nothing is wrong";
    case WAV_NOT_RIFF:
        return "the file is not a RIFF WAVE file";
    case WAV_INCOMPLETE:
        return "the file lacks its fmt or data chunk";
    case WAV_FORMAT:
        return "the wave format cannot be read; convert it to 16-bit PCM";
    case WAV_HEADER:
        return "the header contradicts itself";
    case WAV_EMPTY:
        return "the file holds no samples";
    case WAV_NOT_FINITE:
        return "the file holds samples that are not finite";
    default:
        return "unknown";
    }
}

/* x * 32768 rounded half to even, within 16 bits. */
static int16_t narrowed(float x)
{
    const float scaled = x * 32768.0f;

    if (scaled <= -32768.0f) {
        return -32768;
    }
    if (scaled >= 32767.0f) {
        return 32767;
    }
    int32_t whole = (int32_t)scaled;
    const float rest = scaled - (float)whole;
    if (rest > 0.5f || (rest == 0.5f && (whole & 1) != 0)) {
        whole++;
    } else if (rest < -0.5f || (rest == -0.5f && (whole & 1) != 0)) {
        whole--;
    }
    return (int16_t)whole;
}

void wav_int16(const struct wav *wav, uint32_t first, uint32_t count, int16_t *y)
{
    for (uint32_t i = 0; i < count; i++) {
        y[i] = is_short(wav) ? (int16_t)short_mean(wav, first + i) : narrowed(wide_mean(wav, first + i));
    }
}

void wav_float32(const struct wav *wav, uint32_t first, uint32_t count, float *y)
{
    for (uint32_t i = 0; i < count; i++) {
        y[i] = is_short(wav) ? (float)short_mean(wav, first + i) / 32768.0f : wide_mean(wav, first + i);
    }
}

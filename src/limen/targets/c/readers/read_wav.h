/* read_wav.h: samples of RIFF WAVE files: PCM of 8, 16, 24 or 32 bits, float of 32 or 64 bits, any number of
 * channels, which are averaged. Source: Multimedia Programming Interface and Data Specifications 1.0. */
#ifndef READ_WAV_H
#define READ_WAV_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A sound in the memory of its file. */
struct wav {
    const uint8_t *data; /* the first sample */
    uint32_t samples;    /* per channel */
    uint32_t rate;       /* samples per second */
    uint16_t channels;
    uint16_t bits;       /* of one sample of one channel */
    uint16_t format;     /* 1: PCM, 3: float */
};

enum wav_result {
    WAV_OK = 0,
    WAV_NOT_RIFF = -1,   /* not a RIFF WAVE file */
    WAV_INCOMPLETE = -2, /* no fmt or no data chunk */
    WAV_FORMAT = -3,     /* a format that is not read */
    WAV_HEADER = -4,     /* a header that contradicts itself */
    WAV_EMPTY = -5,      /* no samples */
    WAV_NOT_FINITE = -6  /* samples that are nan or infinite */
};

/* Finds the samples in a file of size bytes, which must stay in memory. */
enum wav_result wav_open(const uint8_t *file, uint32_t size, struct wav *wav);

/* What went wrong, in words. */
const char *wav_problem(enum wav_result result);

/* Samples first to first + count - 1, their channels averaged. Wider ones are rounded half to even and saturated. */
void wav_int16(const struct wav *wav, uint32_t first, uint32_t count, int16_t *y);

/* The same between -1 and 1. */
void wav_float32(const struct wav *wav, uint32_t first, uint32_t count, float *y);

#ifdef __cplusplus
}
#endif

#endif

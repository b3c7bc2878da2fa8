/* read_pnm.c: pixels of portable any-maps. */
#include "read_pnm.h"

#include <string.h>

#define LARGEST_SIDE 32768u

static int is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Skips white space and comments. */
static uint32_t skipped(const uint8_t *file, uint32_t size, uint32_t place)
{
    while (place < size && (is_space(file[place]) || file[place] == '#')) {
        if (file[place] == '#') {
            while (place < size && file[place] != '\n' && file[place] != '\r') {
                place++;
            }
        } else {
            place++;
        }
    }
    return place;
}

/* The next whole number up to most; 0 and the place unchanged where there is none. */
static int number(const uint8_t *file, uint32_t size, uint32_t *place, uint32_t most, uint32_t *found)
{
    uint32_t at = skipped(file, size, *place);
    const uint32_t start = at;
    uint32_t value = 0;

    for (; at < size && file[at] >= '0' && file[at] <= '9'; at++) {
        value = value * 10 + (uint32_t)(file[at] - '0');
        if (value > most) {
            return 0;
        }
    }
    if (at == start) {
        return 0;
    }
    *place = at;
    *found = value;
    return 1;
}

enum pnm_result pnm_open(const uint8_t *file, uint32_t size, struct pnm *pnm)
{
    uint32_t place = 2;

    if (size < 3 || file[0] != 'P' || file[1] < '1' || file[1] > '6') {
        return PNM_NOT_PNM;
    }
    pnm->kind = (uint8_t)(file[1] - '0');
    pnm->channels = pnm->kind == 3 || pnm->kind == 6 ? 3 : 1;
    pnm->largest = 1;
    if (!number(file, size, &place, LARGEST_SIDE, &pnm->width) ||
        !number(file, size, &place, LARGEST_SIDE, &pnm->height) || pnm->width == 0 || pnm->height == 0) {
        return PNM_HEADER;
    }
    if (pnm->kind != 1 && pnm->kind != 4) {
        if (!number(file, size, &place, 65535, &pnm->largest) || pnm->largest == 0) {
            return PNM_HEADER;
        }
    }
    if (place >= size || !is_space(file[place])) {
        return PNM_TRUNCATED;
    }
    place++;
    pnm->raster = file + place;
    pnm->size = size - place;
    return PNM_OK;
}

const char *pnm_problem(enum pnm_result result)
{
    switch (result) {
    case PNM_OK:
        return "nothing is wrong";
    case PNM_NOT_PNM:
        return "the file is not a PNM picture (P1 to P6)";
    case PNM_HEADER:
        return "the header lacks width, height or the largest value, or one is out of range";
    case PNM_TRUNCATED:
        return "the file holds fewer pixels than its header says";
    default:
        return "unknown";
    }
}

/* value / largest * out, rounded half to even. */
static uint32_t scaled(uint32_t value, uint32_t largest, uint32_t out)
{
    const double exact = (double)value / (double)largest * (double)out;
    uint32_t whole = (uint32_t)exact;
    const double rest = exact - (double)whole;

    whole += rest > 0.5 || (rest == 0.5 && (whole & 1u) != 0) ? 1u : 0u;
    return whole < out ? whole : out;
}

/* A sample in 8 bits; grey of more than 8 bits keeps its upper ones. */
static uint8_t eight_bits(const struct pnm *pnm, uint32_t value)
{
    if (pnm->largest == 255) {
        return (uint8_t)value;
    }
    if (pnm->channels == 1 && pnm->largest > 255) {
        return (uint8_t)((pnm->largest == 65535 ? value : scaled(value, pnm->largest, 65535)) >> 8);
    }
    return (uint8_t)scaled(value, pnm->largest, 255);
}

/* Where a text raster is being read. */
struct cursor {
    uint32_t place;
};

/* The next sample of a text raster. */
static int text_sample(const struct pnm *pnm, struct cursor *cursor, uint8_t *y)
{
    uint32_t value;

    if (pnm->kind == 1) {
        cursor->place = skipped(pnm->raster, pnm->size, cursor->place);
        if (cursor->place >= pnm->size || pnm->raster[cursor->place] > '1' || pnm->raster[cursor->place] < '0') {
            return 0;
        }
        *y = pnm->raster[cursor->place] == '1' ? 0 : 255;
        cursor->place++;
        return 1;
    }
    if (!number(pnm->raster, pnm->size, &cursor->place, pnm->largest, &value)) {
        return 0;
    }
    *y = eight_bits(pnm, value);
    return 1;
}

/* Sample number c of a binary raster's pixel, which is there. */
static uint8_t binary_sample(const struct pnm *pnm, uint32_t row, uint32_t column, uint32_t c)
{
    if (pnm->kind == 4) {
        const uint8_t eight = pnm->raster[(size_t)row * ((pnm->width + 7) / 8) + column / 8];
        return (eight >> (7 - column % 8)) & 1 ? 0 : 255;
    }
    const size_t place = ((size_t)row * pnm->width + column) * pnm->channels + c;
    if (pnm->largest <= 255) {
        return eight_bits(pnm, pnm->raster[place]);
    }
    return eight_bits(pnm, (uint32_t)pnm->raster[2 * place] << 8 | pnm->raster[2 * place + 1]);
}

static int is_whole(const struct pnm *pnm)
{
    const uint64_t line = pnm->kind == 4 ? (pnm->width + 7) / 8
                                         : (uint64_t)pnm->width * pnm->channels * (pnm->largest > 255 ? 2u : 1u);
    return pnm->kind <= 3 || line * pnm->height <= pnm->size;
}

enum pnm_result pnm_pixels(const struct pnm *pnm, uint32_t channels, uint8_t *y)
{
    struct cursor cursor = {0};
    uint8_t sample[3] = {0, 0, 0};

    if (!is_whole(pnm)) {
        return PNM_TRUNCATED;
    }
    for (uint32_t row = 0; row < pnm->height; row++) {
        for (uint32_t column = 0; column < pnm->width; column++) {
            for (uint32_t c = 0; c < pnm->channels; c++) {
                if (pnm->kind > 3) {
                    sample[c] = binary_sample(pnm, row, column, c);
                } else if (!text_sample(pnm, &cursor, &sample[c])) {
                    return PNM_TRUNCATED;
                }
            }
            if (pnm->channels == 1) {
                sample[1] = sample[0];
                sample[2] = sample[0];
            }
            if (channels == 3) {
                memcpy(y, sample, 3);
            } else if (pnm->channels == 1) {
                *y = sample[0];
            } else {
                *y = (uint8_t)((19595u * sample[0] + 38470u * sample[1] + 7471u * sample[2] + 32768u) >> 16);
            }
            y += channels;
        }
    }
    return PNM_OK;
}

/* read_npy.c: arrays of NumPy files and of raw files. */
#include "read_npy.h"

#include <string.h>

/* The text behind a key of the header, or NULL. */
static const char *behind(const char *header, const char *end, const char *key)
{
    const size_t length = strlen(key);

    for (const char *at = header; at + length <= end; at++) {
        if (memcmp(at, key, length) == 0) {
            at += length;
            while (at < end && (*at == ' ' || *at == ':')) {
                at++;
            }
            return at;
        }
    }
    return NULL;
}

/* The element type, as '<f4' or '|u1'. */
static int read_type(const char *at, const char *end, struct npy *npy)
{
    if (end - at < 5 || (at[0] != '\'' && at[0] != '"')) {
        return 0;
    }
    npy->kind = at[2];
    npy->size = (uint8_t)(at[3] - '0');
    const int plain = at[4] == at[0] && (at[1] == '<' || at[1] == '|');
    const int known = npy->kind == 'f' || npy->kind == 'i' || npy->kind == 'u' || npy->kind == 'b';
    const int sized = npy->size == 1 || npy->size == 2 || npy->size == 4 || npy->size == 8;
    return plain && known && sized && (at[1] == '<' || npy->size == 1);
}

/* The extents, as (2, 3). */
static int read_shape(const char *at, const char *end, struct npy *npy)
{
    uint64_t elements = 1;

    npy->rank = 0;
    if (at >= end || *at++ != '(') {
        return 0;
    }
    while (at < end && *at != ')') {
        uint64_t extent = 0;
        if (*at == ' ' || *at == ',') {
            at++;
            continue;
        }
        if (*at < '0' || *at > '9' || npy->rank == NPY_RANKS) {
            return 0;
        }
        for (; at < end && *at >= '0' && *at <= '9' && extent <= UINT32_MAX; at++) {
            extent = extent * 10 + (uint64_t)(*at - '0');
        }
        elements *= extent;
        if (extent > UINT32_MAX || elements > UINT32_MAX) {
            return 0;
        }
        npy->shape[npy->rank++] = (uint32_t)extent;
    }
    npy->elements = (uint32_t)elements;
    return at < end;
}

enum npy_result npy_open(const uint8_t *file, uint32_t size, struct npy *npy)
{
    if (size < 12 || memcmp(file, "\x93NUMPY", 6) != 0 || file[6] < 1 || file[6] > 3) {
        return NPY_NOT_NPY;
    }
    const uint32_t start = file[6] == 1 ? 10 : 12;
    uint32_t length = file[8] | (uint32_t)file[9] << 8;
    if (file[6] > 1) {
        length |= (uint32_t)file[10] << 16 | (uint32_t)file[11] << 24;
    }
    if (length > size - start) {
        return NPY_TRUNCATED;
    }
    const char *header = (const char *)file + start;
    const char *end = header + length;
    const char *type = behind(header, end, "'descr'");
    const char *order = behind(header, end, "'fortran_order'");
    const char *shape = behind(header, end, "'shape'");
    if (type == NULL || order == NULL || shape == NULL || !read_type(type, end, npy) || !read_shape(shape, end, npy)) {
        return NPY_HEADER;
    }
    if (order < end && *order == 'T' && npy->rank > 1) {
        return NPY_FORTRAN;
    }
    npy->data = file + start + length;
    return (uint64_t)npy->elements * npy->size <= size - start - length ? NPY_OK : NPY_TRUNCATED;
}

enum npy_result raw_read(const uint8_t *file, uint32_t size, uint32_t expected, void *y)
{
    if (size != expected) {
        return NPY_SIZE;
    }
    memcpy(y, file, size);
    return NPY_OK;
}

const char *npy_problem(enum npy_result result)
{
    switch (result) {
    case NPY_OK:
        return "nothing is wrong";
    case NPY_NOT_NPY:
        return "the file is not a NumPy array";
    case NPY_HEADER:
        return "the array is not one of little-endian numbers with at most 8 axes";
    case NPY_FORTRAN:
        return "the array is in Fortran order; save it in C order";
    case NPY_TRUNCATED:
        return "the file holds fewer elements than its header says";
    case NPY_SIZE:
        return "the file has another number of bytes than the tensor";
    default:
        return "unknown";
    }
}

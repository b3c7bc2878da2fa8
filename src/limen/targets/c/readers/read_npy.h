/* read_npy.h: arrays of NumPy files (.npy, format 1 to 3), and of files that hold nothing but their elements. Source:
 * NumPy Enhancement Proposal 1. */
#ifndef READ_NPY_H
#define READ_NPY_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NPY_RANKS 8

/* An array in the memory of its file, little endian, in C order. */
struct npy {
    const uint8_t *data;
    uint32_t shape[NPY_RANKS];
    uint32_t rank;
    uint32_t elements;
    char kind;    /* 'f': float, 'i': signed, 'u': unsigned, 'b': bool */
    uint8_t size; /* bytes of an element */
};

enum npy_result {
    NPY_OK = 0,
    NPY_NOT_NPY = -1,   /* no magic number, or another format */
    NPY_HEADER = -2,    /* a header that is not understood: structured, big endian, or more than 8 axes */
    NPY_FORTRAN = -3,   /* axes in the order of Fortran */
    NPY_TRUNCATED = -4, /* fewer elements than the header says */
    NPY_SIZE = -5       /* not the number of bytes expected */
};

/* Finds the elements in a file of size bytes, which must stay in memory. */
enum npy_result npy_open(const uint8_t *file, uint32_t size, struct npy *npy);

/* Checks a file of elements alone against the bytes expected, and copies them. */
enum npy_result raw_read(const uint8_t *file, uint32_t size, uint32_t expected, void *y);

/* What went wrong, in words. */
const char *npy_problem(enum npy_result result);

#ifdef __cplusplus
}
#endif

#endif

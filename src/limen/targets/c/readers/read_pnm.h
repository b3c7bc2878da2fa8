/* read_pnm.h: pixels of portable any-maps: bitmaps, grey maps and pixmaps (P1 to P6), text or binary, up to 16 bits
 * per sample. Source: the manual pages pbm(5), pgm(5), ppm(5) of Netpbm. */
#ifndef READ_PNM_H
#define READ_PNM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A picture in the memory of its file. */
struct pnm {
    const uint8_t *raster; /* behind the header */
    uint32_t size;         /* bytes of it */
    uint32_t width;
    uint32_t height;
    uint32_t largest;      /* value of full brightness */
    uint8_t kind;          /* 1 to 6 */
    uint8_t channels;      /* 1 or 3 */
};

enum pnm_result {
    PNM_OK = 0,
    PNM_NOT_PNM = -1,  /* no magic number P1 to P6 */
    PNM_HEADER = -2,   /* no width, height or largest value, or out of range */
    PNM_TRUNCATED = -3 /* fewer pixels than the header says */
};

/* Finds the pixels in a file of size bytes, which must stay in memory. */
enum pnm_result pnm_open(const uint8_t *file, uint32_t size, struct pnm *pnm);

/* What went wrong, in words. */
const char *pnm_problem(enum pnm_result result);

/* Pixels [height][width][channels] of 8 bits; channels is 3, where grey is repeated, or 1, where colours become grey by
 * ITU-R 601. */
enum pnm_result pnm_pixels(const struct pnm *pnm, uint32_t channels, uint8_t *y);

#ifdef __cplusplus
}
#endif

#endif

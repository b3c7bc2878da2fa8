/* kws_dscnn_int8.h: kws_dscnn_int8, compiled by limen 0.1.0 for cortex-m4. */
#ifndef KWS_DSCNN_INT8_H
#define KWS_DSCNN_INT8_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Working memory: the caller supplies it, one per instance of the model. */
#define KWS_DSCNN_INT8_ARENA_BYTES 3952
#define KWS_DSCNN_INT8_ARENA_ALIGN 16

/* A code stands for the real value SCALE * (code - ZERO_POINT); pictures are laid out as N, H, W, C. */

/* output Identity: int8, 1 x 12 */
#define KWS_DSCNN_INT8_OUTPUT_IDENTITY(arena) ((int8_t *)(void *)((uint8_t *)(arena) + 0))
#define KWS_DSCNN_INT8_OUTPUT_IDENTITY_SIZE 12
#define KWS_DSCNN_INT8_OUTPUT_IDENTITY_SCALE 0.00390625f
#define KWS_DSCNN_INT8_OUTPUT_IDENTITY_ZERO_POINT -128

/* Does nothing: the model has no states. */
void kws_dscnn_int8_reset(void *arena);

/* Starts one run. */
void kws_dscnn_int8_begin(void *arena);

/* Takes in one row of the input (10 bytes, int8); 49 rows make a run. Returns 1 when the
 * outputs are there, which is after the last row, and 0 before. */
#define KWS_DSCNN_INT8_INPUT_ROWS 49
#define KWS_DSCNN_INT8_INPUT_ROW_BYTES 10
#define KWS_DSCNN_INT8_INPUT_SCALE 0.584702909f
#define KWS_DSCNN_INT8_INPUT_ZERO_POINT 83
int32_t kws_dscnn_int8_push(void *arena, const void *row);

#ifdef __cplusplus
}
#endif

#endif

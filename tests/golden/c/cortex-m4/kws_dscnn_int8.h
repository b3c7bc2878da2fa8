/* kws_dscnn_int8.h: kws_dscnn_int8, compiled by limen 0.1.0 for cortex-m4. */
#ifndef KWS_DSCNN_INT8_H
#define KWS_DSCNN_INT8_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Working memory: the caller supplies it, one per instance of the model. */
#define KWS_DSCNN_INT8_ARENA_BYTES 16512
#define KWS_DSCNN_INT8_ARENA_ALIGN 16

/* A code stands for the real value SCALE * (code - ZERO_POINT); pictures are laid out as N, H, W, C. */

/* input input_1: int8, 1 x 49 x 10 x 1 */
#define KWS_DSCNN_INT8_INPUT_INPUT_1(arena) ((int8_t *)(void *)((uint8_t *)(arena) + 0))
#define KWS_DSCNN_INT8_INPUT_INPUT_1_SIZE 490
#define KWS_DSCNN_INT8_INPUT_INPUT_1_SCALE 0.584702909f
#define KWS_DSCNN_INT8_INPUT_INPUT_1_ZERO_POINT 83

/* output Identity: int8, 1 x 12 */
#define KWS_DSCNN_INT8_OUTPUT_IDENTITY(arena) ((int8_t *)(void *)((uint8_t *)(arena) + 0))
#define KWS_DSCNN_INT8_OUTPUT_IDENTITY_SIZE 12
#define KWS_DSCNN_INT8_OUTPUT_IDENTITY_SCALE 0.00390625f
#define KWS_DSCNN_INT8_OUTPUT_IDENTITY_ZERO_POINT -128

/* Does nothing: the model has no states. */
void kws_dscnn_int8_reset(void *arena);

/* Runs once: reads the inputs from the arena, writes the outputs there. It may overwrite the inputs. */
void kws_dscnn_int8_invoke(void *arena);

#ifdef __cplusplus
}
#endif

#endif

/* ic_resnet8_int8.h: ic_resnet8_int8, compiled by limen 0.1.0 for cortex-m4. */
#ifndef IC_RESNET8_INT8_H
#define IC_RESNET8_INT8_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Working memory: the caller supplies it, one per instance of the model. */
#define IC_RESNET8_INT8_ARENA_BYTES 34880
#define IC_RESNET8_INT8_ARENA_ALIGN 16

/* A code stands for the real value SCALE * (code - ZERO_POINT); pictures are laid out as N, H, W, C. */

/* input input_1_int8: int8, 1 x 32 x 32 x 3 */
#define IC_RESNET8_INT8_INPUT_INPUT_1_INT8(arena) ((int8_t *)(void *)((uint8_t *)(arena) + 14592))
#define IC_RESNET8_INT8_INPUT_INPUT_1_INT8_SIZE 3072
#define IC_RESNET8_INT8_INPUT_INPUT_1_INT8_SCALE 1f
#define IC_RESNET8_INT8_INPUT_INPUT_1_INT8_ZERO_POINT -128

/* output Identity_int8: int8, 1 x 10 */
#define IC_RESNET8_INT8_OUTPUT_IDENTITY_INT8(arena) ((int8_t *)(void *)((uint8_t *)(arena) + 0))
#define IC_RESNET8_INT8_OUTPUT_IDENTITY_INT8_SIZE 10
#define IC_RESNET8_INT8_OUTPUT_IDENTITY_INT8_SCALE 0.00390625f
#define IC_RESNET8_INT8_OUTPUT_IDENTITY_INT8_ZERO_POINT -128

/* Does nothing: the model has no states. */
void ic_resnet8_int8_reset(void *arena);

/* Runs once: reads the inputs from the arena, writes the outputs there. It may overwrite the inputs. */
void ic_resnet8_int8_invoke(void *arena);

#ifdef __cplusplus
}
#endif

#endif

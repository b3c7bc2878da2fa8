/* ad01_int8.h: ad01_int8, compiled by limen 0.1.0 for cortex-m4. */
#ifndef AD01_INT8_H
#define AD01_INT8_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Working memory: the caller supplies it, one per instance of the model. */
#define AD01_INT8_ARENA_BYTES 1024
#define AD01_INT8_ARENA_ALIGN 16

/* A code stands for the real value SCALE * (code - ZERO_POINT); pictures are laid out as N, H, W, C. */

/* input input_1: int8, 1 x 640 */
#define AD01_INT8_INPUT_INPUT_1(arena) ((int8_t *)(void *)((uint8_t *)(arena) + 0))
#define AD01_INT8_INPUT_INPUT_1_SIZE 640
#define AD01_INT8_INPUT_INPUT_1_SCALE 0.391015232f
#define AD01_INT8_INPUT_INPUT_1_ZERO_POINT 89

/* output Identity: int8, 1 x 640 */
#define AD01_INT8_OUTPUT_IDENTITY(arena) ((int8_t *)(void *)((uint8_t *)(arena) + 0))
#define AD01_INT8_OUTPUT_IDENTITY_SIZE 640
#define AD01_INT8_OUTPUT_IDENTITY_SCALE 0.364498466f
#define AD01_INT8_OUTPUT_IDENTITY_ZERO_POINT 96

/* Does nothing: the model has no states. */
void ad01_int8_reset(void *arena);

/* Runs once: reads the inputs from the arena, writes the outputs there. It may overwrite the inputs. */
void ad01_int8_invoke(void *arena);

#ifdef __cplusplus
}
#endif

#endif

/* digits.h: digits, compiled by limen 0.1.0 for cortex-m4. */
#ifndef DIGITS_H
#define DIGITS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Working memory: the caller supplies it, one per instance of the model. */
#define DIGITS_ARENA_BYTES 3008
#define DIGITS_ARENA_ALIGN 16

/* A code stands for the real value SCALE * (code - ZERO_POINT); pictures are laid out as N, H, W, C. */

/* input picture: int8, 1 x 8 x 8 x 1 */
#define DIGITS_INPUT_PICTURE(arena) ((int8_t *)(void *)((uint8_t *)(arena) + 88))
#define DIGITS_INPUT_PICTURE_SIZE 64
#define DIGITS_INPUT_PICTURE_SCALE 0.00392156886f
#define DIGITS_INPUT_PICTURE_ZERO_POINT -128

/* output probability: int8, 1 x 10 */
#define DIGITS_OUTPUT_PROBABILITY(arena) ((int8_t *)(void *)((uint8_t *)(arena) + 0))
#define DIGITS_OUTPUT_PROBABILITY_SIZE 10
#define DIGITS_OUTPUT_PROBABILITY_SCALE 0.00390625f
#define DIGITS_OUTPUT_PROBABILITY_ZERO_POINT -128

/* Does nothing: the model has no states. */
void digits_reset(void *arena);

/* Runs once: reads the inputs from the arena, writes the outputs there. It may overwrite the inputs. */
void digits_invoke(void *arena);

#ifdef __cplusplus
}
#endif

#endif

/* okay_nabu.h: okay_nabu, compiled by limen 0.1.0 for cortex-m4. */
#ifndef OKAY_NABU_H
#define OKAY_NABU_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Working memory: the caller supplies it, one per instance of the model. */
#define OKAY_NABU_ARENA_BYTES 5520
#define OKAY_NABU_ARENA_ALIGN 16

/* A code stands for the real value SCALE * (code - ZERO_POINT); pictures are laid out as N, H, W, C. */

/* input serving_default_input_audio:0: int8, 1 x 3 x 40 */
#define OKAY_NABU_INPUT_INPUT_AUDIO(arena) ((int8_t *)(void *)((uint8_t *)(arena) + 0))
#define OKAY_NABU_INPUT_INPUT_AUDIO_SIZE 120
#define OKAY_NABU_INPUT_INPUT_AUDIO_SCALE 0.101960786f
#define OKAY_NABU_INPUT_INPUT_AUDIO_ZERO_POINT -128

/* output StatefulPartitionedCall:0: uint8, 1 x 1 */
#define OKAY_NABU_OUTPUT_DENSE_1(arena) ((uint8_t *)(void *)((uint8_t *)(arena) + 0))
#define OKAY_NABU_OUTPUT_DENSE_1_SIZE 1
#define OKAY_NABU_OUTPUT_DENSE_1_SCALE 0.00390625f
#define OKAY_NABU_OUTPUT_DENSE_1_ZERO_POINT 0

/* Sets the states to their initial values; call it before the first run. */
void okay_nabu_reset(void *arena);

/* Runs once: reads the inputs from the arena, writes the outputs there. It may overwrite the inputs. */
void okay_nabu_invoke(void *arena);

#ifdef __cplusplus
}
#endif

#endif

/* Runs a model for another process: inputs of one run after the other on stdin, outputs on stdout.
 *
 * In front of this text stand the model's header and ARENA_BYTES, RESET, INVOKE, INPUT_PORTS, OUTPUT_PORTS.
 */
#include <stdio.h>

static _Alignas(64) uint8_t arena[ARENA_BYTES];

typedef struct {
    uint32_t offset;
    uint32_t size;
} Port;

static const Port inputs[] = {INPUT_PORTS};
static const Port outputs[] = {OUTPUT_PORTS};

int main(void)
{
    RESET(arena);
    for (;;) {
        for (unsigned i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
            if (fread(arena + inputs[i].offset, 1, inputs[i].size, stdin) != inputs[i].size) {
                return 0;
            }
        }
        INVOKE(arena);
        for (unsigned i = 0; i < sizeof outputs / sizeof outputs[0]; i++) {
            if (fwrite(arena + outputs[i].offset, 1, outputs[i].size, stdout) != outputs[i].size) {
                return 1;
            }
        }
    }
}

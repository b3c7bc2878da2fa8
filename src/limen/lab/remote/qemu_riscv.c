/* The served model's stream on QEMU's RISC-V board virt: a 16550 UART. */
#define UART ((volatile uint8_t *)UART_BASE)
enum { DATA, STATE = 5 };

void start(void);

__asm__(".pushsection .vectors, \"ax\"\n"
        "la sp, stack_top\n"
        "j start\n"
        ".popsection\n");

bool serve_get(uint8_t *to, uint32_t size)
{
    for (uint32_t i = 0; i < size; ++i) {
        while ((UART[STATE] & 1u) == 0u) {
        }
        to[i] = UART[DATA];
    }
    return true;
}

void serve_put(const uint8_t *from, uint32_t size)
{
    for (uint32_t i = 0; i < size; ++i) {
        while ((UART[STATE] & 0x20u) == 0u) {
        }
        UART[DATA] = from[i];
    }
}

void serve_flush(void)
{
}

/* Time in an emulator says nothing of a board. */
uint64_t serve_ticks(void)
{
    return 0;
}

uint64_t serve_rate(void)
{
    return 0;
}

void start(void)
{
    serve();
}

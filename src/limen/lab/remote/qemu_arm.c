/* The served model's stream on QEMU's MPS2 and MPS3 boards: the first UART (Arm CMSDK APB UART). */
#define UART ((volatile uint32_t *)UART_BASE)
enum { DATA, STATE, CONTROL, BAUD = 4 };

extern uint32_t stack_top[];
void start(void);

__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    void (*entry)(void);
} vectors = {stack_top, start};

bool serve_get(uint8_t *to, uint32_t size)
{
    for (uint32_t i = 0; i < size; ++i) {
        while ((UART[STATE] & 2u) == 0u) {
        }
        to[i] = (uint8_t)UART[DATA];
    }
    return true;
}

void serve_put(const uint8_t *from, uint32_t size)
{
    for (uint32_t i = 0; i < size; ++i) {
        while ((UART[STATE] & 1u) != 0u) {
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
    *(volatile uint32_t *)0xE000ED88u |= 0xFu << 20; /* CPACR: floats */
    UART[BAUD] = 16;
    UART[CONTROL] = 3;
    (void)UART[DATA]; /* QEMU looks for input again after a read */
    serve();
}

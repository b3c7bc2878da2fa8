/* The served model's stream on a system with files: standard input and output. */
#include <stdio.h>
#include <time.h>

bool serve_get(uint8_t *to, uint32_t size)
{
    return fread(to, 1, size, stdin) == size;
}

void serve_put(const uint8_t *from, uint32_t size)
{
    fwrite(from, 1, size, stdout);
}

void serve_flush(void)
{
    fflush(stdout);
}

uint64_t serve_ticks(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t serve_rate(void)
{
    return 1000000000u;
}

int main(void)
{
    serve();
    return 0;
}

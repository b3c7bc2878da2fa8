/* The memory functions of string.h for images that are linked without a C library; they count as flash.
 *
 * Words where both addresses allow it, bytes elsewhere.
 */
#include <stdint.h>
#include <string.h>

typedef uint32_t __attribute__((may_alias)) Word;

void *memcpy(void *restrict to, const void *restrict from, size_t count)
{
    uint8_t *target = to;
    const uint8_t *source = from;
    if ((((uintptr_t)to | (uintptr_t)from) & 3u) == 0) {
        for (; count >= 16; count -= 16, target += 16, source += 16) {
            const Word *s = (const Word *)(const void *)source;
            Word *t = (Word *)(void *)target;
            Word a = s[0], b = s[1], c = s[2], d = s[3];
            t[0] = a;
            t[1] = b;
            t[2] = c;
            t[3] = d;
        }
        for (; count >= 4; count -= 4, target += 4, source += 4) {
            *(Word *)(void *)target = *(const Word *)(const void *)source;
        }
    }
    while (count-- > 0) {
        *target++ = *source++;
    }
    return to;
}

void *memmove(void *to, const void *from, size_t count)
{
    uint8_t *target = to;
    const uint8_t *source = from;
    if ((uintptr_t)target - (uintptr_t)source >= count) {
        return memcpy(to, from, count);
    }
    while (count-- > 0) {
        target[count] = source[count];
    }
    return to;
}

void *memset(void *to, int value, size_t count)
{
    uint8_t *target = to;
    for (; count > 0 && ((uintptr_t)target & 3u) != 0; count--) {
        *target++ = (uint8_t)value;
    }
    Word word = (uint8_t)value * 0x01010101u;
    for (; count >= 16; count -= 16, target += 16) {
        Word *t = (Word *)(void *)target;
        t[0] = word;
        t[1] = word;
        t[2] = word;
        t[3] = word;
    }
    for (; count >= 4; count -= 4, target += 4) {
        *(Word *)(void *)target = word;
    }
    while (count-- > 0) {
        *target++ = (uint8_t)value;
    }
    return to;
}

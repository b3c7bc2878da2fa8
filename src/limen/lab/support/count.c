/* Counts executed blocks of a virtual device: the hook that unicorn calls at the start of every block.
 *
 * An entry is one block as seen from one layer. Code that belongs to no layer counts for the layer that called it; the
 * driver, which calls the layers, has a number of its own. When control comes back from a layer to the driver, the
 * layer's outputs are copied out of the arena, before a later layer reuses their memory.
 */
#include <stdint.h>
#include <string.h>

enum { SHARED = -1 };
enum { RUNNING = 0, TOO_LONG = 1, TABLE_FULL = 2, OUTSIDE = 3 };

typedef struct {
    uint32_t offset; /* of the block, from the start of the code */
    uint32_t size;   /* in bytes; 0 marks a free entry */
    int32_t layer;
    uint32_t pad;
    uint64_t runs;
    uint64_t falls; /* runs that went on with the block right behind */
} Entry;

typedef struct {
    uint32_t first; /* index of the first copy of a layer */
    uint32_t count;
} Range;

typedef struct {
    uint32_t source; /* offset in the arena */
    uint32_t target; /* offset in the snapshots */
    uint32_t size;
    uint32_t pad;
} Copy;

typedef struct {
    uint64_t code;         /* address of the code */
    uint64_t length;       /* its bytes */
    const int16_t *owner;  /* layer of each halfword of code, or SHARED */
    Entry *entries;        /* a hash table */
    uint64_t mask;         /* its size - 1, a power of two - 1 */
    uint64_t used;
    const Range *ranges;   /* copies of each layer, and of the driver (none) */
    const Copy *copies;
    const uint8_t *arena;
    uint8_t *snapshots;
    int (*stop)(void *engine);
    uint64_t bytes;        /* of code executed */
    uint64_t limit;        /* stop above so many */
    Entry *last;
    int32_t layer;         /* whose code runs */
    int32_t driver;        /* number of the driver */
    int32_t status;
} Counter;

static Entry *find(Counter *counter, uint32_t offset, uint32_t size, int32_t layer)
{
    uint64_t key = ((uint64_t)offset << 32) ^ ((uint64_t)size << 16) ^ (uint64_t)(uint32_t)layer;
    uint64_t at = (key * 0x9E3779B97F4A7C15u) >> 20;
    for (;; at++) {
        Entry *entry = &counter->entries[at & counter->mask];
        if (entry->size == 0) {
            if (2 * counter->used > counter->mask) {
                return 0;
            }
            counter->used++;
            entry->offset = offset;
            entry->size = size;
            entry->layer = layer;
            return entry;
        }
        if (entry->offset == offset && entry->size == size && entry->layer == layer) {
            return entry;
        }
    }
}

/* Copies what the running layer has written. */
void limen_layer_done(Counter *counter)
{
    Range range = counter->ranges[counter->layer];
    for (uint32_t i = range.first; i < range.first + range.count; i++) {
        const Copy *copy = &counter->copies[i];
        memcpy(counter->snapshots + copy->target, counter->arena + copy->source, copy->size);
    }
}

static void end(Counter *counter, void *engine, int32_t status)
{
    counter->status = status;
    counter->stop(engine);
}

void limen_block(void *engine, uint64_t address, uint32_t size, Counter *counter)
{
    uint64_t offset = address - counter->code;
    if (offset >= counter->length) {
        end(counter, engine, OUTSIDE);
        return;
    }
    int32_t owner = counter->owner[offset / 2];
    if (owner != SHARED && owner != counter->layer) {
        limen_layer_done(counter);
        counter->layer = owner;
    }
    Entry *last = counter->last;
    if (last && last->offset + last->size == offset) {
        last->falls++;
    }
    Entry *entry = find(counter, (uint32_t)offset, size, counter->layer);
    if (!entry) {
        end(counter, engine, TABLE_FULL);
        return;
    }
    entry->runs++;
    counter->last = entry;
    counter->bytes += size;
    if (counter->bytes > counter->limit) {
        end(counter, engine, TOO_LONG);
    }
}

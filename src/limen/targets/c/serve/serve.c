/* Serves a model to another computer over a stream of bytes: a pipe, a serial line.
 *
 * In front of this text stand the model's header and ARENA_BYTES, RESET, INVOKE, INPUT_PORTS, OUTPUT_PORTS, INPUT_BYTES,
 * OUTPUT_BYTES and MODEL_TAG. A board brings the four functions declared below.
 *
 * A frame is 'l', 'm', its type, a number that the answer repeats, the length of its content (32 bits), the content, and
 * a CRC-32 (IEEE 802.3) of everything behind the 'm'. Numbers are little endian. What comes in, and what is answered:
 *
 *   'h'  nothing                          'H'  version, tag, bytes of inputs, of outputs, of the arena: 32 bits each;
 *                                              ticks a second: 64 bits
 *   'r'  nothing; states start afresh     'R'  nothing
 *   'i'  a count (32 bits), the inputs    'O'  the ticks of each run (64 bits each), the outputs of the last one
 *   a frame that is not whole             'E'  words
 *
 * An 'i' that comes again with its number, because the answer was damaged, is answered again, without running, with no
 * ticks; states are not moved twice.
 */
typedef struct {
    uint32_t offset;
    uint32_t size;
} Port;

/* Fills a buffer; false at the end of the stream. */
bool serve_get(uint8_t *to, uint32_t size);
void serve_put(const uint8_t *from, uint32_t size);
/* What was put leaves now. */
void serve_flush(void);
uint64_t serve_ticks(void);
uint64_t serve_rate(void);

enum { VERSION = 1, HEAD = 6, COUNT = 4 };

static _Alignas(64) uint8_t arena[ARENA_BYTES];
static uint8_t content[COUNT + INPUT_BYTES];
static const Port inputs[] = {INPUT_PORTS};
static const Port outputs[] = {OUTPUT_PORTS};
static uint32_t sent; /* CRC of the frame that is being put */
static uint8_t asked; /* number of the frame that is being answered */
static uint8_t ran;   /* number of the frame that was run last; 0 for none */

static uint32_t crc(uint32_t sum, const uint8_t *bytes, uint32_t size)
{
    for (uint32_t i = 0; i < size; ++i) {
        sum ^= bytes[i];
        for (uint32_t bit = 0; bit < 8u; ++bit) {
            sum = (sum >> 1) ^ (0xEDB88320u & (0u - (sum & 1u)));
        }
    }
    return sum;
}

static uint32_t number(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void put(const uint8_t *bytes, uint32_t size)
{
    sent = crc(sent, bytes, size);
    serve_put(bytes, size);
}

static void put_number(uint64_t value, uint32_t size)
{
    uint8_t bytes[8];
    for (uint32_t i = 0; i < size; ++i) {
        bytes[i] = (uint8_t)(value >> (8u * i));
    }
    put(bytes, size);
}

static void begin(char type, uint32_t size)
{
    const uint8_t kind = (uint8_t)type;
    serve_put((const uint8_t *)"lm", 2);
    sent = 0xFFFFFFFFu;
    put(&kind, 1);
    put_number(asked, 1);
    put_number(size, 4);
}

static void end(void)
{
    put_number(~sent, 4);
    serve_flush();
}

static void complain(const char *words)
{
    uint32_t size = 0;
    while (words[size] != '\0') {
        ++size;
    }
    begin('E', size);
    put((const uint8_t *)words, size);
    end();
}

static void greet(void)
{
    begin('H', 28);
    put_number(VERSION, 4);
    put_number(MODEL_TAG, 4);
    put_number(INPUT_BYTES, 4);
    put_number(OUTPUT_BYTES, 4);
    put_number(ARENA_BYTES, 4);
    put_number(serve_rate(), 8);
    end();
}

/* One run; how many ticks it took. */
static uint64_t run_once(void)
{
    const uint8_t *from = content + COUNT;
    for (uint32_t i = 0; i < sizeof inputs / sizeof inputs[0]; ++i) {
        memcpy(arena + inputs[i].offset, from, inputs[i].size);
        from += inputs[i].size;
    }
    const uint64_t start = serve_ticks();
    INVOKE(arena);
    return serve_ticks() - start;
}

static void run(uint32_t count)
{
    const bool again = asked == ran && ran != 0u;
    begin('O', 8u * count + OUTPUT_BYTES);
    for (uint32_t n = 0; n < count; ++n) {
        put_number(again ? 0 : run_once(), 8);
    }
    ran = asked;
    for (uint32_t i = 0; i < sizeof outputs / sizeof outputs[0]; ++i) {
        put(arena + outputs[i].offset, outputs[i].size);
    }
    end();
}

/* Reads up to the beginning of a frame. */
static bool found(void)
{
    uint8_t byte = 0;
    for (uint8_t last = 0; !(last == 'l' && byte == 'm');) {
        last = byte;
        if (!serve_get(&byte, 1)) {
            return false;
        }
    }
    return true;
}

static void answer(uint8_t type, uint32_t size)
{
    if (type == 'h' && size == 0u) {
        greet();
    } else if (type == 'r' && size == 0u) {
        RESET(arena);
        ran = 0;
        begin('R', 0);
        end();
    } else if (type == 'i' && size == COUNT + INPUT_BYTES && number(content) > 0u) {
        run(number(content));
    } else {
        complain("a frame of this type or length is not known");
    }
}

/* Until the stream ends. The greeting at the start, number 0, tells that the board is ready. */
static void serve(void)
{
    RESET(arena);
    greet();
    while (found()) {
        uint8_t head[HEAD];
        uint8_t check[4];
        if (!serve_get(head, HEAD)) {
            return;
        }
        const uint32_t size = number(head + 2);
        asked = head[1];
        if (size > sizeof content) {
            complain("a frame is too long");
            continue;
        }
        if (!serve_get(content, size) || !serve_get(check, 4)) {
            return;
        }
        if (~crc(crc(0xFFFFFFFFu, head, HEAD), content, size) != number(check)) {
            complain("a frame's sum is wrong");
            continue;
        }
        answer(head[0], size);
    }
}

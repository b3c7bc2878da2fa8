"""The forms: how a block of int8 weights becomes bytes, and the C that makes it weights again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from limen.program import Array
from limen.targets.c._kernel import Constant, Helper
from limen.targets.c.encodings._huffman import code_of, written

INT4 = Helper(
    "limen_unpack_int4",
    """\
/* Weights of 4 bits, the first of two in the low half of a byte. Returns where the next block starts. */
LIMEN_LAYER static const uint8_t *limen_unpack_int4(const uint8_t *in, int8_t *out, int32_t count)
{
    for (int32_t i = 0; i < count; i += 2) {
        const int32_t both = *in++;
        out[i] = (int8_t)(((both & 15) ^ 8) - 8);
        out[i + 1] = (int8_t)(((both >> 4) ^ 8) - 8);
    }
    return in;
}
""",
)

INDEX = Helper(
    "limen_unpack_index",
    """\
/* Weights from a table, each an index of so many bits, low bits first. Returns where the next block starts. */
LIMEN_LAYER static const uint8_t *limen_unpack_index(const uint8_t *in, int8_t *out, int32_t count,
                                                     int32_t bits, const int8_t *table)
{
    uint32_t ahead = 0;
    int32_t have = 0;
    for (int32_t i = 0; i < count; ++i) {
        if (have < bits) {
            ahead |= (uint32_t)*in++ << have;
            have += 8;
        }
        out[i] = table[ahead & ((1u << bits) - 1u)];
        ahead >>= bits;
        have -= bits;
    }
    return in;
}
""",
)

HUFFMAN = Helper(
    "limen_unpack_huffman",
    """\
/* Weights as words of a canonical prefix code, high bits first. last[n]: the last 16-bit head of a word of
 * shortest + n bits; base[n]: what makes such a word the index of its weight. Returns where the next block starts. */
LIMEN_LAYER static const uint8_t *limen_unpack_huffman(const uint8_t *in, int8_t *out, int32_t count,
                                                       int32_t shortest, const uint16_t *last, const int16_t *base,
                                                       const int8_t *weights)
{
    uint32_t ahead = 0;
    int32_t have = 0;
    for (int32_t i = 0; i < count; ++i) {
        while (have < 16) {
            ahead |= (uint32_t)*in++ << (24 - have);
            have += 8;
        }
        const uint32_t head = ahead >> 16;
        int32_t n = 0;
        while (head > last[n]) {
            ++n;
        }
        const int32_t bits = shortest + n;
        out[i] = weights[(int32_t)(head >> (16 - bits)) + base[n]];
        ahead <<= bits;
        have -= bits;
    }
    return in - (have >> 3);
}
""",
)

SPARSE = Helper(
    "limen_unpack_sparse",
    """\
/* Weights of which two of four neighbours are 0: a byte of four places of 2 bits, then the weights there, for every
 * eight. Returns where the next block starts. */
LIMEN_LAYER static const uint8_t *limen_unpack_sparse(const uint8_t *in, int8_t *out, int32_t count)
{
    uint32_t places = 0;
    memset(out, 0, (uint32_t)count);
    for (int32_t i = 0; i < count; i += 4) {
        places = (i & 4) ? places >> 4 : *in++;
        out[i + (int32_t)(places & 3u)] = (int8_t)in[0];
        out[i + (int32_t)((places >> 2) & 3u)] = (int8_t)in[1];
        in += 2;
    }
    return in;
}
""",
)


@dataclass(frozen=True, eq=False)
class Encoded:
    """The weights of one layer in one form.

    Args:
        form: its name.
        data: uint8, the blocks one after the other, each from a whole byte on.
        tables: what the decoder reads beside them.
        helper: the decoder.
        call: C statement with ``@N`` for the count of a block's weights: ``code`` is where it starts and becomes where
            the next one does, ``w`` receives it.
        room: weights that the decoder writes at most for one block.
        cost: instructions per weight, about; for choosing among layers only.
        gist: the form in words.
    """

    form: str
    data: Array
    tables: tuple[Constant, ...]
    helper: Helper
    call: str
    room: int
    cost: int
    gist: str

    @property
    def nbytes(self) -> int:
        return int(self.data.nbytes) + sum(int(t.data.nbytes) for t in self.tables)


def encode(form: str, symbol: str, blocks: Sequence[Array]) -> Encoded | None:
    """Weights in a form; None where it cannot hold them.

    Args:
        form: one of FORMS.
        symbol: prefix of the tables' names.
        blocks: int8 [n, 4] each, decoded together; a row is four neighbours: elements of one channel in a row.

    Raises:
        KeyError: no such form.
    """
    return FORMS[form](symbol, blocks)


def _int4(symbol: str, blocks: Sequence[Array]) -> Encoded | None:
    if _low(blocks) < -8 or _high(blocks) > 7:
        return None
    parts = []
    for block in blocks:
        codes = _filled(block, 2).astype(np.int64) & 15
        parts.append((codes[0::2] | codes[1::2] << 4).astype(np.uint8))
    room = max(len(_filled(b, 2)) for b in blocks)
    call = "code = limen_unpack_int4(code, w, @N);"
    return Encoded("int4", np.concatenate(parts), (), INT4, call, room, 4, "two to a byte")


def _int3(symbol: str, blocks: Sequence[Array]) -> Encoded | None:
    if _low(blocks) < -4 or _high(blocks) > 3:
        return None
    return _indexed("int3", symbol, blocks, np.array([0, 1, 2, 3, -4, -3, -2, -1], np.int8), "three bits each")


def _palette(symbol: str, blocks: Sequence[Array]) -> Encoded | None:
    table = np.unique(np.concatenate([b.reshape(-1) for b in blocks]))
    if len(table) > 64:
        return None
    bits = max(1, int(len(table) - 1).bit_length())
    return _indexed("palette", symbol, blocks, table, f"indices of {bits} bits into {len(table)} values")


def _indexed(form: str, symbol: str, blocks: Sequence[Array], table: Array, gist: str) -> Encoded:
    bits = max(1, int(len(table) - 1).bit_length())
    order = np.argsort(table, kind="stable")
    parts = []
    for block in blocks:
        codes = order[np.searchsorted(table[order], block.reshape(-1))]
        planes = (codes[:, None] >> np.arange(bits)) & 1
        parts.append(np.packbits(planes.reshape(-1).astype(np.uint8), bitorder="little"))
    name = f"{symbol}_table"
    call = f"code = limen_unpack_index(code, w, @N, {bits}, {name});"
    tables = (Constant(name, table.astype(np.int8), 1, "the weights that occur"),)
    return Encoded(form, np.concatenate(parts), tables, INDEX, call, max(b.size for b in blocks), 9, gist)


def _huffman(symbol: str, blocks: Sequence[Array]) -> Encoded | None:
    code = code_of(np.concatenate([b.reshape(-1) for b in blocks]))
    last, base = code.tables()
    data = b"".join(written(code, block.reshape(-1)) for block in blocks) + bytes(2)  # the decoder reads ahead
    tables = (
        Constant(f"{symbol}_last", last, 2, "the last head of each length"),
        Constant(f"{symbol}_base", base, 2, "from words to indices"),
        Constant(f"{symbol}_table", code.symbols, 1, "the weights that occur"),
    )
    names = ", ".join(t.symbol for t in tables)
    call = f"code = limen_unpack_huffman(code, w, @N, {int(code.lengths[0])}, {names});"
    room = max(b.size for b in blocks)
    gist = f"a prefix code of {int(code.lengths[0])} to {int(code.lengths[-1])} bits"
    return Encoded("huffman", np.frombuffer(data, np.uint8), tables, HUFFMAN, call, room, 30, gist)


def _sparse(symbol: str, blocks: Sequence[Array]) -> Encoded | None:
    parts = []
    for block in blocks:
        groups = block.reshape(-1, 4)
        if (np.count_nonzero(groups, axis=1) > 2).any():
            return None
        first = np.argsort(groups == 0, axis=1, kind="stable")[:, :2]
        values = np.take_along_axis(groups, first, axis=1)
        places = first[:, 0] | first[:, 1] << 2
        stream = bytearray()
        for n in range(len(groups)):
            if n % 2 == 0:
                second = int(places[n + 1]) if n + 1 < len(groups) else 0
                stream.append(int(places[n]) | second << 4)
            stream += values[n].tobytes()
        parts.append(np.frombuffer(bytes(stream), np.uint8))
    call = "code = limen_unpack_sparse(code, w, @N);"
    room = max(b.size for b in blocks)
    return Encoded("sparse", np.concatenate(parts), (), SPARSE, call, room, 6, "two of four, with their places")


def _filled(block: Array, multiple: int) -> Array:
    flat = block.reshape(-1)
    return np.pad(flat, (0, -flat.size % multiple))


def _low(blocks: Sequence[Array]) -> int:
    return min(int(b.min()) for b in blocks)


def _high(blocks: Sequence[Array]) -> int:
    return max(int(b.max()) for b in blocks)


FORMS: dict[str, Callable[[str, Sequence[Array]], Encoded | None]] = {
    "int4": _int4,
    "int3": _int3,
    "palette": _palette,
    "huffman": _huffman,
    "sparse": _sparse,
}

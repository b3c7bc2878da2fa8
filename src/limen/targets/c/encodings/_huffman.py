"""Canonical prefix codes of int8 values, at most 15 bits long, so that the decoder's tables have 16."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

from limen.program import Array

LONGEST = 15
HEAD = 16


@dataclass(frozen=True, eq=False)
class Code:
    """A canonical code: shorter words first, and within a length by rising value.

    Args:
        symbols: int8, in the order of their words.
        lengths: int64, bits of each word, rising.
    """

    symbols: Array
    lengths: Array

    @property
    def words(self) -> list[int]:
        """The word of each symbol."""
        words, word = [], 0
        for index, length in enumerate(self.lengths.tolist()):
            if index:
                word = (word + 1) << (length - int(self.lengths[index - 1]))
            words.append(word)
        return words

    def tables(self) -> tuple[Array, Array]:
        """For each length from the shortest on: the last 16-bit head that belongs to it or to a shorter one (uint16),
        and what makes a word of this length the index of its symbol (int16)."""
        words = np.asarray(self.words)
        last, base = [], []
        head = -1
        for length in range(int(self.lengths[0]), int(self.lengths[-1]) + 1):
            of = np.flatnonzero(self.lengths == length)
            if len(of):
                head = ((int(words[of[-1]]) + 1) << (HEAD - length)) - 1
            last.append(max(head, 0))
            base.append(int(of[0]) - int(words[of[0]]) if len(of) else 0)
        last[-1] = (1 << HEAD) - 1
        return np.asarray(last, np.uint16), np.asarray(base, np.int16)


def code_of(values: Array) -> Code:
    """The shortest code of the values' frequencies; where a word would be too long, of flattened ones."""
    symbols, counts = np.unique(values, return_counts=True)
    lengths = _lengths(counts.tolist())
    while max(lengths) > LONGEST:
        counts = (counts + 1) // 2
        lengths = _lengths(counts.tolist())
    order = sorted(range(len(symbols)), key=lambda i: (lengths[i], int(symbols[i])))
    return Code(symbols[order].astype(np.int8), np.asarray([lengths[i] for i in order], np.int64))


def _lengths(counts: list[int]) -> list[int]:
    """Huffman, 1952."""
    if len(counts) == 1:
        return [1]
    lengths = [0] * len(counts)
    heap = [(count, index, [index]) for index, count in enumerate(counts)]
    heapq.heapify(heap)
    while len(heap) > 1:
        a, b = heapq.heappop(heap), heapq.heappop(heap)
        for index in (*a[2], *b[2]):
            lengths[index] += 1
        heapq.heappush(heap, (a[0] + b[0], min(a[1], b[1]), a[2] + b[2]))
    return lengths


def written(code: Code, values: Array) -> bytes:
    """The words of the values, the first bit in the highest place, filled up to a whole byte."""
    place = np.zeros(256, np.int64)
    place[code.symbols.astype(np.int64) + 128] = np.arange(len(code.symbols))
    words, lengths = np.asarray(code.words, np.int64), code.lengths
    at = place[values.astype(np.int64) + 128]
    shifts = np.arange(LONGEST)
    size = lengths[at][:, None]
    bits = (words[at][:, None] >> np.maximum(size - 1 - shifts, 0)) & 1
    return np.packbits(bits[shifts < size].astype(np.uint8)).tobytes()

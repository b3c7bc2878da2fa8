"""Sealed files, both ways and piece by piece; the format is in :mod:`limen.deliver`.

A reader can begin anywhere: every chunk is checked by itself, its place by its nonce, the length of the whole by the
mark of the last chunk. What is returned was checked; a chunk that was changed, moved, cut off or sealed for another
context or key is a VerificationError.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from limen.deliver import formats
from limen.deliver.reading import Reading
from limen.errors import VerificationError

MAGIC, FORMAT = b"LIMENSEL", 1
CHUNK = 1 << 16
MAX_CHUNK = 1 << 20
TAG = 16
_HEADER = struct.Struct("<8sIIQ")
HEADER = _HEADER.size + 32
CACHED = 4
"""Plain chunks that are kept: one for each place that a delta reads at."""


class Opened:
    """The plain bytes of a sealed file.

    Args:
        sealed: the file.
        key: 32 bytes.
        context: what it was sealed for.

    Raises:
        VerificationError: it is no sealed file, or was cut or made longer. Key and context are checked when it is read.
    """

    def __init__(self, sealed: Reading, key: bytes, context: str) -> None:
        header = sealed.read_at(0, HEADER)
        magic, form, chunk, size = _HEADER.unpack_from(header)
        self._chunk, self._size = int(chunk), int(size)
        if (magic, form) != (MAGIC, FORMAT) or not 0 < self._chunk <= MAX_CHUNK or self._size > formats.MAX_PAYLOAD:
            raise VerificationError(f"{context}: is not a sealed file of a kind that is known")
        self._last = _last(self._size, self._chunk)
        if sealed.size != HEADER + self._size + TAG * (self._last + 1):
            raise VerificationError(f"{context}: was cut short or made longer")
        self._sealed, self._context = sealed, context
        self._cipher = _cipher(key, context, header)
        self._cache: dict[int, bytes] = {}

    @property
    def size(self) -> int:
        return self._size

    def read_at(self, offset: int, length: int) -> bytes:
        if offset < 0 or length < 0 or offset + length > self._size:
            raise VerificationError(f"{self._context}: ends before byte {offset + length}")
        if not length:
            return b""
        first, last = offset // self._chunk, (offset + length - 1) // self._chunk
        plain = b"".join(self._plain(i) for i in range(first, last + 1))
        start = offset - first * self._chunk
        return plain[start : start + length]

    def check(self) -> None:
        """Check an empty file too, which has nothing to read.

        Raises:
            VerificationError: the key or the context is another one.
        """
        self._plain(0)

    def _plain(self, index: int) -> bytes:
        if index not in self._cache:
            length = min(self._chunk, self._size - index * self._chunk) + TAG
            sealed = self._sealed.read_at(HEADER + index * (self._chunk + TAG), length)
            try:
                plain = self._cipher.decrypt(_nonce(index, index == self._last), sealed, None)
            except InvalidTag as error:
                raise VerificationError(
                    f"{self._context}: chunk {index} cannot be opened: it was changed, or is for another key or place"
                ) from error
            while len(self._cache) >= CACHED:
                del self._cache[next(iter(self._cache))]
            self._cache[index] = plain
        return self._cache[index]


def seal(plain: Iterable[bytes], size: int, key: bytes, context: str) -> Iterator[bytes]:
    """The sealed file, piece by piece.

    Args:
        plain: pieces of any length.
        size: bytes of all pieces together.
        key: 32 bytes.
        context: the file opens for no other.

    Raises:
        VerificationError: the pieces are not ``size`` bytes.
    """
    header = _HEADER.pack(MAGIC, FORMAT, CHUNK, size) + os.urandom(32)
    cipher = _cipher(key, context, header)
    yield header
    last = _last(size, CHUNK)
    for i, chunk in enumerate(_chunks(plain, size, context)):
        yield cipher.encrypt(_nonce(i, i == last), chunk, None)


def _chunks(plain: Iterable[bytes], size: int, context: str) -> Iterator[bytes]:
    """CHUNK bytes each, the last one shorter; one empty chunk where there is nothing."""
    waiting, left = bytearray(), size
    for piece in plain:
        waiting += piece
        left -= len(piece)
        while len(waiting) > CHUNK or (len(waiting) == CHUNK and left > 0):
            yield bytes(waiting[:CHUNK])
            del waiting[:CHUNK]
    if left:
        raise VerificationError(f"{context}: {size - left} bytes to seal; {size} were announced")
    yield bytes(waiting)


def _last(size: int, chunk: int) -> int:
    return max(-(-size // chunk), 1) - 1


def _cipher(key: bytes, context: str, header: bytes) -> AESGCM:
    info = b"limen seal 1\0" + context.encode() + b"\0" + header[: _HEADER.size]
    return AESGCM(HKDF(SHA256(), 32, header[_HEADER.size :], info).derive(key))


def _nonce(chunk: int, last: bool) -> bytes:
    return chunk.to_bytes(11, "big") + bytes([last])

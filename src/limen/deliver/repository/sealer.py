"""Sealed files, the writing side: the format is in :mod:`limen.deliver`, the reader in ``limen.deliver.seal``.

A salt is random, so that no two files share a key; within one file the nonce is the chunk's number, so that chunks
cannot be moved, and the last one is marked, so that the file cannot be cut.
"""

from __future__ import annotations

import os
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC, FORMAT = b"LIMENSEL", 1
CHUNK = 1 << 16
_HEADER = struct.Struct("<8sIIQ")


def seal(plain: bytes, content_key: bytes, context: str) -> bytes:
    """The sealed file: 56 bytes, and 16 for each chunk, longer than ``plain``.

    Args:
        content_key: 32 bytes.
        context: the TUF path of the target; the file opens under no other.
    """
    header, salt = _HEADER.pack(MAGIC, FORMAT, CHUNK, len(plain)), os.urandom(32)
    info = b"limen seal 1\0" + context.encode() + b"\0" + header
    cipher = AESGCM(HKDF(SHA256(), 32, salt, info).derive(content_key))
    view = memoryview(plain)
    last = max(-(-len(plain) // CHUNK), 1) - 1
    chunks = (cipher.encrypt(nonce(i, i == last), view[i * CHUNK : (i + 1) * CHUNK], None) for i in range(last + 1))
    return b"".join([header, salt, *chunks])


def nonce(chunk: int, last: bool) -> bytes:
    """12 bytes: the chunk's number and whether it is the last."""
    return chunk.to_bytes(11, "big") + bytes([last])

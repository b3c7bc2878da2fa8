"""A reader of delta containers and sealed files, written from the format's description alone, for tests."""

from __future__ import annotations

import hashlib
import struct

import numpy as np
from backports import zstd
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

WIDTHS = (1, 2, 4, 2, 4)


def apply(base: bytes, delta: bytes) -> bytes:
    """The output; every count and digest is asserted."""
    magic, number, stored, base_size, size = struct.unpack_from("<8sIIQQ", delta)
    assert (magic, number, base_size) == (b"LIMENDLT", 1, len(base))
    assert delta[32:64] == hashlib.sha256(base).digest()
    table = zstd.decompress(delta[96 : 96 + stored])
    n_streams, n_ranges, n_operations = struct.unpack_from("<III", table)
    at = 12
    ranges = list(struct.iter_unpack("<QQ", table[at + 16 * n_streams : at + 16 * (n_streams + n_ranges)]))
    streams, offset = [], 96 + stored
    for coding, zero, count, packed, length in struct.iter_unpack("<BBHIQ", table[at : at + 16 * n_streams]):
        prefix = b"".join(base[a : a + n] for a, n in ranges[:count])
        ranges = ranges[count:]
        assert zero == 0
        assert len(prefix) <= 8 << 20
        data = delta[offset : offset + packed]
        offset += packed
        if coding:
            words = zstd.ZstdDict(prefix, is_raw=True).as_prefix if count else None
            data = zstd.decompress(data, zstd_dict=words)
        assert len(data) == length
        streams.append(data)
    assert offset == len(delta)
    assert not ranges
    operations = list(struct.iter_unpack("<BBHIQQ", table[at + 16 * (n_streams + n_ranges) :]))
    assert len(operations) == n_operations
    out, used, open_now = bytearray(), [0] * n_streams, set()
    for code, element, zero, stream, start, length in operations:
        assert zero == 0
        if code == 0:
            out += base[start : start + length]
        elif code == 3:
            out += bytes(length)
        else:
            part = streams[stream][used[stream] : used[stream] + length]
            used[stream] += length
            open_now.add(stream)
            assert len(open_now) <= 4
            if used[stream] == len(streams[stream]):
                open_now.discard(stream)
            assert code == 1 or length <= 4 << 20
            out += part if code == 1 else add(base[start : start + length], part, element)
    assert used == [len(s) for s in streams]
    assert len(out) == size
    assert hashlib.sha256(out).digest() == delta[64:96]
    return bytes(out)


def add(old: bytes, planes: bytes, element: int) -> bytes:
    """Old numbers plus a difference in byte planes; by Python's integers."""
    width = WIDTHS[element]
    values = np.frombuffer(planes, np.uint8).reshape(width, -1).T.tobytes()
    numbers = np.frombuffer(values, f"<u{width}").astype(object)
    before = np.frombuffer(old, f"<u{width}").astype(object)
    modulus, sign = 1 << (8 * width), 1 << (8 * width - 1)
    if element == 0:
        return ((before + numbers) % modulus).astype("u1").tobytes()
    difference = np.array([(n >> 1) ^ -(n & 1) for n in numbers], object)
    if element in (3, 4):
        before = np.array([modulus - 1 - v if v & sign else v | sign for v in before], object)
    after = (before + difference) % modulus
    if element in (3, 4):
        after = np.array([v ^ sign if v & sign else modulus - 1 - v for v in after], object)
    return after.astype(f"<u{width}").tobytes()


def unseal(data: bytes, key: bytes, context: str) -> bytes:
    """Open a sealed file."""
    magic, number, chunk, size = struct.unpack_from("<8sIIQ", data)
    assert (magic, number) == (b"LIMENSEL", 1)
    info = b"limen seal 1\0" + context.encode() + b"\0" + data[:24]
    cipher = AESGCM(HKDF(SHA256(), 32, data[24:56], info).derive(key))
    count = max(-(-size // chunk), 1)
    body, out = data[56:], b""
    for i in range(count):
        part = body[i * (chunk + 16) : (i + 1) * (chunk + 16)]
        out += cipher.decrypt(i.to_bytes(11, "big") + bytes([i == count - 1]), part, None)
    assert len(out) == size
    assert len(body) == size + 16 * count
    return out

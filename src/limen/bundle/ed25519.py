"""Ed25519 signatures checked in plain Python, for devices without the cryptography package.

Checking touches public values alone, so that its time tells nothing; signing is left to the package. RFC 8032, sections
5.1.3 (decoding), 5.1.4 (adding) and 5.1.7 (checking); encodings that are not the shortest are refused.
"""

from __future__ import annotations

import hashlib

Point = tuple[int, int, int, int]

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)
NEUTRAL: Point = (0, 1, 1, 0)


def verify(public: bytes, signature: bytes, data: bytes) -> bool:
    """Whether a signature (64 bytes) of the data was made by the key with this public half (32 bytes); milliseconds."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, s = _decode(public), int.from_bytes(signature[32:], "little")
    if key is None or s >= ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + data).digest(), "little") % ORDER
    x, y, z, t = key
    return _encode(_sum_of_multiples(s, BASE, k, (P - x, y, z, P - t))) == signature[:32]


def _sum_of_multiples(s: int, a: Point, k: int, b: Point) -> Point:
    """``s a + k b``, bit by bit of both (Straus)."""
    table = (NEUTRAL, a, b, _add(a, b))
    result = NEUTRAL
    for bit in range(max(s.bit_length(), k.bit_length()) - 1, -1, -1):
        result = _add(result, result)
        which = (s >> bit & 1) | (k >> bit & 1) << 1
        if which:
            result = _add(result, table[which])
    return result


def _add(a: Point, b: Point) -> Point:
    """Extended coordinates: x = X/Z, y = Y/Z, x y = T/Z."""
    ax, ay, az, at = a
    bx, by, bz, bt = b
    low, high = (ay - ax) * (by - bx) % P, (ay + ax) * (by + bx) % P
    c, d = 2 * D * at * bt % P, 2 * az * bz % P
    e, f, g, h = high - low, d - c, d + c, high + low
    return e * f % P, g * h % P, f * g % P, e * h % P


def _decode(data: bytes) -> Point | None:
    """A point from the 255 bits of y and the lowest bit of x; None where there is none."""
    number = int.from_bytes(data, "little")
    y, sign = number & (1 << 255) - 1, number >> 255
    if y >= P:
        return None
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if (v * x * x + u) % P == 0:
        x = x * ROOT % P
    if (v * x * x - u) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def _encode(point: Point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, -1, P)
    return (y * inverse % P | (x * inverse % P & 1) << 255).to_bytes(32, "little")


_BASE = _decode((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
assert _BASE is not None
BASE: Point = _BASE

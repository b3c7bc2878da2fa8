"""Deltas and sealed files as a device reads them: exact where they are whole, refused in bounded memory where not."""

from __future__ import annotations

import hashlib
import os
import struct
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

import delta_reader
from limen.deliver import delta, seal
from limen.deliver.delta import Expected
from limen.deliver.formats import full_path
from limen.deliver.reading import Held
from limen.deliver.repository import delta as maker
from limen.deliver.repository import sealer
from limen.deliver.repository.planes import difference
from limen.errors import VerificationError
from small_repository import small_bundle

KEY = bytes(range(32))


def expected(data: bytes) -> Expected:
    return Expected(len(data), hashlib.sha256(data).hexdigest())


def apply(base: bytes, made: bytes, new: bytes) -> bytes:
    sha256 = hashlib.sha256(base).hexdigest()
    return b"".join(delta.apply(Held(base), sha256, Held(made), expected(new)))


@pytest.fixture(scope="module")
def payloads(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    folder = tmp_path_factory.mktemp("payloads")
    return tuple(small_bundle(folder / f"{i}.limen", seed=i, size=20_000).read_bytes() for i in range(2))  # type: ignore[return-value]


def test_what_the_repository_makes_is_rebuilt_and_as_an_independent_reader_reads_it(
    payloads: tuple[bytes, bytes],
) -> None:
    old, new = payloads
    made = maker.make(old, new)
    assert apply(old, made, new) == new == delta_reader.apply(old, made)


@given(
    st.binary(max_size=300),
    st.lists(st.tuples(st.integers(0, 299), st.binary(max_size=20)), max_size=6),
    st.integers(1, 400),
)
@settings(max_examples=60)
def test_any_pair_of_files_is_rebuilt(seed: bytes, edits: list[tuple[int, bytes]], repeat: int) -> None:
    old = seed * repeat
    new = bytearray(old)
    for at, put in edits:
        new[at : at + len(put) // 2] = put
    assert apply(old, maker.make(old, bytes(new)), bytes(new)) == new


@given(st.sampled_from(range(5)), st.binary(min_size=16, max_size=256), st.binary(min_size=16, max_size=256))
def test_a_difference_added_is_the_new_number(element: int, old: bytes, new: bytes) -> None:
    length = min(len(old), len(new)) // 4 * 4
    old, new = old[:length], new[:length]
    assert delta.add(old, difference(old, new, element), element) == new


def test_floats_of_every_kind_come_back_to_the_bit() -> None:
    kinds = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 3.4e38, 1.5], np.float32)
    old, new = (np.array(np.meshgrid(kinds, kinds))[i].tobytes() for i in range(2))
    assert delta.add(old, difference(old, new, 4), 4) == new


def refused(base: bytes, made: bytes, new: bytes) -> bool:
    """Nothing but VerificationError may come, and never a wrong result."""
    try:
        return apply(base, made, new) != new
    except VerificationError:
        return True


def test_another_base_is_refused_before_anything_comes_out(payloads: tuple[bytes, bytes]) -> None:
    old, new = payloads
    made = maker.make(old, new)
    other = old[:-1] + bytes([old[-1] ^ 1])
    with pytest.raises(VerificationError, match="another base"):
        next(delta.apply(Held(other), hashlib.sha256(other).hexdigest(), Held(made), expected(new)))


def test_cut_at_any_byte_or_with_any_bit_flipped_a_delta_is_refused(payloads: tuple[bytes, bytes]) -> None:
    old, new = payloads
    old, new = old[-9000:], new[-9000:]
    made = maker.make(old, new)
    assert apply(old, made, new) == new
    cuts = [made[:n] for n in (*range(200), *range(200, len(made), 13)) if n < len(made)]
    assert all(refused(old, cut, new) for cut in cuts)
    assert refused(old, made + b"\0", new)
    survived = 0
    for at in (*range(300), *range(300, len(made), 7)):
        flipped = bytearray(made)
        flipped[at] ^= 1 << (at % 8)
        try:
            assert apply(old, bytes(flipped), new) == new  # a bit that means nothing to zstd
            survived += 1
        except VerificationError:
            pass
    assert survived <= 3


@given(st.binary(max_size=200))
@settings(max_examples=300)
def test_no_bytes_raise_anything_but_our_error(junk: bytes) -> None:
    base, new = b"base" * 10, b"new"
    head = b"LIMENDLT" + struct.pack("<IIQQ", 1, len(junk), len(base), len(new))
    head += hashlib.sha256(base).digest() + hashlib.sha256(new).digest()
    for made in (junk, head + junk, container(base, new, junk)):
        assert refused(base, made, new)
    with pytest.raises(VerificationError):
        b"".join(delta.unpack(Held(junk), expected(new)))


def container(base: bytes, new: bytes, table: bytes, stored: bytes = b"") -> bytes:
    packed = zstd.compress(table)
    head = b"LIMENDLT" + struct.pack("<IIQQ", 1, len(packed), len(base), len(new))
    return head + hashlib.sha256(base).digest() + hashlib.sha256(new).digest() + packed + stored


BASE, NEW = bytes(64), bytes(32)
FORGED = {
    "copies from outside of its base": container(
        BASE, NEW, struct.pack("<III", 0, 0, 1) + struct.pack("<BBHIQQ", 0, 0, 0, 0, 60, 32)
    ),
    "takes of a stream that is not there": container(
        BASE, NEW, struct.pack("<III", 0, 0, 1) + struct.pack("<BBHIQQ", 1, 0, 0, 0, 0, 32)
    ),
    "has more operations than it says": container(BASE, NEW, struct.pack("<III", 0, 0, 1 << 30)),
    "has a prefix from outside of its base": container(
        BASE,
        NEW,
        struct.pack("<III", 1, 1, 0) + struct.pack("<BBHIQ", 1, 0, 1, 0, 0) + struct.pack("<QQ", 1 << 63, 1 << 63),
    ),
    "has a difference of odd length": container(
        BASE,
        NEW,
        struct.pack("<III", 1, 0, 1) + struct.pack("<BBHIQ", 0, 0, 0, 3, 3) + struct.pack("<BBHIQQ", 2, 1, 0, 0, 0, 3),
        b"abc",
    ),
    "leaves a stream unused": container(
        BASE,
        NEW,
        struct.pack("<III", 1, 0, 1) + struct.pack("<BBHIQ", 0, 0, 0, 3, 3) + struct.pack("<BBHIQQ", 3, 0, 0, 0, 0, 32),
        b"abc",
    ),
    "has an operation that is not known": container(
        BASE, NEW, struct.pack("<III", 0, 0, 1) + struct.pack("<BBHIQQ", 9, 0, 0, 0, 0, 32)
    ),
}


@pytest.mark.parametrize("what", FORGED)
def test_a_forged_container_is_refused(what: str) -> None:
    with pytest.raises(VerificationError):
        apply(BASE, FORGED[what], NEW)


def test_bombs_are_refused_in_little_memory(record_property: Callable[[str, object], None]) -> None:
    """64 MiB of zeros: as a table, as a full file, as a stream, and as operations."""
    bomb = zstd.compress(bytes(1 << 26)) * 1
    table = struct.pack("<III", 1, 0, 1) + struct.pack("<BBHIQ", 1, 0, 0, len(bomb), 1 << 26)
    take = table + struct.pack("<BBHIQQ", 1, 0, 0, 0, 0, 1 << 26)
    zeros = struct.pack("<III", 0, 0, 200) + struct.pack("<BBHIQQ", 3, 0, 0, 0, 0, 1 << 40) * 200
    head = b"LIMENDLT" + struct.pack("<IIQQ", 1, len(bomb), len(BASE), len(NEW))
    head += hashlib.sha256(BASE).digest() + hashlib.sha256(NEW).digest()
    files = [head + bomb, container(BASE, NEW, take, bomb), container(BASE, NEW, zeros)]
    tracemalloc.start()
    for made in files:
        assert refused(BASE, made, NEW)
    with pytest.raises(VerificationError):
        b"".join(delta.unpack(Held(bomb), expected(NEW)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    record_property("MiB of memory for a bomb of 64", round(peak / 2**20, 1))
    assert peak < 24 << 20


def test_a_window_larger_than_allowed_is_refused() -> None:
    data = os.urandom(1 << 16) * 300
    p = zstd.CompressionParameter
    wide = zstd.ZstdCompressor(options={p.window_log: 27})
    packed = wide.compress(data) + wide.flush()
    with pytest.raises(VerificationError):
        b"".join(delta.unpack(Held(packed), expected(data)))


def test_a_full_file_must_be_one_frame_with_nothing_behind() -> None:
    data = b"payload" * 1000
    packed = zstd.compress(data)
    assert b"".join(delta.unpack(Held(packed), expected(data))) == data
    for wrong in (packed + b"\0", packed[:-1], packed + packed, zstd.compress(data + b"x"), zstd.compress(data[:-1])):
        with pytest.raises(VerificationError):
            b"".join(delta.unpack(Held(wrong), expected(data)))


# ------------------------------------------------------------------ sealed files


def opened(data: bytes, key: bytes = KEY, context: str = "kws/1/full") -> bytes:
    file = seal.Opened(Held(data), key, context)
    file.check()
    return file.read_at(0, file.size)


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 200_000])
def test_what_the_repository_seals_opens_here_and_what_is_sealed_here_opens_there(size: int) -> None:
    plain = os.urandom(size)
    assert opened(sealer.seal(plain, KEY, full_path("kws", 1))) == plain
    again = b"".join(seal.seal(iter([plain[:7], plain[7:]]), size, KEY, "rest/x"))
    assert delta_reader.unseal(again, KEY, "rest/x") == plain == opened(again, context="rest/x")


def test_a_sealed_file_is_read_from_anywhere() -> None:
    plain = os.urandom(300_000)
    file = seal.Opened(Held(sealer.seal(plain, KEY, "c")), KEY, "c")
    for start, length in ((0, 1), (65530, 20), (131072, 65536), (299_999, 1), (100, 250_000)):
        assert file.read_at(start, length) == plain[start : start + length]
    with pytest.raises(VerificationError):
        file.read_at(299_999, 2)


def test_a_sealed_file_opens_for_no_other_key_place_or_order() -> None:
    plain = os.urandom(150_000)
    made = sealer.seal(plain, KEY, "kws/1/full")
    chunk = 65536 + 16
    swapped = made[:56] + made[56 + chunk : 56 + 2 * chunk] + made[56 : 56 + chunk] + made[56 + 2 * chunk :]
    for data, key, context in (
        (made, bytes(32), "kws/1/full"),
        (made, KEY, "kws/2/full"),
        (swapped, KEY, "kws/1/full"),
        (made[:-1], KEY, "kws/1/full"),
        (made + b"\0", KEY, "kws/1/full"),
        (made[: 56 + chunk], KEY, "kws/1/full"),
        (made[:16] + struct.pack("<Q", 65536) + made[24 : 56 + chunk], KEY, "kws/1/full"),
        (b"", KEY, "kws/1/full"),
    ):
        with pytest.raises(VerificationError):
            opened(data, key, context)


def test_any_flipped_bit_of_a_sealed_file_is_refused() -> None:
    made = sealer.seal(b"secret" * 20, KEY, "c")
    for at in range(len(made)):
        flipped = bytearray(made)
        flipped[at] ^= 1 << (at % 8)
        with pytest.raises(VerificationError):
            opened(bytes(flipped), context="c")


def test_fewer_bytes_than_announced_cannot_be_sealed() -> None:
    with pytest.raises(VerificationError):
        b"".join(seal.seal([b"abc"], 5, KEY, "c"))

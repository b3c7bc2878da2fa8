"""Whatever is done to the bytes of a bundle, it is refused before anything in it is used."""

from __future__ import annotations

import functools
import hashlib
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from limen.bundle import PROVENANCE, REPORT, Bundle, PrivateKey
from limen.bundle import file as container
from limen.errors import BundleError, VerificationError
from small_bundles import classifier, counter

KEY = PrivateKey(bytes(range(32)))
OTHER = PrivateKey(bytes(range(1, 33)))
HEADER = struct.Struct("<8sIIQQQQ")
REFUSED = (BundleError, VerificationError)


@functools.cache
def good() -> bytes:
    bundle = classifier().bundle().with_statement(REPORT, {"accuracy": 0.9}, KEY)
    return bundle.with_statement(PROVENANCE, {"tool": "tests"}, KEY).signed(KEY).to_bytes()


@functools.cache
def regions() -> dict[str, list[int]]:
    """Region -> offsets of its bytes."""
    data = good()
    _, _, _, start, length, tail, tail_length = HEADER.unpack(data[: HEADER.size])
    found = {"header": [*range(HEADER.size)], "header padding": [*range(HEADER.size, container.PAGE)]}
    offset = container.PAGE
    for blob in Bundle.open(data).manifest.blobs:
        found.setdefault("blobs", []).extend(range(offset, offset + blob.size))
        end = offset + blob.size
        offset = end + (-end % container.PAGE)
        found.setdefault("blob padding", []).extend(range(end, offset))
    assert offset == start
    found["manifest"] = [*range(start, start + length)]
    found["statements"] = [*range(tail, tail + tail_length)]
    found["trailer"] = [*range(tail + tail_length, len(data))]
    return found


def resealed(data: bytes) -> bytes:
    """The bytes with a right trailer: what somebody who knows the format would write."""
    start = HEADER.unpack(data[: HEADER.size])[3]
    body = data[:-32]
    return body + hashlib.sha256(body[: container.PAGE] + body[start:]).digest()


def rebuilt(manifest: bytes, blobs: bytes = b"", statements: bytes = b"[]", flags: int = container.UNSIGNED) -> bytes:
    """A file around any manifest bytes, with a right trailer."""
    start = container.PAGE + len(blobs)
    head = HEADER.pack(
        container.MAGIC, container.FORMAT, flags, start, len(manifest), start + len(manifest), len(statements)
    )
    return resealed(head.ljust(container.PAGE, b"\0") + blobs + manifest + statements + bytes(32))


def test_the_regions_cover_the_file() -> None:
    assert sorted(o for offsets in regions().values() for o in offsets) == [*range(len(good()))]
    assert Bundle.open(good()).signer == KEY.public


@pytest.mark.parametrize("region", [
    "header", "header padding", "blobs", "blob padding", "manifest", "statements", "trailer",
])  # fmt: skip
def test_a_flipped_bit_anywhere_is_refused(region: str) -> None:
    random = np.random.default_rng(len(region))
    offsets = regions()[region]
    chosen = offsets if len(offsets) <= 64 else random.choice(offsets, 100, replace=False)
    for offset in chosen:
        data = bytearray(good())
        data[offset] ^= 1 << int(random.integers(8))
        with pytest.raises(REFUSED):
            Bundle.open(bytes(data))


def test_a_cut_anywhere_is_refused() -> None:
    data, random = good(), np.random.default_rng(1)
    lengths = {*range(64), *range(len(data) - 64, len(data)), *random.integers(0, len(data), 300).tolist()}
    lengths |= {n * container.PAGE for n in range(len(data) // container.PAGE + 1)}
    for length in lengths:
        with pytest.raises(REFUSED):
            Bundle.open(data[:length])


def test_more_bytes_or_other_order_are_refused() -> None:
    data, page = good(), container.PAGE
    pages = [data[i : i + page] for i in range(0, len(data), page)]
    changed = [data + b"\0", data + bytes(page), b"\0" + data, data[:page] + bytes(page) + data[page:]]
    changed += [b"".join([*pages[:i], pages[i + 1], pages[i], *pages[i + 2 :]]) for i in range(1, len(pages) - 1)]
    changed += [b"".join([*pages[:i], *pages[i + 1 :]]) for i in range(len(pages))]
    changed += [bytes(len(data)), b"", b"PK\3\4" + data[4:]]
    for other in changed:
        if other != data:
            with pytest.raises(REFUSED):
                Bundle.open(other)


def test_damage_is_refused_from_a_file_too_and_names_it(tmp_path: Path) -> None:
    path, data = tmp_path / "a.limen", bytearray(good())
    data[regions()["blobs"][100]] ^= 4
    path.write_bytes(data)
    with pytest.raises(VerificationError, match=r"a\.limen: bundle: blob .* does not match its sha256"):
        Bundle.open(path)
    path.write_bytes(b"")
    with pytest.raises(BundleError, match=r"a\.limen: cannot be read"):
        Bundle.open(path)
    with pytest.raises(BundleError, match=r"b\.limen: cannot be read"):
        Bundle.open(tmp_path / "b.limen")
    path.write_bytes(classifier().artifacts["tflite"][0])
    with pytest.raises(BundleError, match=r"a\.limen: .*not a \.limen file.*limen build"):
        Bundle.open(path)


@pytest.mark.parametrize("region", ["header padding", "blob padding"])
def test_padding_must_be_zero_even_under_a_right_trailer(region: str) -> None:
    data = bytearray(good())
    data[regions()[region][-1]] = 1
    with pytest.raises(VerificationError, match="padding is not zero"):
        Bundle.open(resealed(bytes(data)))


def test_swapped_blobs_are_refused_under_a_right_trailer() -> None:
    bundle = Bundle.open(good())
    first, second = bundle.manifest.blobs[:2]
    for table in ({**bundle.blobs, first.digest: bundle.blobs[second.digest]},):
        swapped = Bundle(bundle.manifest, bundle.core_digest, table, bundle.statements, bundle.envelopes)
        with pytest.raises(REFUSED):
            Bundle.open(swapped.to_bytes())


def test_another_manifest_under_the_old_signature_is_refused() -> None:
    bundle = Bundle.open(good())
    manifest = msgspec.structs.replace(bundle.manifest, device="rpi4")
    forged = Bundle(manifest, bundle.core_digest, bundle.blobs, bundle.statements, bundle.envelopes)
    with pytest.raises(VerificationError, match="speaks of core"):
        Bundle.open(forged.to_bytes())


def test_statements_of_another_bundle_are_refused() -> None:
    mine, other = Bundle.open(good()), counter().bundle().signed(KEY)
    for envelope in other.envelopes:
        moved = Bundle(mine.manifest, mine.core_digest, mine.blobs, mine.statements, (envelope,))
        with pytest.raises(VerificationError, match="speaks of core"):
            Bundle.open(moved.to_bytes())


def test_a_forged_report_is_refused() -> None:
    honest = Bundle.open(good())
    unsigned = classifier().bundle().with_statement(REPORT, {"accuracy": 1.0}, None)
    core = next(e for e, s in zip(honest.envelopes, honest.statements, strict=True) if s.kind == "core")
    forged = Bundle(honest.manifest, honest.core_digest, honest.blobs, honest.statements, (core, unsigned.envelopes[0]))
    with pytest.raises(VerificationError, match="'report' is not"):
        Bundle.open(forged.to_bytes())
    by_other = honest.with_statement(REPORT, {"accuracy": 1.0}, OTHER).to_bytes()
    assert Bundle.open(by_other).trust == "signature valid, key not pinned"
    with pytest.raises(VerificationError, match=f"report is signed by key {OTHER.public.key_id[:16]}"):
        Bundle.open(by_other, [KEY.public])


def test_a_bundle_without_its_signature_is_refused_unless_it_says_so() -> None:
    honest = Bundle.open(good())
    stripped = container.write_parts(honest.manifest, honest.blobs, (), unsigned=False)
    with pytest.raises(VerificationError, match="says it is signed and has no signature"):
        Bundle.open(stripped)
    claimed = container.write_parts(honest.manifest, honest.blobs, honest.envelopes, unsigned=True)
    with pytest.raises(VerificationError, match="says it is unsigned and has a signature"):
        Bundle.open(claimed)
    plain = container.write_parts(honest.manifest, honest.blobs, (), unsigned=True)
    assert Bundle.open(plain).trust == "unsigned"
    with pytest.raises(VerificationError, match="is not signed"):
        Bundle.open(plain, [KEY.public])
    twice = container.write_parts(honest.manifest, honest.blobs, honest.envelopes * 2, unsigned=False)
    with pytest.raises(VerificationError, match="two statements are of one kind"):
        Bundle.open(twice)


def test_another_signer_is_refused_where_keys_are_named() -> None:
    resigned = classifier().bundle().signed(OTHER).to_bytes()
    assert Bundle.open(resigned).signer == OTHER.public
    for keys in ([KEY.public], []):
        with pytest.raises(VerificationError, match="not trusted here"):
            Bundle.open(resigned, keys)
    opened = Bundle.open(resigned, [KEY.public, OTHER.public])
    assert (opened.pinned, opened.trust) == (True, "signature valid, key pinned")


def _header(**changes: int) -> bytes:
    fields = dict(zip(("format", "flags", "start", "length", "tail", "tail_length"), HEADER.unpack(good()[:48])[1:],
                      strict=True))  # fmt: skip
    return HEADER.pack(container.MAGIC, *{**fields, **changes}.values()) + good()[HEADER.size :]


@pytest.mark.parametrize("changes", [
    {"format": 2}, {"flags": 2}, {"flags": 1 << 31}, {"start": 0}, {"start": 4097}, {"start": 2**64 - 1},
    {"length": 2**63}, {"length": 0}, {"tail": 0}, {"tail": 2**64 - 4096}, {"tail_length": 2**64 - 1},
    {"length": container.MAX_MANIFEST + 1}, {"tail_length": container.MAX_STATEMENTS + 1},
])  # fmt: skip
def test_a_header_out_of_bounds_is_refused(changes: dict[str, int]) -> None:
    with pytest.raises(REFUSED):
        Bundle.open(_header(**changes))
    with pytest.raises(REFUSED):
        Bundle.open(resealed(_header(**changes)))


def _manifest(change: Callable[[dict[str, object]], None]) -> bytes:
    bundle = Bundle.open(good())
    value = msgspec.json.decode(msgspec.json.encode(bundle.manifest))
    change(value)
    blobs = good()[container.PAGE : HEADER.unpack(good()[:48])[3]]
    return rebuilt(msgspec.json.encode(value), blobs)


def _set(*path: str | int, value: object) -> Callable[[dict[str, object]], None]:
    def change(manifest: dict[str, object]) -> None:
        at: object = manifest
        for key in path[:-1]:
            at = at[key]  # type: ignore[index]
        at[path[-1]] = value  # type: ignore[index]

    return change


def test_the_manifest_without_a_change_opens() -> None:
    assert Bundle.open(_manifest(lambda _: None)).engines == ("litert", "reference", "ort")


@pytest.mark.parametrize("change", [
    _set("schema", value=2),
    _set("schema", value="1"),
    _set("surprise", value=1),
    _set("name", value="n" * 2000),
    _set("blobs", 0, "size", value=-1),
    _set("blobs", 0, "size", value=2**60),
    _set("blobs", 0, "size", value=10**30),
    _set("blobs", 0, "size", value=1.5),
    _set("blobs", 0, "digest", value="0" * 64),
    _set("blobs", 0, "digest", value="A" * 64),
    _set("blobs", 0, "digest", value="../../etc/passwd"),
    _set("blobs", value=[]),
    _set("blobs", value=[{"digest": f"{i:064x}", "size": 0} for i in range(70_000)]),
    _set("labels", value="f" * 64),
    _set("labels", value=""),
    _set("inputs", value=[]),
    _set("inputs", 0, "shape", value=[1] * 9),
    _set("inputs", 0, "shape", value=[-1]),
    _set("inputs", 0, "shape", value=[2**40]),
    _set("inputs", 0, "shape", value=[1, 4, 4, 3]),
    _set("inputs", 0, "dtype", value="object"),
    _set("inputs", 0, "name", value="picture"),
    _set("artifacts", 0, "file", value="../model.tflite"),
    _set("artifacts", 0, "file", value="a/b"),
    _set("artifacts", 0, "file", value=""),
    _set("artifacts", 0, "inputs", 0, "permutation", value=[0, 1, 2, 2]),
    _set("artifacts", 0, "inputs", 0, "permutation", value=[0, 1]),
    _set("artifacts", 0, "inputs", 0, "permutation", value=[0, 1, 2, 7]),
    _set("artifacts", 0, "inputs", 0, "scale", value=[]),
    _set("artifacts", 0, "inputs", 0, "scale", value=[0.0]),
    _set("artifacts", 0, "inputs", 0, "scale", value=[1e-300]),
    _set("artifacts", 0, "inputs", 0, "scale", value=[0.1, 0.2]),
    _set("artifacts", 0, "inputs", 0, "zero_point", value=[128]),
    _set("artifacts", 0, "inputs", 0, "dtype", value="float32"),
    _set("artifacts", 0, "engines", value=["litert"] * 99),
    _set("artifacts", 0, "files", value={"model.tflite": "f" * 64}),
    _set("golden", value=[{"artifact": "tflite"}]),
])  # fmt: skip
def test_a_manifest_that_breaks_a_rule_is_refused(change: Callable[[dict[str, object]], None]) -> None:
    with pytest.raises(BundleError):
        Bundle.open(_manifest(change))


@pytest.mark.parametrize("manifest", [
    b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"schema":1}', b"[" * 100_000, b'{"schema":' + b"9" * 5000 + b"}",
    b'{"schema":1,"name":' + b'{"a":' * 50_000,
], ids=range(9))  # fmt: skip
def test_a_manifest_that_is_none_is_refused(manifest: bytes) -> None:
    with pytest.raises(BundleError, match="manifest"):
        Bundle.open(rebuilt(manifest))


@pytest.mark.parametrize("statements", [
    b"", b"{}", b"[1]", b"[{}]", b"[" * 100_000, b'[{"payload":"","payloadType":"x","signatures":[]}]',
    b'[{"payload":"?","payloadType":"application/vnd.in-toto+json","signatures":[]}]',
    b'[{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[]}]',
    b'[{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{"keyid":"","sig":"","x":""}]}]',
], ids=range(9))  # fmt: skip
def test_statements_that_are_none_are_refused(statements: bytes) -> None:
    bundle = Bundle.open(good())
    blobs = good()[container.PAGE : HEADER.unpack(good()[:48])[3]]
    with pytest.raises(REFUSED):
        Bundle.open(rebuilt(msgspec.json.encode(bundle.manifest), blobs, statements))


def test_reading_hostile_files_allocates_no_more_than_a_few_times_their_size() -> None:
    hostile = [
        _header(length=2**63),
        _manifest(_set("blobs", 0, "size", value=2**40)),
        _manifest(_set("inputs", 0, "shape", value=[2**31] * 8)),
        rebuilt(b"[" * 1_000_000),
        rebuilt(b'{"schema":1,"blobs":[' + b"{}," * 300_000 + b"{}]}"),
    ]
    for data in hostile:
        tracemalloc.start()
        with pytest.raises(REFUSED):
            Bundle.open(data)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 4 * len(data) + (1 << 20)

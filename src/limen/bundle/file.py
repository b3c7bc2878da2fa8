"""The .limen file: header, page-aligned blobs, manifest, statements, trailer.

::

    0     magic "LIMENBDL", uint32 format, uint32 zero, uint64 manifest offset and length, uint64 statements offset
          and length (little endian), zeros up to 4096
    4096  blobs in the manifest's order, each at a multiple of 4096, zeros between
    ..    manifest (canonical JSON), statements (JSON)
    end   sha256 of everything before

``core_digest`` is the sha256 of the manifest, which names every blob by its sha256. The trailer makes any flipped or
missing byte, padding included, a refusal before anything is used.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from limen.bundle import manifest as m
from limen.bundle.statements import Envelope
from limen.errors import BadInput, BundleError, VerificationError

MAGIC = b"LIMENBDL"
FORMAT = 1
PAGE = 4096
_HEADER = struct.Struct("<8sIIQQQQ")
_TRAILER = 32
MAX_MANIFEST = 16 << 20


@dataclass(frozen=True)
class Parts:
    """A file taken apart; every hash is checked."""

    manifest: m.Manifest
    core_digest: str
    blobs: Mapping[str, memoryview]
    statements: tuple[Envelope, ...]


def digest(data: bytes | memoryview) -> str:
    """sha256, hex."""
    return hashlib.sha256(data).hexdigest()


def write_parts(manifest: m.Manifest, blobs: Mapping[str, bytes], statements: Sequence[Envelope]) -> bytes:
    """The file's bytes; equal parts give equal bytes."""
    out = bytearray(PAGE)
    for blob in manifest.blobs:
        out.extend(blobs[blob.digest])
        out.extend(b"\0" * (-len(out) % PAGE))
    core = m.to_bytes(manifest)
    tail = msgspec.json.encode(list(statements))
    start = len(out)
    out[: _HEADER.size] = _HEADER.pack(MAGIC, FORMAT, 0, start, len(core), start + len(core), len(tail))
    out.extend(core)
    out.extend(tail)
    return bytes(out) + hashlib.sha256(out).digest()


def read_parts(data: bytes | memoryview) -> Parts:
    """Take a file apart and check every hash.

    Raises:
        BundleError: it is not a bundle, or of a format this limen does not read.
        VerificationError: a byte was changed, or is missing.
    """
    view = memoryview(data)
    if len(view) < PAGE + _TRAILER or bytes(view[:8]) != MAGIC:
        raise BundleError("not a .limen bundle, or cut short", "build one with: limen build MODEL -o OUT.limen")
    body = view[:-_TRAILER]
    if hashlib.sha256(body).digest() != bytes(view[-_TRAILER:]):
        raise VerificationError("bundle: its sha256 does not match: bytes were changed or are missing")
    _, number, zero, start, length, tail, tail_length = _HEADER.unpack(bytes(view[: _HEADER.size]))
    if number != FORMAT or zero != 0:
        raise BundleError(f"bundle: format {number} is not known", f"this limen reads {FORMAT}; update it")
    if not (PAGE <= start and length <= MAX_MANIFEST and start + length == tail and tail + tail_length == len(body)):
        raise BundleError("bundle: its sections do not fit the file")
    core = bytes(body[start:tail])
    manifest = m.from_bytes(core)
    return Parts(manifest, digest(core), _blobs(manifest, body, start), _statements(bytes(body[tail:])))


def _blobs(manifest: m.Manifest, body: memoryview, end: int) -> dict[str, memoryview]:
    blobs, offset = {}, PAGE
    for entry in manifest.blobs:
        if offset + entry.size > end:
            raise BundleError(f"bundle: blob {entry.digest[:12]} does not fit the file")
        blob = body[offset : offset + entry.size]
        if digest(blob) != entry.digest:
            raise VerificationError(f"bundle: blob {entry.digest[:12]} does not match its sha256")
        blobs[entry.digest] = blob
        offset += entry.size + (-entry.size % PAGE)
    if offset != end:
        raise BundleError("bundle: bytes between the blobs and the manifest")
    return blobs


def _statements(data: bytes) -> tuple[Envelope, ...]:
    try:
        return tuple(msgspec.json.decode(data, type=list[Envelope]))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(f"bundle: statements cannot be read: {error}") from error


def read_file(path: Path) -> memoryview:
    """The file, memory-mapped read-only.

    Raises:
        BundleError: it is missing, empty, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:
        raise BundleError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error


def write_atomically(path: Path, data: bytes) -> None:
    """Write beside the file, sync, rename: the old file or the whole new one, never half of it.

    Raises:
        BadInput: the folder is missing or cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise BadInput(f"{path}: cannot be written: {error.strerror}") from error

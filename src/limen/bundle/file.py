"""The .limen file: header, page-aligned blobs, manifest, statements, trailer.

::

    0     magic "LIMENBDL", uint32 format, uint32 flags, uint64 manifest offset and length, uint64 statements offset
          and length (little endian), zeros up to 4096
    4096  blobs in the manifest's order, each at a multiple of 4096, zeros between
    ..    manifest (canonical JSON), statements (JSON)
    end   sha256 of header, manifest and statements

Every byte is covered: header, manifest and statements by the trailer, blobs by the sha256 that the manifest names them
by, padding by having to be zero, and the length by the sections having to fill the file. ``core_digest`` is the sha256
of the manifest. Flag 1 says that the bundle is meant to be unsigned.
"""

from __future__ import annotations

import hashlib
import hmac
import mmap
import os
import secrets
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
UNSIGNED = 1
MAX_MANIFEST = 16 << 20
MAX_STATEMENTS = 64 << 20
_HEADER = struct.Struct("<8sIIQQQQ")
_TRAILER = 32


@dataclass(frozen=True)
class Parts:
    """A file taken apart; every hash is checked.

    Args:
        manifest: the core.
        core_digest: sha256 of its bytes, hex.
        blobs: digest -> bytes; views of the file, not copies.
        statements: as stored; their signatures are not checked yet.
        unsigned: the file says that nobody signed it.
    """

    manifest: m.Manifest
    core_digest: str
    blobs: Mapping[str, memoryview]
    statements: tuple[Envelope, ...]
    unsigned: bool


def digest(data: bytes | memoryview) -> str:
    """sha256, hex."""
    return hashlib.sha256(data).hexdigest()


def write_parts(
    manifest: m.Manifest, blobs: Mapping[str, bytes | memoryview], statements: Sequence[Envelope], unsigned: bool
) -> bytes:
    """The file's bytes; equal parts give equal bytes.

    Raises:
        BundleError: manifest or statements are larger than a reader accepts.
    """
    core, tail = m.to_bytes(manifest), msgspec.json.encode(list(statements))
    for what, size, limit in (("manifest", len(core), MAX_MANIFEST), ("statements", len(tail), MAX_STATEMENTS)):
        if size > limit:
            raise BundleError(f"bundle: {size} bytes of {what}, at most {limit} are read")
    out = bytearray(PAGE)
    for blob in manifest.blobs:
        out.extend(blobs[blob.digest])
        out.extend(b"\0" * (-len(out) % PAGE))
    start = len(out)
    flags = UNSIGNED if unsigned else 0
    out[: _HEADER.size] = _HEADER.pack(MAGIC, FORMAT, flags, start, len(core), start + len(core), len(tail))
    out.extend(core)
    out.extend(tail)
    out.extend(_frame_digest(memoryview(out), start))
    return bytes(out)


def read_parts(data: bytes | memoryview) -> Parts:
    """Take a file apart and check every hash.

    Raises:
        BundleError: it is not a bundle, or of a format this limen does not read.
        VerificationError: a byte was changed, or is missing.
    """
    view = memoryview(data)
    if len(view) < PAGE + _TRAILER or bytes(view[:8]) != MAGIC:
        raise BundleError("bundle: not a .limen file, or cut short", "build one with: limen build MODEL -o OUT.limen")
    _, number, flags, start, length, tail, tail_length = _HEADER.unpack(view[: _HEADER.size])
    if number != FORMAT or flags not in (0, UNSIGNED):
        raise BundleError(f"bundle: format {number}, flags {flags} are not known", f"this limen reads format {FORMAT}")
    body = view[:-_TRAILER]
    if length > MAX_MANIFEST or tail_length > MAX_STATEMENTS:
        raise BundleError(f"bundle: a manifest of {length} and statements of {tail_length} bytes are too large")
    if not (start >= PAGE and start % PAGE == 0 and start + length == tail and tail + tail_length == len(body)):
        raise VerificationError("bundle: its sections do not fill the file: bytes were changed or are missing")
    if not hmac.compare_digest(_frame_digest(body, start), bytes(view[-_TRAILER:])):
        raise VerificationError("bundle: its sha256 does not match: bytes were changed or are missing")
    _require_zeros(view[_HEADER.size : PAGE])
    core = body[start:tail]
    manifest = m.from_bytes(core)
    blobs = _blobs(manifest, body[:start])
    return Parts(manifest, digest(core), blobs, _statements(body[tail:]), flags == UNSIGNED)


def _frame_digest(body: memoryview, start: int) -> bytes:
    """sha256 of all that is no blob: the header page, and the manifest and statements from ``start`` on."""
    whole = hashlib.sha256(body[:PAGE])
    whole.update(body[start:])
    return whole.digest()


def _blobs(manifest: m.Manifest, body: memoryview) -> dict[str, memoryview]:
    blobs, offset = {}, PAGE
    for entry in manifest.blobs:
        end = offset + entry.size
        if end > len(body):
            raise BundleError(f"bundle: blob {entry.digest[:12]} does not fit the file")
        blob = body[offset:end]
        if digest(blob) != entry.digest:
            raise VerificationError(f"bundle: blob {entry.digest[:12]} does not match its sha256")
        offset = end + (-end % PAGE)
        _require_zeros(body[end:offset])
        blobs[entry.digest] = blob
    if offset != len(body):
        raise BundleError("bundle: bytes between the blobs and the manifest")
    return blobs


def _require_zeros(padding: memoryview) -> None:
    if bytes(padding).strip(b"\0"):
        raise VerificationError("bundle: its padding is not zero: bytes were changed")


def _statements(data: memoryview) -> tuple[Envelope, ...]:
    try:
        return tuple(msgspec.json.decode(data, type=list[Envelope]))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(f"bundle: statements cannot be read: {error}") from error


def read_file(path: Path) -> memoryview:
    """The file, memory-mapped read-only. ``write_atomically`` never changes a file that is mapped: it replaces it.

    Raises:
        BundleError: it is missing, empty, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:
        raise BundleError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error


def write_atomically(path: Path, data: bytes) -> None:
    """Write beside the file, sync, rename, sync the folder: the old file or the whole new one, never half of it.

    Raises:
        BadInput: the folder is missing or cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        try:
            _write_synced(temporary, data)
            os.replace(temporary, path)
        except BaseException:
            if temporary.exists():
                temporary.unlink()
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise BadInput(f"{path}: cannot be written: {error.strerror or error}") from error


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

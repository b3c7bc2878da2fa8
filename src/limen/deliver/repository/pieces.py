"""A new payload cut into pieces, each with what it resembles in the old one: the tensor-aware half of the encoder.

Blobs of a .limen file are matched by sha256, then by the place that the manifest gives them; tensors inside by their
name, length and kind. What is no tensor is ``rest``. A payload that is no bundle is one blob.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from limen.deliver.repository import tensors
from limen.deliver.repository.tensors import F16, F32, U8, U16, U32, WIDTH, Span

BLOCK = 1 << 16
"""Blobs of unknown format and equal length are compared in blocks of this many bytes."""
SHORTEST_COPY = 32
_HEADER = struct.Struct("<8sIIQQ")


@dataclass(frozen=True)
class Piece:
    """``new[start:end]``.

    Args:
        base: offset in the old payload of the bytes that it resembles, of the same length; None where there are none.
        elements: kinds of numbers that it may be made of.
        near: the part of the old payload where bytes like these may be found.
    """

    start: int
    end: int
    base: int | None = None
    elements: tuple[int, ...] = ()
    near: tuple[int, int] = (0, 0)

    @property
    def length(self) -> int:
        return self.end - self.start


@dataclass(frozen=True)
class Blob:
    """``data[start:end]``, at this place in the manifest."""

    role: str
    digest: str
    start: int
    end: int


def cut(old: memoryview, new: memoryview) -> list[Piece]:
    """Pieces that cover the new payload, in order."""
    theirs, ours = blobs(old), blobs(new)
    by_digest = {blob.digest: blob for blob in theirs}
    by_role = {blob.role: blob for blob in theirs}
    pieces: list[Piece] = []
    at = 0
    for blob in ours:
        pieces += _rest(at, blob.start, (0, len(old)))
        same, like = by_digest.get(blob.digest), by_role.get(blob.role)
        if same is not None:
            pieces.append(Piece(blob.start, blob.end, same.start))
        elif like is not None:
            pieces += _inside(old, new, like, blob)
        else:
            pieces += _rest(blob.start, blob.end, (0, len(old)))
        at = blob.end
    return [*pieces, *_rest(at, len(new), (0, len(old)))]


def blobs(data: memoryview) -> list[Blob]:
    """The blobs of a .limen file in order; the whole, where it is none."""
    try:
        magic, _, _, start, length = _HEADER.unpack_from(data)
        if magic != b"LIMENBDL":
            raise ValueError("no bundle")
        manifest = msgspec.json.decode(data[start : start + length])
        roles = dict(_roles({k: v for k, v in manifest.items() if k != "blobs"}, ""))
        found, at = [], 4096
        for entry in manifest["blobs"]:
            found.append(Blob(roles.get(entry["digest"], entry["digest"]), entry["digest"], at, at + entry["size"]))
            at += -(-entry["size"] // 4096) * 4096
        if at != start:
            raise ValueError("blobs do not fill the file")
        return found
    except (struct.error, ValueError, KeyError, TypeError, AttributeError, msgspec.DecodeError):
        return [Blob("", hashlib.sha256(data).hexdigest(), 0, len(data))]


def _roles(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """(text, where it stands) of every text in a manifest, the last first, so that the first place wins in a dict."""
    items: list[tuple[object, Any]] = []
    if isinstance(value, Mapping):
        items = list(value.items())
    elif isinstance(value, list):
        items = [(_label(item, i), item) for i, item in enumerate(value)]
    for key, item in reversed(items):
        if isinstance(item, str):
            yield item, f"{path}/{key}"
        else:
            yield from _roles(item, f"{path}/{key}")


def _label(item: Any, index: int) -> object:
    """Artifacts by their kind, golden vectors by artifact and engine: a new one in front does not shift the others."""
    if isinstance(item, Mapping):
        names = [str(item[key]) for key in ("kind", "artifact", "engine", "input") if isinstance(item.get(key), str)]
        return ":".join(names) or index
    return index


def _inside(old: memoryview, new: memoryview, like: Blob, blob: Blob) -> list[Piece]:
    ours = tensors.find(new[blob.start : blob.end])
    if not ours and like.end - like.start == blob.end - blob.start:
        return _blocks(like.start, blob)
    theirs = tensors.find(old[like.start : like.end])
    by_name = {span.name: span for span in theirs}
    known = {_digest(old, like.start, span): span for span in theirs if span.end - span.start >= SHORTEST_COPY}
    near = (like.start, like.end)
    pieces: list[Piece] = []
    at = blob.start
    for span in ours:
        start, end = blob.start + span.start, blob.start + span.end
        match = known.get(_digest(new, blob.start, span)) or _alike(by_name.get(span.name), span)
        pieces += _rest(at, start, near)
        if match is None:
            pieces += _rest(start, end, near)
        else:
            pieces.append(Piece(start, end, like.start + match.start, (span.element,), near))
        at = end
    return [*pieces, *_rest(at, blob.end, near)]


def _alike(match: Span | None, span: Span) -> Span | None:
    same = match is not None and (match.element, match.end - match.start) == (span.element, span.end - span.start)
    return match if same else None


def _digest(data: memoryview, offset: int, span: Span) -> bytes:
    return hashlib.sha256(data[offset + span.start : offset + span.end]).digest()


def _blocks(base: int, blob: Blob) -> list[Piece]:
    """Blocks of a blob whose format is not known; what kind of numbers they hold is to be tried."""
    pieces = []
    near = (base, base + blob.end - blob.start)
    for start in range(blob.start, blob.end, BLOCK):
        end = min(start + BLOCK, blob.end)
        kinds = tuple(e for e in (U8, F32, F16, U32, U16) if (end - start) % WIDTH[e] == 0)
        pieces.append(Piece(start, end, base + start - blob.start, kinds, near))
    return pieces


def _rest(start: int, end: int, near: tuple[int, int]) -> list[Piece]:
    return [Piece(start, end, near=near)] if end > start else []

"""A bundle becomes a release: the full payload, deltas from the payloads that devices may have, and its documents.

Targets of a release (``<line>/<counter>/`` in front): ``full``; ``from-<base>`` for each delta that is smaller than
the full file; images for boards, if asked for (:mod:`.images`); ``bom.cdx.json`` and ``provenance.intoto.json``. What
is no full file and no delta is not installed by an agent: its ``custom`` has no member ``limen``. Every delta is
applied and compared before it is published.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from backports import zstd
from tuf.api.metadata import TargetFile

from limen.bundle import Bundle, PublicKey
from limen.deliver import formats
from limen.deliver.repository import documents, images
from limen.deliver.repository import metadata as md
from limen.deliver.repository.director import releases
from limen.deliver.repository.keys import Ring, pick
from limen.deliver.repository.workspace import Workspace
from limen.errors import BadInput, Unsupported, UsageError, VerificationError

LEVEL = 19
DELTAS = 8
"""From how many older payloads deltas are made, unless the publisher says otherwise."""


@dataclass(frozen=True)
class Wishes:
    """What a publisher may ask for.

    Args:
        version: for people; empty: the counter.
        hardware: ids that may run it; none: any.
        seal: encrypt it.
        deltas: from how many older payloads, the newest first.
        limits: what the release promises of itself.
        signers: who may have signed the bundle; None: anybody.
        image: firmware that holds the release, for boards.
    """

    version: str = ""
    hardware: tuple[str, ...] = ()
    seal: bool = False
    deltas: int = DELTAS
    limits: formats.Limits = field(default_factory=formats.Limits)
    signers: tuple[PublicKey, ...] | None = None
    image: images.Wanted | None = None


@dataclass(frozen=True)
class DeltaFile:
    """One delta that was tried.

    Args:
        base: counter of the release that it starts from.
        bytes: before sealing; 0 where it cannot be made.
        published: it is smaller than the full file, and the device's reader rebuilds the payload from it.
        seconds: to make it.
        why: not published.
    """

    base: int
    bytes: int
    published: bool
    seconds: float
    why: str = ""


@dataclass(frozen=True)
class Published:
    """A release: bytes of the payload, of the full file as served, its deltas, and patches of its image for boards."""

    line: str
    counter: int
    version: str
    core_digest: str
    payload_sha256: str
    payload_bytes: int
    full_bytes: int
    sealed: bool
    deltas: tuple[DeltaFile, ...]
    patches: tuple[images.PatchFile, ...] = ()


@dataclass
class _Draft:
    """Files and targets of a release in the making."""

    line: str
    counter: int
    key: bytes | None
    files: md.Files = field(default_factory=dict)
    targets: list[TargetFile] = field(default_factory=list)

    def add(self, path: str, plain: bytes, custom: Mapping[str, object]) -> int:
        """Seal if need be; list the target; the bytes that are served."""
        data = plain if self.key is None else _sealed(plain, self.key, path)
        return self.add_open(path, data, custom)

    def add_open(self, path: str, data: bytes, custom: Mapping[str, object]) -> int:
        """List the target as it is."""
        target = TargetFile.from_data(path, data, ["sha256"])
        target.unrecognized_fields["custom"] = dict(custom)
        self.targets.append(target)
        self.files[f"image/targets/{formats.file_name(path, target.hashes['sha256'])}"] = data
        return len(data)


def publish(
    ws: Workspace, bundle: Path, line: str, wishes: Wishes, ring: Ring, now: datetime, counter: int | None = None
) -> Published:
    """Publish a bundle as the next release of a line.

    Args:
        counter: to be used instead of the next one; higher than all before.

    Raises:
        BadInput: the bundle cannot be read, or the line is not known.
        VerificationError: the bundle's hashes or signature do not hold.
        UsageError: a key is not at hand, or the counter was used.
    """
    formats.check_line(line)
    opened = Bundle.open(bundle, None if wishes.signers is None else list(wishes.signers))
    payload = _payload(bundle)
    current = md.load(ws.public, md.IMAGE, md.load_root(ws.public, md.IMAGE))
    if line not in current.targets:
        raise BadInput(f"line {line!r} is not known", f"limen repo add-key DIR {line}")
    terms = current.top.get_delegated_role(line)
    signers = pick(ring, terms.keyids, terms.threshold, line)
    older = releases(current, line)
    number = _next_counter(ws, line, older, counter)
    ws.keep(f"counters/{line}", b"%d" % number)
    draft = _Draft(line, number, _content_key(ws, line, number) if wishes.seal else None)
    record = formats.Release(
        schema=formats.SCHEMA,
        kind="full",
        line=line,
        counter=number,
        version=wishes.version or str(number),
        core_digest=opened.core_digest,
        payload_sha256=hashlib.sha256(payload).hexdigest(),
        payload_size=len(payload),
        hardware=wishes.hardware,
        sealed=wishes.seal,
        limits=wishes.limits,
    )
    full = zstd.compress(payload, options=_options())
    size = draft.add(formats.full_path(line, number), full, md.custom(record))
    deltas = _add_deltas(ws, draft, record, payload, len(full), _bases(older, record.payload_sha256, wishes.deltas))
    patches = _add_images(ws, draft, record, wishes)
    for name, document in documents.make(opened, record, now, signers).items():
        draft.add_open(f"{line}/{number}/{name}", document, {"describes": record.payload_sha256})
    ws.keep(f"payloads/{record.payload_sha256}.limen", payload)
    targets = current.targets[line]
    targets.signed.targets.update({target.path: target for target in draft.targets})
    ws.publish({**draft.files, **md.release(current, {line: targets}, ring, ws.lifetimes, now)})
    return Published(
        line=line,
        counter=number,
        version=record.version,
        core_digest=record.core_digest,
        payload_sha256=record.payload_sha256,
        payload_bytes=len(payload),
        full_bytes=size,
        sealed=wishes.seal,
        deltas=deltas,
        patches=patches,
    )


def _payload(bundle: Path) -> bytes:
    data = bundle.read_bytes()
    if len(data) > formats.MAX_PAYLOAD:
        raise BadInput(f"{bundle}: {len(data)} bytes; at most {formats.MAX_PAYLOAD} are delivered")
    return data


def _next_counter(ws: Workspace, line: str, older: Mapping[int, object], asked: int | None) -> int:
    """Never one that was used, not even by a release that the public files have lost."""
    kept = ws.kept(f"counters/{line}") or b"0"
    last = max([int(kept) if kept.isdigit() else 0, *older])
    number = last + 1 if asked is None else asked
    if not last < number < 1 << 53:
        raise UsageError(f"line {line}: counter {number} cannot be used", f"the last one was {last}")
    return number


def _content_key(ws: Workspace, line: str, counter: int) -> bytes:
    from limen.deliver.repository.envelope import new_content_key

    return new_content_key(ws, line, counter)


def _sealed(plain: bytes, key: bytes, context: str) -> bytes:
    from limen.deliver.repository.sealer import seal

    return seal(plain, key, context)


def _options() -> dict[int, int]:
    p = zstd.CompressionParameter
    return {p.compression_level: LEVEL, p.window_log: formats.WINDOW_LOG, p.content_size_flag: 1}


def _bases(
    older: Mapping[int, tuple[TargetFile, formats.Release]], new_sha256: str, most: int
) -> list[formats.Release]:
    """The newest release of each older payload."""
    found: dict[str, formats.Release] = {}
    for counter in sorted(older, reverse=True):
        record = older[counter][1]
        if record.payload_sha256 != new_sha256:
            found.setdefault(record.payload_sha256, record)
    return list(found.values())[:most]


def _add_deltas(
    ws: Workspace,
    draft: _Draft,
    record: formats.Release,
    payload: bytes,
    full: int,
    bases: Sequence[formats.Release],
) -> tuple[DeltaFile, ...]:
    done = []
    for base in bases:
        old = ws.kept(f"payloads/{base.payload_sha256}.limen")
        if old is None:
            continue
        started = time.monotonic()
        data, why = _delta(old, payload, full)
        seconds = time.monotonic() - started
        if not why:
            path = formats.delta_path(draft.line, draft.counter, base.payload_sha256)
            draft.add(path, data, md.custom(_delta_record(record, base)))
        done.append(DeltaFile(base.counter, len(data), not why, seconds, why))
    return tuple(done)


def _add_images(ws: Workspace, draft: _Draft, record: formats.Release, wishes: Wishes) -> tuple[images.PatchFile, ...]:
    if wishes.image is None:
        return ()
    made, tried = images.make(ws, draft.line, draft.counter, wishes.image, wishes.deltas)
    for name, data in made.items():
        draft.add(f"{draft.line}/{draft.counter}/{name}", data, {"describes": record.payload_sha256})
    return tried


def _delta(old: bytes, new: bytes, full: int) -> tuple[bytes, str]:
    """The delta, and why it is not to be published: it is not smaller, or a device could not apply it."""
    from limen.deliver.repository import delta

    try:
        made = delta.make(old, new)
    except Unsupported as error:
        return b"", error.message
    return made, flaw(old, new, made) if len(made) < full else "not smaller than the full file"


def flaw(old: bytes, new: bytes, made: bytes) -> str:
    """Why a device could not use a delta: its own reader refuses it or rebuilds something else. Empty: it can."""
    from limen.deliver.delta import Expected, apply
    from limen.deliver.reading import Held

    expected = Expected(len(new), hashlib.sha256(new).hexdigest())
    at = 0
    try:
        for part in apply(Held(old), hashlib.sha256(old).hexdigest(), Held(made), expected):
            if new[at : at + len(part)] != part:
                return "does not rebuild the payload"
            at += len(part)
    except VerificationError as error:
        return error.message
    return ""


def _delta_record(record: formats.Release, base: formats.Release) -> formats.Release:
    import msgspec

    start = formats.Base(base.payload_sha256, base.payload_size)
    return msgspec.structs.replace(record, kind="delta", base=start)

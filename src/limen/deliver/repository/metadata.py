"""TUF metadata as values: loaded and checked, changed, signed, and handed back as files in a safe order to write.

Nothing here writes. Each function that signs returns name -> bytes; written in that order, a reader meets no metadata
that names a file that is not there yet, ``timestamp.json`` being the last.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from securesystemslib.signer import Key
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, MetaFile, Root, Signed, Snapshot, Targets, Timestamp
from tuf.api.serialization import DeserializationError
from tuf.api.serialization.json import JSONSerializer

from limen.deliver import formats
from limen.deliver.formats import DEVICE_FIELD, ISSUED_FIELD
from limen.deliver.repository.keys import Ring, pick
from limen.deliver.repository.storage import Storage
from limen.errors import BadInput, UsageError, VerificationError

Files = dict[str, bytes]
S = TypeVar("S", Root, Timestamp, Snapshot, Targets)
TOP = ("root", "targets", "snapshot", "timestamp")
VERSIONED = re.compile(r"(\d{1,9})\.([a-z0-9_-]+)\.json")
_SERIALIZER = JSONSerializer(compact=True)


@dataclass(frozen=True)
class Lifetimes:
    """Days until metadata expires; ``line`` is for the roles of the lines."""

    root: int = 365
    targets: int = 180
    line: int = 180
    snapshot: int = 30
    timestamp: int = 7

    def of(self, role: str) -> timedelta:
        """Of a role by name."""
        return timedelta(days=getattr(self, role if role in TOP else "line"))


@dataclass(frozen=True)
class Place:
    """Where one TUF repository lies: the folder of its roots, that of the rest, and whom it speaks to."""

    roots: str
    folder: str
    device: str = ""

    @property
    def name(self) -> str:
        """``image`` or ``director``."""
        return self.roots.partition("/")[0]


IMAGE = Place("image/metadata", "image/metadata")


def director(device: str) -> Place:
    """The director's metadata of one device."""
    return Place("director", f"director/{device}", device)


@dataclass(frozen=True)
class Current:
    """One TUF repository as it is published; signatures are checked, since what is read is signed again; expiry is not.

    Args:
        targets: role -> metadata: ``targets`` and the delegated lines.
    """

    place: Place
    root: Metadata[Root]
    timestamp: Metadata[Timestamp] | None = None
    snapshot: Metadata[Snapshot] | None = None
    targets: Mapping[str, Metadata[Targets]] = field(default_factory=dict)

    @property
    def top(self) -> Targets:
        """The top-level targets.

        Raises:
            BadInput: there are none yet.
        """
        if "targets" not in self.targets:
            raise BadInput(f"{self.place.folder}: has no targets yet", "limen repo init DIR")
        return self.targets["targets"].signed

    def delegator(self, role: str) -> Root | Targets:
        """Who says which keys the role has."""
        return self.root.signed if role in TOP else self.top


def now_utc() -> datetime:
    """The time, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def load_root(storage: Storage, place: Place) -> Metadata[Root]:
    """The newest root, checked against its own keys.

    Raises:
        BadInput: there is none.
        VerificationError: its signatures do not suffice.
    """
    found = [VERSIONED.fullmatch(name) for name in storage.names(place.roots)]
    versions = [int(match[1]) for match in found if match and match[2] == "root"]
    if not versions:
        raise BadInput(f"{place.roots}: has no root", "limen repo init DIR")
    root = read(storage, f"{place.roots}/{max(versions)}.root.json", Root)
    require(root, "root", [root.signed])
    return root


def load(storage: Storage, place: Place, root: Metadata[Root], formerly: Metadata[Root] | None = None) -> Current:
    """The repository as published.

    Args:
        root: the newest one.
        formerly: a root whose keys are good enough, too: while roles move from its keys to those of ``root``.

    Raises:
        BadInput: a file is missing or cannot be read.
        VerificationError: signatures are missing.
    """
    if storage.read(f"{place.folder}/timestamp.json") is None:
        return Current(place, root)
    roots = [r.signed for r in (root, formerly) if r is not None]

    def checked(name: str, role: str, kind: type[S], by: Sequence[Root | Targets] = roots) -> Metadata[S]:
        found = read(storage, f"{place.folder}/{name}", kind)
        require(found, role, by)
        return found

    timestamp = checked("timestamp.json", "timestamp", Timestamp)
    snapshot = checked(f"{timestamp.signed.snapshot_meta.version}.snapshot.json", "snapshot", Snapshot)
    versions = {name.removesuffix(".json"): meta.version for name, meta in snapshot.signed.meta.items()}
    top = checked(f"{versions.pop('targets')}.targets.json", "targets", Targets)
    lines = {role: checked(f"{n}.{role}.json", role, Targets, [top.signed]) for role, n in versions.items()}
    return Current(place, root, timestamp, snapshot, {"targets": top, **lines})


def read(storage: Storage, name: str, kind: type[S]) -> Metadata[S]:
    """One file of metadata; its signatures are not checked.

    Raises:
        BadInput: it is missing, or not of that kind.
    """
    data = storage.read(name)
    if data is None:
        raise BadInput(f"{name}: is missing")
    try:
        found = Metadata[Any].from_bytes(data)
    except DeserializationError as error:
        raise BadInput(f"{name}: cannot be read: {error}") from error
    if not isinstance(found.signed, kind):
        raise BadInput(f"{name}: holds {found.signed.type}")
    return found


def require(metadata: Metadata[Any], role: str, by: Sequence[Root | Targets]) -> None:
    """Check that enough keys signed, in the eyes of one of the delegators.

    Raises:
        VerificationError: fewer than each of them asks for.
    """
    for delegator in by:
        try:
            return delegator.verify_delegate(role, metadata.signed_bytes, metadata.signatures)
        except (RepositoryError, ValueError) as error:
            problem = error
    raise VerificationError(f"{role}: {problem}", "the public files were changed by somebody else") from problem


def renew(metadata: Metadata[Any], lifetime: timedelta, now: datetime) -> None:
    """One version more (a new one stays version 1: it has no signatures), a new date, no signatures."""
    metadata.signed.version += bool(metadata.signatures)
    metadata.signed.expires = now + lifetime
    metadata.signatures.clear()


def sign(metadata: Metadata[Any], role: str, by: Root | Targets, ring: Ring) -> bytes:
    """Sign with every key at hand that the delegator names for the role; the file's bytes.

    Raises:
        UsageError: too few keys are at hand.
    """
    terms = by.get_delegated_role(role)
    for signer in pick(ring, terms.keyids, terms.threshold, role):
        metadata.sign(signer, append=True)
    require(metadata, role, [by])
    return encode(metadata)


def encode(metadata: Metadata[Any]) -> bytes:
    """The file's bytes: compact JSON."""
    return metadata.to_bytes(_SERIALIZER)


def new_root(keys: Mapping[str, Iterable[Key]], thresholds: Mapping[str, int], expires: datetime) -> Metadata[Root]:
    """Version 1 of a root, unsigned: role -> its keys and threshold."""
    root = Root(expires=expires)
    for role in TOP:
        for key in keys[role]:
            root.add_key(key, role)
        root.roles[role].threshold = thresholds.get(role, 1)
        check_threshold(role, len(root.roles[role].keyids), root.roles[role].threshold)
    return Metadata(root)


def check_threshold(role: str, keys: int, threshold: int) -> None:
    """Refuse a threshold that the role's keys cannot reach.

    Raises:
        UsageError: it is 0, or more than there are keys.
    """
    if not 1 <= threshold <= keys:
        raise UsageError(f"{role}: threshold {threshold} of {keys} keys cannot be", "1 to the number of keys")


def release(
    current: Current, changed: Mapping[str, Metadata[Targets]], ring: Ring, lifetimes: Lifetimes, now: datetime
) -> Files:
    """Sign changed targets, and the snapshot and timestamp that follow from them.

    Args:
        changed: role -> metadata whose contents are changed; versions and dates are set here. May be empty: then only
            snapshot and timestamp are renewed.

    Raises:
        UsageError: a key is not at hand.
    """
    place, files = current.place, Files()
    targets = {**current.targets, **changed}
    top = targets["targets"].signed
    snapshot = current.snapshot or Metadata(Snapshot(meta={}))
    for role in sorted(changed):
        metadata = changed[role]
        renew(metadata, lifetimes.of(role), now)
        _address(metadata.signed, place)
        data = sign(metadata, role, current.root.signed if role in TOP else top, ring)
        files[f"{place.folder}/{metadata.signed.version}.{role}.json"] = data
        snapshot.signed.meta[f"{role}.json"] = MetaFile.from_data(metadata.signed.version, data, ["sha256"])
    renew(snapshot, lifetimes.of("snapshot"), now)
    _address(snapshot.signed, place)
    data = sign(snapshot, "snapshot", current.root.signed, ring)
    files[f"{place.folder}/{snapshot.signed.version}.snapshot.json"] = data
    meta = MetaFile.from_data(snapshot.signed.version, data, ["sha256"])
    return {**files, **stamp(current, meta, ring, lifetimes, now)}


def stamp(current: Current, snapshot: MetaFile | None, ring: Ring, lifetimes: Lifetimes, now: datetime) -> Files:
    """A new timestamp, of this snapshot or of the one it names already.

    Raises:
        UsageError: its key is not at hand, or there is nothing yet to be stamped.
    """
    timestamp = current.timestamp or Metadata(Timestamp())
    if snapshot is not None:
        timestamp.signed.snapshot_meta = snapshot
    elif current.timestamp is None:
        raise UsageError(f"{current.place.folder}: has no snapshot yet")
    renew(timestamp, lifetimes.of("timestamp"), now)
    timestamp.signed.unrecognized_fields[ISSUED_FIELD] = int(now.timestamp())
    _address(timestamp.signed, current.place)
    data = sign(timestamp, "timestamp", current.root.signed, ring)
    return {f"{current.place.folder}/timestamp.json": data}


def custom(record: formats.Record) -> dict[str, Any]:
    """The ``custom`` field of a target as canonical JSON has it: lists, and no fractions (they are rounded up)."""

    def plain(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [plain(item) for item in value]
        return math.ceil(value) if isinstance(value, float) else value

    made: dict[str, Any] = plain(formats.to_custom(record))
    return made


def _address(signed: Signed, place: Place) -> None:
    if place.device:
        signed.unrecognized_fields[DEVICE_FIELD] = place.device

"""The client workflow of TUF (specification 1.0.34, chapter 5) for one repository, without I/O.

Differences from the text, all on the safe side: floors of versions come from ``records.Memory``, not from files that
can be lost; they are dropped only when a new root takes away the keys that set them (5.3.11); every file may be asked
to name this device; the time is judged (``clock``) once the newest root is known, since a new root is what ends the
harm of a stolen timestamp key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec
from tuf.api.exceptions import LengthOrHashMismatchError, RepositoryError
from tuf.api.metadata import Metadata, MetaFile, Root, Signed, Snapshot, TargetFile, Targets, Timestamp

from limen.deliver import formats
from limen.deliver.agent import clock as clocks
from limen.deliver.agent.clock import Clock
from limen.deliver.agent.records import KeyIds, Memory
from limen.deliver.agent.trust import LIMITS, Keep, Known, Layout, Steps, Want
from limen.errors import Refused

S = TypeVar("S", Root, Timestamp, Snapshot, Targets)
LARGEST = (1 << 53) - 1
"""Of a version: what JSON numbers hold everywhere."""
# What python-tuf raises on metadata that is not metadata; RecursionError: JSON nested without end.
_MALFORMED = (RepositoryError, ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError)


class Repository:
    """One TUF repository that is up to date: what :func:`refresh` gives.

    Args:
        root, timestamp, snapshot: as trusted.
        now: the time by which expiry is judged.
    """

    root: Root
    timestamp: Timestamp
    snapshot: Snapshot

    def __init__(self, layout: Layout, known: Known, clock: Clock) -> None:
        self.layout, self.memory = layout, known.memory
        self._files, self._clock = known.files, clock
        self._trusted: dict[str, Targets] = {}
        self._checked: set[tuple[str, str]] = set()
        first = _parse(Root, known.memory.root, "trusted root")
        _verify(first.signed, "root", first, "trusted root")
        self.root = first.signed

    @property
    def targets(self) -> Targets:
        """The top-level targets."""
        return self._trusted["targets"]

    def refresh(self) -> Steps[None]:
        """Bring the top-level roles up to date."""
        yield from self._update_root()
        self.now = clocks.judge(self._clock, self.memory.issued)
        self._require_fresh(self.root, "root.json")
        yield from self._update_timestamp()
        yield from self._update_snapshot()
        yield from self.role("targets", "root")

    def find(self, path: str) -> Steps[TargetFile | None]:
        """Search a target through the delegations, depth first, in their order (5.6.7).

        Raises:
            Refused: a role on the way is not to be trusted.
        """
        waiting, visited = [("targets", "root")], set[str]()
        while waiting and len(visited) <= LIMITS.delegations:
            role, delegator = waiting.pop()
            if role in visited:
                continue
            targets = yield from self.role(role, delegator)
            if path in targets.targets:
                return targets.targets[path]
            visited.add(role)
            if targets.delegations is not None:
                children = []
                for child, terminating in targets.delegations.get_roles_for_target(path):
                    children.append((child, role))
                    if terminating:
                        waiting.clear()
                        break
                waiting.extend(reversed(children))
        return None

    def role(self, role: str, delegator: str) -> Steps[Targets]:
        """Targets metadata of a role, checked in the eyes of this delegator (5.6).

        Raises:
            Refused: it is not to be trusted.
        """
        if (role, delegator) in self._checked:
            return self._trusted[role]
        by: Root | Targets = self.root if delegator == "root" else self._trusted[delegator]
        meta = self.snapshot.meta.get(f"{role}.json")
        if meta is None:
            raise Refused("missing", f"{role}.json: is delegated to, but the snapshot does not name it")
        found = self._from_disk(Targets, role, meta, by)
        if found is None:
            found = yield from self._targets_from_afar(role, meta, by)
        self._trusted[role] = found
        self._checked.add((role, delegator))
        return found

    def _targets_from_afar(self, role: str, meta: MetaFile, by: Root | Targets) -> Steps[Targets]:
        name = self._name(role, meta.version)
        data = yield from self._fetch(name, min(meta.length or LIMITS.targets, LIMITS.targets))
        _require_match(meta, data, name)
        found = _parse(Targets, data, name)
        _verify(by, role, found, name)
        self._require_named(found.signed, meta, name)
        self._require_fresh(found.signed, name)
        yield self._keep({role: data})
        return found.signed

    def _update_root(self) -> Steps[None]:
        """Newer roots, one by one, each signed by the keys of the one before and by its own (5.3)."""
        for _ in range(LIMITS.roots):
            version = self.root.version + 1
            name = _join(self.layout.roots, f"{version}.root.json")
            data = yield Want(name, LIMITS.root)
            if data is None:
                return
            _require_short(data, LIMITS.root, name)
            found = _parse(Root, data, name)
            _verify(self.root, "root", found, name)
            if found.signed.version != version:
                raise Refused("mismatch", f"{name}: holds version {found.signed.version}")
            _verify(found.signed, "root", found, name)
            self.root = found.signed
            self.memory = _without_lost_floors(msgspec.structs.replace(self.memory, root=data), self.root)
            yield self._keep({})

    def _update_timestamp(self) -> Steps[None]:
        """The newest timestamp (5.4)."""
        name = _join(self.layout.folder, "timestamp.json")
        data = yield from self._fetch(name, LIMITS.timestamp)
        parsed = _parse(Timestamp, data, name)
        keys = _verify(self.root, "timestamp", parsed, name)
        found, extra = parsed.signed, parsed.signed.unrecognized_fields
        self._require_device(extra, name)
        meta, memory = found.snapshot_meta, self.memory
        _require_floor(found.version, memory.timestamp, f"{name}: version")
        if found.version == memory.timestamp:
            kept = self._kept_timestamp()
            if kept is not None:
                self.timestamp = kept
                return self._require_fresh(kept, name)
        _require_floor(meta.version, memory.snapshot, f"{name}: version of the snapshot")
        issued = max(_issued(extra, name), memory.issued)
        self.now = clocks.judge(self._clock, issued)
        self._require_fresh(found, name)
        self.timestamp = found
        self.memory = msgspec.structs.replace(
            memory,
            timestamp=found.version,
            snapshot=meta.version,
            issued=issued,
            timestamp_keys=keys,
        )
        yield self._keep({"timestamp": data})
        return None

    def _kept_timestamp(self) -> Timestamp | None:
        data = self._file("timestamp")
        return None if data is None else _parse(Timestamp, data, "timestamp.json").signed

    def _update_snapshot(self) -> Steps[None]:
        """The snapshot that the timestamp names (5.5)."""
        meta = self.timestamp.snapshot_meta
        kept = self._from_disk(Snapshot, "snapshot", meta, self.root)
        if kept is not None:
            self.snapshot = kept
            return
        name = self._name("snapshot", meta.version)
        data = yield from self._fetch(name, min(meta.length or LIMITS.snapshot, LIMITS.snapshot))
        _require_match(meta, data, name)
        parsed = _parse(Snapshot, data, name)
        keys = _verify(self.root, "snapshot", parsed, name)
        found = parsed.signed
        self._require_named(found, meta, name)
        roles = {role.removesuffix(".json"): each.version for role, each in found.meta.items()}
        for role, floor in self.memory.roles.items():
            if role not in roles:
                raise Refused("rollback", f"{name}: no longer names {role}.json")
            _require_floor(roles[role], floor, f"{name}: version of {role}.json")
        self._require_fresh(found, name)
        self.snapshot = found
        self.memory = msgspec.structs.replace(self.memory, roles=roles, snapshot_keys=keys)
        yield self._keep({"snapshot": data})

    def _from_disk(self, kind: type[S], role: str, meta: MetaFile, by: Root | Targets) -> S | None:
        """A file that was trusted before, if it still is what is asked for; else it is fetched."""
        data = self._file(role)
        if data is None:
            return None
        try:
            _require_match(meta, data, role)
            found = _parse(kind, data, role)
            _verify(by, role, found, role)
            self._require_named(found.signed, meta, role)
            self._require_fresh(found.signed, role)
        except Refused:
            return None
        return found.signed

    def _file(self, role: str) -> bytes | None:
        """A trusted file's bytes, if it is whole."""
        data, digest = self._files.get(role), self.memory.files.get(role)
        return data if data is not None and hashlib.sha256(data).hexdigest() == digest else None

    def _fetch(self, name: str, limit: int) -> Steps[bytes]:
        data = yield Want(name, limit)
        if data is None:
            device = self.layout.device
            way = f"nothing is assigned to {device}? limen repo assign REPO {device} LINE" if device else None
            raise Refused("missing", f"{name}: is not there", way)
        _require_short(data, limit, name)
        return data

    def _keep(self, files: Mapping[str, bytes]) -> Keep:
        digests = {role: hashlib.sha256(data).hexdigest() for role, data in files.items()}
        self.memory = msgspec.structs.replace(self.memory, files=self.memory.files | digests)
        return Keep(self.layout.name, self.memory, files)

    def _name(self, role: str, version: int) -> str:
        file = f"{quote(role, '')}.json"
        return _join(self.layout.folder, f"{version}.{file}" if self.root.consistent_snapshot else file)

    def _require_named(self, found: Snapshot | Targets | Root | Timestamp, meta: MetaFile, name: str) -> None:
        self._require_device(found.unrecognized_fields, name)
        if found.version != meta.version:
            raise Refused("mismatch", f"{name}: holds version {found.version} instead of {meta.version}")

    def _require_device(self, extra: Mapping[str, Any], name: str) -> None:
        if self.layout.device and extra.get(formats.DEVICE_FIELD) != self.layout.device:
            raise Refused("device", f"{name}: is for {str(extra.get(formats.DEVICE_FIELD))[:64]!r}")

    def _require_fresh(self, signed: Signed, name: str) -> None:
        if signed.is_expired(self.now):
            raise Refused(
                "expired",
                f"{name}: expired on {signed.expires:%Y-%m-%d %H:%M}, and it is {self.now:%Y-%m-%d %H:%M}",
                "the repository is not renewed, somebody holds back news, or the clock is ahead",
            )


def refresh(layout: Layout, known: Known, clock: Clock) -> Steps[Repository]:
    """Bring a repository up to date.

    Raises:
        Refused: see ``trust.REASONS``; what was verified before is kept.
    """
    repository = Repository(layout, known, clock)
    yield from repository.refresh()
    return repository


def enrolled(root: bytes) -> Memory:
    """The memory to begin with, of a root that came by a way that is trusted.

    Raises:
        Refused: it is no root, or is not signed by its own keys.
    """
    memory = Memory(root=root)
    Repository(Layout("", "", ""), Known(memory), Clock(0, 0))
    return memory


def _parse(kind: type[S], data: bytes, name: str) -> Metadata[S]:
    """Metadata of a kind, not verified."""
    try:
        found = Metadata[S].from_bytes(data)
    except _MALFORMED as error:
        raise Refused("malformed", f"{name}: cannot be read: {_short(error)}") from error
    if not isinstance(found.signed, kind):
        raise Refused("malformed", f"{name}: holds {str(found.signed.type)[:20]}")
    if found.signed.version > LARGEST:
        raise Refused("malformed", f"{name}: its version is beyond {LARGEST}")
    return found


def _without_lost_floors(memory: Memory, root: Root) -> Memory:
    """Drop the floors that were set by keys which the new root no longer accepts (5.3.11)."""
    files = dict(memory.files)
    if memory.timestamp_keys and not _still_trusted(root, "timestamp", memory.timestamp_keys):
        files.pop("timestamp", None)
        memory = msgspec.structs.replace(memory, timestamp=0, snapshot=0, issued=0, timestamp_keys=())
    if memory.snapshot_keys and not _still_trusted(root, "snapshot", memory.snapshot_keys):
        files.pop("snapshot", None)
        memory = msgspec.structs.replace(memory, roles={}, snapshot_keys=())
    return msgspec.structs.replace(memory, files=files)


def _issued(extra: Mapping[str, Any], name: str) -> int:
    """The signed time of a timestamp; 0 where it has none."""
    issued = extra.get(formats.ISSUED_FIELD, 0)
    if not isinstance(issued, int) or isinstance(issued, bool) or not 0 <= issued <= LARGEST:
        raise Refused("malformed", f"{name}: {formats.ISSUED_FIELD} is no time")
    return issued


def _still_trusted(root: Root, role: str, keys: KeyIds) -> bool:
    terms = root.roles[role]
    return len(set(keys) & set(terms.keyids)) >= terms.threshold


def _verify(by: Root | Targets, role: str, metadata: Metadata[Any], name: str) -> KeyIds:
    """Ids of the keys that signed, as many as the delegator asks for at least (5.3.4, 5.4.2, ...)."""
    try:
        result = by.get_verification_result(role, metadata.signed_bytes, metadata.signatures)
    except _MALFORMED as error:
        raise Refused("malformed", f"{name}: cannot be verified: {_short(error)}") from error
    if not result.verified:
        raise Refused(
            "signature", f"{name}: signed by {len(result.signed)} of {result.threshold} keys that may sign it"
        )
    return tuple(sorted(result.signed))


def _require_match(meta: MetaFile, data: bytes, name: str) -> None:
    try:
        meta.verify_length_and_hashes(data)
    except LengthOrHashMismatchError as error:
        raise Refused("mismatch", f"{name}: is not the file that is named: {_short(error)}") from error
    if meta.version > LARGEST:
        raise Refused("malformed", f"{name}: its version is beyond {LARGEST}")


def _require_floor(version: int, floor: int, what: str) -> None:
    if version < floor:
        raise Refused("rollback", f"{what} {version} is older than {floor}, which was trusted before")
    if version > LARGEST:
        raise Refused("malformed", f"{what} is beyond {LARGEST}")


def _require_short(data: bytes, limit: int, name: str) -> None:
    if len(data) > limit:
        raise Refused("endless", f"{name}: is longer than {limit} bytes")


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _short(error: BaseException) -> str:
    return (str(error) or type(error).__name__)[:120]

"""The device's store: blobs named by their sha256, secrets, and one record (``records.State``) in two copies.

::

    lock         held by the one agent that may write
    state.a .b   the record, twice; both are written before a commit returns, so that either may be lost afterwards
    blobs/       <sha256>, and <name>.part while it comes in
    keys/        secrets; wiped before they are removed

**What holds at every instant**, also after a power cut at any byte (``bench/crash_states.py``): at least one copy of
the record is whole, and it is the one of the last commit that returned or the one being committed; every blob that it
names is whole. A commit that fails (full disk, read-only disk) changes nothing. A record is never younger than the
blobs it names, so: put blobs first, commit, act, sweep.

**How to use it**::

    with open_store(path) as store:                     # StoreError: no record, or another agent holds it
        digest = store.put(data)                        # or a Part, piece by piece
        store.change(lines={**store.state.lines, "kws": line})
        store.sweep()                                   # blobs and slots' keys that the record does not name

``create`` makes the store, at enrolment only: a store whose two copies are both lost is not started again from nothing,
since its memory of versions would be lost with it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from limen.deliver.agent import durable
from limen.deliver.agent.durable import Disk
from limen.deliver.agent.records import State, decode, encode, referenced
from limen.errors import StoreError, VerificationError

COPIES = ("state.a", "state.b")
BLOBS, KEYS = "blobs", "keys"
SLOT_KEY = "slot-"
"""Beginning of the name of a slot's secret, followed by the slot's blob: swept with it."""
PIECE = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Held(StoreError):
    """Another agent holds the store."""


class Part:
    """A file that comes in piece by piece; what came in survives the process, and may be torn by a power cut."""

    def __init__(self, disk: Disk, name: str) -> None:
        self._disk, self._file = disk, f"{BLOBS}/{_checked(name)}.part"

    @property
    def size(self) -> int:
        """Bytes that came in so far."""
        return self._disk.size(self._file) or 0

    def append(self, data: bytes) -> None:
        """Write on.

        Raises:
            durable.Full: no space; what came in before is kept.
        """
        self._disk.append(self._file, data)

    def restart(self) -> None:
        """Throw away what came in."""
        self._disk.remove(self._file)

    def pieces(self) -> Iterator[bytes]:
        """The bytes so far, in pieces of 1 MiB."""
        return _pieces(self._disk, self._file)

    def finish(self, digest: str) -> None:
        """Check the file and make it a durable blob.

        Raises:
            VerificationError: its sha256 is another one; it is thrown away.
            StoreError: the disk fails.
        """
        if _sha256(self._disk, self._file) != digest:
            self.restart()
            raise VerificationError(f"{self._file}: is not what its sha256 {digest[:16]} says")
        self._disk.sync(self._file)
        self._disk.rename(self._file, _blob(digest))
        self._disk.sync_folder(BLOBS)


class Store:
    """An open store; see the module. Not for several threads at once."""

    def __init__(self, disk: Disk, state: State, lock: int | None = None, path: Path | None = None) -> None:
        self.disk, self.path = disk, path
        self._state, self._lock = state, lock

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let another agent in."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @property
    def state(self) -> State:
        """The record as it was last committed."""
        return self._state

    def commit(self, state: State) -> State:
        """Make the record durable, in both copies; its serial is set here.

        Raises:
            durable.Full: no space; the old record holds.
            StoreError: the disk fails.
        """
        made = msgspec.structs.replace(state, serial=self._state.serial + 1)
        data = encode(made)
        if decode(data) != made:
            raise StoreError("record: has a value that cannot be read back")
        durable.replace_all(self.disk, dict.fromkeys(COPIES, data))
        self._state = made
        return made

    def change(self, **fields: Any) -> State:
        """Commit the record with some fields replaced; nothing is written where nothing changes."""
        made = msgspec.structs.replace(self._state, **fields)
        return self._state if made == self._state else self.commit(made)

    def has(self, digest: str) -> bool:
        """The blob is here, and whole: its bytes are hashed."""
        return self.disk.size(_blob(digest)) is not None and _sha256(self.disk, _blob(digest)) == digest

    def size(self, digest: str) -> int | None:
        """Bytes of a blob; None where it is not here."""
        return self.disk.size(_blob(digest))

    def get(self, digest: str) -> bytes | None:
        """A blob's bytes, checked; None where it is lost or not whole."""
        data = self.disk.read(_blob(digest))
        return data if data is not None and hashlib.sha256(data).hexdigest() == digest else None

    def pieces(self, digest: str) -> Iterator[bytes]:
        """A blob's bytes in pieces of 1 MiB, not checked."""
        return _pieces(self.disk, _blob(digest))

    def file(self, digest: str) -> Path:
        """Where a blob is, for a reader that maps it into memory; not checked."""
        assert self.path is not None, "the store is not in a folder"
        return self.path / _blob(digest)

    def put(self, data: bytes) -> str:
        """Keep bytes durably; their sha256.

        Raises:
            durable.Full: no space.
        """
        digest = hashlib.sha256(data).hexdigest()
        if self.has(digest):
            # It may have been renamed by a process that was killed before it synced the folder.
            self.disk.sync_folder(BLOBS)
        else:
            durable.replace(self.disk, _blob(digest), data)
        return digest

    def drop(self, digest: str) -> None:
        """Remove a blob, unless the record names it."""
        if digest not in referenced(self._state):
            self.disk.remove(_blob(digest))

    def part(self, name: str) -> Part:
        """The file that comes in under this name."""
        return Part(self.disk, name)

    def secret(self, name: str) -> bytes | None:
        """A secret's bytes."""
        return self.disk.read(f"{KEYS}/{_checked(name)}")

    def keep_secret(self, name: str, data: bytes) -> None:
        """Keep a secret durably; only the owner can read the file."""
        durable.replace(self.disk, f"{KEYS}/{_checked(name)}", data)

    def erase_secret(self, name: str) -> None:
        """Overwrite a secret and remove it."""
        file = f"{KEYS}/{_checked(name)}"
        if self.disk.size(file) is not None:
            self.disk.wipe(file)
            self.disk.sync(file)
            self.disk.remove(file)

    def free(self) -> int:
        """Bytes that can still be written."""
        return self.disk.free()

    def sweep(self, parts: frozenset[str] = frozenset()) -> tuple[str, ...]:
        """Remove blobs that the record does not name, their keys, and parts but the ones named.

        Returns:
            names of the files removed.
        """
        kept = referenced(self._state)
        gone = []
        for name in self.disk.names(KEYS):
            if name.endswith(".tmp") or (name.startswith(SLOT_KEY) and name.removeprefix(SLOT_KEY) not in kept):
                self.erase_secret(name)
                gone.append(f"{KEYS}/{name}")
        for name in self.disk.names(BLOBS):
            if name not in kept and not (name.endswith(".part") and name.removesuffix(".part") in parts):
                self.disk.remove(f"{BLOBS}/{name}")
                gone.append(f"{BLOBS}/{name}")
        return tuple(gone)


def create(path: Path, state: State) -> Store:
    """Make a store with its first record.

    Raises:
        StoreError: there is one already, or the disk fails.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{path}: cannot be made: {error.strerror or error}") from error
    disk = durable.Folder(path)
    lock = _take(path)
    try:
        return Store(disk, begin(disk, state), lock, path)
    except BaseException:
        os.close(lock)
        raise


def open_store(path: Path) -> Store:
    """Open a store for writing.

    Raises:
        StoreError: there is no readable record in it, or another agent holds it.
    """
    if not path.is_dir():
        raise StoreError(f"{path}: is not there", "limen agent enroll")
    disk = durable.Folder(path)
    lock = _take(path)
    try:
        return Store(disk, recover(disk), lock, path)
    except BaseException:
        os.close(lock)
        raise


def look(path: Path) -> Store:
    """Open a store for reading, also while an agent holds it. Do not write to it.

    Raises:
        StoreError: there is no readable record in it.
    """
    disk = durable.Folder(path)
    return Store(disk, _newest(disk), None, path)


def begin(disk: Disk, state: State) -> State:
    """Write the first record on an empty disk."""
    if any(decode(disk.read(name)) for name in COPIES):
        raise StoreError("the store holds a record already", "remove its folder to forget everything")
    for folder in (BLOBS, KEYS):
        disk.make_folder(folder)
    return Store(disk, state).commit(state)


def recover(disk: Disk) -> State:
    """The newest whole record; a copy that is lost or older is written again."""
    state = _newest(disk)
    for folder in (BLOBS, KEYS):
        disk.make_folder(folder)
    stale = [name for name in COPIES if decode(disk.read(name)) != state]
    # What is read may still be in memory only, if the process before was killed: nothing may rest on it until then.
    disk.sync_folder("")
    if stale:
        # A full disk is no reason not to start; the next commit writes both copies anyway.
        with contextlib.suppress(durable.Full):
            durable.replace_all(disk, dict.fromkeys(stale, encode(state)))
    return state


def _newest(disk: Disk) -> State:
    found = [state for state in (decode(disk.read(name)) for name in COPIES) if state is not None]
    if not found:
        damaged = any(disk.read(name) is not None for name in COPIES)
        way = "both copies are damaged; enroll again in a new folder" if damaged else "limen agent enroll"
        raise StoreError("the store holds no readable record", way)
    return max(found, key=lambda state: state.serial)


def _take(path: Path) -> int:
    try:
        lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror or error}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise Held(f"{path}: another agent holds it", "stop it first") from error
    return lock


def _blob(digest: str) -> str:
    if not _DIGEST.fullmatch(digest):
        raise StoreError(f"blob {digest[:80]!r}: is not a sha256")
    return f"{BLOBS}/{digest}"


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise StoreError(f"name {name[:80]!r}: use letters, digits, -, _ and .")
    return name


def _pieces(disk: Disk, name: str) -> Iterator[bytes]:
    size = disk.size(name) or 0
    for offset in range(0, size, PIECE):
        yield disk.read_at(name, offset, min(PIECE, size - offset))


def _sha256(disk: Disk, name: str) -> str:
    digest = hashlib.sha256()
    for piece in _pieces(disk, name):
        digest.update(piece)
    return digest.hexdigest()

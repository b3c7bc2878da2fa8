"""A disk that loses power: every state it can be found in, for the real store of a device.

``CrashDisk`` is a ``durable.Disk`` in memory that logs its operations. What a crash may leave is computed from the
log, by the rules that POSIX gives and no more: bytes that were not synced are there, lost, or torn at any byte (the
rest missing, or zeros, or old bytes); names that were not synced in their folder (made, renamed, removed) are there or
not, each on its own; a folder that was not synced may be gone with all that is in it. A process that is killed loses
nothing of that, but what it did not sync stays unsynced for the one that comes after it.

``Journey`` is one device's life on that disk: enrolment, a release that comes in piece by piece, its secret, the
decision core's record after every event, new metadata, sweeping, erasing. ``faults`` says what is wrong in a state.
"""

from __future__ import annotations

import hashlib
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import msgspec

from limen.deliver.agent import decide as d
from limen.deliver.agent import store as stores
from limen.deliver.agent.durable import Full
from limen.deliver.agent.records import LineState, Memory, Slot, State, decode, referenced, slots
from limen.deliver.agent.store import COPIES, KEYS, SLOT_KEY, Store
from limen.errors import StoreError

Files = dict[str, bytes]
LARGE = 1 << 40


class Killed(BaseException):
    """The process ended before an operation."""


@dataclass(frozen=True)
class Op:
    """``kind``: mkdir, make, write, cut, sync, rename, remove, syncdir; ``inode`` of the file."""

    kind: str
    name: str = ""
    inode: int = 0
    offset: int = 0
    data: bytes = b""
    new: str = ""

    @property
    def folder(self) -> str:
        return (self.new or self.name).rpartition("/")[0]


@dataclass
class CrashDisk:
    """See the module.

    Args:
        files, folders: what is there at the beginning, durable.
        kill_at: the operation before which the process ends.
        skip: index of the sync (of file or folder) that is left out; or the place in the source, as ``site`` has it.
        full_at: index of the write that finds the disk full, and all after it.
    """

    files: Files = field(default_factory=dict)
    folders: frozenset[str] = frozenset({""})
    kill_at: int | None = None
    skip: int | str | None = None
    full_at: int | None = None
    ops: list[Op] = field(default_factory=list)
    sites: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.inodes = {i: bytearray(data) for i, data in enumerate(self.files.values(), 1)}
        self.entries = {name: i for i, name in enumerate(self.files, 1)}
        self.live_folders = set(self.folders)
        self.writes = 0

    # ------------------------------------------------------------ durable.Disk

    def read(self, name: str) -> bytes | None:
        return bytes(self.inodes[self.entries[name]]) if name in self.entries else None

    def read_at(self, name: str, offset: int, length: int) -> bytes:
        return bytes(self.inodes[self._inode(name)][offset : offset + length])

    def size(self, name: str) -> int | None:
        return len(self.inodes[self.entries[name]]) if name in self.entries else None

    def names(self, folder: str) -> tuple[str, ...]:
        found = (name.rpartition("/") for name in self.entries)
        return tuple(sorted(name for there, _, name in found if there == folder))

    def write(self, name: str, data: bytes) -> None:
        inode = self._opened(name)
        if self.inodes[inode]:
            self._log(Op("cut", name, inode))
            self.inodes[inode].clear()
        self._put(name, inode, 0, data)

    def append(self, name: str, data: bytes) -> None:
        inode = self._opened(name)
        self._put(name, inode, len(self.inodes[inode]), data)

    def sync(self, name: str) -> None:
        self._sync(Op("sync", name, self._inode(name)))

    def rename(self, old: str, new: str) -> None:
        assert old.rpartition("/")[0] == new.rpartition("/")[0], "one folder"
        self._log(Op("rename", old, self._inode(old), new=new))
        self.entries[new] = self.entries.pop(old)

    def remove(self, name: str) -> None:
        if name in self.entries:
            self._log(Op("remove", name, self.entries[name]))
            del self.entries[name]

    def make_folder(self, name: str) -> None:
        if name not in self.live_folders:
            self._log(Op("mkdir", name))
            self.live_folders.add(name)

    def sync_folder(self, name: str) -> None:
        self._sync(Op("syncdir", f"{name}/" if name else ""))

    def wipe(self, name: str) -> None:
        size = self.size(name)
        if size:
            self._put(name, self._inode(name), 0, bytes(size))

    def free(self) -> int:
        return LARGE

    # ------------------------------------------------------------ the log

    def _inode(self, name: str) -> int:
        if name not in self.entries:
            raise StoreError(f"{name}: is not there")
        return self.entries[name]

    def _opened(self, name: str) -> int:
        if name.rpartition("/")[0] not in self.live_folders:
            raise StoreError(f"{name}: its folder is not there")
        if name not in self.entries:
            inode = len(self.inodes) + 1
            self._log(Op("make", name, inode))
            self.inodes[inode] = bytearray()
            self.entries[name] = inode
        return self.entries[name]

    def _put(self, name: str, inode: int, offset: int, data: bytes) -> None:
        self.writes += 1
        if self.full_at is not None and self.writes > self.full_at:
            raise Full(f"{name}: cannot be written: no space left on device")
        self._log(Op("write", name, inode, offset, bytes(data)))
        self.inodes[inode][offset : offset + len(data)] = data

    def _sync(self, op: Op) -> None:
        site = _site()
        self.sites.append(site)
        if self.skip not in (len(self.sites) - 1, site):
            self._log(op)

    def _log(self, op: Op) -> None:
        if self.kill_at is not None and len(self.ops) >= self.kill_at:
            raise Killed
        self.ops.append(op)


def _site() -> str:
    """Where in the store the sync is."""
    frame = sys._getframe(3)
    return f"{frame.f_globals['__name__'].rpartition('.')[2]}.{frame.f_code.co_qualname}:{frame.f_lineno}"


@dataclass
class _Platter:
    """What is durable after the operations so far, and what is not yet."""

    data: dict[int, bytes]
    live: dict[int, bytes]
    names: dict[str, int]
    folders: frozenset[str]
    writes: list[Op] = field(default_factory=list)
    moves: list[Op] = field(default_factory=list)

    def take(self, op: Op) -> None:
        if op.kind in ("write", "cut"):
            self.writes.append(op)
            self.live[op.inode] = _written(self.live.get(op.inode, b""), op)
        elif op.kind == "sync":
            self.data[op.inode] = self.live.get(op.inode, b"")
            self.writes = [w for w in self.writes if w.inode != op.inode]
        elif op.kind == "syncdir":
            synced = [m for m in self.moves if m.folder == op.folder]
            self.names, self.folders = _moved(self.names, self.folders, synced)
            self.moves = [m for m in self.moves if m.folder != op.folder]
        else:
            self.moves.append(op)

    def found(self, moves: Iterable[Op], data: Mapping[int, bytes]) -> tuple[Files, frozenset[str]]:
        names, folders = _moved(self.names, self.folders, moves)
        there = {n: i for n, i in names.items() if n.rpartition("/")[0] in folders}
        return {name: data.get(inode, b"") for name, inode in there.items()}, folders

    def contents(self, tear: int) -> Iterator[dict[int, bytes]]:
        """What the files may hold: unsynced bytes there, lost, lost one by one, the newest torn at every ``tear``."""
        yield self._with(self.writes)
        if not self.writes:
            return
        yield self._with([])
        for lost in self.writes if len(self.writes) > 1 else ():
            yield self._with([w for w in self.writes if w is not lost])
        *before, last = self.writes
        for length in range(0, len(last.data), tear) if tear else ():
            for fill in (b"", bytes(len(last.data) - length)):
                torn = Op("write", last.name, last.inode, last.offset, last.data[:length] + fill)
                yield self._with([*before, torn])

    def _with(self, writes: Iterable[Op]) -> dict[int, bytes]:
        data = dict(self.data)
        for op in writes:
            data[op.inode] = _written(data.get(op.inode, b""), op)
        return data


def _written(data: bytes, op: Op) -> bytes:
    if op.kind == "cut":
        return b""
    data = data.ljust(op.offset, b"\0")
    return data[: op.offset] + op.data + data[op.offset + len(op.data) :]


def _moved(
    names: Mapping[str, int], folders: frozenset[str], moves: Iterable[Op]
) -> tuple[dict[str, int], frozenset[str]]:
    there = dict(names)
    for op in moves:
        if op.kind == "mkdir":
            folders = folders | {op.name}
        elif op.kind == "make":
            there[op.name] = op.inode
        else:
            if there.get(op.name) == op.inode:
                del there[op.name]
            if op.kind == "rename":
                there[op.new] = op.inode
    return there, folders


def _subsets(moves: list[Op]) -> list[tuple[Op, ...]]:
    """Which of the unsynced changes of names survive: all choices of up to 5, else the extremes and single ones."""
    if len(moves) <= 5:
        return [c for n in range(len(moves) + 1) for c in itertools.combinations(moves, n)]
    single = [(m,) for m in moves]
    others = [tuple(m for m in moves if m is not lost) for lost in moves]
    return [(), tuple(moves), *single, *others]


def crash_states(
    disk: CrashDisk, tear: int, start: int = 0, every: int = 1
) -> Iterator[tuple[int, Files, frozenset[str]]]:
    """(operations done, files, folders): every state in which the disk may be found after a crash.

    Args:
        tear: the newest unsynced write is torn at every so many bytes; 0: it is there or lost.
        start: crashes before this operation are left out.
        every: only after every so many operations.
    """
    data = {i: bytes(content) for i, content in enumerate(disk.files.values(), 1)}
    names = {name: i for i, name in enumerate(disk.files, 1)}
    platter = _Platter(data, dict(data), names, disk.folders)
    for done in range(len(disk.ops) + 1):
        if done:
            platter.take(disk.ops[done - 1])
        if done < start or (done % every and done != len(disk.ops)):
            continue
        subsets = _subsets(platter.moves)
        for contents in platter.contents(tear):
            for kept in subsets:
                yield done, *platter.found(kept, contents)


# ---------------------------------------------------------------- a device's life

LINE = "kws"
RELEASES = 3
POLICY = d.Policy(strikes=1000, trial_seconds=1, trial_runs=1)
NOW = d.Now(2e9, passed=10)


def release(counter: int, size: int) -> bytes:
    return bytes((i * 7919 * counter >> 3) & 255 for i in range(size)) + bytes([counter])


def secret(counter: int) -> bytes:
    return bytes((counter * 37 + i * 11) % 251 + 1 for i in range(32))


@dataclass
class Journey:
    """One device on one disk; ``run`` may be called again after a kill or a crash, and goes on.

    Args:
        size: bytes of a release.
        tidy: sweep when a process starts, as the agent does where the disk lets it.
        returned: operations done -> the record whose commit had returned by then.
        began: the same of commits that began.
        erased: operations done -> counters whose secret must be gone.
    """

    disk: CrashDisk
    size: int = 96
    tidy: bool = True
    returned: list[tuple[int, State | None]] = field(default_factory=lambda: [(0, None)])
    began: list[tuple[int, State]] = field(default_factory=list)
    erased: list[tuple[int, int]] = field(default_factory=list)

    def run(self) -> State:
        """From what is on the disk to the last release."""
        if any(decode(self.disk.read(name)) for name in COPIES):
            state = stores.recover(self.disk)
        else:
            self.began.append((len(self.disk.ops), State(serial=1)))
            state = stores.begin(self.disk, State())
        store = _Watched(self, state)
        self.returned.append((len(self.disk.ops), state))
        self.handle(store, d.Started())
        while self.step(store):
            pass
        return store.state

    def step(self, store: Store) -> bool:
        line = store.state.lines.get(LINE, LineState())
        serves = d.serving(line)
        if line.wanted is not None:
            self.handle(store, d.Fetched(self.fetch(store, line.wanted.counter)))
        elif line.staged is not None:
            self.handle(store, d.Passed(line.staged.counter) if line.gate else d.Tick())
        elif line.trial is not None:
            self.handle(store, d.Health(line.trial.slot.counter, 5, 0))
            self.handle(store, d.Tick())
        elif serves is None or serves.counter < RELEASES:
            counter = 1 if serves is None else serves.counter + 1
            slot = self.slot(counter)
            self.timestamp(store, counter)
            self.handle(store, d.Assigned(counter, slot.payload_sha256, slot.core_digest))
        else:
            return False
        return True

    def handle(self, store: Store, event: d.Event) -> None:
        line, actions = d.decide(store.state.lines.get(LINE, LineState()), event, NOW, POLICY)
        store.change(lines={LINE: line})
        if any(isinstance(a, d.Sweep) for a in actions) and (self.tidy or not isinstance(event, d.Started)):
            store.sweep()
            held = {slot.counter for slot in slots(line)}
            gone = [c for c in range(1, RELEASES + 1) if c not in held and not store.secret(self.key(c))]
            self.erased += [(len(self.disk.ops), c) for c in gone]

    def fetch(self, store: Store, counter: int) -> Slot:
        """Piece by piece, from where it was left."""
        data, slot = release(counter, self.size), self.slot(counter)
        self.erased = [(done, c) for done, c in self.erased if c != counter]
        store.keep_secret(self.key(counter), secret(counter))
        if counter == 1:
            store.put(data)
            return slot
        part = store.part(slot.blob)
        if b"".join(part.pieces()) != data[: part.size]:
            part.restart()
        while part.size < len(data):
            part.append(data[part.size : part.size + max(64, self.size // 6)])
        part.finish(slot.blob)
        return slot

    def timestamp(self, store: Store, version: int) -> None:
        """New metadata: the file, the record that names it, the old file away."""
        old = store.state.image.files.get("timestamp")
        digest = store.put(b"timestamp %d" % version)
        store.change(image=Memory(timestamp=version, files={"timestamp": digest}))
        if old is not None:
            store.drop(old)

    def slot(self, counter: int) -> Slot:
        digest = hashlib.sha256(release(counter, self.size)).hexdigest()
        return Slot(counter, digest, self.size + 1, digest, digest, sealed=True)

    def key(self, counter: int) -> str:
        return f"{SLOT_KEY}{self.slot(counter).blob}"


class _Watched(Store):
    """The store, which tells the journey when commits begin and return."""

    def __init__(self, journey: Journey, state: State) -> None:
        super().__init__(journey.disk, state)
        self.journey = journey

    def commit(self, state: State) -> State:
        made = msgspec.structs.replace(state, serial=self.state.serial + 1)
        self.journey.began.append((len(self.disk.ops), made))
        done = super().commit(state)
        self.journey.returned.append((len(self.disk.ops), done))
        return done


def faults(journey: Journey, done: int, files: Files) -> list[str]:
    """What is wrong with a disk that is found like this after so many operations; nothing, if all promises hold."""
    last = [state for at, state in journey.returned if at <= done][-1]
    allowed = [state for at, state in journey.began if at <= done and (last is None or state.serial > last.serial)]
    allowed += [] if last is None else [last]
    found = []
    for name in COPIES:
        state = _decoded(files.get(name))
        if state is None:
            found += [] if last is None else [f"{name} is not whole"]
        elif state not in allowed:
            found.append(f"{name} is not what was committed")
        else:
            found += [f"{name}: {fault}" for fault in _lost(journey, state, files)]
    for at, counter in journey.erased:
        if at <= done and any(_holds(data, secret(counter)) for data in files.values()):
            found.append(f"the key of release {counter} can still be read")
    return found


def _lost(journey: Journey, state: State, files: Files) -> Iterator[str]:
    for digest in referenced(state):
        if not _whole(files.get(f"{stores.BLOBS}/{digest}"), digest):
            yield f"blob {digest[:8]} is not whole"
    for line in state.lines.values():
        for slot in slots(line):
            if files.get(f"{KEYS}/{journey.key(slot.counter)}") != secret(slot.counter):
                yield f"the key of release {slot.counter} is lost"


@lru_cache(maxsize=4096)
def _decoded(data: bytes | None) -> State | None:
    return decode(data)


@lru_cache(maxsize=4096)
def _whole(data: bytes | None, digest: str) -> bool:
    return data is not None and hashlib.sha256(data).hexdigest() == digest


@lru_cache(maxsize=16384)
def _holds(data: bytes, key: bytes) -> bool:
    return any(key[i : i + 8] in data for i in range(0, len(key), 8))


@dataclass
class Tally:
    """``states`` looked at; ``violations``: what was wrong and how often."""

    states: int = 0
    violations: dict[str, int] = field(default_factory=dict)

    def look(
        self, journey: Journey, states: Iterable[tuple[int, Files, frozenset[str]]], until_one: bool = False
    ) -> Tally:
        """Look at states; ``until_one``: one violation is enough."""
        known: dict[object, list[str]] = {}
        at = -1
        for done, files, _ in states:
            if done != at:
                known, at = {}, done
            self.states += 1
            # What is not named yet is not looked at, but for secrets.
            key = frozenset(item for item in files.items() if item[0].startswith(KEYS) or not _unnamed(item[0]))
            if key not in known:
                known[key] = faults(journey, done, files)
            for fault in known[key]:
                self.violations[fault] = self.violations.get(fault, 0) + 1
            if until_one and self.violations:
                break
        return self


def _unnamed(name: str) -> bool:
    return name.endswith((".tmp", ".part"))


def travelled(make: Callable[[], CrashDisk], size: int = 96) -> Journey:
    """A journey to its end."""
    journey = Journey(make(), size)
    journey.run()
    return journey


def killed(at: int, size: int = 96, skip: str | None = None, tidy: bool = True) -> Journey:
    """A journey whose process is killed before an operation, and goes on in another one on the same disk."""
    journey = Journey(CrashDisk(kill_at=at, skip=skip), size, tidy=tidy)
    try:
        journey.run()
    except Killed:
        journey.disk.kill_at = None
        journey.run()
    return journey


def resumed(files: Files, folders: frozenset[str], size: int = 96) -> State:
    """Where a device gets that starts on such a disk.

    Raises:
        LimenError: it does not start.
    """
    return Journey(CrashDisk(files, folders), size).run()

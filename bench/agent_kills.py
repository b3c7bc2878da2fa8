"""A device's agent is killed (SIGKILL) in the middle of an update, and starts again: does it serve a verified model?

    python bench/agent_kills.py [--states N] [--every N] [--random N] [--seed N] [--json]

The update is from one sealed release to the next, by a delta, with its gate and its probation. The agent is killed
1. at named states: before and after every action and every commit of the record;
2. at operations on its disk: before and after each, and in the middle of each write (every Nth of them: ``--every``);
3. at random instants of the whole update, with the real gate in a process of its own.
After each kill the store is opened again: the agent must serve the old or the new release, to the bit, and must end
with the new one, unbanned, when it is left alone. Then one kill too many: a release whose probation is cut three times
is given up for the old one. Last, an agent whose address space ends, and one whose disk is full at each write in turn:
the old release serves on, and the update succeeds when there is room again.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from gain_models import gain_bundle, save_gain
from limen.deliver.agent import durable, enrol, loop
from limen.deliver.agent import store as stores
from limen.deliver.agent.decide import Action, Event
from limen.deliver.agent.places import Folder
from limen.deliver.agent.records import State
from limen.deliver.agent.settings import Settings
from limen.deliver.agent.store import Store
from limen.deliver.agent.updater import Updater
from limen.deliver.agent.verdict import Seen
from small_repository import Repository, new_repository

LINE, OLD, NEW = "kws", 2.0, 3.0
SETTINGS = Settings("dev-1", "rpi4", trial_seconds=0.1, gate_seconds=20.0)
PROBE = np.array([[1, 2, -3, 4]], np.float32)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class Stop:
    """When a victim dies: at the ``at``-th of the points it passes; 0: never. ``seen``: their names, in order."""

    at: int = 0
    seen: list[str] = field(default_factory=list)

    def __call__(self, name: str) -> bool:
        """Whether it is now; the caller dies, or does half of something first."""
        self.seen.append(name)
        return len(self.seen) == self.at


class DyingDisk(durable.Folder):
    """Dies around its operations."""

    def __init__(self, path: Path, stop: Stop) -> None:
        super().__init__(path)
        self.stop = stop

    @contextlib.contextmanager
    def _around(self, what: str) -> Iterator[None]:
        if self.stop(f"before {what}"):
            die()
        yield
        if self.stop(f"after {what}"):
            die()

    def write(self, name: str, data: bytes) -> None:
        with self._around("write"):
            if self.stop("within write"):
                super().write(name, data[: len(data) // 2])
                die()
            super().write(name, data)

    def append(self, name: str, data: bytes) -> None:
        with self._around("append"):
            if self.stop("within append"):
                super().append(name, data[: len(data) // 2])
                die()
            super().append(name, data)

    def sync(self, name: str) -> None:
        with self._around("sync"):
            super().sync(name)

    def rename(self, old: str, new: str) -> None:
        with self._around("rename"):
            super().rename(old, new)

    def remove(self, name: str) -> None:
        with self._around("remove"):
            super().remove(name)

    def sync_folder(self, name: str) -> None:
        with self._around("sync folder"):
            super().sync_folder(name)

    def wipe(self, name: str) -> None:
        with self._around("wipe"):
            super().wipe(name)


class DyingStore(Store):
    """Dies around its commits."""

    stop: Stop

    def commit(self, state: State) -> State:
        if self.stop("before commit"):
            die()
        made = super().commit(state)
        if self.stop("after commit"):
            die()
        return made


class DyingUpdater(Updater):
    """Dies around its actions."""

    stop: Stop

    def _do(self, name: str, action: Action) -> Event | None:
        kind = type(action).__name__.lower()
        if self.stop(f"before {kind}"):
            die()
        answer = super()._do(name, action)
        if self.stop(f"after {kind}"):
            die()
        return answer


def no_gate(*_: object) -> Seen:
    """Passes: what a gate finds is tested elsewhere, and starting a process for it takes most of the time."""
    return Seen(engine="native", samples=8)


@dataclass(frozen=True)
class Bench:
    """A repository with two releases, and a device that has the first."""

    folder: Path
    repository: Repository

    @property
    def base(self) -> Path:
        return self.folder / "base"

    @contextlib.contextmanager
    def copy(self) -> Iterator[Path]:
        path = self.folder / "copy"
        shutil.copytree(self.base, path)
        try:
            yield path
        finally:
            shutil.rmtree(path)

    def updater(self, store: Store, kind: type[Updater] = Updater, quick: bool = True) -> Updater:
        made = loop.new_updater(store, lambda _text: None, [Folder(self.repository.public)], eager=True)
        gate = no_gate if quick else None
        return kind(store, made.settings, made.keys, made.places, eager=True, gate=gate)


def prepared(folder: Path, extra: int = 20_000) -> Bench:
    repository = new_repository(folder / "fleet")
    store = enrol.make(folder / "base", SETTINGS, enrol.read_roots(Folder(repository.public)))
    bench = Bench(folder, repository)
    with store:
        updater = bench.updater(store)
        key = updater.keys.public().hex()
        for gain in (OLD, NEW):
            bundle = folder / f"{gain}.limen"
            if gain == NEW and extra > 20_000:
                large(bundle, extra)
            else:
                save_gain(bundle, gain)
            counter = repository.publish(bundle, LINE, seal=True, deltas=8 if extra <= 20_000 else 0).counter
            repository.assign(seal_key=key, **{LINE: counter})
            if gain == OLD:
                updater.start()
                updater.poll()
                settle(updater)
        updater.close()
    return bench


def large(path: Path, floats: int) -> None:
    """The new release with many zeros behind it."""
    gain_bundle(NEW, extra=floats, plain=True).save(path)


def settle(updater: Updater, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        updater.tick()
        line = updater.store.state.lines[LINE]
        if line.trial is None and line.staged is None:
            return
        time.sleep(0.01)
    raise AssertionError("not settled")


def answered(updater: Updater) -> float:
    """The gain of what serves, from an answer that is right to the bit."""
    y = updater.line(LINE).run({"x": PROBE})["y"]
    gain = float(y[0, 0])
    assert np.array_equal(y, np.float32(gain) * PROBE), "half a model answered"
    return gain


def forked(do: Callable[[], None], kill_after: float | None = None) -> int:
    """Run it in a child; its wait status as ``subprocess`` gives it."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            do()
            code = 0
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(code)
    if kill_after is not None:
        time.sleep(kill_after)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def update(bench: Bench, path: Path, stop: Stop, kind: str, quick: bool = True) -> None:
    """The victim: the whole update, dying where it is told."""
    with stores.open_store(path) as store:
        if kind == "disk":
            store.disk = DyingDisk(path, stop)
        if kind == "states":
            store.__class__ = DyingStore
            store.stop = stop  # type: ignore[attr-defined]
        updater = bench.updater(store, DyingUpdater if kind == "states" else Updater, quick)
        updater.stop = stop  # type: ignore[attr-defined]
        updater.start()
        updater.poll()
        settle(updater)
        updater.close()


def verify(bench: Bench, path: Path, quick: bool) -> None:
    """What starts again after the kill."""
    with stores.open_store(path) as store:
        updater = bench.updater(store, quick=quick)
        updater.start()
        assert answered(updater) in (OLD, NEW)
        updater.poll()
        settle(updater)
        assert answered(updater) == NEW, f"stays with the old release: {updater.store.state.lines[LINE]}"
        assert not updater.store.state.lines[LINE].banned
        updater.close()


def points(bench: Bench, kind: str) -> list[str]:
    """Names of all points at which an update can be stopped."""
    with bench.copy() as path:
        reader, writer = os.pipe()

        def whole() -> None:
            stop = Stop()
            update(bench, path, stop, kind)
            os.write(writer, json.dumps(stop.seen).encode())

        assert forked(whole) == 0
        os.close(writer)
        with os.fdopen(reader) as file:
            found: list[str] = json.loads(file.read())
            return found


def kill_at(bench: Bench, kind: str, every: int) -> dict[str, Any]:
    """Once at each point, or each ``every``-th."""
    names = points(bench, kind)
    chosen = range(1, len(names) + 1, every)
    bad, killed = [], 0
    for at in chosen:
        with bench.copy() as path:
            code = forked(lambda at=at, path=path: update(bench, path, Stop(at), kind))  # type: ignore[misc]
            assert code in (0, -signal.SIGKILL), f"point {at} ({names[at - 1]}): exit code {code}"
            killed += code == -signal.SIGKILL
            if forked(lambda path=path: verify(bench, path, True)) != 0:  # type: ignore[misc]
                bad.append(names[at - 1])
    # The last points depend on how many ticks a probation takes: some are not reached each time.
    assert killed >= 0.8 * len(chosen), f"only {killed} of {len(chosen)} points were reached"
    return {"points": len(names), "kills": killed, "violations": bad, "kinds": dict(Counter(names))}


def kill_at_random(bench: Bench, count: int, seed: int) -> dict[str, Any]:
    rng = random.Random(seed)
    with bench.copy() as path:
        start = time.monotonic()
        assert forked(lambda: update(bench, path, Stop(), "", quick=False)) == 0
        whole = time.monotonic() - start
    bad, cut = [], 0
    for _ in range(count):
        moment = rng.uniform(0, whole)
        with bench.copy() as path:
            code = forked(lambda path=path: update(bench, path, Stop(), "", quick=False), moment)  # type: ignore[misc]
            cut += code == -signal.SIGKILL
            if forked(lambda path=path: verify(bench, path, True)) != 0:  # type: ignore[misc]
                bad.append(round(moment, 3))
    return {"kills": count, "in_time": cut, "violations": bad, "update_seconds": round(whole, 2)}


def boot_loop(bench: Bench) -> dict[str, Any]:
    """The probation of the new release is cut every time; how many starts until it is given up."""
    starts = 0
    with bench.copy() as path:

        def cut() -> None:
            with stores.open_store(path) as store:
                updater = bench.updater(store)
                updater.settings = msgspec.structs.replace(updater.settings, trial_seconds=60.0)
                updater.start()
                updater.poll()
                updater.tick()
                if updater.store.state.lines[LINE].trial is not None:
                    die()

        while forked(cut) == -signal.SIGKILL:
            starts += 1
            assert starts < 10
        line = stores.look(path).state.lines[LINE]
        return {"tries": starts, "banned": dict(line.banned), "violations": [] if line.banned else ["not given up"]}


class FillingDisk(durable.Folder):
    """Full after so many writes, until it is emptied."""

    budget: int | None = None

    def _put(self, name: str, data: bytes, how: int) -> None:
        if self.budget is not None:
            if self.budget <= 0:
                raise durable.Full(f"{name}: no space is left")
            self.budget -= 1
        super()._put(name, data, how)


def full_disk(bench: Bench, every: int) -> dict[str, Any]:
    """Full at each write of an update, then room again."""
    writes = 0
    bad: list[str] = []

    def one(path: Path, budget: int) -> None:
        with stores.open_store(path) as store:
            disk = FillingDisk(path)
            store.disk = disk
            updater = bench.updater(store)
            updater.start()
            disk.budget = budget
            with contextlib.suppress(Exception):
                updater.poll()
            for _ in range(30):
                updater.tick()
                assert answered(updater) in (OLD, NEW)
                time.sleep(0.01)
            spent = disk.budget == 0
            disk.budget = None
            for _ in range(2):  # the first look ends the failed attempt, the second one begins another
                updater.poll()
                settle(updater)
            assert answered(updater) == NEW, "stays with the old release"
            updater.close()
            if not spent:
                os._exit(42)

    for budget in range(0, 10_000, every):
        with bench.copy() as path:
            code = forked(lambda path=path, budget=budget: one(path, budget))  # type: ignore[misc]
        if code == 42:
            break
        writes += 1
        if code:
            bad.append(f"after {budget} writes")
    return {"full_at": writes, "violations": bad}


def little_memory(folder: Path) -> dict[str, Any]:
    """The new release does not fit into what is left of the address space; later it does."""
    bench = prepared(folder, extra=16 << 20)

    def one(path: Path) -> None:
        with stores.open_store(path) as store:
            updater = bench.updater(store)
            updater.start()
            assert answered(updater) == OLD
            before = resource.getrlimit(resource.RLIMIT_AS)
            size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (size + (48 << 20), before[1]))
            updater.poll()
            assert answered(updater) == OLD
            assert "memory" in updater.problem, updater.problem
            resource.setrlimit(resource.RLIMIT_AS, before)
            updater.poll()
            settle(updater)
            assert answered(updater) == NEW
            updater.close()

    with bench.copy() as path:
        code = forked(lambda: one(path))
    return {"payload_bytes": 64 << 20, "violations": [] if code == 0 else [f"exit code {code}"]}


def main(arguments: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as scratch:
        bench = prepared(Path(scratch))
        found = {
            "states": kill_at(bench, "states", arguments.states),
            "disk": kill_at(bench, "disk", arguments.every),
            "random": kill_at_random(bench, arguments.random, arguments.seed),
            "boot_loop": boot_loop(bench),
            "full_disk": full_disk(bench, arguments.every),
        }
        (Path(scratch) / "large").mkdir()
        found["little_memory"] = little_memory(Path(scratch) / "large")
    return {**found, "violations": sum(len(part["violations"]) for part in found.values())}


def table(found: dict[str, Any]) -> str:
    states, disk, rand = found["states"], found["disk"], found["random"]
    rows = [
        ("killed at named states", f"{states['kills']} of {states['points']}", states),
        ("killed at disk operations", f"{disk['kills']} of {disk['points']}", disk),
        ("killed at random instants", f"{rand['kills']} ({rand['in_time']} before the end)", rand),
        ("starts until a release is given up", str(found["boot_loop"]["tries"]), found["boot_loop"]),
        ("disk full at writes", str(found["full_disk"]["full_at"]), found["full_disk"]),
        ("address space ends", "1", found["little_memory"]),
    ]
    lines = [f"{'what':<36} {'how often':<28} violations"]
    return "\n".join([*lines, *(f"{what:<36} {often:<28} {len(part['violations'])}" for what, often, part in rows)])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--states", type=int, default=1, help="every Nth of the named states")
    parser.add_argument("--every", type=int, default=1, help="of the disk's operations")
    parser.add_argument("--random", type=int, default=300)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = main(options)
    print(json.dumps(result) if options.json else table(result))
    sys.exit(1 if result["violations"] else 0)

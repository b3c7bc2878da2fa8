"""A device follows its repository: installs, updates by delta, tries, serves, rolls back, and never stops serving."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from agent_devices import DEVICE, HARDWARE, folder_of, opened
from gain_models import LIVE, gain_bundle, save_gain
from limen.deliver.agent import durable, enrol, loop, requests
from limen.deliver.agent import store as stores
from limen.deliver.agent.places import Folder, Place
from limen.deliver.agent.settings import Settings
from limen.deliver.agent.store import KEYS, Store
from limen.deliver.agent.updater import Updater
from limen.deliver.agent.verdict import Seen
from limen.errors import LimenError, StoreError, Unreachable
from small_repository import Repository, new_repository

SETTINGS = Settings(DEVICE, HARDWARE, trial_seconds=0.2, strikes=3, gate_seconds=2.0, patience=0.5)


@dataclasses.dataclass
class Fleet:
    """A repository and one device of it."""

    repository: Repository
    path: Path
    folder: Path
    store: Store
    updater: Updater
    said: list[str]

    def publish(self, gain: float, behaviour: str = "good", seal: bool = True, **wishes: object) -> int:
        bundle = save_gain(self.folder / f"{time.time_ns()}.limen", gain, behaviour, wishes.pop("golden", None))  # type: ignore[arg-type]
        counter = self.repository.publish(bundle, seal=seal, **wishes).counter
        self.repository.assign(seal_key=self.updater.keys.public().hex(), kws=counter)
        return counter

    def follow(self, seconds: float = 20.0) -> None:
        """Poll, and tick until nothing is on its way."""
        self.updater.poll()
        self.settle(seconds)

    def settle(self, seconds: float = 20.0) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.updater.tick()
            line = self.store.state.lines.get("kws")
            if line is None or (line.trial is None and line.gate == 0 and (line.staged is None)):
                return
            time.sleep(0.02)
        raise AssertionError("not settled")

    def gain(self, first: float = 1.0) -> float:
        x = np.array([[first, 1, 2, 3]], np.float32)
        return float(self.updater.line("kws").run({"x": x})["y"][0, 1])

    def restart(self) -> None:
        """As after a crash: the process forgets everything."""
        self.updater.close()
        self.store.close()
        self.store = stores.open_store(self.path)
        self.updater = new_updater(self.store, self.repository, self.said)
        self.updater.start()

    def banned(self) -> dict[str, str]:
        return self.store.state.lines["kws"].banned


def no_gate(*_: object) -> Seen:
    """Passes, without a process: for tests of what comes after the gate."""
    return Seen(engine="native", samples=8)


def new_updater(store: Store, repository: Repository, said: list[str]) -> Updater:
    made = loop.new_updater(store, said.append, [Folder(repository.public)], eager=True)
    made.gate = no_gate
    return made


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    repository = new_repository(tmp_path / "fleet")
    repository.assign()
    store = enrol.make(tmp_path / "store", SETTINGS, enrol.read_roots(Folder(repository.public)))
    said: list[str] = []
    made = Fleet(repository, tmp_path / "store", tmp_path, store, new_updater(store, repository, said), said)
    made.updater.start()
    yield made
    made.updater.close()
    made.store.close()


def test_a_device_installs_updates_by_delta_and_restarts(fleet: Fleet) -> None:
    with pytest.raises(LimenError, match="no release"):
        fleet.gain()
    fleet.publish(2.0)
    fleet.follow()
    assert fleet.gain() == 2
    fleet.publish(3.0)
    fleet.follow()
    assert fleet.gain() == 3
    assert any("delta from 1" in said for said in fleet.said)
    line = fleet.store.state.lines["kws"]
    assert line.current is not None
    assert line.previous is not None
    assert (line.current.counter, line.previous.counter, line.floor) == (2, 1, 2)
    assert opened(fleet.store, line.current, fleet.updater.keys) == gain_bundle(3.0).to_bytes()  # type: ignore[arg-type]
    fleet.restart()
    assert fleet.gain() == 3
    fleet.publish(5.0)
    fleet.follow()
    assert fleet.gain() == 5
    keys = [name for name in fleet.store.disk.names(KEYS) if name.startswith("slot-")]
    assert len(keys) == 2  # of what serves and of what served before; older ones are erased


@pytest.mark.parametrize("behaviour", ["crash", "hang", "greedy"])
def test_a_bad_release_never_serves_and_is_banned(
    fleet: Fleet, behaviour: str, record_property: Callable[[str, object], None]
) -> None:
    fleet.publish(2.0)
    fleet.follow()
    fleet.updater.gate = None
    counter = fleet.publish(3.0, behaviour)
    fleet.follow()
    fleet.settle()
    assert fleet.gain() == 2
    assert list(fleet.banned()) == [str(counter)]
    before = len(fleet.said)
    fleet.follow()
    assert not any("gate" in said for said in fleet.said[before:])  # it is not tried again
    tries = sum(said.startswith((f"kws {counter}: failed: ", f"kws {counter}: banned: ")) for said in fleet.said)
    record_property("tries of a bad model", tries)
    assert 1 <= tries <= 3


@pytest.mark.parametrize(
    ("behaviour", "limits", "golden"),
    [("slow", {"latency_ms": 5.0}, None), ("big", {"memory_bytes": 32 << 20}, None), ("good", {}, 3.5)],
)
def test_too_slow_too_big_and_wrong_are_banned(
    fleet: Fleet, behaviour: str, limits: dict[str, float], golden: float | None
) -> None:
    from limen.deliver.formats import Limits

    fleet.publish(2.0)
    fleet.follow()
    fleet.updater.gate = None
    counter = fleet.publish(3.0, behaviour, limits=Limits(**limits), golden=golden)  # type: ignore[arg-type]
    fleet.follow()
    fleet.settle()
    assert fleet.gain() == 2
    assert str(counter) in fleet.banned()
    fleet.publish(5.0)  # the next good one is not held back
    fleet.follow()
    assert fleet.gain() == 5


@pytest.mark.parametrize("behaviour", ["live_nan", "live_hang"])
def test_a_release_that_fails_live_requests_is_rolled_back_and_nobody_notices(fleet: Fleet, behaviour: str) -> None:
    fleet.publish(2.0)
    fleet.follow()
    fleet.updater.settings = msgspec.structs.replace(fleet.updater.settings, trial_seconds=30.0)
    counter = fleet.publish(3.0, behaviour)
    fleet.updater.poll()
    fleet.updater.tick()
    assert fleet.gain() == 3  # on probation
    for n in range(400):
        assert fleet.gain(2 * LIVE) == 2
        if n % 25 == 0:
            fleet.updater.tick()
        if fleet.banned():
            break
    assert str(counter) in fleet.banned()
    assert fleet.gain() == 2
    assert fleet.store.state.lines["kws"].trial is None


def test_a_release_that_takes_the_process_down_is_given_up_after_three_starts(
    fleet: Fleet, record_property: Callable[[str, object], None]
) -> None:
    """Boot loop: the process is killed in the trial each time."""
    fleet.publish(2.0)
    fleet.follow()
    fleet.updater.settings = msgspec.structs.replace(fleet.updater.settings, trial_seconds=30.0)
    counter = fleet.publish(3.0)
    fleet.updater.poll()
    starts = 0
    while not fleet.banned():
        fleet.restart()
        fleet.updater.settings = msgspec.structs.replace(fleet.updater.settings, trial_seconds=30.0)
        fleet.updater.poll()
        starts += 1
        assert starts <= 3
    record_property("tries of a boot loop", starts)
    assert fleet.gain() == 2
    assert str(counter) in fleet.banned()


def test_a_person_rolls_back_and_what_was_rolled_back_stays_away(fleet: Fleet) -> None:
    for gain in (2.0, 3.0):
        fleet.publish(gain)
        fleet.follow()
    requests.grant(fleet.updater, requests.Wish("rollback", "kws", "smells"))
    assert fleet.gain() == 2
    fleet.follow()
    assert fleet.gain() == 2
    assert "2" in fleet.banned()


def test_a_wish_is_taken_up_by_the_agent_that_runs(fleet: Fleet) -> None:
    for gain in (2.0, 3.0):
        fleet.publish(gain)
        fleet.follow()
    agent = loop.Agent(fleet.updater)
    thread = threading.Thread(target=agent.run)
    thread.start()
    try:
        assert requests.leave(fleet.path, requests.Wish("rollback", "kws"))
        assert requests.leave(fleet.path, requests.Wish("poll"))
    finally:
        agent.stop.set()
        thread.join()
    assert fleet.store.state.lines["kws"].current.counter == 1  # type: ignore[union-attr]


def test_staged_releases_wait_to_be_activated_by_hand(fleet: Fleet) -> None:
    fleet.publish(2.0)
    fleet.follow()
    fleet.updater.settings = msgspec.structs.replace(fleet.updater.settings, automatic=False)
    fleet.publish(3.0)
    fleet.updater.poll()
    fleet.updater.tick()
    assert fleet.gain() == 2
    assert fleet.store.state.lines["kws"].staged is not None
    requests.grant(fleet.updater, requests.Wish("activate", "kws"))
    fleet.settle()
    assert fleet.gain() == 3


def test_no_place_answers_and_what_serves_goes_on(fleet: Fleet, tmp_path: Path) -> None:
    fleet.publish(2.0)
    fleet.follow()
    fleet.updater.places = [Folder(tmp_path / "unplugged")]
    with pytest.raises(Unreachable):
        fleet.updater.poll()
    assert fleet.updater.problem
    assert fleet.gain() == 2


def test_a_download_that_fails_is_tried_again_and_reported(fleet: Fleet) -> None:
    class Without(Folder):
        """A mirror without targets."""

        def fetch(self, name: str, length: int, sink: object) -> None:
            raise Unreachable(f"{name}: cut")

    fleet.publish(2.0)
    fleet.follow()
    fleet.publish(3.0)
    good: list[Place] = list(fleet.updater.places)
    fleet.updater.places = [Without(fleet.repository.public)]
    fleet.updater.poll()
    assert fleet.gain() == 2
    assert "cut" in fleet.updater.problem
    fleet.updater.places = good
    fleet.restart()
    fleet.follow()
    assert fleet.gain() == 3


class Broken(durable.Folder):
    """A disk that takes nothing for a while."""

    error: type[StoreError] | None = None

    def _put(self, name: str, data: bytes, how: int) -> None:
        if self.error is not None:
            raise self.error(f"{name}: cannot be written")
        super()._put(name, data, how)


@pytest.mark.parametrize("error", [durable.Full, StoreError])
@pytest.mark.parametrize("moment", ["before the poll", "in the trial"])
def test_a_disk_that_takes_nothing_stops_updates_not_answers(
    fleet: Fleet, error: type[StoreError], moment: str
) -> None:
    fleet.publish(2.0)
    fleet.follow()
    disk = Broken(folder_of(fleet.store))
    fleet.store.disk = disk
    fleet.publish(3.0)
    if moment == "in the trial":
        fleet.updater.settings = msgspec.structs.replace(fleet.updater.settings, trial_seconds=0.5)
        fleet.updater.poll()
        assert fleet.gain() == 3
    disk.error = error
    with contextlib.suppress(StoreError):
        fleet.updater.poll()
    for _ in range(5):
        fleet.updater.tick()
        assert fleet.gain() in (2, 3)
        time.sleep(0.05)
    disk.error = None
    fleet.follow()
    assert fleet.gain() == 3
    assert fleet.store.state.lines["kws"].floor == 2


def test_a_disk_that_breaks_while_a_bad_release_is_on_probation_still_lets_it_go(fleet: Fleet) -> None:
    fleet.publish(2.0)
    fleet.follow()
    disk = Broken(folder_of(fleet.store))
    fleet.store.disk = disk
    fleet.updater.settings = msgspec.structs.replace(fleet.updater.settings, trial_seconds=30.0)
    fleet.publish(3.0, "live_nan")
    fleet.updater.poll()
    assert fleet.gain() == 3
    disk.error = StoreError
    for n in range(400):
        fleet.gain(2 * LIVE)
        if n % 25 == 0:
            fleet.updater.tick()
    assert fleet.gain() == 2
    disk.error = None
    fleet.settle()
    assert fleet.banned()


def test_two_lines_do_not_hold_each_other_up(tmp_path: Path) -> None:
    repository = new_repository(tmp_path / "fleet", "kws", "eye")
    store = enrol.make(tmp_path / "store", SETTINGS, enrol.read_roots(Folder(repository.public)))
    with store:
        updater = new_updater(store, repository, [])
        updater.gate = None
        key = updater.keys.public().hex()
        for line, behaviour in (("eye", "crash"), ("kws", "good")):
            counter = repository.publish(save_gain(tmp_path / f"{line}.limen", 2.0, behaviour), line, seal=True).counter
            repository.assign(seal_key=key, **{line: counter})
        updater.start()
        updater.poll()
        for _ in range(200):
            updater.tick()
            if store.state.lines["eye"].banned and store.state.lines["kws"].current is not None:
                break
            time.sleep(0.02)
        assert store.state.lines["eye"].banned
        assert updater.line("kws").counter == 1
        with pytest.raises(LimenError):
            updater.line("eye").run({"x": np.zeros((1, 4), np.float32)})
        updater.close()


def test_records_are_not_written_where_nothing_happens(fleet: Fleet) -> None:
    fleet.publish(2.0)
    fleet.follow()
    serial = fleet.store.state.serial
    for _ in range(20):
        fleet.gain()
        fleet.updater.tick()
        fleet.updater.poll()
    assert fleet.store.state.serial <= serial + 1


def test_an_agent_that_starts_on_a_disk_that_cannot_be_written_serves_and_updates_later(fleet: Fleet) -> None:
    fleet.publish(2.0)
    fleet.follow()
    fleet.updater.close()
    fleet.store.close()
    (fleet.path / "lock").unlink()
    (fleet.path / "lock").mkdir()  # cannot be opened for writing, by root either
    store, writable = loop.open_or_look(fleet.path, fleet.said.append)
    assert not writable
    fleet.store, fleet.updater = store, new_updater(store, fleet.repository, fleet.said)
    fleet.updater.store.disk = Broken(fleet.path)
    Broken.error = StoreError
    agent = loop.Agent(fleet.updater, writable=writable)
    try:
        fleet.updater.start()
        agent.step()
        assert fleet.gain() == 2
    finally:
        Broken.error = None
    (fleet.path / "lock").rmdir()
    agent._next_try = 0.0
    agent.step()
    assert agent.writable
    fleet.store = fleet.updater.store
    fleet.publish(3.0)
    fleet.follow()
    assert fleet.gain() == 3


def test_two_agents_never_hold_one_store(fleet: Fleet) -> None:
    with pytest.raises(StoreError, match="another agent"):
        loop.open_or_look(fleet.path, fleet.said.append)

"""Rollback memory: whatever of its files a device loses, metadata that is older than what it trusted is refused."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from attacks import IMAGE, ME, WALL, World, world
from limen.deliver.agent.clock import Clock
from limen.deliver.agent.store import BLOBS, COPIES, Store, create, open_store
from limen.deliver.agent.trust import Plan, run
from limen.deliver.agent.trust_update import first_state, keep, known, update
from limen.deliver.agent.trust_uptane import check
from limen.errors import Refused, StoreError

HARM: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "zeroed": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "garbled": lambda path: path.write_bytes(bytes(byte ^ 0x55 for byte in path.read_bytes())),
    "cut": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
}


def look(store: Store, at: World) -> Plan:
    return update(store, ME, at.fetch, Clock(time.time(), time.monotonic()))


@pytest.fixture
def enrolled(tmp_path: Path) -> Path:
    """A device that trusts the newest metadata."""
    at = world()
    path = tmp_path / "device"
    roots = at.files[f"{IMAGE}/1.root.json"], at.files["director/1.root.json"]
    with create(path, first_state(*roots)) as store:
        assert {offer.counter for offer in look(store, at).offers} == {2}
    return path


def replayed() -> World:
    """The files one release earlier: sound, signed, not expired."""
    at = world()
    return World(dict(at.old), at.ring, at.old)


def metadata(path: Path) -> list[Path]:
    return sorted((path / BLOBS).iterdir())


def test_the_replay_is_sound_for_a_device_that_saw_nothing(tmp_path: Path) -> None:
    at = replayed()
    roots = at.files[f"{IMAGE}/1.root.json"], at.files["director/1.root.json"]
    with create(tmp_path / "new", first_state(*roots)) as store:
        assert {offer.counter for offer in look(store, at).offers} == {1}


@pytest.mark.parametrize("harm", HARM.values(), ids=HARM.keys())
def test_a_replay_is_refused_whichever_file_is_lost(enrolled: Path, harm: Callable[[Path], object]) -> None:
    names = [*(path.relative_to(enrolled) for path in metadata(enrolled)), *map(Path, COPIES)]
    kept = {name: (enrolled / name).read_bytes() for name in names}
    assert len(names) == 10
    for name in names:
        for other, data in kept.items():
            (enrolled / other).write_bytes(data)
        harm(enrolled / name)
        with open_store(enrolled) as store:
            with pytest.raises(Refused) as caught:
                look(store, replayed())
            assert caught.value.reason == "rollback", name
            assert {offer.counter for offer in look(store, world()).offers} == {2}, name


@pytest.mark.parametrize("harm", HARM.values(), ids=HARM.keys())
@pytest.mark.parametrize("copy", COPIES)
def test_a_replay_is_refused_when_all_metadata_and_a_copy_of_the_record_are_lost(
    enrolled: Path, harm: Callable[[Path], object], copy: str
) -> None:
    for path in [*metadata(enrolled), enrolled / copy]:
        harm(path)
    with open_store(enrolled) as store:
        with pytest.raises(Refused) as caught:
            look(store, replayed())
        assert caught.value.reason == "rollback"
        assert {offer.counter for offer in look(store, world()).offers} == {2}


@pytest.mark.parametrize("harm", HARM.values(), ids=HARM.keys())
def test_without_any_record_a_device_does_not_start_from_nothing(
    enrolled: Path, harm: Callable[[Path], object]
) -> None:
    for name in COPIES:
        harm(enrolled / name)
    with pytest.raises(StoreError, match="no readable record"):
        open_store(enrolled)


def test_a_copy_from_an_earlier_time_is_not_taken_for_the_newest(enrolled: Path) -> None:
    """An old copy put back beside the newer one; the newer one counts, and both are the same again."""
    old = (enrolled / COPIES[0]).read_bytes()
    at = world()
    at.forge(IMAGE, {"timestamp": lambda signed: None})
    with open_store(enrolled) as store:
        look(store, at)
        newest = store.state
    (enrolled / COPIES[0]).write_bytes(old)
    with open_store(enrolled) as store:
        assert store.state == newest
        assert (enrolled / COPIES[0]).read_bytes() == (enrolled / COPIES[1]).read_bytes()
        with pytest.raises(Refused):
            look(store, world())


def test_replaced_metadata_does_not_pile_up(enrolled: Path) -> None:
    at = world()
    with open_store(enrolled) as store:
        before = len(metadata(enrolled))
        for _ in range(5):
            at.forge(IMAGE, {"kws": lambda signed: None})
            look(store, at)
        assert len(metadata(enrolled)) == before


def test_a_check_on_the_store_is_judged_by_the_clock(enrolled: Path) -> None:
    with open_store(enrolled) as store:
        serial = store.state.serial
        for years, reason in ((-10, "clock"), (10, "expired"), (-56, "clock")):
            state = store.state
            clock = Clock(WALL + years * 365.25 * 86400, time.monotonic())
            steps = check(ME, known(store, state.image), known(store, state.director), {}, {}, clock)
            with pytest.raises(Refused) as caught:
                run(steps, world().fetch, lambda step: keep(store, step))
            assert caught.value.reason == reason
        assert store.state.serial == serial
        assert {offer.counter for offer in look(store, world()).offers} == {2}

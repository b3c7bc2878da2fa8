"""Power cuts: in every state that a crash may leave, the real store holds what was committed; every sync is needed.

The rules of what a crash may leave are in tests/crash_disk.py; bench/crash_states.py looks at many more states.
"""

from __future__ import annotations

import pytest

from crash_disk import RELEASES, CrashDisk, Journey, Tally, crash_states, faults, killed, resumed, travelled
from limen.deliver.agent.decide import serving
from limen.deliver.agent.durable import Full
from limen.deliver.agent.store import recover

PLAIN = travelled(CrashDisk)
OPS, SYNCS = len(PLAIN.disk.ops), len(PLAIN.disk.sites)


def test_a_device_without_crashes_ends_with_the_last_release() -> None:
    line = recover(PLAIN.disk).lines["kws"]
    assert line.current is not None
    assert line.current.counter == RELEASES
    assert line.previous is not None
    assert (OPS > 200, SYNCS > 60) == (True, True)


def test_no_crash_between_or_in_operations_loses_what_was_committed() -> None:
    tally = Tally().look(PLAIN, crash_states(PLAIN.disk, tear=48))
    assert tally.violations == {}
    assert tally.states > 5000


def test_no_crash_after_a_kill_loses_what_was_committed() -> None:
    tally = Tally()
    for at in range(0, OPS, 17):
        journey = killed(at)
        tally.look(journey, crash_states(journey.disk, tear=0, start=at))
    assert tally.violations == {}
    assert tally.states > 5000


@pytest.mark.parametrize("sync", range(SYNCS))
def test_without_any_one_sync_something_is_lost(sync: int) -> None:
    journey = travelled(lambda: CrashDisk(skip=sync))
    assert Tally().look(journey, crash_states(journey.disk, tear=0), until_one=True).violations != {}


@pytest.mark.parametrize("place", ["recover", "Store.put"])
def test_without_the_syncs_after_a_kill_something_is_lost(place: str) -> None:
    sites = {site for at in range(10, 40) for site in killed(at, tidy=False).disk.sites}
    (site,) = {site for site in sites if site.partition(":")[0].endswith(f"store.{place}")}
    for at in range(OPS):
        journey = killed(at, skip=site, tidy=False)
        if Tally().look(journey, crash_states(journey.disk, tear=0, start=at), until_one=True).violations:
            return
    raise AssertionError(f"nothing needs {site}")


def test_a_device_goes_on_from_wherever_it_was_cut() -> None:
    seen = set()
    for done, files, folders in crash_states(PLAIN.disk, tear=0, every=9):
        key = frozenset(files.items())
        begun = any(at <= done and state is not None for at, state in PLAIN.returned)
        if key not in seen and begun:
            seen.add(key)
            served = serving(resumed(files, folders).lines["kws"])
            assert served is not None
            assert served.counter == RELEASES
    assert len(seen) > 50


@pytest.mark.parametrize("at", range(0, 120, 3))
def test_a_full_disk_keeps_what_was_and_goes_on_when_there_is_space_again(at: int) -> None:
    journey = Journey(CrashDisk(full_at=at))
    for _ in range(2):
        try:
            journey.run()
        except Full:
            assert faults(journey, len(journey.disk.ops), {n: journey.disk.read(n) for n in journey.disk.entries}) == []
    journey.disk.full_at = None
    line = journey.run().lines["kws"]
    assert line.current is not None
    assert line.current.counter == RELEASES

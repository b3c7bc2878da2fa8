"""The decision core: what holds after every event, whatever comes; and the ways of single releases."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limen.deliver.agent.decide import (
    Action,
    Activate,
    Assigned,
    Event,
    Failed,
    Fetch,
    Fetched,
    Health,
    NotFetched,
    Now,
    Passed,
    Policy,
    Report,
    RollBack,
    Serve,
    Started,
    Tick,
    Window,
    decide,
    serving,
)
from limen.deliver.agent.decide import Test as Try
from limen.deliver.agent.records import LineState, Slot, decode, encode
from limen.deliver.agent.records import State as Record
from limen.deliver.formats import Limits

NOTHING, NOON = LineState(), Now(1e9)
POLICY = Policy(strikes=3, trial_seconds=10, trial_runs=2)


def slot(counter: int, **more: object) -> Slot:
    return Slot(counter, f"{counter:064x}", 10, f"{counter + 1000:064x}", f"{counter + 2000:064x}", **more)  # type: ignore[arg-type]


def assigned(counter: int, **more: object) -> Assigned:
    return Assigned(counter, slot(counter).payload_sha256, slot(counter).core_digest, **more)  # type: ignore[arg-type]


def play(
    *events: Event,
    line: LineState = NOTHING,
    policy: Policy = POLICY,
    now: Now = NOON,
) -> tuple[LineState, list[Action]]:
    """The state after the events, and the actions of the last one."""
    actions: tuple[Action, ...] = ()
    for event in events:
        line, actions = decide(line, event, now, policy)
    return line, list(actions)


def served(counter: int) -> tuple[Event, ...]:
    """A release from its assignment to the end of its probation."""
    return (
        assigned(counter),
        Fetched(slot(counter)),
        Passed(counter),
        Health(counter, 5, 0, 1.0),
        *[Tick()] * 2,
    )


def after(*events: Event, **more: object) -> tuple[LineState, list[Action]]:
    return play(*events, now=Now(1e9, passed=6.0), **more)  # type: ignore[arg-type]


def test_a_release_goes_from_assignment_to_serving_for_good() -> None:
    line, actions = play(assigned(1))
    assert actions == [Fetch(1, 0)]
    line, actions = play(Fetched(slot(1)), line=line)
    assert Try(slot(1)) in actions
    assert line.gate == 1  # written before the gate runs
    line, actions = play(Passed(1), line=line)
    assert actions[0] == Serve(slot(1))
    assert line.current is None
    assert serving(line) == slot(1)
    line, actions = after(Health(1, 2, 0, 1.0), Tick(), Tick(), line=line)
    assert Report("committed", 1) in actions
    assert (line.current, line.floor, line.trial) == (slot(1), 1, None)


def test_the_probation_lasts_until_it_was_asked_enough_but_not_for_ever() -> None:
    line, _ = play(assigned(1), Fetched(slot(1)), Passed(1))
    line, _ = after(*[Tick()] * 10, line=line)
    assert line.trial is not None
    line, _ = after(*[Tick()] * 10, line=line)
    assert line.current == slot(1)


def test_three_failed_gates_ban_and_each_is_tried_with_a_tick() -> None:
    line, _ = after(*served(1))
    line, _ = play(assigned(2), Fetched(slot(2)), line=line)
    for tries in range(3):
        line, actions = play(Failed(2, "crashes"), line=line)
        assert not any(isinstance(action, Try) for action in actions)
        if tries < 2:
            line, actions = play(Tick(), line=line)
            assert Try(slot(2)) in actions
    assert line.banned == {"2": "crashes"}
    assert line.staged is None
    assert play(assigned(2), line=line) == (line, [])


def test_a_failure_that_is_final_bans_at_once() -> None:
    line, _ = after(*served(1))
    line, actions = play(assigned(2), Fetched(slot(2)), Failed(2, "golden vectors", final=True), line=line)
    assert Report("banned", 2, "golden vectors") in actions
    assert serving(line) == slot(1)


def test_a_start_during_gate_or_probation_is_a_strike() -> None:
    line, _ = after(*served(1))
    line, _ = play(assigned(2), Fetched(slot(2)), line=line)
    for _ in range(2):
        line, actions = play(Started(), line=line)
        assert actions[0] == Serve(slot(1))
        assert Try(slot(2)) in actions
    assert line.strikes == {"2": 2}
    line, _ = play(Passed(2), line=line)
    line, actions = play(Started(), line=line)
    assert line.banned.keys() == {"2"}
    assert actions[0] == Serve(slot(1))
    assert line.trial is None


def test_errors_and_slowness_on_probation_roll_back() -> None:
    line, _ = after(*served(1))
    limited = slot(2, limits=Limits(latency_ms=1.0))
    line, _ = play(assigned(2), Fetched(limited), Passed(2), line=line)
    bad, actions = play(Health(2, 20, 2, 1.0), line=line)
    assert actions[0] == Serve(slot(1))
    assert bad.banned.keys() == {"2"}
    few, actions = play(Health(2, 5, 4, 1.0), line=line)
    assert actions == []
    few, actions = after(Tick(), Tick(), line=few)
    assert actions[0] == Serve(slot(1))  # the end of the probation looks too
    slow, actions = play(Health(2, 20, 0, 2.5), line=line)
    assert actions[0] == Serve(slot(1))
    assert slow.strikes == {"2": 1}


def test_a_newer_assignment_takes_the_place_of_an_older_one() -> None:
    line, _ = after(*served(1))
    line, actions = play(assigned(2), Fetched(slot(2)), Failed(2, "x"), assigned(3), line=line)
    assert line.staged is None
    assert actions[-1] == Fetch(3, 0)
    line, actions = play(Fetched(slot(2)), line=line)  # too late
    assert line.staged is None
    line, actions = play(assigned(1), line=line)
    assert line.wanted is None  # the director wants what serves


def test_the_director_recalls_a_release_on_probation() -> None:
    line, _ = after(*served(1))
    line, _ = play(assigned(2), Fetched(slot(2)), Passed(2), line=line)
    line, actions = play(assigned(1), line=line)
    assert actions[0] == Serve(slot(1))
    assert line.banned == {}


def test_failed_downloads_are_asked_for_again_until_they_are_final() -> None:
    line, _ = play(assigned(1))
    line, actions = play(NotFetched(1, "cut"), NotFetched(1, "cut"), line=line)
    assert actions == [Fetch(1, 2)]
    line, _ = play(Started(), line=line)
    line, _ = play(NotFetched(1, "not what was signed", final=True), line=line)
    assert line.wanted is None
    assert line.banned.keys() == {"1"}


def test_what_serves_and_cannot_be_loaded_any_more_gives_way_and_is_fetched_again() -> None:
    line, _ = after(*served(1))
    line, _ = after(*served(2), line=line)
    line, actions = play(Failed(2, "blob: is lost"), line=line)
    assert actions[0] == Serve(slot(1))
    line, actions = play(assigned(2), line=line)
    assert actions == [Fetch(2, 0)]


def test_a_person_rolls_back_once() -> None:
    line, _ = after(*served(1))
    line, _ = after(*served(2), line=line)
    line, actions = play(RollBack("smells"), line=line)
    assert actions[0] == Serve(slot(1))
    assert line.banned == {"2": "smells"}
    assert play(RollBack(), line=line) == (line, [])


@pytest.mark.parametrize(
    ("window", "minute", "day", "opens"),
    [
        (Window(120, 240), 120, 3, True),
        (Window(120, 240), 240, 3, False),
        (Window(120, 240, (5, 6)), 130, 4, False),
        (Window(1380, 60), 1390, 0, True),
        (Window(1380, 60, (0,)), 30, 1, True),
        (Window(1380, 60, (0,)), 30, 0, False),
    ],
)
def test_windows_open_and_a_person_need_not_wait(window: Window, minute: int, day: int, opens: bool) -> None:
    policy, now = dataclasses.replace(POLICY, windows=(window,)), Now(1e9, minute, day)
    line, actions = play(assigned(1), Fetched(slot(1)), policy=policy, now=now)
    assert any(isinstance(action, Try) for action in actions) == opens
    if not opens:
        _, actions = play(Activate(), line=line, policy=policy, now=now)
        assert actions == [Try(slot(1))]


def test_not_before_waits_for_a_time_that_is_known() -> None:
    events = (assigned(1, not_before=2_000_000_000), Fetched(slot(1)))
    for wall in (None, 1_999_999_999.0):
        line, actions = play(*events, now=Now(wall))
        assert not any(isinstance(action, Try) for action in actions)
    _, actions = play(Tick(), line=line, now=Now(2_000_000_000.0))
    assert any(isinstance(action, Try) for action in actions)


COUNTERS = st.integers(1, 4)
EVENTS = st.one_of(
    st.just(Started()),
    st.builds(assigned, COUNTERS),
    st.builds(lambda c: Fetched(slot(c)), COUNTERS),
    st.builds(NotFetched, COUNTERS, st.just("cut"), st.booleans()),
    st.builds(Passed, COUNTERS),
    st.builds(Failed, COUNTERS, st.just("bad"), st.booleans()),
    st.builds(Health, COUNTERS, st.integers(0, 40), st.integers(0, 5), st.just(1.0)),
    st.just(Tick()),
    st.just(Activate()),
    st.just(RollBack()),
)


@given(st.lists(EVENTS, max_size=40))
@settings(max_examples=300)
def test_whatever_comes_only_what_passed_serves_and_nothing_banned_ever_does(events: list[Event]) -> None:
    line, passed, tests = LineState(), set(), dict.fromkeys(range(1, 5), 0)
    for event in events:
        banned = set(line.banned)
        if isinstance(event, Passed) and line.gate == event.counter:
            passed.add(event.counter)
        line, actions = decide(line, event, Now(1e9, passed=4.0), POLICY)
        for action in actions:
            if isinstance(action, Serve):
                assert action.slot.counter in passed
                assert action.slot == serving(line)
            if isinstance(action, Try):
                assert line.gate == action.slot.counter == line.staged.counter  # type: ignore[union-attr]
                tests[action.slot.counter] += 1
        assert banned <= set(line.banned)
        on_its_way = [s.counter for s in (line.staged, line.trial and line.trial.slot, line.wanted) if s]
        assert not {str(c) for c in on_its_way} & set(line.banned)
        assert line.current is None or line.current.counter in passed
        assert all(n < POLICY.strikes for n in line.strikes.values())
        assert serving(line) is None or str(serving(line).counter) not in line.banned  # type: ignore[union-attr]
        assert decode(encode(Record(lines={"kws": line}))) == Record(lines={"kws": line})


def test_a_record_stays_small_however_many_releases_fail() -> None:
    line = LineState()
    for counter in range(1, 300):
        line, _ = play(assigned(counter), Fetched(slot(counter)), Failed(counter, "y" * 5000, final=True), line=line)
    assert len(msgspec.json.encode(line)) < 40_000
    assert "299" in line.banned

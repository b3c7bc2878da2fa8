"""The decision core: (state of one line, event) -> (state, actions). Pure; knows no clock, disk or network.

The agent commits the new state before it does the actions (``Store.change``), and does them in order. Every action may
be done twice. After a start the first event is ``Started``; what was under way comes back as actions.

::

    Assigned -> Fetch ... Fetched -> staged -> (window, not_before, no trial under way) -> Test
    Test: the gate (loads, golden vectors, latency, memory). The record says that the gate is open before it runs:
          a crash, a hang that was killed or a power cut there is a strike.
    Passed -> Serve on probation; ``current`` stays ready -> Ticks and Health -> current (floor rises) or rolled back
    Failed, errors in the trial, a start during the trial: strikes. ``Policy.strikes`` of them, or a failure that is
    final (wrong golden vectors), ban the counter: it never runs again here.

**What holds after every event**: what serves was fetched whole and passed its gate; a banned counter is neither staged
nor tested nor served; each release ends (serves for good, or is banned) in at most ``Policy.strikes`` tries.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from msgspec.structs import replace

from limen.deliver.agent.events import (
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
    Sweep,
    Test,
    Tick,
    Window,
)
from limen.deliver.agent.records import LineState, Slot, Trial, Wanted

__all__ = [
    "Action",
    "Activate",
    "Assigned",
    "Event",
    "Failed",
    "Fetch",
    "Fetched",
    "Health",
    "NotFetched",
    "Now",
    "Passed",
    "Policy",
    "Report",
    "RollBack",
    "Serve",
    "Started",
    "Sweep",
    "Test",
    "Tick",
    "Window",
    "decide",
    "serving",
]

MOST_COUNTERS = 64
"""Counters that strikes and bans are remembered of."""
MOST_FAILURES = 64
LONGEST_WHY = 256
V = TypeVar("V")


def decide(line: LineState, event: Event, now: Now, policy: Policy) -> tuple[LineState, tuple[Action, ...]]:
    """The next state of a line, and what to do about it."""
    state, actions = _HANDLERS[type(event)](line, event, now, policy)
    asked = isinstance(event, Activate)
    # A release that just failed is tried again with the next tick, not at once.
    slot = state.staged
    if slot is not None and not isinstance(event, Failed) and _may_be_tested(state, slot, now, policy, asked):
        return replace(state, gate=slot.counter), (*actions, Test(slot))
    return state, actions


Step = tuple[LineState, tuple[Action, ...]]


def _started(line: LineState, event: Started, now: Now, policy: Policy) -> Step:
    """What was under way when the process ended was the end of it, as far as anybody knows: a strike."""
    actions: tuple[Action, ...] = ()
    trial, gate = line.trial, line.gate
    line = replace(line, gate=0)
    if trial is not None:
        line, actions = _struck(_withdrawn(line), trial.slot.counter, "a restart while it was on probation", policy)
    elif line.staged is not None and line.staged.counter == gate:
        line, actions = _struck(line, gate, "a restart while it was tested", policy)
    if line.current is not None:
        actions = (Serve(line.current), *actions)
    if line.wanted is not None:
        actions = (*actions, Fetch(line.wanted.counter, line.wanted.failures))
    return line, (*actions, Sweep())


def _assigned(line: LineState, event: Assigned, now: Now, policy: Policy) -> Step:
    if str(event.counter) in line.banned or event.counter < line.floor:
        return line, ()
    if line.current is not None and line.current.counter == event.counter:
        return _recalled(line)
    if line.trial is not None and line.trial.slot.counter == event.counter:
        return replace(line, wanted=None), ()
    wanted = Wanted(event.counter, event.payload_sha256, event.core_digest, event.deployment, event.not_before)
    if line.staged is not None and _is(line.staged, event):
        staged = replace(line.staged, deployment=event.deployment, not_before=event.not_before)
        return replace(line, staged=staged, wanted=None), ()
    if line.wanted is not None and _is(line.wanted, event):
        return replace(line, wanted=replace(wanted, failures=line.wanted.failures)), ()
    gone = () if line.staged is None else (Sweep(),)
    return replace(line, staged=None, wanted=wanted, gate=0), (*gone, Fetch(event.counter, 0))


def _recalled(line: LineState) -> Step:
    """The director wants what serves already: whatever is on its way is not wanted any more."""
    if line.trial is None and line.staged is None and line.wanted is None:
        return line, ()
    back: tuple[Action, ...] = ()
    if line.trial is not None and line.current is not None:
        back = (Serve(line.current), Report("rolled back", line.trial.slot.counter, "it is not wanted any more"))
    return replace(line, trial=None, staged=None, wanted=None, gate=0), (*back, Sweep())


def _fetched(line: LineState, event: Fetched, now: Now, policy: Policy) -> Step:
    wanted, slot = line.wanted, event.slot
    if wanted is None or not _is(slot, wanted):
        return line, (Sweep(),)
    slot = replace(slot, deployment=wanted.deployment, not_before=wanted.not_before)
    return replace(line, wanted=None, staged=slot), (Sweep(),)


def _not_fetched(line: LineState, event: NotFetched, now: Now, policy: Policy) -> Step:
    wanted = line.wanted
    if wanted is None or wanted.counter != event.counter:
        return line, ()
    if event.final:
        return _banned(line, event.counter, event.why)
    failures = min(wanted.failures + 1, MOST_FAILURES)
    return replace(line, wanted=replace(wanted, failures=failures)), (Fetch(event.counter, failures),)


def _passed(line: LineState, event: Passed, now: Now, policy: Policy) -> Step:
    slot = line.staged
    if line.gate != event.counter or slot is None or slot.counter != event.counter:
        return line, ()
    line = replace(line, gate=0, staged=None, trial=Trial(slot), runs=0, errors=0, p90_ms=0.0)
    return line, (Serve(slot), Report("activated", slot.counter))


def _failed(line: LineState, event: Failed, now: Now, policy: Policy) -> Step:
    counter, current = event.counter, line.current
    if line.gate == counter:
        line = replace(line, gate=0)
    if line.trial is not None and line.trial.slot.counter == counter:
        return _rolled_back(line, event.why, event.final, policy)
    if line.staged is not None and line.staged.counter == counter:
        return _struck(line, counter, event.why, policy, event.final)
    if current is not None and current.counter == counter:
        return _lost(line, current, event.why)
    return line, ()


def _lost(line: LineState, current: Slot, why: str) -> Step:
    """What served for good cannot be loaded: the one before serves, and this one is fetched again if it is wanted."""
    line = replace(line, current=line.previous, previous=None, runs=0, errors=0, p90_ms=0.0)
    serve = () if line.current is None else (Serve(line.current),)
    return line, (*serve, Report("rolled back", current.counter, why), Sweep())


def _health(line: LineState, event: Health, now: Now, policy: Policy) -> Step:
    slot, trial = serving(line), line.trial
    if slot is None or slot.counter != event.counter:
        return line, ()
    line = replace(line, runs=line.runs + event.runs, errors=line.errors + event.errors, p90_ms=event.p90_ms)
    if trial is None:
        return line, ()
    trial = replace(trial, runs=trial.runs + event.runs, errors=trial.errors + event.errors)
    line = replace(line, trial=trial)
    if trial.runs < policy.error_runs:
        return line, ()
    if trial.errors > policy.error_share * trial.runs:
        # The release before answered what this one failed: another try would find the same.
        return _rolled_back(line, f"{trial.errors} of {trial.runs} runs failed", True, policy)
    limit = slot.limits.latency_ms * policy.latency_factor
    if limit and event.p90_ms > limit:
        return _rolled_back(line, f"p90 of {event.p90_ms:.3g} ms, {slot.limits.latency_ms:.3g} promised", False, policy)
    return line, ()


def _tick(line: LineState, event: Tick, now: Now, policy: Policy) -> Step:
    trial = line.trial
    if trial is None:
        return line, ()
    trial = replace(trial, seconds=trial.seconds + max(now.passed, 0.0))
    line = replace(line, trial=trial)
    enough = trial.runs >= policy.trial_runs or trial.seconds >= 10 * policy.trial_seconds
    if trial.seconds < policy.trial_seconds or not enough:
        return line, ()
    if trial.errors > policy.error_share * trial.runs:
        return _rolled_back(line, f"{trial.errors} of {trial.runs} runs failed", False, policy)
    counter = trial.slot.counter
    strikes = {c: n for c, n in line.strikes.items() if c != str(counter)}
    line = replace(
        line,
        trial=None,
        current=trial.slot,
        previous=line.current,
        floor=max(line.floor, counter),
        strikes=strikes,
    )
    return line, (Report("committed", counter), Sweep())


def _activate(line: LineState, event: Activate, now: Now, policy: Policy) -> Step:
    return line, ()


def _roll_back(line: LineState, event: RollBack, now: Now, policy: Policy) -> Step:
    if line.trial is not None:
        line, actions = _banned(_withdrawn(line), line.trial.slot.counter, event.why)
        serve = () if line.current is None else (Serve(line.current),)
        return line, (*serve, *actions)
    if line.current is None or line.previous is None:
        return line, ()
    bad = line.current.counter
    line = replace(line, current=line.previous, previous=None, runs=0, errors=0, p90_ms=0.0)
    line, actions = _banned(line, bad, event.why)
    assert line.current is not None
    return line, (Serve(line.current), Report("rolled back", bad, event.why), *actions)


def _rolled_back(line: LineState, why: str, final: bool, policy: Policy) -> Step:
    """The release on probation failed: what served before serves; it is tried again until it has too many strikes."""
    assert line.trial is not None
    counter = line.trial.slot.counter
    serve = () if line.current is None else (Serve(line.current),)
    line, actions = _struck(_withdrawn(line), counter, why, policy, final)
    return line, (*serve, Report("rolled back", counter, why), *actions)


def _withdrawn(line: LineState) -> LineState:
    """The probation is over without success; a release that came meanwhile goes first."""
    assert line.trial is not None
    staged = line.trial.slot if line.staged is None else line.staged
    return replace(line, trial=None, staged=staged, runs=0, errors=0, p90_ms=0.0)


def _struck(line: LineState, counter: int, why: str, policy: Policy, final: bool = False) -> Step:
    strikes = line.strikes.get(str(counter), 0) + 1
    if final or strikes >= policy.strikes:
        return _banned(line, counter, why)
    return replace(line, strikes=_newest({**line.strikes, str(counter): strikes})), (Report("failed", counter, why),)


def _banned(line: LineState, counter: int, why: str) -> Step:
    line = replace(
        line,
        strikes={c: n for c, n in line.strikes.items() if c != str(counter)},
        banned=_newest({**line.banned, str(counter): why[:LONGEST_WHY]}),
        staged=None if line.staged is not None and line.staged.counter == counter else line.staged,
        wanted=None if line.wanted is not None and line.wanted.counter == counter else line.wanted,
    )
    return line, (Report("banned", counter, why), Sweep())


def _newest(counters: dict[str, V]) -> dict[str, V]:
    """The newest MOST_COUNTERS, so that the record stays small; older ones are below the floor by then."""
    return {c: counters[c] for c in sorted(counters, key=int)[-MOST_COUNTERS:]}


def _is(known: Slot | Wanted, other: Assigned | Wanted) -> bool:
    return (known.counter, known.payload_sha256, known.core_digest) == (
        other.counter,
        other.payload_sha256,
        other.core_digest,
    )


def _may_be_tested(line: LineState, slot: Slot, now: Now, policy: Policy, asked: bool) -> bool:
    """A staged release waits for its time, its window and the end of another one's probation."""
    if line.gate or line.trial is not None or str(slot.counter) in line.banned:
        return False
    if asked:
        return True
    due = slot.not_before == 0 or (now.wall is not None and now.wall >= slot.not_before)
    return policy.automatic and due and (not policy.windows or any(_open(w, now) for w in policy.windows))


def _open(window: Window, now: Now) -> bool:
    if window.start < window.end:
        return window.start <= now.minute < window.end and now.day in window.days
    today = now.minute >= window.start and now.day in window.days
    return today or (now.minute < window.end and (now.day - 1) % 7 in window.days)


_HANDLERS: dict[type[Event], Callable[..., Step]] = {
    Started: _started,
    Assigned: _assigned,
    Fetched: _fetched,
    NotFetched: _not_fetched,
    Passed: _passed,
    Failed: _failed,
    Health: _health,
    Tick: _tick,
    Activate: _activate,
    RollBack: _roll_back,
}


def serving(line: LineState) -> Slot | None:
    """What answers now: the release on probation, else the current one."""
    return line.current if line.trial is None else line.trial.slot

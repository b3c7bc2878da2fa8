"""Does what ``decide`` says: looks for updates, obtains, tries, serves, rolls back; commits before every step.

One thread calls it (:mod:`.loop`); applications call :meth:`Updater.line` from any. Nothing that fails here stops what
serves: a refusal, a network or a disk that fails is noted, told in the next report, and tried again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from limen.deliver.agent import clock as clocks
from limen.deliver.agent import decide as d
from limen.deliver.agent.durable import Full
from limen.deliver.agent.keys import Keys
from limen.deliver.agent.places import Place, first_that, part_names
from limen.deliver.agent.records import LineState, Slot
from limen.deliver.agent.records import slots as slots_of
from limen.deliver.agent.serving import Line
from limen.deliver.agent.settings import Settings
from limen.deliver.agent.store import BLOBS, Store
from limen.deliver.agent.trust import Offer, Plan, Want
from limen.deliver.agent.trust_update import update
from limen.deliver.agent.verdict import Seen
from limen.errors import LimenError, Refused, StoreError

Say = Callable[[str], None]
FIRST_PAUSE, LONGEST_PAUSE = 30.0, 3600.0
"""Seconds before a download is tried again: at random up to the first one, then up to twice as long each time."""
LATE = 64
"""Events that wait for a disk that can be written again."""
IDLE_PULSE = 900.0
"""Seconds between two records of live counters of a release that serves for good: every record wears the flash."""


def _silent(_text: str) -> None:
    return


@dataclass
class Updater:
    """A device at work.

    Args:
        places: where to ask for updates.
        say: called with a line for a person.
        eager: failed downloads are tried again with the next look for updates, however soon it is.
        gate: another one for tests that need no process.
    """

    store: Store
    settings: Settings
    keys: Keys
    places: Sequence[Place]
    say: Say = _silent
    eager: bool = False
    gate: Callable[[Store, Slot, Keys, Settings], Seen] | None = None
    problem: str = ""
    news: bool = True
    lines: dict[str, Line] = field(default_factory=dict)
    _offers: dict[str, Offer] = field(default_factory=dict)
    _due: dict[str, float] = field(default_factory=dict)
    _late: list[tuple[str, d.Event]] = field(default_factory=list)
    _last: dict[str, float] = field(default_factory=dict)
    _pulsed: dict[str, float] = field(default_factory=dict)

    def line(self, name: str) -> Line:
        """The line that an application runs; it may wait for its first release."""
        if name not in self.lines:
            self.lines[name] = Line(name, self.settings.patience)
        return self.lines[name]

    def start(self) -> None:
        """Serve what served; take up what was under way."""
        for name in self.store.state.lines:
            self.line(name)
            self.handle(name, d.Started())

    def poll(self) -> None:
        """Look for updates at the first place that gives sound metadata, and follow them.

        Raises:
            Refused, Unreachable, StoreError: nothing new is known; what serves goes on.
        """
        self.problem = ""
        try:
            plan = first_that(self.places, self._checked)
        except LimenError as error:
            self.problem = error.message
            raise
        for name, refused in plan.refused.items():
            self.problem = f"{name}: {refused.message}"
            self.say(f"refused: {self.problem}")
        before = frozenset(self._due)
        for offer in plan.offers:
            self._offers[offer.line] = offer
            said = offer.assignment
            self.line(offer.line)
            self.handle(
                offer.line,
                d.Assigned(said.counter, said.payload_sha256, said.core_digest, said.deployment, said.not_before),
            )
        self._fetch_due(before)

    def tick(self) -> None:
        """Time passed: live counters, windows, downloads that are due, events that the disk did not take."""
        late, self._late = self._late, []
        for name, event in late:
            self.handle(name, event)
        for name in tuple(self.store.state.lines):
            self._pulse(name)
        if not self.eager:
            self._fetch_due(frozenset(self._due))

    def handle(self, name: str, event: d.Event) -> None:
        """One event of a line and all that follows from it; never raises for what fails on the way."""
        waiting: list[d.Event] = [event]
        while waiting:
            following = waiting.pop(0)
            before = self.store.state.lines.get(name, LineState())
            line, actions = d.decide(before, following, self._now(name, following), self.settings.policy())
            try:
                self.store.change(lines={**self.store.state.lines, name: line})
            except StoreError as error:
                self._not_kept(name, following, before, actions, error)
                return
            for action in actions:
                answer = self._do(name, action)
                if answer is not None:
                    waiting.append(answer)
        self._settle(name)

    def assigned(self) -> dict[str, int]:
        """line -> counter that the director wants, as the last look for updates found it."""
        return {name: offer.counter for name, offer in self._offers.items()}

    def close(self) -> None:
        """Nothing answers any more."""
        for line in self.lines.values():
            line.close()

    # ---------------------------------------------------------------- events

    def _checked(self, place: Place) -> Plan:
        def fetch(want: Want) -> bytes | None:
            return place.read(want.name, want.limit)

        return update(self.store, self.settings.identity(), fetch, self._clock())

    def _clock(self) -> clocks.Clock:
        return clocks.read(without=self.settings.clockless)

    def _now(self, name: str, event: d.Event) -> d.Now:
        """The time of an event; the time of a probation runs from its beginning, from tick to tick."""
        monotonic = time.monotonic()
        passed = monotonic - self._last.get(name, monotonic)
        if isinstance(event, d.Tick | d.Passed):
            self._last[name] = monotonic
        state = self.store.state
        try:
            wall = clocks.judge(self._clock(), max(state.image.issued, state.director.issued)).timestamp()
        except Refused:
            wall = None
        local = time.localtime()
        return d.Now(wall, local.tm_hour * 60 + local.tm_min, local.tm_wday, passed)

    def _pulse(self, name: str) -> None:
        state, line = self.store.state.lines[name], self.line(name)
        if state.trial is not None:
            self._probe(name, state.trial.slot)
        now, seconds = time.monotonic(), self._pulse_seconds(state)
        pulse = now - self._pulsed.get(name, -1e9) >= seconds or line.troubled
        if pulse:
            self._pulsed[name] = now
            counts = line.counts()
            if counts is not None and counts.runs:
                self.handle(name, d.Health(counts.counter, counts.runs, counts.errors, counts.p90_ms))
        if pulse or state.trial is None:
            self.handle(name, d.Tick())

    def _pulse_seconds(self, state: LineState) -> float:
        return IDLE_PULSE if state.trial is None else min(self.settings.trial_seconds / 20, 30.0)

    def _probe(self, name: str, slot: Slot) -> None:
        """Where nobody asks a release on probation, ask it a golden question, in the process that serves."""
        line = self.line(name)
        session = line.session
        if session is None or line.counter != slot.counter or line.asked or session.bundle.manifest.stateful:
            return
        entries = session.golden()
        if entries:
            try:
                line.run(session.bundle.arrays(entries[0].inputs))
            except Exception as error:  # counted where it was raised
                self.say(f"{name} {slot.counter}: {type(error).__name__}: {error}")

    def _not_kept(
        self, name: str, event: d.Event, before: LineState, actions: Sequence[d.Action], error: StoreError
    ) -> None:
        """The disk took no record: the event is kept for later. Going back to what serves for good needs no record."""
        if error.message != self.problem:  # once, not with every tick
            self.say(f"{name}: {error.message}; what serves goes on")
        self.problem = error.message
        if not isinstance(event, d.Tick):
            self._late = [*self._late, (name, event)][-LATE:]
        for action in actions:
            if isinstance(action, d.Serve) and action.slot == before.current:
                self._do(name, action)

    # ---------------------------------------------------------------- actions

    def _do(self, name: str, action: d.Action) -> d.Event | None:
        if isinstance(action, d.Fetch):
            return self._fetch(name, action)
        if isinstance(action, d.Test):
            return self._test(name, action.slot)
        if isinstance(action, d.Serve):
            return self._serve(name, action.slot)
        if isinstance(action, d.Report):
            self.say(f"{name} {action.counter}: {action.what}{': ' if action.why else ''}{action.why}")
            self.news = True
        elif isinstance(action, d.Sweep):
            self._sweep()
        return None

    def _fetch(self, name: str, action: d.Fetch) -> d.Event | None:
        if action.failures:
            longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(action.failures - 1, 20))
            self._due[name] = time.monotonic() + (0.0 if self.eager else random.uniform(0, longest))
            return None
        offer = self._offers.get(name)
        if offer is None or offer.counter != action.counter:
            self._due[name] = 0.0  # as soon as the next poll says where it is
            return None
        self._due.pop(name, None)
        state = self.store.state.lines[name]
        from limen.deliver.agent.obtain import Unsound, obtain

        have = slots_of(state)
        try:
            return d.Fetched(obtain(self.store, self.places, offer, have, self.keys, self.say))
        except Unsound as error:
            return d.NotFetched(action.counter, error.message, final=True)
        except Full as error:
            self._sweep(everything=True)
            return self._failed_fetch(name, action.counter, error.message)
        except LimenError as error:
            return self._failed_fetch(name, action.counter, error.message)
        except MemoryError:
            return self._failed_fetch(name, action.counter, "no memory is left")

    def _failed_fetch(self, name: str, counter: int, why: str) -> d.Event:
        self.problem = f"{name} {counter}: not fetched: {why}"
        self.say(self.problem)
        return d.NotFetched(counter, why)

    def _fetch_due(self, among: frozenset[str]) -> None:
        now = time.monotonic()
        for name in sorted(among & self._due.keys() & self._offers.keys()):
            if self._due[name] > now:
                continue
            del self._due[name]
            wanted = self.store.state.lines[name].wanted
            if wanted is not None:
                answer = self._fetch(name, d.Fetch(wanted.counter, 0))
                if answer is not None:
                    self.handle(name, answer)

    def _test(self, name: str, slot: Slot) -> d.Event:
        if self.gate is not None:
            seen = self.gate(self.store, slot, self.keys, self.settings)
        else:
            from limen.deliver.agent.gate import try_out

            seen = try_out(self.store, slot, self.keys, self.settings.gate())
        if seen.why:
            return d.Failed(slot.counter, seen.why, seen.final)
        self.say(
            f"{name} {slot.counter}: gate passed on {seen.engine}: {seen.samples} golden samples, "
            f"p90 {seen.p90_ms:.3g} ms, {seen.grown >> 10} KiB"
        )
        return d.Passed(slot.counter)

    def _serve(self, name: str, slot: Slot) -> d.Event | None:
        line, state = self.line(name), self.store.state.lines[name]
        if line.back(slot.counter) or line.counter == slot.counter:
            return None
        on_probation = state.trial is not None and state.trial.slot == slot
        if on_probation and line.counter == 0 and state.current is not None:
            self._load(line, state.current, False)  # what a restart has closed stands behind it again
        why = self._load(line, slot, on_probation)
        return None if why is None else d.Failed(slot.counter, why)

    def _load(self, line: Line, slot: Slot, on_probation: bool) -> str | None:
        """Swap the release in; what went wrong, in words."""
        from limen.deliver.agent import slots
        from limen.deliver.agent.gate_child import choose
        from limen.engines import Session

        try:
            bundle = slots.open_bundle(self.store, slot, self.keys)
            session = Session(bundle, choose(bundle, self.settings.engine), self.settings.threads)
        except LimenError as error:
            return error.message
        except Exception as error:  # engines raise what they like, also MemoryError
            return f"{type(error).__name__}: {error}"[:200]
        line.swap(slot.counter, session, on_probation)
        return None

    def _settle(self, name: str) -> None:
        """What was on probation serves for good: nothing stands behind it any more."""
        state, line = self.store.state.lines.get(name, LineState()), self.line(name)
        if state.trial is None and state.current is not None and line.counter == state.current.counter:
            line.settle()
        elif d.serving(state) is None and line.counter:
            line.close()  # the first release failed its probation: nothing was before it

    def _sweep(self, everything: bool = False) -> None:
        """Remove what is not needed; downloads under way stay, unless the disk is full of others."""
        parts: frozenset[str] = frozenset().union(*(part_names(offer) for offer in self._offers.values()))
        if not everything and not self._offers:
            names = self.store.disk.names(BLOBS)
            parts = frozenset(n.removesuffix(".part") for n in names if n.endswith(".part"))
        try:
            self.store.sweep(parts)
        except StoreError as error:
            self.problem = error.message

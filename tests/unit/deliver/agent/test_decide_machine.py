"""A device and its world as a state machine: releases with hidden faults, power cuts at any time, an unsteady network.

The agent of this test does what the decision core says, and commits before it acts, as the real one does; a power cut
loses what it was about to do. Whatever happens: what answers is verified, no banned release comes back, and a release
is tried at most ``Policy.strikes`` times.
"""

from __future__ import annotations

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from limen.deliver.agent import decide as d
from limen.deliver.agent.records import LineState, Slot

POLICY = d.Policy(strikes=3, trial_seconds=10, trial_runs=1, error_runs=5)
NATURES = ("good", "wrong", "crashes", "fails", "errs", "loops")
"""wrong: golden vectors differ; crashes: takes the process down in the gate; fails: the gate says no; errs: on
probation; loops: takes the process down on probation."""


def release(counter: int) -> Slot:
    return Slot(counter, f"{counter:064x}", 10, f"{counter + 1000:064x}", f"{counter + 2000:064x}")


class DeviceMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.line, self.natures = LineState(), dict[int, str]()
        self.answers: int | None = None
        self.verified, self.ever_banned = set[int](), set[int]()
        self.tries, self.cut_at = Counter[int](), 0

    @initialize()
    def first(self) -> None:
        self.assign("good")

    @rule(nature=st.sampled_from(NATURES))
    def assign(self, nature: str) -> None:
        """A new release is published and assigned."""
        counter = len(self.natures) + 1
        self.natures[counter] = nature
        self.reassign(counter)

    @rule(data=st.data())
    def assign_again(self, data: st.DataObject) -> None:
        """The director asks for any release there is, also for an old or a banned one."""
        self.reassign(data.draw(st.sampled_from(sorted(self.natures))))

    @rule(after=st.integers(1, 6))
    def power_will_fail(self, after: int) -> None:
        self.cut_at = after

    @rule(seconds=st.sampled_from([0.0, 1.0, 11.0, 200.0]))
    def time_passes(self, seconds: float) -> None:
        self.handle(d.Tick(), seconds)

    @rule()
    def somebody_asks(self) -> None:
        """Requests are answered, and the counters told."""
        if self.answers is None:
            return
        nature = self.natures[self.answers]
        if nature == "loops" and self.line.trial is not None:
            self.restart()
        else:
            self.handle(d.Health(self.answers, 10, 10 if nature == "errs" else 0, 1.0))

    @rule()
    def restart(self) -> None:
        self.answers = None
        self.handle(d.Started())

    @rule()
    def person_rolls_back(self) -> None:
        self.handle(d.RollBack())

    @invariant()
    def what_answers_is_verified_and_not_banned(self) -> None:
        self.ever_banned |= {int(counter) for counter in self.line.banned}
        assert self.answers is None or self.answers in self.verified
        assert self.answers not in self.ever_banned
        assert self.line.current is None or self.line.current.counter in self.verified
        assert all(count <= POLICY.strikes for count in self.tries.values()), self.tries

    def teardown(self) -> None:
        """Left alone with a good release, a device ends up with it."""
        self.cut_at = 0
        self.restart()
        self.assign("good")
        for _ in range(30):
            self.handle(d.Tick(), 200.0)
            self.somebody_asks()
        self.what_answers_is_verified_and_not_banned()
        assert self.answers == max(self.natures)
        assert self.line.trial is self.line.staged is self.line.wanted is None

    def reassign(self, counter: int) -> None:
        slot = release(counter)
        self.handle(d.Assigned(counter, slot.payload_sha256, slot.core_digest))

    def handle(self, event: d.Event, passed: float = 0.0) -> None:
        waiting = [event]
        while waiting:
            self.line, actions = d.decide(self.line, waiting.pop(0), d.Now(1e9, passed=passed), POLICY)
            for action in actions:
                if self.cut_at:
                    self.cut_at -= 1
                    if not self.cut_at:
                        return self.restart()
                answer = self.act(action)
                if isinstance(answer, d.Started):
                    return self.restart()
                waiting += [answer] if answer is not None else []
        if d.serving(self.line) is None:
            self.answers = None  # the first release is gone: nothing was before it
        return None

    def act(self, action: d.Action) -> d.Event | None:
        """What the agent does, and what comes of it."""
        if isinstance(action, d.Fetch):
            return d.Fetched(release(action.counter)) if action.failures < 2 else None
        if isinstance(action, d.Test):
            return self.tested(action.slot.counter)
        if isinstance(action, d.Serve):
            assert action.slot.counter in self.verified
            self.answers = action.slot.counter
        return None

    def tested(self, counter: int) -> d.Event:
        nature = self.natures[counter]
        assert counter not in self.ever_banned
        if nature not in ("good", "errs", "loops"):
            self.tries[counter] += 1
        if nature == "crashes":
            return d.Started()
        if nature in ("wrong", "fails"):
            return d.Failed(counter, nature, final=nature == "wrong")
        self.verified.add(counter)
        return d.Passed(counter)


TestDevice = DeviceMachine.TestCase
TestDevice.settings = settings(max_examples=80, stateful_step_count=25)

"""A swap loses no request, and no request is answered by half a model; what fails on probation is answered anyway."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from gain_models import LIVE, gain_bundle
from limen.deliver.agent.serving import Line
from limen.engines import Session
from limen.errors import BadInput, DataError

RATE, SECONDS, THREADS = 200, 2.5, 4
GAINS = (1.0, 2.0, 3.0, 5.0, 7.0)


def session(gain: float, behaviour: str = "good") -> Session:
    return Session(gain_bundle(gain, behaviour, extra=100))


def row(first: float) -> dict[str, np.ndarray]:
    return {"x": np.array([[first, 1, -2, 3]], np.float32)}


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line("kws", patience=0.3)
    yield made
    made.close()


def test_two_hundred_requests_a_second_lose_nothing_while_releases_change(
    line: Line, record_property: Callable[[str, object], None]
) -> None:
    for gain in GAINS:
        session(gain).close()
    line.swap(1, session(GAINS[1]), False)
    answers: list[tuple[float, np.ndarray]] = []
    failures: list[BaseException] = []
    end = time.monotonic() + SECONDS

    def ask(which: int) -> None:
        for n in itertools.count():
            due = start + (n * THREADS + which) / RATE
            if due > end:
                return
            time.sleep(max(due - time.monotonic(), 0))
            try:
                answers.append((float(n), line.run(row(float(n)))["y"]))
            except BaseException as error:
                failures.append(error)

    start = time.monotonic()
    threads = [threading.Thread(target=ask, args=(i,)) for i in range(THREADS)]
    for thread in threads:
        thread.start()
    swaps = 0
    for counter in itertools.count(2):
        if time.monotonic() > end:
            break
        line.swap(counter, session(GAINS[counter % len(GAINS)]), on_probation=counter % 3 == 0)
        swaps += 1
        time.sleep(0.01)
        if counter % 3 == 0:
            _ = line.settle() if counter % 2 else line.back(counter - 1)
    for thread in threads:
        thread.join()
    record_property("requests", len(answers) + len(failures))
    record_property("lost", len(failures))
    record_property("changes of release", swaps)
    assert failures == []
    assert swaps > 50
    assert len(answers) >= RATE * SECONDS * 0.95
    for n, y in answers:
        gain = y[0, 1]
        assert gain in GAINS
        assert np.array_equal(y, gain * row(n)["x"])
    assert {float(y[0, 1]) for _, y in answers} == set(GAINS)


def test_nothing_serves_at_first_and_after_the_end(line: Line) -> None:
    with pytest.raises(BadInput, match="no release"):
        line.run(row(0))
    assert line.counts() is None
    line.swap(1, session(1.0), True)
    assert line.run(row(0))["y"][0, 1] == 1
    line.close()
    with pytest.raises(BadInput):
        line.run(row(0))


@pytest.mark.parametrize("behaviour", ["live_nan", "live_hang"])
def test_a_request_that_the_new_release_fails_is_answered_by_the_one_before(line: Line, behaviour: str) -> None:
    line.swap(1, session(1.0), False)
    line.swap(2, session(2.0, behaviour), True)
    assert line.run(row(0))["y"][0, 1] == 2
    assert line.run(row(2 * LIVE))["y"][0, 1] == 1
    found = line.counts()
    assert found is not None
    assert (found.counter, found.runs, found.errors) == (2, 2, 1)
    assert line.back(1)
    assert line.run(row(0))["y"][0, 1] == 1
    assert line.counter == 1


def test_after_a_hang_nobody_waits_again(line: Line) -> None:
    line.swap(1, session(1.0), False)
    line.swap(2, session(2.0, "live_hang"), True)
    waiting = [threading.Thread(target=lambda: line.run(row(2 * LIVE))) for _ in range(3)]
    for thread in waiting:
        thread.start()
    for thread in waiting:
        thread.join()
    start = time.monotonic()
    assert line.run(row(0))["y"][0, 1] == 1
    assert time.monotonic() - start < 0.2


def test_a_callers_own_error_is_told_and_not_held_against_the_release(line: Line) -> None:
    line.swap(1, session(1.0), False)
    line.swap(2, session(2.0), True)
    for _ in range(2):
        with pytest.raises(DataError):
            line.run({"x": np.zeros((1, 5), np.float32)})
        line.settle()
    found = line.counts()
    assert found is not None
    assert (found.runs, found.errors) == (0, 0)


def test_numbers_that_are_none_are_counted_when_nothing_is_behind(line: Line) -> None:
    line.swap(1, session(1.0, "live_nan"), False)
    assert np.isnan(line.run(row(2 * LIVE))["y"]).any()
    line.run(row(1))
    found = line.counts()
    assert found is not None
    assert (found.runs, found.errors) == (2, 1)
    assert found.p90_ms > 0


def test_sessions_are_closed_when_their_last_request_is_done(line: Line) -> None:
    old, new = session(1.0, "live_slow"), session(2.0)
    line.swap(1, old, False)
    thread = threading.Thread(target=lambda: line.run(row(2 * LIVE)))
    thread.start()
    time.sleep(0.01)
    line.swap(2, new, False)
    thread.join()
    with pytest.raises(DataError, match="closed"):
        old.run(row(0))


def test_the_release_behind_is_only_taken_back_if_it_is_the_one_meant(line: Line) -> None:
    line.swap(1, session(1.0), False)
    line.swap(2, session(2.0), True)
    assert not line.back(7)
    line.settle()
    assert not line.back(1)
    assert line.run(row(0))["y"][0, 1] == 2


def test_settling_while_requests_run_delays_none(line: Line) -> None:
    line.swap(1, session(1.0), False)
    slowest = 0.0
    for counter in range(2, 40):
        line.swap(counter, session(GAINS[counter % len(GAINS)]), True)
        threads = [threading.Thread(target=line.run, args=(row(1),)) for _ in range(3)]
        start = time.monotonic()
        for thread in threads:
            thread.start()
        line.settle()
        for thread in threads:
            thread.join()
        slowest = max(slowest, time.monotonic() - start)
        found = line.counts()
        assert found is not None
        assert found.errors == 0


def test_predict_answers_as_a_session_does(line: Line) -> None:
    line.swap(1, session(3.0), False)
    with session(3.0) as alone:
        answer, expected = line.predict(row(1)["x"]), alone.predict(row(1)["x"])
    assert (answer.label, answer.probability) == (expected.label, expected.probability)

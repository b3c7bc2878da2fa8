"""What answers: one Session per line, changed for another without losing a request.

A swap is one assignment under a lock: a request uses the session that was there when it came, and a session is closed
when its last request is done. While a release is on probation the one before stays open behind it: a request that the
new one fails, answers with no number, or does not answer in time is answered by the old one and counted as an error.
Several threads may call.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from limen.errors import BadInput, DataError

if TYPE_CHECKING:  # an agent that serves nothing yet loads neither engine nor NumPy
    from numpy.typing import NDArray

    from limen.engines import Session

T = TypeVar("T")
LATEST = 256
"""Runs that the 90th percentile is of."""


@dataclass(frozen=True)
class Counts:
    """Live counters of one release since they were last asked for; ``p90_ms`` is of its latest runs, 0: none yet."""

    counter: int
    runs: int
    errors: int
    p90_ms: float


class _Held:
    """A session and who uses it."""

    def __init__(self, counter: int, session: Session) -> None:
        self.counter, self.session = counter, session
        self.uses, self.retired = 0, False
        self.runs = self.errors = 0
        self.times: deque[float] = deque(maxlen=LATEST)
        self.worker: _Worker | None = None


class Line:
    """One line as an application sees it: ``run`` and ``predict`` of whatever release serves now.

    Args:
        name: for messages.
        patience: seconds until a request on probation is answered by the release before.
    """

    def __init__(self, name: str, patience: float = 5.0) -> None:
        self.name, self.patience = name, patience
        self._lock = threading.Lock()
        self._now: _Held | None = None
        self._behind: _Held | None = None

    @property
    def counter(self) -> int:
        """Of the release that answers; 0: none does."""
        now = self._now
        return 0 if now is None else now.counter

    @property
    def session(self) -> Session | None:
        """What answers now; for looking at, not for running: it may be closed at any time."""
        now = self._now
        return None if now is None else now.session

    @property
    def asked(self) -> bool:
        """It ran since the counters were last asked for."""
        now = self._now
        return now is not None and now.runs > 0

    @property
    def troubled(self) -> bool:
        """It failed since then."""
        now = self._now
        return now is not None and now.errors > 0

    def run(self, feeds: Mapping[str, Any] | NDArray[Any], raw: bool = False) -> dict[str, NDArray[Any]]:
        """As ``Session.run``.

        Raises:
            DataError: the inputs do not fit.
            BadInput: no release serves yet.
        """
        return self._answered(lambda session: session.run(feeds, raw=raw), _are_numbers)

    def predict(self, value: Any) -> Any:
        """As ``Session.predict``."""
        return self._answered(lambda session: session.predict(value), lambda _answer: True)

    def swap(self, counter: int, session: Session, on_probation: bool) -> None:
        """Let this session answer from now on; the one before stays behind it where it is on probation."""
        held = _Held(counter, session)
        with self._lock:
            held.worker = _Worker(self.name) if on_probation else None
            if on_probation:
                gone, self._behind = self._behind, self._now
            else:
                gone, self._behind = self._behind, None
                self._retire(self._now)
            self._now = held
            self._retire(gone)

    def settle(self) -> None:
        """The probation is over: what is behind is closed."""
        with self._lock:
            gone, self._behind = self._behind, None
            if self._now is not None:
                self._end_worker(self._now)
            self._retire(gone)

    def back(self, counter: int) -> bool:
        """Let the release behind answer again, if it is that one; what answered is closed."""
        with self._lock:
            if self._behind is None or self._behind.counter != counter:
                return False
            gone, self._now, self._behind = self._now, self._behind, None
            self._retire(gone)
            return True

    def close(self) -> None:
        """Nothing answers any more."""
        with self._lock:
            gone, self._now = (self._now, self._behind), None
            self._behind = None
            for held in gone:
                self._retire(held)

    def counts(self) -> Counts | None:
        """Live counters of what answers, which begin again; None: nothing answers."""
        with self._lock:
            held = self._now
            if held is None:
                return None
            times = sorted(held.times)
            p90 = times[int(0.9 * (len(times) - 1))] if times else 0.0
            found = Counts(held.counter, held.runs, held.errors, p90)
            held.runs = held.errors = 0
            return found

    def _answered(self, do: Callable[[Session], T], good: Callable[[T], bool]) -> T:
        held, behind = self._enter()
        try:
            worker = held.worker
            if worker is None and behind is None:
                return self._timed(held, do, good)
            return self._on_probation(held, behind, worker, do, good)
        finally:
            self._leave(held, behind)

    def _timed(self, held: _Held, do: Callable[[Session], T], good: Callable[[T], bool]) -> T:
        start = time.perf_counter()
        try:
            answer = do(held.session)
        except DataError:  # the caller's own
            raise
        except Exception:
            self._count(held, None)
            raise
        self._count(held, 1000 * (time.perf_counter() - start) if good(answer) else None)
        return answer

    def _on_probation(
        self,
        held: _Held,
        behind: _Held | None,
        worker: _Worker | None,
        do: Callable[[Session], T],
        good: Callable[[T], bool],
    ) -> T:
        start = time.perf_counter()
        try:
            answer = do(held.session) if worker is None else worker.call(lambda: do(held.session), self.patience)
        except Exception as error:
            if behind is None:
                if not isinstance(error, DataError):
                    self._count(held, None)
                if isinstance(error, _Hung):
                    raise BadInput(f"{self.name}: no answer within {self.patience:g} s") from error
                raise
            answer_before = do(behind.session)  # a caller's own error comes from here too, and is not counted
            self._count(held, None)
            return answer_before
        if good(answer):
            self._count(held, 1000 * (time.perf_counter() - start))
            return answer
        answer_before = answer if behind is None else do(behind.session)
        if behind is None or good(answer_before):
            self._count(held, None)
        return answer_before

    def _count(self, held: _Held, milliseconds: float | None) -> None:
        with self._lock:
            held.runs += 1
            if milliseconds is None:
                held.errors += 1
            else:
                held.times.append(milliseconds)

    def _enter(self) -> tuple[_Held, _Held | None]:
        with self._lock:
            if self._now is None:
                raise BadInput(f"{self.name}: no release serves yet")
            self._now.uses += 1
            if self._behind is not None:
                self._behind.uses += 1
            return self._now, self._behind

    def _leave(self, *used: _Held | None) -> None:
        with self._lock:
            for held in used:
                if held is not None:
                    held.uses -= 1
                    self._free(held)

    def _retire(self, held: _Held | None) -> None:
        if held is not None:
            held.retired = True
            self._free(held)

    def _free(self, held: _Held) -> None:
        """Close what nobody uses any more; a session whose thread hangs is left to the end of the process."""
        if held.retired and held.uses == 0:
            stuck = held.worker is not None and held.worker.stuck
            self._end_worker(held)
            if not stuck:
                held.session.close()

    def _end_worker(self, held: _Held) -> None:
        if held.worker is not None:
            held.worker.end()
            held.worker = None


class _Hung(Exception):
    """No answer in time."""


class _Worker:
    """A thread that runs what may hang. Once it did, it is asked no more."""

    def __init__(self, name: str) -> None:
        self.stuck = self._ended = False
        self._lock = threading.Lock()
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        threading.Thread(target=self._work, name=f"limen {name}", daemon=True).start()

    def call(self, do: Callable[[], T], patience: float) -> T:
        """The result of ``do``.

        Raises:
            _Hung: it takes too long, or another call did.
            Exception: what it raises.
        """
        if self.stuck:
            raise _Hung
        done, result = threading.Event(), _Result[T]()

        def task() -> None:
            if not self.stuck:
                result.take(do)
            done.set()

        with self._lock:
            ended = self._ended
            if not ended:
                self._tasks.put(task)
        if ended:
            return do()
        if not done.wait(patience):
            self.stuck = True
        return result.give()

    def end(self) -> None:
        """When the tasks that wait are done; later calls are made by the caller's own thread."""
        with self._lock:
            self._ended = True
            self._tasks.put(None)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            task()


class _Result(list[T]):
    """At most one value, or an error."""

    error: Exception | None = None

    def take(self, do: Callable[[], T]) -> None:
        try:
            self.append(do())
        except Exception as error:
            self.error = error

    def give(self) -> T:
        if self.error is not None:
            raise self.error
        if not self:
            raise _Hung
        return self[0]


def _are_numbers(outputs: Mapping[str, NDArray[Any]]) -> bool:
    import numpy as np

    return not any(v.dtype.kind == "f" and bool(np.isnan(v).any()) for v in outputs.values())

"""How fast bytes may come in, and how slow they may be."""

from __future__ import annotations

import time
from collections.abc import Callable

from limen.errors import Refused


class Pace:
    """Holds one transfer, over all its connections, between two rates.

    Args:
        what: for the message.
        slowest: bytes per second, on the mean of ``window`` seconds, below which the sender is given up; 0: none.
        fastest: bytes per second that are not exceeded; 0: no cap.
        clock, sleep: of the process; a test brings its own.
    """

    def __init__(
        self,
        what: str,
        slowest: float,
        window: float,
        fastest: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._what, self._window, self._fastest = what, window, fastest
        self._slowest = min(slowest, fastest / 2) if fastest else slowest
        self._clock, self._sleep = clock, sleep
        self._begin, self._total = clock(), 0
        self._mark, self._since = self._begin, 0

    def took(self, count: int) -> None:
        """So many bytes came in; waits where that was too fast.

        Raises:
            Refused: ``slow``: too few came in for too long.
        """
        self._total += count
        self._since += count
        if self._fastest:
            ahead = self._begin + self._total / self._fastest - self._clock()
            if ahead > 0:
                self._sleep(ahead)
        passed = self._clock() - self._mark
        if passed < self._window:
            return
        if self._since < self._slowest * passed:
            raise Refused("slow", f"{self._what}: {self._since} bytes in {passed:.0f} s are too slow", "tried again")
        self._mark, self._since = self._clock(), 0

    def rest(self, seconds: float) -> None:
        """Wait by our own will: the time does not count."""
        self._sleep(seconds)
        self._mark += seconds
        self._begin += seconds

"""What time it can be, on a device whose clock may be wrong.

A clock that is behind what is certainly past (this release of limen, the signed issue time of the newest trusted
timestamp) is wrong: updates are refused until it is set, since expiry could not be judged. A clock that is ahead makes
metadata look expired: refused too, and nothing is remembered of it. Only signed times raise the floor, never the
device's own clock; a stolen timestamp key that signs a time in the future is taken back by a new root
(``records.Memory``). Serving does not depend on the time.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from limen.errors import Refused

RELEASED = 1793491200
"""2026-11-01, before this release: no clock that is right shows less."""
SLACK = 24 * 3600
"""Seconds by which the clocks of a repository and a device may differ."""
JUMP = 60
"""Seconds by which the clock may be set in the middle of an update."""


LATEST = 253402300799
"""The last second that a date can hold."""


@dataclass(frozen=True)
class Clock:
    """The time at which an update began; all expiry is judged by it (TUF 5.1).

    Args:
        wall: seconds since 1970 by the device's clock.
        monotonic: seconds of a clock that cannot be set, read at the same instant.
        floor: it is later than this.
        without: the device has no clock of its own: where it shows less than the floor, the floor is the time. A
            repository that is frozen is then noticed late.
    """

    wall: float
    monotonic: float
    floor: int = RELEASED
    without: bool = False


def read(floor: int = RELEASED, without: bool = False) -> Clock:
    """The clocks, now."""
    return Clock(time.time(), time.monotonic(), floor, without)


def judge(clock: Clock, issued: int) -> datetime:
    """The time to judge expiry by.

    Args:
        issued: signed time of the newest trusted timestamp; 0: none.

    Raises:
        Refused: ``clock``: the clock is behind.
    """
    floor = max(clock.floor, issued)
    if clock.wall < floor - SLACK and not clock.without:
        raise Refused(
            "clock",
            f"clock: says {show(clock.wall)}, but it is later than {show(floor)}",
            "set the clock; updates wait, the model keeps running",
        )
    return moment(max(clock.wall, floor))


def require_steady(clock: Clock, wall: float, monotonic: float) -> None:
    """Refuse to go on where the clock was set since the update began.

    Raises:
        Refused: ``clock``.
    """
    jumped = (wall - clock.wall) - (monotonic - clock.monotonic)
    if abs(jumped) > JUMP:
        raise Refused("clock", f"clock: jumped by {jumped:.0f} s in the middle of an update", "it is tried again")


def moment(seconds: float) -> datetime:
    """Seconds since 1970 as a date in UTC, kept within what a date can hold."""
    return datetime.fromtimestamp(min(max(seconds, 0), LATEST), UTC)


def show(seconds: float) -> str:
    """For messages."""
    return moment(seconds).strftime("%Y-%m-%d %H:%M")

"""Wrong clocks: behind, ahead, set in the middle of an update; and devices that have none."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attacks import DAY, IMAGE, WALL, Device, issued, world
from limen.deliver.agent import clock as clocks
from limen.deliver.agent.clock import JUMP, RELEASED, SLACK, Clock
from limen.deliver.agent.trust import Steps, Want, run
from limen.errors import Refused

YEAR = 365.25 * DAY


@pytest.mark.parametrize(
    "wall",
    [0, WALL - 10 * YEAR, RELEASED - SLACK - 1, WALL - 2 * DAY],
    ids=["1970", "ten years", "before the release", "two days"],
)
def test_a_clock_that_is_behind_is_refused_and_nothing_is_remembered(wall: float) -> None:
    at = world()
    device = Device(at.files)
    before = device.remembers()
    with pytest.raises(Refused, match="clock: says") as caught:
        device.check(at, wall)
    assert caught.value.reason == "clock"
    assert "the model keeps running" in str(caught.value)
    assert device.remembers() == before


def test_a_clock_that_is_ahead_is_refused_and_spoils_nothing() -> None:
    at = world()
    device = Device(at.files)
    device.check(at)
    before = device.remembers()
    at.forge(IMAGE, {"timestamp": lambda signed: None})
    with pytest.raises(Refused, match="the clock is ahead") as caught:
        device.check(at, WALL + 10 * YEAR)
    assert caught.value.reason == "expired"
    assert device.remembers() == before
    assert len(device.check(at).offers) == 2


def test_the_signed_time_is_a_floor_that_the_devices_clock_is_not() -> None:
    at = world()
    device = Device(at.files)
    at.forge(IMAGE, {"timestamp": issued(WALL + 5 * DAY)})
    device.check(at, WALL + 6 * DAY)
    assert device.memory["image"].issued == int(WALL + 5 * DAY)
    device.check(at, WALL + 4.5 * DAY)
    with pytest.raises(Refused) as caught:
        device.check(at, WALL + 3 * DAY)
    assert caught.value.reason == "clock"


def test_a_device_without_a_clock_goes_by_the_floor_and_still_sees_what_expired_before_it() -> None:
    at = world()
    device = Device(at.files)
    assert len(device.check(at, 0, without=True).offers) == 2
    at.forge(IMAGE, {"timestamp": issued(WALL + 8 * DAY)})
    with pytest.raises(Refused) as caught:
        device.check(at, 0, without=True)
    assert caught.value.reason == "expired"


@pytest.mark.parametrize("jump", [-10 * YEAR, -JUMP - 1, JUMP + 1, 10 * YEAR])
def test_a_jump_in_the_middle_of_an_update_is_refused(jump: float) -> None:
    def steps() -> Steps[None]:
        yield Want("timestamp.json", 1)

    clock = Clock(time.time() - jump, time.monotonic())
    with pytest.raises(Refused, match="jumped by") as caught:
        run(steps(), lambda want: b"", lambda keep: None, clock)
    assert caught.value.reason == "clock"
    run(steps(), lambda want: b"", lambda keep: None, clocks.read())


SECONDS = st.integers(0, 1 << 53)


@given(wall=st.floats(-1e12, 1e14), floor=SECONDS, issued=SECONDS, without=st.booleans())
def test_the_time_is_never_before_the_floor_or_the_clock(wall: float, floor: int, issued: int, without: bool) -> None:
    try:
        found = clocks.judge(Clock(wall, 0, floor, without), issued).timestamp()
    except Refused:
        assert wall < max(floor, issued) - SLACK
        assert not without
        return
    assert found >= min(max(wall, floor, issued), clocks.LATEST) - 1e-3

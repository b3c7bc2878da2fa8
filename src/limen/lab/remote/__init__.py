"""Real devices: a model's code is served there, over ssh or a serial line, and run and timed from here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from limen.devices import Device
from limen.errors import UsageError
from limen.lab._compare import compare_outputs
from limen.lab._native import host_profile
from limen.lab._profile import Profile
from limen.lab.remote._frames import Link
from limen.lab.remote._links import SerialLink
from limen.lab.remote._model import RemoteModel, linux_program
from limen.lab.remote._qemu import machine_of, start
from limen.lab.remote._ssh import Ssh, device_of
from limen.program import Array, Program
from limen.targets.c import Generated

__all__ = ["Elsewhere", "RemoteModel", "Ssh", "connect", "profile_there"]


@dataclass(frozen=True)
class Elsewhere:
    """A device that is reached.

    Args:
        url: where it is.
        device: what code is compiled for.
        busy: whether other work disturbs a measurement there.
        serve: from generated code to a model that runs there; the caller closes it.
    """

    url: str
    device: Device
    busy: bool
    serve: Callable[[Generated], RemoteModel]


def connect(url: str, device: Device | None = None) -> Elsewhere:
    """Reach a device.

    Args:
        url: ``ssh://user@host:port``, ``serial:/dev/NAME:baud``, or ``qemu:`` for a board that QEMU emulates.
        device: what it is; for ssh, None asks it.

    Raises:
        UsageError: another kind of address, or a serial line without a device.
        NotMeasurable: it is not reached, or is another device.
    """
    if url.startswith(("serial:", "qemu:")) and device is None:
        raise UsageError(f"{url}: what board is it?", "give --device")
    if url.startswith("qemu:") and device is not None:
        name = f"qemu:{machine_of(device).name}"
        return Elsewhere(name, device, False, lambda made: _served(start(made, name), made))
    if url.startswith("serial:") and device is not None:
        path, _, baud = url.removeprefix("serial:").partition(":")
        if not path or (baud and not baud.isdecimal()):
            raise UsageError(f"{url!r} is no serial line", "give serial:/dev/NAME or serial:/dev/NAME:115200")
        speed = int(baud or 115200)
        return Elsewhere(url, device, False, lambda made: _served(SerialLink(path, speed), made))
    there = Ssh.parse(url)
    board = there.board()
    found = device_of(board, url, device)
    return Elsewhere(url, found, board.busy, lambda made: _served(there.start(linux_program(made)), made))


def _served(link: Link, made: Generated) -> RemoteModel:
    try:
        return RemoteModel(link, made)
    except BaseException:
        link.close()
        raise


def profile_there(
    place: Elsewhere,
    generated: Generated,
    feeds: Sequence[Mapping[str, Array]],
    judge: Program | None = None,
    seconds: float = 1.0,
) -> Profile:
    """Run on a real device: exactness against the interpreter, and time.

    Raises:
        NotMeasurable: the device is gone.
    """
    model = place.serve(generated)
    try:
        exact, approximate = compare_outputs(generated, model.run, feeds, judge)
        taken = model.times(feeds[0], seconds) if model.rate else []
    finally:
        model.close()
    latency = None
    if taken:
        p50, p90 = np.percentile(taken, [50, 90])
        latency = {"p50": round(float(p50), 2), "p90": round(float(p90), 2)}
    return host_profile(generated, exact, approximate, latency, place.url)

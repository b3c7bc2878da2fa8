"""The online roles: a new timestamp for the image repository and for every device, a new snapshot where it is due.

Run it more often than timestamps live (``limen repo snapshot`` from a timer): a device that meets an expired
timestamp knows that somebody holds back news.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from limen.deliver.repository import metadata as md
from limen.deliver.repository.keys import Ring
from limen.deliver.repository.workspace import Workspace

DUE = 1 / 3
"""A snapshot is renewed when less than this share of its life is left."""


@dataclass(frozen=True)
class Renewal:
    """``expires``: role -> when, of all that the offline keys sign and that is to be renewed by hand."""

    timestamps: int
    snapshots: int
    expires: dict[str, str]


def renew(ws: Workspace, ring: Ring, now: datetime) -> Renewal:
    """Sign timestamps anew, and snapshots that are due.

    Raises:
        UsageError: a key is not at hand.
    """
    timestamps = snapshots = 0
    image_root = md.load_root(ws.public, md.IMAGE)
    image = md.load(ws.public, md.IMAGE, image_root)
    places = [image]
    devices = sorted(ws.public.folders("director"))
    if devices:
        root = md.load_root(ws.public, md.director(""))
        places += [md.load(ws.public, md.director(name), root) for name in devices]
    for current in places:
        due = current.snapshot is not None and _due(current.snapshot.signed.expires, ws.lifetimes.of("snapshot"), now)
        files = md.release(current, {}, ring, ws.lifetimes, now) if due else md.stamp(
            current, None, ring, ws.lifetimes, now
        )  # fmt: skip
        ws.publish(files)
        timestamps, snapshots = timestamps + 1, snapshots + due
    dates = {"root": image_root.signed.expires, **{role: t.signed.expires for role, t in image.targets.items()}}
    return Renewal(timestamps, snapshots, {role: date.isoformat() for role, date in sorted(dates.items())})


def _due(expires: datetime, lifetime: timedelta, now: datetime) -> bool:
    return expires - now < lifetime * DUE

"""Power cuts on the device's store: how many crash states were looked at, and how many broke a promise.

    python bench/crash_states.py [--size 4096] [--tear 1] [--kills 1] [--json table.json]

The real store runs on a disk that loses, reorders and tears what was not synced (tests/crash_disk.py): a device takes
three releases, piece by piece. Rows: crashes between operations; writes torn at every byte; processes killed at every
operation, then crashes; devices started from what a crash left; and, with each sync left out in turn, how many of
them go unnoticed (none may). Takes minutes with the defaults.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from crash_disk import RELEASES, CrashDisk, Journey, Tally, crash_states, killed, resumed, travelled
from limen.deliver.agent.decide import serving
from limen.errors import LimenError


@dataclass(frozen=True)
class Row:
    what: str
    states: int
    violations: int
    seconds: float


def between(journey: Journey) -> tuple[int, int]:
    return _counts(Tally().look(journey, crash_states(journey.disk, tear=0)))


def torn(journey: Journey, tear: int) -> tuple[int, int]:
    return _counts(Tally().look(journey, crash_states(journey.disk, tear)))


def after_kills(journey: Journey, every: int) -> tuple[int, int]:
    tally = Tally()
    for at in range(0, len(journey.disk.ops), every):
        for tidy in (True, False):
            other = killed(at, journey.size, tidy=tidy)
            tally.look(other, crash_states(other.disk, tear=0, start=at))
    return _counts(tally)


def restarts(journey: Journey) -> tuple[int, int]:
    """Devices that do not start, or do not reach the last release, of every different disk after a first commit."""
    seen, wrong = set(), 0
    for done, files, folders in crash_states(journey.disk, tear=0):
        key = frozenset(files.items())
        if key in seen or not any(at <= done and state is not None for at, state in journey.returned):
            continue
        seen.add(key)
        try:
            served = serving(resumed(files, folders, journey.size).lines["kws"])
            wrong += served is None or served.counter != RELEASES
        except LimenError:
            wrong += 1
    return len(seen), wrong


def unnoticed(journey: Journey) -> tuple[int, int]:
    """Syncs left out, one at a time; those whose loss breaks nothing."""
    syncs = len(journey.disk.sites)
    missed = 0
    for sync in range(syncs):
        other = Journey(CrashDisk(skip=sync), journey.size)
        other.run()
        missed += not Tally().look(other, crash_states(other.disk, tear=0), until_one=True).violations
    return syncs, missed


def _counts(tally: Tally) -> tuple[int, int]:
    for fault, count in tally.violations.items():
        print(f"{count:8} {fault}")
    return tally.states, sum(tally.violations.values())


def measured(size: int, tear: int, kills: int) -> Iterable[Row]:
    journey = travelled(CrashDisk, size)
    print(f"{len(journey.disk.ops)} operations, {len(journey.disk.sites)} syncs, releases of {size + 1} bytes")
    for what, work in (
        ("crash between operations", lambda: between(journey)),
        (f"writes torn at every {tear} bytes", lambda: torn(journey, tear)),
        (f"killed at every {kills} operations, then a crash", lambda: after_kills(journey, kills)),
        ("devices started after a crash", lambda: restarts(journey)),
        ("syncs left out, unnoticed", lambda: unnoticed(journey)),
    ):
        started = time.monotonic()
        states, violations = work()
        yield Row(what, states, violations, time.monotonic() - started)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=4096, help="bytes of a release")
    parser.add_argument("--tear", type=int, default=1, help="tear the newest write at every so many bytes")
    parser.add_argument("--kills", type=int, default=1, help="kill before every so many operations")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = []
    for row in measured(options.size, options.tear, options.kills):
        rows.append(row)
        print(f"{row.what:48} {row.states:9,} states {row.violations:5} violations {row.seconds:7.1f} s", flush=True)
    if options.json:
        options.json.write_text(json.dumps([vars(row) for row in rows], indent=1) + "\n")
    return int(any(row.violations for row in rows))


if __name__ == "__main__":
    sys.exit(main())

"""What happens to a line and what is to be done about it: the words that :mod:`.decide` is written in."""

from __future__ import annotations

from dataclasses import dataclass

from limen.deliver.agent.records import Slot


@dataclass(frozen=True)
class Window:
    """When releases may be activated, local time.

    Args:
        start, end: minutes after midnight; an end before the start is on the next day.
        days: 0 is Monday; of the start.
    """

    start: int
    end: int
    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)


@dataclass(frozen=True)
class Policy:
    """How careful to be.

    Args:
        strikes: tries until a release is banned.
        trial_seconds: how long a release serves on probation.
        trial_runs: how many runs it must have made by then; fewer: the trial goes on, at most ten times as long.
        error_share, error_runs: more failed runs than this share, of at least so many runs: rolled back.
        latency_factor: slower than the promised latency by more than this, over ``error_runs`` runs: rolled back.
        windows: none: at any time.
        automatic: False: staged releases wait for ``Activate``.
    """

    strikes: int = 3
    trial_seconds: float = 600.0
    trial_runs: int = 1
    error_share: float = 0.05
    error_runs: int = 20
    latency_factor: float = 2.0
    windows: tuple[Window, ...] = ()
    automatic: bool = True


@dataclass(frozen=True)
class Now:
    """The time of an event.

    Args:
        wall: seconds since 1970, judged (``clock.judge``); None: not known, ``not_before`` is not over then.
        minute, day: local minute after midnight; 0 is Monday.
        passed: seconds since the event before, by a clock that does not jump.
    """

    wall: float | None = None
    minute: int = 0
    day: int = 0
    passed: float = 0.0


@dataclass(frozen=True)
class Started:
    """The agent started: boot, restart after a crash, or by hand."""


@dataclass(frozen=True)
class Assigned:
    """A checked assignment (``trust.Offer``)."""

    counter: int
    payload_sha256: str
    core_digest: str
    deployment: str = ""
    not_before: int = 0


@dataclass(frozen=True)
class Fetched:
    """The release that was wanted is whole and verified in the store."""

    slot: Slot


@dataclass(frozen=True)
class NotFetched:
    """Fetching failed; ``final``: what came is not what was assigned, and would not be another time."""

    counter: int
    why: str
    final: bool = False


@dataclass(frozen=True)
class Passed:
    """The gate found nothing wrong."""

    counter: int


@dataclass(frozen=True)
class Failed:
    """The gate failed, or what should serve could not be loaded. ``final``: another try would fail in the same way."""

    counter: int
    why: str
    final: bool = False


@dataclass(frozen=True)
class Health:
    """What the serving release did since the last such event. ``p90_ms``: of its latest runs."""

    counter: int
    runs: int
    errors: int
    p90_ms: float = 0.0


@dataclass(frozen=True)
class Tick:
    """Time passed."""


@dataclass(frozen=True)
class Activate:
    """Somebody asks for the staged release now: windows and ``not_before`` do not matter."""


@dataclass(frozen=True)
class RollBack:
    """Somebody asks for the release before; the present one is banned."""

    why: str = "rolled back by hand"


Event = Started | Assigned | Fetched | NotFetched | Passed | Failed | Health | Tick | Activate | RollBack


@dataclass(frozen=True)
class Fetch:
    """Bring the wanted release into the store; answer Fetched or NotFetched. ``failures``: for the pause before it."""

    counter: int
    failures: int


@dataclass(frozen=True)
class Test:
    """Run the gate in another process, with a time limit; answer Passed or Failed."""

    slot: Slot


@dataclass(frozen=True)
class Serve:
    """Let this release answer from now on; swap without losing a request. Failed where it cannot be loaded."""

    slot: Slot


@dataclass(frozen=True)
class Report:
    """Something that the fleet should know: ``activated``, ``committed``, ``rolled back``, ``banned``, ``failed``."""

    what: str
    counter: int
    why: str = ""


@dataclass(frozen=True)
class Sweep:
    """Blobs are no longer needed: ``Store.sweep``."""


Action = Fetch | Test | Serve | Report | Sweep

"""Which of the candidates that were tried is the best that keeps the budget: pure, on what the journal holds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal

from limen.optimize.budget import LIMITS, Budget, Miss, misses

Objective = Literal["latency", "instructions", "size", "ram", "flash", "metric"]
FIGURES: dict[str, str] = {
    "latency": "latency_ms",
    "instructions": "instructions",
    "size": "size_bytes",
    "ram": "ram_bytes",
    "flash": "flash_bytes",
}
NOISE = 0.02
"""Share by which two medians of the same code differ: what is nearer counts as equal."""


@dataclass(frozen=True)
class Trial:
    """One recipe on one engine, measured.

    Args:
        recipe: its full name.
        engine: what executes it; ``c`` is generated code on the device's virtual twin.
        sha256: of the artifact's first file.
        latency_ms: median of one run; None where it was not measured.
        instructions: of one inference; None where they are not counted.
        ram_bytes, flash_bytes, size_bytes: of the artifact, and of the bundle.
        integer_mac_share: of all multiply-accumulates, 0 to 1.
        verdict: JSON of a Verdict; None where it was not judged.
        error: why there is no artifact, or why it was not judged; empty otherwise.
        log: what the guarded passes did.
        islands: node left in float -> why.
        confusion: rows true classes, columns answers.
    """

    recipe: str
    engine: str
    sha256: str = ""
    latency_ms: float | None = None
    instructions: int | None = None
    ram_bytes: int | None = None
    flash_bytes: int | None = None
    size_bytes: int | None = None
    integer_mac_share: float = 0.0
    verdict: Mapping[str, Any] | None = None
    error: str = ""
    log: tuple[str, ...] = ()
    islands: Mapping[str, str] = field(default_factory=dict)
    confusion: Sequence[Sequence[int]] | None = None

    @property
    def name(self) -> str:
        return f"{self.recipe} on {self.engine}"

    @property
    def is_float(self) -> bool:
        return self.recipe == "float32"

    @property
    def drop(self) -> float:
        """Of the metric; infinite where it was not judged."""
        return math.inf if self.verdict is None else float(self.verdict["drop"])

    @property
    def figures(self) -> dict[str, float | None]:
        return {name: getattr(self, name) for name in LIMITS}

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Trial:
        known: dict[str, Any] = {f.name: value[f.name] for f in fields(Trial) if f.name in value}
        known["log"] = tuple(known.get("log", ()))
        return Trial(**known)


@dataclass(frozen=True)
class Choice:
    """What a search ends with.

    Args:
        best: None where nothing keeps the budget.
        objective: what it is best in.
        front: trials that no other beats in every figure, in the objective's order.
        nearest: the trial that misses least; None where one was chosen or nothing runs.
        missed: what it misses.
        reasons: trial name -> why it was not chosen; empty for the best.
    """

    best: Trial | None
    objective: Objective
    front: tuple[Trial, ...]
    nearest: Trial | None
    missed: tuple[Miss, ...]
    reasons: Mapping[str, str]


def choose(trials: Sequence[Trial], budget: Budget, objective: Objective | None = None) -> Choice:
    """The best trial that keeps the budget and is not slower than float, or the nearest miss."""
    made = [t for t in trials if t.sha256]
    wanted = objective or default_objective(made, budget)
    missed = {t.name: misses(budget, t.figures, t.verdict) + too_slow(t, made) for t in made}
    fitting = [t for t in made if not missed[t.name]]
    best = best_of(fitting, wanted)
    nearest = None if best is not None else min(made, key=lambda t: _distance(missed[t.name]), default=None)
    reasons = {t.name: t.error for t in trials if not t.sha256}
    for trial in made:
        if trial is not best:
            told = "; ".join(m.reason for m in missed[trial.name])
            reasons[trial.name] = trial.error or told or _beaten(trial, best, wanted)
    return Choice(
        best,
        wanted,
        front(made, wanted),
        nearest,
        missed[nearest.name] if nearest else (),
        dict(sorted(reasons.items())),
    )


def default_objective(trials: Sequence[Trial], budget: Budget) -> Objective:
    """Time where the metric is limited, size where time is not known; else the metric."""
    if budget.max_drop is None:
        return "metric"
    for name in ("latency", "instructions"):
        if any(getattr(t, FIGURES[name]) is not None for t in trials):
            return "latency" if name == "latency" else "instructions"
    return "size"


def best_of(trials: Sequence[Trial], objective: Objective) -> Trial | None:
    """Least of the objective; among what is as good within noise, the least drop, then size, then name."""
    known = [t for t in trials if _value(t, objective) is not None]
    if not known:
        return None
    least = min(_value(t, objective) or 0.0 for t in known)
    reach = least * (1 + NOISE) if objective == "latency" else least
    equal = [t for t in known if (_value(t, objective) or 0.0) <= reach]
    return min(equal, key=lambda t: (t.drop, t.latency_ms or 0.0, t.instructions or 0, t.size_bytes or 0, t.name))


def too_slow(trial: Trial, trials: Sequence[Trial]) -> tuple[Miss, ...]:
    """Whether a trial takes longer than the fastest float one, or more instructions."""
    found = []
    for name in ("latency_ms", "instructions"):
        seen = getattr(trial, name)
        floats = [v for t in trials if t.is_float and (v := getattr(t, name)) is not None]
        if seen is not None and floats and seen > min(floats) * (1 + NOISE) and not trial.is_float:
            reason = f"{name} {seen:.4g} is more than float takes, {min(floats):.4g}"
            found.append(Miss("slower_than_float", min(floats), seen, reason))
    return tuple(found)


def front(trials: Sequence[Trial], objective: Objective) -> tuple[Trial, ...]:
    """Judged trials that no other beats in drop, time and size at once."""
    judged = [t for t in trials if t.verdict is not None]
    kept = [t for t in judged if not any(_beats(other, t) for other in judged if other is not t)]
    return tuple(sorted(kept, key=lambda t: (_value(t, objective) or math.inf, t.name)))


def with_figures(trial: Trial, **figures: Any) -> Trial:
    """A copy with other figures."""
    return replace(trial, **figures)


def _value(trial: Trial, objective: Objective) -> float | None:
    if objective == "metric":
        return trial.drop if trial.verdict is not None else None
    value = getattr(trial, FIGURES[objective])
    return None if value is None else float(value)


def _costs(trial: Trial) -> tuple[float, ...]:
    return (trial.drop, *(v if v is not None else math.inf for v in trial.figures.values()))


def _beats(one: Trial, other: Trial) -> bool:
    pairs = list(zip(_costs(one), _costs(other), strict=True))
    if all(a == b for a, b in pairs):
        return one.name < other.name
    return all(a <= b for a, b in pairs)


def _distance(missed: Sequence[Miss]) -> tuple[float, float]:
    """How many times the furthest limit is needed, and how many are missed; a metric not yet measured may be kept."""
    known = [m.excess for m in missed if m.limit != "max_drop" or m.seen is not None]
    return max(known, default=1.0), float(len(missed))


def _beaten(trial: Trial, best: Trial | None, objective: Objective) -> str:
    if best is None:
        return ""
    if objective == "metric":
        return f"keeps the budget; {best.name} loses less"
    return f"keeps the budget; {best.name} is better in {objective}"

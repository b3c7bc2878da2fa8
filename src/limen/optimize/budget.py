"""What a user allows, what a candidate takes, and how far the one is from the other."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

LIMITS = {
    "latency_ms": "max_latency",
    "instructions": "max_instructions",
    "ram_bytes": "max_ram",
    "flash_bytes": "max_flash",
    "size_bytes": "max_size",
}
"""Figure of a trial -> limit of the budget."""


@dataclass(frozen=True)
class Budget:
    """Limits; None for none.

    Args:
        max_drop: of the metric, in points (or in the metric's unit, see ``limen.optimize.verdict``), at 95 %.
        max_latency: milliseconds of one run, median.
        max_instructions: of one inference.
        max_ram: bytes at run time.
        max_flash: bytes of code and constants; where programs are files, of the model file.
        max_size: bytes of the bundle.
    """

    max_drop: float | None = None
    max_latency: float | None = None
    max_instructions: int | None = None
    max_ram: int | None = None
    max_flash: int | None = None
    max_size: int | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def empty(self) -> bool:
        return not any(value is not None for value in self.to_json().values())


@dataclass(frozen=True)
class Miss:
    """A limit that is not kept.

    Args:
        limit: its name.
        allowed: its value.
        seen: the candidate's figure; None where it has none.
        reason: in words.
    """

    limit: str
    allowed: float
    seen: float | None
    reason: str

    @property
    def excess(self) -> float:
        """How many times the limit is needed; of a limit of 0, one more than is seen; infinite without a figure."""
        if self.seen is None:
            return math.inf
        return self.seen / self.allowed if self.allowed > 0 else 1.0 + self.seen - self.allowed


def misses(budget: Budget, figures: Mapping[str, float | None], verdict: Mapping[str, Any] | None) -> tuple[Miss, ...]:
    """Every limit that a candidate does not keep.

    Args:
        figures: by the keys of LIMITS.
        verdict: JSON of the candidate's Verdict; None where nothing was judged.
    """
    found = []
    for figure, limit in LIMITS.items():
        allowed, seen = getattr(budget, limit), figures.get(figure)
        if allowed is None:
            continue
        if seen is None:
            found.append(Miss(limit, allowed, None, f"{figure} is not known"))
        elif seen > allowed:
            found.append(Miss(limit, allowed, seen, f"{figure} {seen:g} is more than {allowed:g}"))
    if budget.max_drop is not None:
        if verdict is None:
            found.append(Miss("max_drop", budget.max_drop, None, "the metric was not measured"))
        elif not verdict["passed"]:
            found.append(Miss("max_drop", budget.max_drop, verdict["ci95"][1], _why(verdict)))
    return tuple(found)


def _why(verdict: Mapping[str, Any]) -> str:
    limit, unit = verdict["limit"], verdict["unit"]
    if verdict["drop"] > limit:
        return f"drop {verdict['drop']:.3g} {unit} is more than {limit:g}".replace("  ", " ")
    need = f", needs about {verdict['needed']}" if verdict["needed"] else ""
    return f"drop <= {limit:g} {unit} is not provable with {verdict['n']} samples{need}".replace("  ", " ")

"""What ran beside what the interpreter says: integers in LSB, floats as absolute difference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from limen.program import Array


@dataclass
class Differences:
    """The largest difference of each tensor over all the inputs compared so far."""

    inputs: int = 0
    lsb: dict[str, int] = field(default_factory=dict)
    absolute: dict[str, float] = field(default_factory=dict)

    def add(self, found: Mapping[str, Array], expected: Mapping[str, Array]) -> None:
        """Compare every tensor of ``found``; all of them are in ``expected``."""
        self.inputs += 1
        for name, value in found.items():
            worst = distance(value, expected[name])
            if isinstance(worst, int):
                self.lsb[name] = max(worst, self.lsb.get(name, 0))
            else:
                self.absolute[name] = max(worst, self.absolute.get(name, 0.0))

    def summary(self, names: Iterable[str]) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        """(``exact``, ``float``) of the contract over these tensors; None where no tensor is of the kind."""
        wanted = set(names)
        lsb = [v for k, v in self.lsb.items() if k in wanted]
        absolute = [v for k, v in self.absolute.items() if k in wanted]
        return (
            {"inputs": self.inputs, "max_lsb": max(lsb)} if lsb else None,
            {"inputs": self.inputs, "max_abs": max(absolute)} if absolute else None,
        )


def distance(found: Array, expected: Array) -> int | float:
    """Largest difference: whole steps for integers and booleans, a float for floats; NaN equals NaN."""
    if found.dtype.kind != "f":
        difference = found.astype(np.int64) - expected.astype(np.int64)
        return int(np.abs(difference).max(initial=0))
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    with np.errstate(invalid="ignore", over="ignore"):
        difference = np.where(same, 0.0, np.abs(found.astype(np.float64) - expected.astype(np.float64)))
    return float(np.nan_to_num(difference, nan=np.inf).max(initial=0.0))

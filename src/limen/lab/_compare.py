"""What ran beside what the interpreter says: integers in LSB, floats as absolute difference."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from limen.program import Array, Program, initial_states, run
from limen.targets.c import Generated


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


class Expectation:
    """What the interpreter says, run after run.

    Args:
        generated: whose Program's tensors are expected.
        judge: the Program whose outputs are.
    """

    def __init__(self, generated: Generated, judge: Program) -> None:
        self._program, self._judge = generated.program, judge
        self._states, self._judge_states = initial_states(generated.program), initial_states(judge)

    def after(self, feed: Mapping[str, Array]) -> dict[str, Array]:
        """Every computed tensor of the next run."""
        expected: dict[str, Array] = {}
        expected.update(run(self._program, feed, self._states, tap=expected.__setitem__))
        if self._judge is not self._program:
            expected.update(run(self._judge, feed, self._judge_states))
        return expected


Runner = Callable[[Mapping[str, Array]], Mapping[str, Array]]


def compare_outputs(
    generated: Generated, runner: Runner, feeds: Sequence[Mapping[str, Array]], judge: Program | None
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """``exact`` and ``float`` of a profile, for something that runs the code but shows the outputs only.

    Args:
        runner: one inference, its states kept: feeds -> outputs, by the Program's tensor names.
        feeds: one sequence, from the initial states.
        judge: the Program whose outputs are right; None for the generated one's.
    """
    expect, differences = Expectation(generated, judge or generated.program), Differences()
    for feed in feeds:
        differences.add(runner(feed), expect.after(feed))
    return differences.summary(p.tensor for p in generated.outputs)

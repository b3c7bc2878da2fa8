"""Which operator each target takes: ``python -m limen.targets.table`` prints it.

A cell says ``own`` where the target has an emitter, or quotes the target's explanation of what it does instead; a hole
is an operator that the target neither emits nor explains.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping

from limen.program import OPS
from limen.targets import TARGETS, Target

OWN = "own"
HOLE = "HOLE"


def support(target: Target) -> dict[str, str]:
    """Operator -> ``own``, the explanation, or ``HOLE``; empty for a target that does not emit operator by operator."""
    emitters = target.emitters
    if emitters is None:
        return {}
    return {op: OWN if op in emitters else target.explained.get(op, HOLE) for op in OPS.names()}


def holes(target: Target) -> list[str]:
    """Operators that the target neither emits nor explains."""
    return [op for op, cell in support(target).items() if cell == HOLE]


def strangers(target: Target) -> list[str]:
    """Emitters and explanations of operators that do not exist."""
    named = (*(target.emitters.names() if target.emitters is not None else ()), *target.explained)
    return [op for op in named if op not in OPS]


def lines(targets: Iterable[Target]) -> list[str]:
    """The table, explanations numbered below it."""
    columns: dict[str, Mapping[str, str]] = {t.name: found for t in targets if (found := support(t))}
    notes: list[str] = []
    rows = ["operator".ljust(20) + "".join(name.rjust(10) for name in columns)]
    for op in OPS.names():
        cells = []
        for cell in (cells_of[op] for cells_of in columns.values()):
            if cell not in (OWN, HOLE) and cell not in notes:
                notes.append(cell)
            cells.append(cell if cell in (OWN, HOLE) else f"note {notes.index(cell) + 1}")
        rows.append(op.ljust(20) + "".join(cell.rjust(10) for cell in cells))
    return [*rows, *(f"note {number}: {note}" for number, note in enumerate(notes, 1))]


def main() -> int:
    targets = TARGETS.values()
    print("\n".join(lines(targets)))
    return 1 if any(holes(target) for target in targets) else 0


if __name__ == "__main__":
    sys.exit(main())

"""Fixed test vectors: what a step must answer on every device."""

from __future__ import annotations

import dataclasses
import sys

from limen.steps._base import Step, Value


@dataclasses.dataclass(frozen=True)
class Vector:
    """One input and its expected output, both literal.

    Args:
        step: the step with its parameters.
        value: what it takes; a tuple of chunks when ``stream`` is set, which share one Context.
        expected: what it answers (for a stream, one answer per chunk).
        tolerance: largest accepted difference of float results, absolute plus relative; 0 means bit for bit.
        facts: what earlier steps noted in the context.
        labels: class names in the context.
        stream: the value is a sequence of chunks.
    """

    step: Step
    value: Value
    expected: Value
    tolerance: float = 0.0
    facts: dict[str, object] = dataclasses.field(default_factory=dict)
    labels: tuple[str, ...] = ()
    stream: bool = False


def vectors(step: type[Step]) -> tuple[Vector, ...]:
    """The test vectors in the step's own module; empty if it has none."""
    found: tuple[Vector, ...] = getattr(sys.modules[step.__module__], "VECTORS", ())
    return found

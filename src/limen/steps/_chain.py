"""Ordered steps of one kind."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from limen.errors import LimenError, UsageError
from limen.steps import _schema, _spec
from limen.steps._base import STEPS, Context, Kind, Step, Value

FORMAT = 1


@dataclasses.dataclass(frozen=True)
class Chain:
    """Steps applied one after the other; all ``pre`` or all ``post``.

    Raises:
        UsageError: the steps are not of one kind.
    """

    steps: tuple[Step, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", tuple(self.steps))
        for step in self.steps:
            if step.kind != self.steps[0].kind:
                first = self.steps[0]
                raise UsageError(
                    f"{step.name} is a {step.kind} step, {first.name} a {first.kind} step: one chain cannot hold both",
                    "split them into --pre and --post",
                )

    @property
    def kind(self) -> Kind | None:
        """``pre`` or ``post``; None when the chain is empty."""
        return self.steps[0].kind if self.steps else None

    def run(self, value: Value, context: Context | None = None) -> Value:
        """Apply every step.

        Args:
            value: what the first step takes.
            context: the stream this value belongs to; a fresh one if None. A ``pre`` chain clears its facts first.

        Raises:
            DataError: a step cannot take its value; the message names the step.
            MissingExtra: a step needs an optional package.
        """
        context = Context() if context is None else context
        if self.kind == "pre":
            context.facts.clear()
        for slot, step in enumerate(self.steps):
            value = step.run(value, context.at(slot))
        return value

    def to_json(self) -> dict[str, Any]:
        """JSON-ready form; ``to_bytes`` writes it."""
        return {"format": FORMAT, "steps": [step.to_json() for step in self.steps]}

    def to_bytes(self) -> bytes:
        """JSON, the same bytes for the same chain."""
        return _schema.dumps(self.to_json())

    @classmethod
    def from_json(cls, data: Any, error: type[LimenError] = UsageError) -> Chain:
        """The chain that ``to_json`` wrote.

        Raises:
            error: not a chain, an unknown format, step, version or parameter, or a value out of range.
        """
        if not isinstance(data, dict) or set(data) != {"format", "steps"} or not isinstance(data["steps"], list):
            raise error("steps: this is not a chain of steps", "write {format, steps: [...]}")
        if data["format"] != FORMAT:
            raise error(f"steps: format {data['format']!r} is not known here, only format {FORMAT}", "update limen")
        return _refusing(error, cls, tuple(_step(item, error) for item in data["steps"]))

    @classmethod
    def from_bytes(cls, data: bytes, error: type[LimenError] = UsageError) -> Chain:
        """The chain that ``to_bytes`` wrote; errors as ``from_json``."""
        try:
            parsed = json.loads(data)
        except (ValueError, RecursionError) as problem:
            raise error(f"steps: not JSON: {problem}") from None
        return cls.from_json(parsed, error)

    @classmethod
    def parse(cls, text: str) -> Chain:
        """The chain that a command line SPEC describes; the grammar is in ``limen.steps._spec``.

        Raises:
            UsageError: names the step, the parameter, the value and the way out.
        """
        built = [
            _schema.build(STEPS.get(name), name, _spec.parameters(STEPS.get(name), name, arguments))
            for name, arguments in _spec.split(text)
        ]
        return cls(tuple(built))

    def spec(self) -> str:
        """The command line SPEC that ``parse`` reads back."""
        return ",".join(_spec.write(step) for step in self.steps)

    def describe(self) -> str:
        """One numbered line per step, for people."""
        if not self.steps:
            return "no steps"
        return "\n".join(f"{place}. {step.describe()}" for place, step in enumerate(self.steps, 1))


def _step(data: Any, error: type[LimenError]) -> Step:
    if not isinstance(data, dict) or not isinstance(data.get("step"), str):
        raise error(f"steps: {data!r} is not a step", "write {step, version, parameters}")
    return STEPS.get(data["step"], error).from_json(data, error)


def _refusing(error: type[LimenError], cls: type[Chain], steps: tuple[Step, ...]) -> Chain:
    try:
        return cls(steps)
    except UsageError as problem:
        raise error(problem.message, problem.hint) from None

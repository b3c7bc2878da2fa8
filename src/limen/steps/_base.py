"""What a step is, and what steps tell each other while they run."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal, NoReturn, Self

from limen.errors import DataError, LimenError, UsageError
from limen.registry import Registry
from limen.steps import _schema

Value = Any
"""What flows between steps: bytes or a path, an array, or a mapping of names to arrays."""

Kind = Literal["pre", "post"]

STEPS: Registry[type[Step]] = Registry("step", "limen.steps", "STEP")


@dataclasses.dataclass
class Context:
    """What steps share beside the value.

    A Context is one stream's memory: keep it over the chunks of a stream, make a new one for unrelated inputs. Hand the
    same Context to the ``pre`` chain and then to the ``post`` chain so that boxes find their way back to the picture.

    Args:
        labels: class names by index, for the steps that name classes.
        facts: what the steps of this run found out (``view``, ``rate``); cleared when a ``pre`` chain starts.
        state: what streaming steps remember, by place in the chain and step name.
        slot: place of the running step in its chain; set by ``Chain.run``.
    """

    labels: tuple[str, ...] = ()
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)
    state: dict[tuple[int, str], dict[str, Any]] = dataclasses.field(default_factory=dict)
    slot: int = 0

    def at(self, slot: int) -> Context:
        """The same memory, seen from another place in the chain."""
        return dataclasses.replace(self, slot=slot)

    def memory(self, step: str) -> dict[str, Any]:
        """What the step at this place kept from the chunks before; empty at the start of a stream."""
        return self.state.setdefault((self.slot, step), {})

    def reset(self) -> None:
        """Start a new stream."""
        self.facts.clear()
        self.state.clear()


@dataclasses.dataclass(frozen=True)
class Step(ABC):
    """One typed step; a subclass is a frozen dataclass whose fields are the parameters, with units in its docstring.

    Field types: int, float, bool, str, Literal of strings, and tuples of these. Values are coerced to them (2 to 2.0,
    lists to tuples) and refused otherwise.

    Raises:
        UsageError: a parameter has the wrong type, or ``check`` refuses its value.
    """

    name: ClassVar[str]
    kind: ClassVar[Kind]
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        _schema.coerce(self, self.name)
        self.check()

    def check(self) -> None:  # noqa: B027 - most steps have nothing to refuse
        """Refuse parameter values that make no sense; the types are right already."""

    @abstractmethod
    def run(self, value: Value, context: Context) -> Value:
        """The next value. Pure but for what it notes in the context.

        Raises:
            DataError: the value's type, rank, shape or content does not fit.
            MissingExtra: an optional package is absent.
        """

    def refuse(self, parameter: str, way_out: str) -> NoReturn:
        """Say which parameter value is wrong and what would be right."""
        seen = _schema.as_text(getattr(self, parameter))
        raise UsageError(f"{self.name}: {parameter}={seen} is not valid", way_out)

    def fail(self, what: str, way_out: str) -> NoReturn:
        """Say what is wrong with the value handed in and what would be right."""
        raise DataError(f"{self.name}: {what}", way_out)

    def parameters(self) -> dict[str, Any]:
        """All parameters by name, in the order of the schema."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    def to_json(self) -> dict[str, Any]:
        """JSON-ready form: ``{"step": name, "version": n, "parameters": {...}}`` with every parameter."""
        parameters = {name: _schema.listed(value) for name, value in self.parameters().items()}
        return {"step": self.name, "version": self.version, "parameters": parameters}

    @classmethod
    def from_json(cls, data: Any, error: type[LimenError] = UsageError) -> Self:
        """The step that ``to_json`` wrote.

        Raises:
            error: another step or version, an unknown or missing parameter, a value of the wrong type.
        """
        if not isinstance(data, dict) or set(data) != {"step", "version", "parameters"}:
            raise error(f"{cls.name}: {data!r} is not a step", "write {step, version, parameters}")
        if data["step"] != cls.name:
            raise error(f"{cls.name}: this is the step {data['step']!r}")
        if data["version"] != cls.version:
            raise error(
                f"{cls.name}: version {data['version']!r} is not known here, only version {cls.version}",
                "update limen, or write the step again with this version",
            )
        return _schema.build(cls, cls.name, data["parameters"], error)

    def describe(self) -> str:
        """Name and the parameters that differ from their defaults, for people."""
        shown = [f"{name} {_schema.as_text(value)}" for name, value in _schema.changed(self).items()]
        return f"{self.name}: {', '.join(shown)}" if shown else self.name

"""The typed schema of a step, read off its dataclass fields.

A field's type is int, float, bool, str, a Literal of strings, or a tuple of these (fixed, or open with ``...``; tuples
may nest once). The same description serves Python arguments, JSON and the command line.
"""

from __future__ import annotations

import dataclasses
import json
import math
import numbers
import typing
from typing import Any, Literal, TypeVar

from limen.errors import LimenError, UsageError
from limen.registry import suggest

S = TypeVar("S")


def hints(cls: type) -> dict[str, Any]:
    """Parameter name to type, in order; class variables left out."""
    known = typing.get_type_hints(cls)
    return {field.name: known[field.name] for field in dataclasses.fields(cls)}


def required(cls: type) -> tuple[str, ...]:
    """Parameters without a default."""
    return tuple(
        field.name
        for field in dataclasses.fields(cls)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    )


def coerce(step: Any, name: str) -> None:
    """Give every field of a frozen step its declared type.

    Raises:
        UsageError: a value does not have that type.
    """
    for parameter, hint in hints(type(step)).items():
        seen = getattr(step, parameter)
        try:
            object.__setattr__(step, parameter, cast(hint, seen))
        except (TypeError, ValueError, OverflowError):
            text = as_text(seen) if isinstance(seen, tuple) else repr(seen)
            raise UsageError(f"{name}: {parameter}={text} is not valid", f"give {wanted(hint)}") from None


def cast(hint: Any, value: Any) -> Any:
    """The value as the type says, without loss; raises TypeError or ValueError."""
    if typing.get_origin(hint) is tuple:
        return _cast_tuple(typing.get_args(hint), value)
    if typing.get_origin(hint) is Literal:
        if value not in typing.get_args(hint):
            raise ValueError
        return value
    if hint is float and isinstance(value, numbers.Real) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise ValueError
        return float(value)
    if hint is int and hasattr(value, "__index__") and not isinstance(value, bool):
        return int(value)
    if hint in (bool, str) and isinstance(value, hint):
        return value
    raise TypeError


def _cast_tuple(items: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    values = value.tolist() if hasattr(value, "tolist") else value
    if not isinstance(values, list | tuple):
        raise TypeError
    if len(items) == 2 and items[1] is Ellipsis:
        return tuple(cast(items[0], item) for item in values)
    if len(values) != len(items):
        raise ValueError
    return tuple(cast(item, given) for item, given in zip(items, values, strict=True))


def wanted(hint: Any, plural: bool = False) -> str:
    """The type in words, for hints in errors."""
    arguments = typing.get_args(hint)
    if typing.get_origin(hint) is Literal:
        return "one of " + ", ".join(arguments)
    if typing.get_origin(hint) is tuple:
        if arguments[1] is Ellipsis:
            return ("lists" if plural else "a list") + " of " + wanted(arguments[0], plural=True)
        return f"{len(arguments)} {wanted(arguments[0], plural=True)}"
    word = {int: "whole number", float: "finite number", bool: "yes or no", str: "text"}[hint]
    if hint in (bool, str):
        return word
    return word + "s" if plural else "a " + word


def build(cls: type[S], name: str, parameters: Any, error: type[LimenError] = UsageError) -> S:
    """An instance from a mapping of parameters; strict about names.

    Raises:
        error: not a mapping, an unknown or missing parameter, or a value that the class refuses.
    """
    if not isinstance(parameters, dict):
        raise error(f"{name}: parameters {parameters!r} are not a mapping")
    known = hints(cls)
    for parameter in parameters:
        if parameter not in known:
            raise error(f"{name}: parameter {parameter!r} is not known", suggest(parameter, known))
    for parameter in required(cls):
        if parameter not in parameters:
            raise error(f"{name}: parameter {parameter} is missing", f"give {wanted(known[parameter])}")
    try:
        return cls(**parameters)
    except UsageError as problem:
        raise error(problem.message, problem.hint) from None


def changed(step: Any) -> dict[str, Any]:
    """Parameters whose value is not the default."""
    return {
        field.name: getattr(step, field.name)
        for field in dataclasses.fields(step)
        if field.default is dataclasses.MISSING or getattr(step, field.name) != field.default
    }


def listed(value: Any) -> Any:
    """Tuples as lists, for JSON."""
    return [listed(item) for item in value] if isinstance(value, tuple) else value


def as_text(value: Any) -> str:
    """A parameter as a person, or the command line, writes it: 160x160, 0.5/0.25, yes."""
    if isinstance(value, tuple):
        whole = bool(value) and all(isinstance(item, int) and not isinstance(item, bool) for item in value)
        separator = "x" if whole and len(value) == 2 else "/"
        return separator.join(_nested_text(item) for item in value) if value else "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    return str(value)


def _nested_text(value: Any) -> str:
    return "x".join(as_text(item) for item in value) if isinstance(value, tuple) else as_text(value)


def dumps(data: Any) -> bytes:
    """Deterministic JSON: sorted keys, no spaces, ASCII, no NaN."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")

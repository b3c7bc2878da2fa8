"""The command line form of a chain.

::

    SPEC      = step { "," step } | ""
    step      = name { ":" argument }
    argument  = [ parameter "=" ] value
    value     = item { "/" item }          several items make a list
    item      = part { "x" part }          in a size, or in a list of lists
    part      = number | word | yes | no | none | 'quoted' | "quoted"

``resize:160x160,normalise:mean=127.5:std=127.5`` is the chain of ``Resize((160, 160))`` and
``Normalise(mean=(127.5,), std=(127.5,))``. Arguments without a parameter name fill the parameters in their order and
come first. Sizes are width x height. ``none`` is the empty list. Quotes protect ``, : = / x`` in names of tensors
and labels. Spaces around steps and arguments do not count.
"""

from __future__ import annotations

import typing
from typing import Any

from limen.errors import UsageError
from limen.registry import suggest
from limen.steps import _schema
from limen.steps._base import Step

_QUOTES = "'\""
_SPECIAL = frozenset(",:=/'\" []") | {""}


def split(text: str) -> list[tuple[str, list[str]]]:
    """Step names with their raw arguments.

    Raises:
        UsageError: an open quote, or an empty step.
    """
    if not text.strip():
        return []
    steps = []
    for part in _cut(text, ","):
        name, *arguments = (piece.strip() for piece in _cut(part, ":"))
        if not name:
            raise UsageError(f"steps: {text!r} has an empty step", "separate steps by one comma")
        steps.append((name, arguments))
    return steps


def parameters(cls: type[Step], name: str, arguments: list[str]) -> dict[str, Any]:
    """The arguments of one step, as typed parameters.

    Raises:
        UsageError: an unknown or doubled parameter, too many arguments, or a value of another type.
    """
    known = _schema.hints(cls)
    order = list(known)
    found: dict[str, Any] = {}
    for place, argument in enumerate(arguments):
        named = _cut(argument, "=", 1)
        parameter = named[0].strip() if len(named) == 2 else _positional(name, order, place, argument, found)
        if parameter not in known:
            raise UsageError(f"{name}: parameter {parameter!r} is not known", suggest(parameter, known))
        if parameter in found:
            raise UsageError(f"{name}: parameter {parameter} is given twice")
        try:
            found[parameter] = _read(known[parameter], named[-1].strip())
        except ValueError:
            way = f"give {_schema.wanted(known[parameter])}"
            raise UsageError(f"{name}: {parameter}={named[-1].strip()} is not valid", way) from None
    return found


def write(step: Step) -> str:
    """One step as SPEC text that reads back to an equal step."""
    arguments = [f"{name}={_write(value)}" for name, value in _schema.changed(step).items()]
    return ":".join([step.name, *arguments])


def _positional(name: str, order: list[str], place: int, argument: str, found: dict[str, Any]) -> str:
    if place >= len(order):
        raise UsageError(f"{name}: {argument!r} is one argument too many", f"it takes {', '.join(order) or 'none'}")
    if any(parameter not in order[:place] for parameter in found):
        raise UsageError(f"{name}: {argument!r} has no parameter name", "name it, or put it before the named ones")
    return order[place]


def _read(hint: Any, text: str) -> Any:
    if typing.get_origin(hint) is not tuple:
        return _read_one(hint, text)
    items = typing.get_args(hint)
    if text == "none":
        return ()
    if typing.get_origin(items[0]) is tuple:
        return tuple(_read(items[0], part) for part in _cut(text, "/"))
    separator = "/" if len(_cut(text, "/")) > 1 or items[0] is str else "x"
    return tuple(_read_one(items[0], part) for part in _cut(text, separator))


def _read_one(hint: Any, text: str) -> Any:
    text = text.strip()
    if hint is bool:
        return {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}.get(text.lower(), text)
    if hint is int:
        return int(text)
    if hint is float:
        return float(text)
    quoted = len(text) >= 2 and text[0] in _QUOTES and text[-1] == text[0]
    return text[1:-1] if quoted else text


def _write(value: Any) -> str:
    if isinstance(value, str):
        if not _SPECIAL & set(value) and value not in ("", "none") and value == value.strip():
            return value
        quote = '"' if "'" in value else "'"
        return quote + value + quote
    if isinstance(value, tuple) and value and isinstance(value[0], str):
        return "/".join(_write(item) for item in value)
    return _schema.as_text(value)


def _cut(text: str, separator: str, most: int = -1) -> list[str]:
    """Split at a separator that stands outside quotes."""
    parts: list[str] = []
    start, quote = 0, ""
    for place, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in _QUOTES:
            quote = char
        elif char == separator and len(parts) != most:
            parts.append(text[start:place])
            start = place + 1
    if quote:
        raise UsageError(f"steps: {text!r} has an open quote {quote}", "close it")
    parts.append(text[start:])
    return parts

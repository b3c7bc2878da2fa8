"""Read one line of a Program's text form, token by token.

A name is bare where it looks like an identifier or a path, else a JSON string; so any character can be in one. Every
method raises ValueError with what was expected and where.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_./+@\-]*")
_WORD = re.compile(r"[A-Za-z0-9_]+")
_DIMENSIONS = re.compile(r"\[((?:[0-9]+(?:,[0-9]+)*)?)\]")
_DATA = re.compile(r"[!-~]+")
_DECODER = json.JSONDecoder()


def quote(name: str) -> str:
    """A name as ``Scanner.name`` reads it: bare, or a JSON string of ASCII characters."""
    return name if _BARE.fullmatch(name) else json.dumps(name)


@dataclass
class Scanner:
    """A line and how far it is read."""

    line: str
    place: int = 0

    def accept(self, literal: str) -> bool:
        """Read the literal if it comes next."""
        if self.line.startswith(literal, self.place):
            self.place += len(literal)
            return True
        return False

    def expect(self, literal: str) -> None:
        if not self.accept(literal):
            raise self._wanted(repr(literal))

    def name(self) -> str:
        """A bare or quoted name."""
        if self.line.startswith('"', self.place):
            value = self.json()
            if isinstance(value, str):
                return value
        return self._match(_BARE, "a name").group()

    def word(self) -> str:
        return self._match(_WORD, "a word").group()

    def dimensions(self) -> tuple[int, ...]:
        """``[1,8,8]`` or ``[]``."""
        digits = self._match(_DIMENSIONS, "dimensions like [1,8,8]").group(1)
        return tuple(int(d) for d in digits.split(",")) if digits else ()

    def data(self) -> str:
        """What follows up to the next space."""
        return self._match(_DATA, "data").group()

    def json(self) -> Any:
        """One JSON value."""
        try:
            value, self.place = _DECODER.raw_decode(self.line, self.place)
        except json.JSONDecodeError as error:
            raise self._wanted("a JSON value") from error
        return value

    def end(self) -> None:
        if self.place != len(self.line):
            raise self._wanted("the end of the line")

    def _match(self, pattern: re.Pattern[str], what: str) -> re.Match[str]:
        match = pattern.match(self.line, self.place)
        if match is None:
            raise self._wanted(what)
        self.place = match.end()
        return match

    def _wanted(self, what: str) -> ValueError:
        return ValueError(
            f"column {self.place + 1}: expected {what}, found {self.line[self.place : self.place + 20]!r}"
        )

"""Long lines of C, broken where a person would break them."""

from __future__ import annotations

import textwrap

WIDTH = 100
_BREAKS = (" && ", " || ", ", ", " ? ", " : ", " + ", " - ", " * ", " = ")


def wrapped(text: str) -> str:
    """C text with no line longer than WIDTH, where a line can be broken at all."""
    return "".join(_line(line) for line in text.splitlines(keepends=True))


def _line(line: str) -> str:
    if len(line.rstrip("\n")) <= WIDTH:
        return line
    body = line.rstrip("\n")
    indent = len(body) - len(body.lstrip())
    if body.lstrip().startswith("/*") and body.endswith("*/") and body.count("*/") == 1:
        return _comment(body.strip()[2:-2].strip(), indent)
    if body.lstrip().startswith("* ") and not body.endswith(";"):
        return line
    if not indent and "(" in body:
        return _code(body, body.index("(") + 1)
    return _code(body, indent + 4)


def _comment(text: str, indent: int) -> str:
    lines = textwrap.wrap(text, WIDTH - indent - 6, break_long_words=False, break_on_hyphens=False)
    return " " * indent + "/* " + f"\n{' ' * indent} * ".join(lines) + " */\n"


def _code(body: str, hanging: int) -> str:
    parts: list[str] = []
    hanging = hanging if hanging < WIDTH - 30 else 8
    while len(body) > WIDTH:
        place = _place(body, hanging if parts else len(body) - len(body.lstrip()) + 1)
        if not place:
            break
        parts.append(body[:place].rstrip())
        body = " " * hanging + body[place:].lstrip()
    return "\n".join([*parts, body]) + "\n"


def _place(body: str, least: int) -> int:
    """Where to break: after a comma, else before an operator, outside of as many brackets as can be; 0 for nowhere."""
    depths, depth = [], 0
    for character in body:
        depth += {"(": 1, "[": 1, "{": 1}.get(character, 0) - {")": 1, "]": 1, "}": 1}.get(character, 0)
        depths.append(depth)
    best, found = None, 0
    for rank, mark in enumerate(_BREAKS):
        at = body.rfind(mark, least, WIDTH - 1)
        while at > 0:
            key = (depths[at] + (mark == " = "), rank, -at)
            if best is None or key < best:
                best, found = key, at + (1 if mark == ", " else 3 if mark == " = " else 0)
            at = body.rfind(mark, least, at)
    return found

"""C text that the element-wise and the moving emitters share: functions, loops, index expressions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from limen.program import Array, Shape
from limen.targets.c._kernel import Site, c_type
from limen.targets.c._text import float_literal

INDENT = "    "
_NAMES = "ijklmnopq"
_WIDTH = 100


def function(name: str, arguments: Sequence[str], lines: Iterable[str]) -> str:
    """A static function of the given lines, which are indented by one level here."""
    head = f"static void {name}("
    text = head + ", ".join(arguments) + ")"
    if len(text) > _WIDTH:
        text = head + (",\n" + " " * len(head)).join(arguments) + ")"
    wrapped = (part for line in lines for part in _wrap(f"{INDENT}{line}" if line else ""))
    body = "".join(f"{line}\n" for line in wrapped)
    return f"{text}\n{{\n{body}}}\n"


def _wrap(line: str) -> list[str]:
    """A line in pieces of at most 100 columns, broken where a reader would break it."""
    if len(line) <= _WIDTH:
        return [line]
    depth = len(line) - len(line.lstrip())
    for mark, skip in ((" ? ", 1), (" : ", 1), (" < ", 1), (", ", 2), (" + ", 1), (" = ", 3)):
        place = line.rfind(mark, depth + 8, _WIDTH - 1)
        if place > 0:
            rest = " " * (depth + 4) + line[place + skip :]
            return [line[: place + skip].rstrip(), *_wrap(rest)]
    return [line]


def whole_arguments(site: Site) -> list[str]:
    """Arguments of the whole form."""
    ins = [f"const {c_type(site.input(i))} *x{i}" for i in site.live]
    return ins + [f"{c_type(t)} *y{j}" for j, t in enumerate(site.operands.outputs)]


def row_arguments(site: Site) -> list[str]:
    """Arguments of the row form."""
    ins = [f"const {c_type(site.input(i))} *const *x{i}" for i in site.live]
    return [*ins, f"{c_type(site.output())} *y0"]


def unused(site: Site) -> list[str]:
    """Statements that name every argument, for a function that has nothing to do."""
    return [f"(void)x{i};" for i in site.live] + [f"(void)y{j};" for j in range(len(site.operands.outputs))]


def loops(extents: Sequence[int], body: Sequence[str]) -> list[str]:
    """A nest of counting loops around the lines of the body; the counters are i, j, k ..."""
    lines: list[str] = []
    for depth, extent in enumerate(extents):
        name = _NAMES[depth]
        lines.append(f"{INDENT * depth}for (int32_t {name} = 0; {name} < {extent}; ++{name}) {{")
    lines += [INDENT * len(extents) + line for line in body]
    return lines + [INDENT * depth + "}" for depth in reversed(range(len(extents)))]


def linear(start: int, strides: Sequence[int]) -> str:
    """``start + s0 * i + s1 * j ...`` for the counters of ``loops``; a negative start comes last."""
    terms = [(s, _NAMES[depth]) for depth, s in enumerate(strides) if s]
    text = str(start) if start > 0 or not terms else ""
    for stride, name in terms:
        factor = name if abs(stride) == 1 else f"{abs(stride)} * {name}"
        if not text:
            text = factor if stride > 0 else f"-{factor}"
        else:
            text += f" {'+' if stride > 0 else '-'} {factor}"
    return f"{text} - {-start}" if start < 0 and terms else text


def offset(pointer: str, start: int, strides: Sequence[int]) -> str:
    """A pointer and a ``linear`` offset."""
    index = linear(start, strides)
    if index == "0":
        return pointer
    return f"&{pointer}[{index}]" if "-" in index else f"{pointer} + {index}"


def contiguous(shape: Shape) -> tuple[int, ...]:
    """Strides, in elements, of a tensor in C order."""
    return tuple(math.prod(shape[i + 1 :]) for i in range(len(shape)))


def literal(value: Array) -> str:
    """One element as a C expression of its type's kind, in parentheses where negative."""
    if value.dtype.kind == "f":
        text = float_literal(float(value), value.dtype.itemsize == 4)
        return f"({text})" if text.startswith("-") else text
    number = int(value)
    if value.dtype.itemsize == 8:
        return f"INT64_C({number})" if number != -(2**63) else "INT64_MIN"
    if value.dtype.kind == "u" and value.dtype.itemsize == 4:
        return f"{number}u"
    if number == -(2**31):
        return "INT32_MIN"
    return f"({number})" if number < 0 else str(number)

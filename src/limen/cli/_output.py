"""How verbs print: JSON, tables and progress."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

Progress = Callable[[str, int, int], None]


def print_json(data: Mapping[str, Any]) -> None:
    """One JSON object on one line: strict JSON, so a number that is not finite becomes null."""
    print(json.dumps(plain(data), ensure_ascii=False, allow_nan=False))


def plain(value: Any) -> Any:
    """The value as what JSON has: dataclasses as objects, tuples and arrays as lists, paths as text.

    Raises:
        TypeError: it is none of these.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, PurePath):
        return str(value)
    if hasattr(value, "tolist"):  # NumPy scalars and arrays, without importing NumPy for a verb that has none
        return plain(value.tolist())
    if isinstance(value, Iterable) and not isinstance(value, bytes | bytearray):
        return [plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no JSON form")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns of text: numbers to the right, everything else to the left; None is printed as ``-``."""
    body = [tuple(row) for row in rows]
    cells = [tuple(head), *(tuple(_cell(value) for value in row) for row in body)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    right = [bool(body) and all(_numeric(row[i]) for row in body) for i in range(len(head))]
    lines = [
        "  ".join(f"{c:>{w}}" if r else f"{c:<{w}}" for c, w, r in zip(row, widths, right, strict=True)).rstrip()
        for row in cells
    ]
    return "\n".join(lines)


def _numeric(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def size_text(count: int | None) -> str:
    """Bytes for a person: ``320 KiB``, ``1.5 GiB``."""
    if count is None:
        return "-"
    size, units = float(count), ["B", "KiB", "MiB", "GiB"]
    while size >= 1024 and len(units) > 1:
        size, units = size / 1024, units[1:]
    return f"{size:.4g} {units[0]}"


def progress_bar(forced: bool = False) -> Progress:
    """A bar on stderr: call it with (what, done, total).

    It prints nothing unless stderr is a terminal or ``forced``; where it is no terminal, one line per tenth.
    """
    terminal = sys.stderr.isatty()
    last: dict[str, int] = {}

    def show(what: str, done: int, total: int) -> None:
        tenth = 10 * done // max(total, 1)
        if terminal:
            bar = "#" * (2 * tenth) + "." * (20 - 2 * tenth)
            end = "\n" if done >= total else ""
            print(f"\r{what} [{bar}] {done}/{total}", end=end, file=sys.stderr, flush=True)
        elif last.get(what) != tenth:
            last[what] = tenth
            print(f"{what} {done}/{total}", file=sys.stderr, flush=True)

    return show if terminal or forced else lambda _what, _done, _total: None

"""C text: constants, names, comments."""

from __future__ import annotations

import re

import numpy as np

from limen.program import Array
from limen.targets.c._kernel import C_TYPES, Constant

_KEYWORDS = frozenset(
    re.findall(
        r"\w+",
        "auto break case char const continue default do double else enum extern float for goto if inline int long "
        "register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while",
    )
)
_WIDTH = 100


def identifier(text: str) -> str:
    """A C identifier that resembles a text: lower case, underscores for what C does not take."""
    plain = re.sub(r"[^0-9a-z]+", "_", text.lower()).strip("_") or "x"
    plain = f"n{plain}" if plain[0].isdigit() else plain
    return f"{plain}_" if plain in _KEYWORDS else plain


def unique_identifiers(names: list[str]) -> list[str]:
    """One identifier per name; later ones that collide get a number."""
    seen: set[str] = set()
    found = []
    for name in names:
        base = candidate = identifier(name)
        number = 2
        while candidate in seen:
            candidate, number = f"{base}_{number}", number + 1
        seen.add(candidate)
        found.append(candidate)
    return found


def comment(text: str) -> str:
    """Text that cannot end a C comment or leave ASCII."""
    return text.replace("*/", "* /").encode("ascii", "replace").decode()


def constant_definition(constant: Constant) -> str:
    """``static const T symbol[n] = {...};`` with its comment."""
    data = np.ascontiguousarray(constant.data).reshape(-1)
    ctype = C_TYPES[str(data.dtype)]
    storage = "" if constant.external else "static "
    head = f"/* {comment(constant.comment)} */\n" if constant.comment else ""
    extern = f"extern const {ctype} {constant.symbol}[{data.size}];\n" if constant.external else ""
    align = f"_Alignas({constant.align}) " if constant.align > data.dtype.itemsize else ""
    return f"{head}{extern}{align}{storage}const {ctype} {constant.symbol}[{data.size}] = {{\n{_values(data)}}};\n"


def _values(data: Array) -> str:
    words = _words(data)
    longest = max(map(len, words), default=1) + 2
    per_line = max(1, (_WIDTH - 4) // longest)
    lines = (", ".join(words[i : i + per_line]) for i in range(0, len(words), per_line))
    return "".join(f"    {line},\n" for line in lines)


def _words(data: Array) -> list[str]:
    if data.dtype.kind == "f":
        return [float_literal(float(v), data.dtype.itemsize == 4) for v in data]
    if data.dtype == np.bool_:
        return [str(int(v)) for v in data]
    if data.dtype == np.int64:
        return [f"INT64_C({v})" if v != -(2**63) else "INT64_MIN" for v in data.tolist()]
    if data.dtype == np.int32:
        return [str(v) if v != -(2**31) else "INT32_MIN" for v in data.tolist()]
    if data.dtype == np.uint32:
        return [f"{v}u" for v in data.tolist()]
    return [str(v) for v in data.tolist()]


def float_literal(value: float, single: bool = True) -> str:
    """A literal that reads back to the bit (hexadecimal unless it is short); infinities and NaN without math.h."""
    suffix = "f" if single else ""
    if value != value:
        return f"(0.0{suffix} / 0.0{suffix})"
    if value in (float("inf"), float("-inf")):
        return f"({'-' if value < 0 else ''}1.0{suffix} / 0.0{suffix})"
    short = repr(float(np.float32(value))) if single else repr(value)
    if len(short) <= 8 and "e" not in short and (not single or np.float32(short) == np.float32(value)):
        return short + suffix
    return value.hex() + suffix

"""Text of operators that walk along one axis: loops over what lies before and after it."""

from __future__ import annotations

from math import prod

from limen.program import Shape
from limen.targets.c._kernel import Kernel, Site, c_type
from limen.targets.c.ops._e_text import INDENT, function, whole_arguments
from limen.targets.c.ops._wconv import Lines, indented


def split(shape: Shape, axis: int) -> tuple[int, int, int]:
    """Elements before the axis, along it, and after it."""
    return prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :])


def along(site: Site, axis: int, body: Lines) -> str:
    """The whole form: the body for every line along the axis; ``x`` points to its first element."""
    before, extent, after = split(site.input(0).shape, axis)
    lines = [
        f"for (int32_t i = 0; i < {before}; ++i) {{",
        f"{INDENT}for (int32_t j = 0; j < {after}; ++j) {{",
        *indented(indented([f"const {c_type(site.input(0))} *x = x0 + i * {extent * after} + j;", *body])),
        f"{INDENT}}}",
        "}",
    ]
    return function(site.symbol, whole_arguments(site), lines)


def first_extreme(site: Site, axis: int, relation: str) -> Kernel:
    """Index of the first element that no other one beats.

    Args:
        relation: ``<`` or ``>``; nan is beaten by every number.
    """
    x = site.input(0)
    _, extent, after = split(x.shape, axis)
    element = "x[k]" if after == 1 else f"x[k * {after}]"
    beats = f"{element} {relation} best"
    if x.dtype == "float32":
        beats = f"{beats} || (best != best && {element} == {element})"
    kind = c_type(site.output())
    body = [
        f"{c_type(x)} best = x[0];",
        f"{kind} at = 0;",
        f"for (int32_t k = 1; k < {extent}; ++k) {{",
        f"{INDENT}if ({beats}) {{",
        f"{INDENT * 2}best = {element};",
        f"{INDENT * 2}at = k;",
        f"{INDENT}}}",
        "}",
        "*y0++ = at;",
    ]
    return Kernel(along(site, axis, body))

"""Text of reductions over any axes: loops over the kept ones around loops over the reduced ones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod

from limen.program import Tensor
from limen.targets.c._kernel import Constant, Helper, Kernel, Site, c_type
from limen.targets.c.ops._e_text import contiguous, function, linear, loops, offset, whole_arguments
from limen.targets.c.ops._m_loops import merge


@dataclass(frozen=True)
class Reduction:
    """What is done with the elements.

    Args:
        accumulator: C type.
        start: its first value, a C expression; ``@F`` stands for the first element.
        step: statements, one a line, with ``acc`` and ``@X`` for an element.
        finish: expression of the result.
        text: functions that these call.
        constants, helpers: what they read and call.
    """

    accumulator: str
    start: str
    step: str
    finish: str
    text: str = ""
    constants: tuple[Constant, ...] = ()
    helpers: tuple[Helper, ...] = ()


def reduced_count(x: Tensor, axes: tuple[int, ...]) -> int:
    return prod(x.shape[axis] for axis in axes)


def reduce_axes(site: Site, axes: tuple[int, ...], reduction: Reduction) -> Kernel:
    """The whole form."""
    x = site.input(0)
    kept = [axis for axis in range(len(x.shape)) if axis not in axes]
    strides = contiguous(x.shape)
    outer, (outer_steps,) = _merged(x, kept, strides)
    inner, (inner_steps,) = _merged(x, sorted(axes), strides)
    element = f"x[{linear(0, inner_steps)}]"
    body = [
        f"const {c_type(x)} *x = {offset('x0', 0, outer_steps)};",
        f"{reduction.accumulator} acc = {reduction.start.replace('@F', 'x[0]')};",
        *_inner(inner, reduction.step.replace("@X", element), len(outer)),
        f"*y0++ = {reduction.finish};",
    ]
    lines = loops(outer, body) if x.size or outer != (1,) else body
    text = function(site.symbol, whole_arguments(site), lines)
    return Kernel("\n".join(filter(None, [reduction.text, text])), reduction.constants, reduction.helpers)


def _merged(
    x: Tensor, axes: list[int], strides: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]:
    return merge([x.shape[a] for a in axes], [tuple(strides[a] for a in axes)])


def _inner(extents: tuple[int, ...], step: str, depth: int) -> list[str]:
    """The loops over the reduced axes, with counters of their own."""
    lines = loops(extents, step.splitlines())
    names = {name: "ijklmnopq"[index + depth] for index, name in enumerate("ijklmnopq"[: len(extents)])}
    return [_rename(line, names) for line in lines]


def _rename(line: str, names: dict[str, str]) -> str:

    return re.sub(r"\b([i-q])\b", lambda match: names.get(match[1], match[1]), line)

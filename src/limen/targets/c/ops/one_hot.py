"""OneHot in portable C."""

from __future__ import annotations

from math import prod
from typing import cast

from limen.ops.one_hot import OneHot
from limen.targets.c._kernel import Constant, Kernel, Site
from limen.targets.c.ops._e_text import function, linear, literal, loops, unused, whole_arguments


def emit(site: Site) -> Kernel:
    """Indices as rows with one entry on; an index outside gives a row of off values."""
    indices, out = site.input(0), site.output()
    if out.size == 0:
        return Kernel(function(site.symbol, whole_arguments(site), unused(site)))
    axis, depth = cast(OneHot, site.op).axis, cast(OneHot, site.op).depth
    outer, inner = prod(indices.shape[:axis]), prod(indices.shape[axis:])
    constants: tuple[Constant, ...] = ()
    place = f"x0[{linear(0, (inner, 0, 1))}]"
    if indices.data is not None:
        constants = (Constant(site.local("x0"), indices.data.astype("int32"), 4, "Indices."),)
        place = f"{site.local('x0')}[{linear(0, (inner, 0, 1))}]"
    elif indices.dtype == "int64":
        place = f"(int32_t){place}"
    on, off = (_number(site, index) for index in (1, 2))
    target = f"y0[{linear(0, (depth * inner, inner, 1))}]"
    body = [f"{target} = {place} == j ? {on} : {off};"]
    text = function(site.symbol, whole_arguments(site), loops((outer, depth, inner), body))
    return Kernel(text, constants)


def _number(site: Site, index: int) -> str:
    data = site.input(index).data
    return f"x{index}[0]" if data is None else literal(data.reshape(-1)[0])


EMIT = emit

"""GatherNd in portable C."""

from __future__ import annotations

from math import prod

import numpy as np

from limen.targets.c._kernel import Kernel, Site, c_type
from limen.targets.c.ops._e_text import contiguous, function, loops, offset, unused, whole_arguments
from limen.targets.c.ops._m_copy import operand_names, refuse_half
from limen.targets.c.ops._m_index import KEEP_INSIDE, known_indices, looked_up, moved_run


def emit(site: Site) -> Kernel:
    """Slices by coordinate; a computed coordinate outside the input is kept inside, where the interpreter stops."""
    refuse_half(site)
    x, indices = site.input(0), site.input(1)
    if site.output().size == 0:
        return Kernel(function(site.symbol, whole_arguments(site), unused(site)))
    depth = indices.shape[-1]
    count, inner = prod(indices.shape[:-1]), prod(x.shape[depth:])
    steps = np.asarray(contiguous(x.shape)[:depth])
    known = known_indices(site, indices, np.asarray(x.shape[:depth]))
    names = operand_names(site)
    if known is not None:
        places = (known * steps).sum(axis=-1) // inner
        read = looked_up(site, f"{site.local('x1')}[i]", 0, places)
        text, helpers = _times(read.text, inner), read.helpers
    else:
        read = looked_up(site, "", 0, None)
        terms = [
            _times(f"keep_inside({names[1]}[{_at(depth, axis)}], {x.shape[axis]})", int(steps[axis]))
            for axis in range(depth)
        ]
        text, helpers = "\n        + ".join(terms), (KEEP_INSIDE,)
    body = [
        f"const int32_t from = {text};",
        moved_run(offset("y0", 0, (inner,)), f"{names[0]} + from", inner, c_type(x)),
    ]
    return Kernel(function(site.symbol, whole_arguments(site), loops((count,), body)), read.constants, helpers)


def _at(depth: int, axis: int) -> str:
    index = "i" if depth == 1 else f"{depth} * i"
    return f"{index} + {axis}" if axis else index


def _times(text: str, factor: int) -> str:
    return text if factor == 1 else f"{factor} * {text}"


EMIT = emit

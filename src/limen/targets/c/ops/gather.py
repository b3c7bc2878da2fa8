"""Gather in portable C."""

from __future__ import annotations

from math import prod
from typing import cast

import numpy as np

from limen.ops.gather import Gather
from limen.targets.c._kernel import Kernel, Site, c_type
from limen.targets.c.ops._e_text import function, linear, loops, offset, unused, whole_arguments
from limen.targets.c.ops._m_copy import operand_names, refuse_half
from limen.targets.c.ops._m_index import known_indices, looked_up, moved_run


def emit(site: Site) -> Kernel:
    """Entries of an axis by index; a computed index outside the axis is kept inside, where the interpreter stops."""
    refuse_half(site)
    op, x, indices = cast(Gather, site.op), site.input(0), site.input(1)
    if site.output().size == 0:
        return Kernel(function(site.symbol, whole_arguments(site), unused(site)))
    b, axis, extent = op.batch_dims, op.axis, x.shape[op.axis]
    batches, outer, inner = prod(x.shape[:b]), prod(x.shape[b:axis]), prod(x.shape[axis + 1 :])
    count = prod(indices.shape[b:])
    known = known_indices(site, indices, np.asarray(extent))
    names = operand_names(site)
    index = f"{names[1]}[{linear(0, (count, 0, 1))}]"
    read = looked_up(site, index, extent, known)
    source = offset(names[0], 0, (outer * extent * inner, extent * inner, 0))
    target = offset("y0", 0, (outer * count * inner, count * inner, inner))
    body = [
        f"const int32_t from = {read.text};",
        moved_run(target, f"{source} + {inner} * from" if inner > 1 else f"{source} + from", inner, c_type(x)),
    ]
    text = function(site.symbol, whole_arguments(site), loops((batches, outer, count), body))
    return Kernel(text, read.constants, read.helpers)


EMIT = emit

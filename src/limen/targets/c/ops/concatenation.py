"""Concatenation in portable C."""

from __future__ import annotations

from typing import cast

import numpy as np

from limen.ops.concatenation import Concatenation, _rescaled
from limen.targets.c._kernel import Constant, Kernel, Site
from limen.targets.c.ops._m_join import joined


def emit(site: Site) -> Kernel:
    """Tensors joined along an axis; uint8 inputs of another scale go through a table."""
    through, tables = [], []
    for index in range(len(site.operands.inputs)):
        work, table = _conversion(site, index)
        through.append(work)
        tables += table
    return joined(site, cast(Concatenation, site.op).axis, through, tables)


def _conversion(site: Site, index: int) -> tuple[str, list[Constant]]:
    codes = np.arange(256).astype(np.uint8)
    x = site.input(index)
    if x.dtype != "uint8":
        return "", []
    table = _rescaled(codes, x, site.output())
    if np.array_equal(table, codes):
        return "", []
    symbol = site.local(f"table{index}")
    return f"{symbol}[{{}}]", [Constant(symbol, table, 1, f"Codes of input {index} in the output's scale.")]


EMIT = emit

"""CumSum in portable C."""

from __future__ import annotations

from limen.ops.cum_sum import CumSum
from limen.targets.c._kernel import Kernel, Site, c_type
from limen.targets.c.ops._e_text import INDENT
from limen.targets.c.ops._waxis import along, split


def emit(site: Site) -> Kernel:
    """float32, int32, int64; integers wrap."""
    op, x = site.op, site.input(0)
    assert isinstance(op, CumSum)
    _, extent, after = split(x.shape, op.axis)
    kind = c_type(x)
    wide = {"int32": "uint32_t", "int64": "uint64_t"}.get(x.dtype, "float")
    back = "sum" if wide == "float" else f"({kind})sum"
    value = f"x[{_scaled(after)}]" if wide == "float" else f"({wide})x[{_scaled(after)}]"
    write = f"y[{_scaled(after)}] = {back};"
    steps = [f"const {wide} v = {value};", write, "sum += v;"] if op.exclusive else [f"sum += {value};", write]
    loop = f"int32_t k = {extent - 1}; k >= 0; --k" if op.reverse else f"int32_t k = 0; k < {extent}; ++k"
    body = [
        f"{kind} *y = y0 + (x - x0);",
        f"{wide} sum = 0;",
        f"for ({loop}) {{",
        *(INDENT + step for step in steps),
        "}",
    ]
    return Kernel(along(site, op.axis, body), aliases=(0,))


def _scaled(factor: int) -> str:
    return "k" if factor == 1 else f"k * {factor}"


EMIT = emit

"""TopK in portable C: each element is inserted among the best so far."""

from __future__ import annotations

from limen.ops.top_k import TopK
from limen.targets.c._kernel import Kernel, Site, c_type
from limen.targets.c.ops._e_text import INDENT, function, unused, whole_arguments
from limen.targets.c.ops._wconv import indented


def emit(site: Site) -> Kernel:
    """float32, int8, uint8, int16, int32, int64; nan comes last."""
    op, x = site.op, site.input(0)
    assert isinstance(op, TopK)
    extent, kind = x.shape[-1], c_type(x)
    if op.k == 0 or x.size == 0:
        return Kernel(function(site.symbol, whole_arguments(site), unused(site)))
    beats = "v > y0[k - 1]"
    if x.dtype == "float32":
        beats = f"({beats} || (y0[k - 1] != y0[k - 1] && v == v))"
    body = [
        "int32_t count = 0;",
        f"for (int32_t i = 0; i < {extent}; ++i) {{",
        f"{INDENT}const {kind} v = x0[i];",
        f"{INDENT}int32_t k = count;",
        f"{INDENT}for (; k > 0 && {beats}; --k) {{",
        f"{INDENT * 2}if (k < {op.k}) {{",
        f"{INDENT * 3}y0[k] = y0[k - 1];",
        f"{INDENT * 3}y1[k] = y1[k - 1];",
        f"{INDENT * 2}}}",
        f"{INDENT}}}",
        f"{INDENT}if (k < {op.k}) {{",
        f"{INDENT * 2}y0[k] = v;",
        f"{INDENT * 2}y1[k] = i;",
        f"{INDENT * 2}count += count < {op.k} ? 1 : 0;",
        f"{INDENT}}}",
        "}",
        f"x0 += {extent};",
        f"y0 += {op.k};",
        f"y1 += {op.k};",
    ]
    rows = x.size // extent
    lines = [f"for (int32_t row = 0; row < {rows}; ++row) {{", *indented(body), "}"]
    return Kernel(function(site.symbol, whole_arguments(site), lines))


EMIT = emit

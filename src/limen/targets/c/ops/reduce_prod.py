"""ReduceProd in portable C."""

from __future__ import annotations

import numpy as np

from limen.ops._reduce import is_codes
from limen.ops.reduce_prod import ReduceProd
from limen.targets.c._kernel import Helper, Kernel, Site, c_type
from limen.targets.c.ops._requantize import CLAMP
from limen.targets.c.ops._wreduce import Reduction, reduce_axes

RESCALE_WIDE = Helper(
    "limen_rescale_wide",
    """\
/* acc * multiplier / 2^shift, rounded, halves up, wrapped to 32 bits. */
static inline int32_t limen_rescale_wide(int64_t acc, int32_t multiplier, int32_t shift)
{
    return (int32_t)(uint32_t)((acc * multiplier + (INT64_C(1) << (shift - 1))) >> shift);
}
""",
)


def emit(site: Site) -> Kernel:
    """float32, int32, int64; int8 and int16 with or without a scale, and uint8 without."""
    op, x, output = site.op, site.input(0), site.output()
    assert isinstance(op, ReduceProd)
    if x.dtype == "float32":
        return reduce_axes(site, op.axes, Reduction("float", "1.0f", "acc *= @X;", "acc"))
    if output.quant is None or not is_codes(site.operands):
        wide = "uint64_t" if x.dtype == "int64" else "uint32_t"
        return reduce_axes(
            site, op.axes, Reduction(wide, "1", f"const {wide} v = ({wide})@X;\nacc *= v;", f"({c_type(x)})acc")
        )
    return reduce_axes(site, op.axes, _codes(site, op))


def _codes(site: Site, op: ReduceProd) -> Reduction:
    """Each multiplication is rescaled; the first element enters as it is."""
    x, output = site.input(0), site.output()
    factor = op._factor(site.operands)
    mantissa = int(factor.mantissa)
    reduced = (mantissa + (1 << 15)) >> 16 if mantissa < 0x7FFF0000 else 0x7FFF
    scale = f"{reduced}, {15 - int(factor.shift)}"
    info = np.iinfo(output.dtype)
    less = f" - {x.zero_point}".replace("- -", "+ ") if x.zero_point else ""
    zero = f" + {output.zero_point}".replace("+ -", "- ") if output.zero_point else ""
    value = f"limen_clamp(limen_rescale_wide(acc, {scale}){zero}, {info.min}, {info.max})"
    return Reduction(
        "int64_t",
        "1, first = 1",
        f"const int32_t v = @X{less};\nacc = first ? v : limen_rescale_wide(acc * v, {scale});\nfirst = 0;",
        f"({c_type(x)}){value}",
        helpers=(RESCALE_WIDE, CLAMP),
    )


EMIT = emit

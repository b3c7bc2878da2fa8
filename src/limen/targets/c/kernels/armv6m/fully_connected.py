"""FullyConnected of int8 codes on ARMv6-M: four channels at a time."""

from __future__ import annotations

from limen.targets.c._kernel import Helper, Kernel, Site
from limen.targets.c.kernels._packed._connected import SHARE, Vectors, connected
from limen.targets.c.kernels.armv6m._scaling import fits, flavour
from limen.targets.c.kernels.armv6m._vector import CHANNELS, vector

_PREPARE = Helper(
    "limen_prepare",
    f"""\
/* Pairs of codes in words, each behind what weights plus 128 have added to the sums of two channels so far. */
static void limen_prepare(const int8_t *x, int32_t pairs, int32_t *prefix)
{{
    uint32_t sum = 0;
    for (int32_t i = 0; i < pairs; ++i) {{
        prefix[0] = (int32_t)(sum * 0x{SHARE:08x}u);
        prefix[1] = x[2 * i];
        prefix[2] = x[2 * i + 1];
        sum += (uint32_t)(prefix[1] + prefix[2]);
        prefix += 3;
    }}
    prefix[0] = (int32_t)(sum * 0x{SHARE:08x}u);
}}
""",
)

VECTORS = Vectors(
    CHANNELS,
    words=lambda pairs: 3 * pairs + 1,
    prepare=_PREPARE,
    takes_codes=False,
    accepts=fits,
    routine=lambda table, once: vector(flavour(table), once),
)


def emit(site: Site) -> Kernel | None:
    return connected(site, VECTORS)


EMIT = emit

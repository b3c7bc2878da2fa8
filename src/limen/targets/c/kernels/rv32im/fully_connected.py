"""FullyConnected of int8 codes on RV32IM: eight channels at a time."""

from __future__ import annotations

from limen.targets.c._kernel import Helper, Kernel, Site
from limen.targets.c.kernels._packed._connected import SHARE, Vectors, connected
from limen.targets.c.kernels.rv32im._vector import CHANNELS, vector

_PREFIX = Helper(
    "limen_prefix",
    f"""\
/* What weights plus 128 add to the sums of two channels in a word, up to each second code. */
static void limen_prefix(const int8_t *x, int32_t pairs, int32_t *prefix)
{{
    uint32_t sum = 0;
    prefix[0] = 0;
    for (int32_t i = 0; i < pairs; ++i) {{
        sum += (uint32_t)(x[2 * i] + x[2 * i + 1]);
        prefix[i + 1] = (int32_t)(sum * 0x{SHARE:08x}u);
    }}
}}
""",
)

VECTORS = Vectors(
    CHANNELS,
    words=lambda pairs: pairs + 1,
    prepare=_PREFIX,
    takes_codes=True,
    accepts=lambda table, once: True,
    routine=lambda table, once: vector(once, table.low < table.zero_point),
)


def emit(site: Site) -> Kernel | None:
    return connected(site, VECTORS)


EMIT = emit

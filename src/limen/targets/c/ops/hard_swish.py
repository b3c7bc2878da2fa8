"""HardSwish in portable C."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_plain import bounded
from limen.targets.c.ops._e_table import byte_function, is_byte_function
from limen.targets.c.ops._elementwise import Element, elementwise


def emit(site: Site) -> Kernel:
    """x * min(max(x + 3, 0), 6) / 6; a table for 8 bits."""
    if is_byte_function(site):
        return byte_function(site)
    lines = (
        "const float gate = {0} + 3.0f;",
        f"{{y}} = {{0}} * ({bounded('gate', 'float32', 0, 6)}) / 6.0f;",
    )
    return elementwise(site, Element(lines))


EMIT = emit

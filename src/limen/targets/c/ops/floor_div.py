"""FloorDiv in portable C."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site, c_type
from limen.targets.c.ops._e_divide import FLOOR_DIVIDE
from limen.targets.c.ops._e_plain import expression
from limen.targets.c.ops._e_table import byte_function, is_byte_function


def emit(site: Site) -> Kernel:
    """floor(a / b); 0 where b is 0, at which the interpreter stops."""
    if is_byte_function(site):
        return byte_function(site)
    dtype = site.output().dtype
    helper = FLOOR_DIVIDE.get(dtype, FLOOR_DIVIDE["int32"])
    cast = f"({c_type(site.output())})" if dtype in ("int8", "int16") else ""
    return expression(site, f"{cast}{helper.name}({{0}}, {{1}})", helpers=(helper,))


EMIT = emit

"""Select in portable C."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_codes import unsupported
from limen.targets.c.ops._e_plain import expression


def emit(site: Site) -> Kernel:
    """a where the condition holds, b elsewhere."""
    if site.output().dtype == "float16":
        raise unsupported(site)
    return expression(site, "{0} != 0 ? {1} : {2}")


EMIT = emit

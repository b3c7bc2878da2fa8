"""Square in portable C."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_plain import expression


def emit(site: Site) -> Kernel:
    """x * x."""
    return expression(site, "{0} * {0}")


EMIT = emit

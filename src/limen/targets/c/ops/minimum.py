"""Minimum in portable C."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_plain import expression


def emit(site: Site) -> Kernel:
    """The smaller of a and b."""
    return expression(site, "{0} < {1} ? {0} : {1}")


EMIT = emit

"""Less in portable C."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_compare import comparison


def emit(site: Site) -> Kernel:
    """a < b."""
    return comparison(site, "<")


EMIT = emit

"""Split in portable C."""

from __future__ import annotations

from typing import cast

from limen.ops.split import Split
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._m_join import parted


def emit(site: Site) -> Kernel:
    """Equal parts along an axis."""
    return parted(site, cast(Split, site.op).axis)


EMIT = emit

"""SplitV in portable C."""

from __future__ import annotations

from typing import cast

from limen.ops.split_v import SplitV
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._m_join import parted


def emit(site: Site) -> Kernel:
    """Parts of given sizes along an axis."""
    return parted(site, cast(SplitV, site.op).axis)


EMIT = emit

"""BatchToSpaceNd in portable C."""

from __future__ import annotations

from typing import cast

from limen.ops.batch_to_space_nd import BatchToSpaceNd
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._m_batch import regrouped


def emit(site: Site) -> Kernel:
    """Batch entries back to pixels of their block position, less the crops."""
    op = cast(BatchToSpaceNd, site.op)
    return regrouped(site, op.block, op.crops, False, [])


EMIT = emit

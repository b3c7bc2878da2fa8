"""SpaceToBatchNd in portable C."""

from __future__ import annotations

from typing import cast

import numpy as np

from limen.ops.space_to_batch_nd import SpaceToBatchNd
from limen.targets.c._kernel import Kernel, Site, c_type
from limen.targets.c.ops._m_batch import regrouped
from limen.targets.c.ops._m_copy import constant_fill, refuse_half


def emit(site: Site) -> Kernel:
    """Pixels of every block position into the batch; the border holds the zero point."""
    refuse_half(site)
    op, y = cast(SpaceToBatchNd, site.op), site.output()
    border = []
    if any(map(any, op.paddings)):
        border = constant_fill(c_type(y), "y0", 0, y.size, np.asarray(y.zero_point).astype(y.dtype))
    return regrouped(site, op.block, op.paddings, True, border)


EMIT = emit

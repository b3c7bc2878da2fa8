"""Pad in portable C."""

from __future__ import annotations

from typing import cast

import numpy as np

from limen.ops.pad import Pad
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._m_pad import padded


def emit(site: Site) -> Kernel:
    """Real zeros around the input: the zero point of quantised tensors."""
    x, y = site.input(0), site.output()
    quantised = x.quant is not None or x.dtype == "uint8"
    value = np.asarray(y.zero_point if quantised else 0).astype(y.dtype)
    return padded(site, cast(Pad, site.op).paddings, value)


EMIT = emit

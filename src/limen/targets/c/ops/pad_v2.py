"""PadV2 in portable C."""

from __future__ import annotations

from typing import cast

from limen.ops.pad_v2 import PadV2
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._m_pad import padded


def emit(site: Site) -> Kernel:
    """A scalar around the input, constant or computed."""
    data = site.input(1).data
    return padded(site, cast(PadV2, site.op).paddings, None if data is None else data.reshape(-1)[0])


EMIT = emit

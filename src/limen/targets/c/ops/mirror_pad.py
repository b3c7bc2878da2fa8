"""MirrorPad in portable C."""

from __future__ import annotations

from typing import cast

from limen.ops.mirror_pad import MirrorPad
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._m_pad import mirrored


def emit(site: Site) -> Kernel:
    """The input mirrored at its borders."""
    op = cast(MirrorPad, site.op)
    return mirrored(site, op.paddings, 1 if op.mode == "reflect" else 0)


EMIT = emit

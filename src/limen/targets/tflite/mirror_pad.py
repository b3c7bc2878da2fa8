"""MirrorPad as MIRROR_PAD."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Named, Site, integers


def emit(op: Any, site: Site) -> Emission:
    return site.emission(
        "MIRROR_PAD",
        integers("paddings", op.paddings),
        options="MirrorPadOptions",
        version=site.version(int8=2, int16=3),
        mode=Named("MirrorPadMode", op.mode.upper()),
    )


EMIT = Emitter("MirrorPad", emit)

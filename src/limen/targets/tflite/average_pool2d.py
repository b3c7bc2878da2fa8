"""AveragePool2D as AVERAGE_POOL_2D."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site, activation
from limen.targets.tflite._padding import padding_of


def emit(op: Any, site: Site) -> Emission:
    return site.emission(
        "AVERAGE_POOL_2D",
        options="Pool2DOptions",
        version=site.version(int8=2, int16=3),
        padding=padding_of(site, op.filter, op.stride, (1, 1), op.padding),
        stride_h=op.stride[0],
        stride_w=op.stride[1],
        filter_height=op.filter[0],
        filter_width=op.filter[1],
        fused_activation_function=activation(op.activation),
    )


EMIT = Emitter("AveragePool2D", emit)

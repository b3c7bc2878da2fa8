"""DepthwiseConv2D as DEPTHWISE_CONV_2D."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site, activation, is_hybrid, is_per_channel
from limen.targets.tflite._padding import padding_of


def emit(op: Any, site: Site) -> Emission:
    weights = site.input(1)
    return site.emission(
        "DEPTHWISE_CONV_2D",
        options="DepthwiseConv2DOptions",
        version=_version(op, site),
        padding=padding_of(site, weights.shape[1:3], op.stride, op.dilation, op.padding),
        stride_h=op.stride[0],
        stride_w=op.stride[1],
        depth_multiplier=weights.shape[3] // max(site.input().shape[3], 1),
        dilation_h_factor=op.dilation[0],
        dilation_w_factor=op.dilation[1],
        fused_activation_function=activation(op.activation),
    )


def _version(op: Any, site: Site) -> int:
    if site.has_int4_weights:
        return 7
    if is_hybrid(site):
        return 6 if is_per_channel(site.input(1)) else 4
    dilated = 2 if op.dilation != (1, 1) else 1
    return site.version(int8=3, int16=5, float32=dilated, uint8=dilated)


EMIT = Emitter("DepthwiseConv2D", emit)

"""Conv2D as CONV_2D."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import (
    Emission,
    Emitter,
    Site,
    activation,
    bias_type,
    is_hybrid,
    is_per_channel,
)
from limen.targets.tflite._padding import padding_of


def emit(op: Any, site: Site) -> Emission:
    weights = site.input(1)
    fields = {
        "padding": padding_of(site, weights.shape[1:3], op.stride, op.dilation, op.padding),
        "stride_h": op.stride[0],
        "stride_w": op.stride[1],
        "dilation_h_factor": op.dilation[0],
        "dilation_w_factor": op.dilation[1],
        "fused_activation_function": activation(op.activation),
        "quantized_bias_type": bias_type(site),
    }
    return Emission("CONV_2D", site.node.inputs, "Conv2DOptions", fields, _version(site))


def _version(site: Site) -> int:
    if bias_type(site).member == "INT32":
        return 8
    if site.has_int4_weights:
        return 7
    if site.input().shape[3] != site.input(1).shape[3]:
        return 6
    if is_hybrid(site):
        return 5 if is_per_channel(site.input(1)) else 2
    return site.version(int8=3, int16=4)


EMIT = Emitter("Conv2D", emit)

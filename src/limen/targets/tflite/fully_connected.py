"""FullyConnected as FULLY_CONNECTED."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site, activation, bias_type, is_hybrid, is_per_channel


def emit(op: Any, site: Site) -> Emission:
    return site.emission(
        "FULLY_CONNECTED",
        options="FullyConnectedOptions",
        version=_version(op, site),
        fused_activation_function=activation(op.activation),
        keep_num_dims=op.keep_dims,
        asymmetric_quantize_inputs=op.asymmetric_quantize_inputs,
        quantized_bias_type=bias_type(site),
    )


def _version(op: Any, site: Site) -> int:
    if is_hybrid(site) and is_per_channel(site.input(1)):
        return 12
    if bias_type(site).member == "INT32":
        return 11
    if site.has_int4_weights:
        return 10
    if len(site.node.inputs) < 3 or not site.node.inputs[2]:
        return 6
    if op.keep_dims:
        return 5
    if is_hybrid(site):
        return 9 if op.asymmetric_quantize_inputs else 3
    return site.version(int8=4, int16=4)


EMIT = Emitter("FullyConnected", emit)

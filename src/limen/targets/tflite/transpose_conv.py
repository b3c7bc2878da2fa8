"""TransposeConv as TRANSPOSE_CONV."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Named, Operand, Site, activation, bias_type, integers
from limen.targets.tflite._padding import transposed_scheme


def emit(op: Any, site: Site) -> Emission:
    x, weights, *bias = site.node.inputs
    out = site.output.shape
    scheme = transposed_scheme(site.input().shape, site.input(1).shape[1:3], op.stride, op.padding, out)
    if scheme is None:
        raise site.refuse(f"padding {op.padding}")
    fields = {
        "padding": Named("Padding", scheme),
        "stride_h": op.stride[0],
        "stride_w": op.stride[1],
        "fused_activation_function": activation(op.activation),
        "quantized_bias_type": bias_type(site),
    }
    inputs: tuple[str | Operand, ...] = (integers("shape", out), weights, x, *bias)
    return Emission("TRANSPOSE_CONV", inputs, "TransposeConvOptions", fields, _version(op, site))


def _version(op: Any, site: Site) -> int:
    if bias_type(site).member == "INT32":
        return 5
    if op.activation != "none":
        return 4
    return 3 if len(site.node.inputs) > 2 and site.node.inputs[2] else site.version(int8=2)


EMIT = Emitter("TransposeConv", emit)

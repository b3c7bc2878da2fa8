"""Dense, EinsumDense and Embedding."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from limen.errors import ModelError
from limen.importers._keras.build import Array, Builder, Value
from limen.importers._keras.layers.activation import activate
from limen.importers._keras.rule import Layer, Rules, expect, single


def matmul(build: Builder, x: Value, kernel: Array, bias: Array | None, role: str = "kernel") -> Value:
    """``x @ kernel + bias`` along the last axis; kernel [in, out]."""
    x = build.last(x)
    weight = build.constant(kernel, role)
    out = replace(x, shape=(*x.shape[:-1], kernel.shape[1]))
    if x.rank == 2:
        offset = [] if bias is None else [build.constant(bias, f"{role}_bias")]
        return build.node("Gemm", [x, weight, *offset], out)
    y = build.node("MatMul", [x, weight], out)
    return y if bias is None else build.node("Add", [y, build.constant(bias, f"{role}_bias")], y)


def dense(build: Builder, layer: Layer, x: Value) -> Value:
    units = layer.get("units", layer.config.get("output_dim"))
    kernel, *rest = layer.take("kernel", "bias") if has_bias(layer) else layer.take("kernel")
    expect(kernel, (x.channels, units), layer, "kernel")
    bias = expect(rest[0], (units,), layer, "bias") if rest else None
    return activate(build, layer, matmul(build, x, kernel, bias))


def has_bias(layer: Layer) -> bool:
    """``use_bias``, in Keras 1 ``bias``."""
    return bool(layer.get("use_bias", layer.get("bias", True)))


def einsum_dense(build: Builder, layer: Layer, x: Value) -> Value:
    """Equations that contract trailing axes of the input with leading axes of the kernel."""
    equation = str(layer.get("equation", "")).replace(" ", "")
    left, _, out = equation.partition("->")
    source, _, weight = left.partition(",")
    shared = sum(label in source for label in weight)
    kept = source[: len(source) - shared]
    if not shared or source[len(kept) :] != weight[:shared] or out != kept + weight[shared:]:
        raise layer.refuse(f"equation {equation}")
    bias_axes = layer.get("bias_axes", "")
    kernel, *rest = layer.take("kernel", "bias") if bias_axes else layer.take("kernel")
    if kernel.ndim != len(weight) or x.rank < 1 + shared:
        raise ModelError(f"{layer.name}: kernel of shape {list(kernel.shape)} does not fit {equation}")
    inside, new = math.prod(kernel.shape[:shared]), kernel.shape[shared:]
    head = x.shape[: x.rank - shared]
    flat = build.reshape(x, (*head, inside)) if shared > 1 else x
    y = matmul(build, flat, kernel.reshape(inside, math.prod(new)), None)
    y = build.reshape(y, (*head, *new)) if len(new) != 1 else y
    if rest:
        y = build.node("Add", [y, build.constant(rest[0], "bias")], y)
    return activate(build, layer, y)


def embedding(build: Builder, layer: Layer, x: Value) -> Value:
    (table,) = layer.take("embeddings")
    expect(table, (layer.config["input_dim"], layer.config["output_dim"]), layer, "embeddings")
    index = x if x.dtype in ("int32", "int64") else build.cast(x, "int32")
    out = Value("", (*x.shape, table.shape[1]), masked=bool(layer.config.get("mask_zero")))
    weight = build.constant(table.astype(np.float32), "embeddings")
    return build.node("Gather", [weight, index], out, axis=0)


RULES: Rules = {"Dense": single(dense), "EinsumDense": single(einsum_dense), "Embedding": single(embedding)}

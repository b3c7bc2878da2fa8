"""MultiHeadAttention (arXiv 1706.03762, section 3.2) and the plain dot-product Attention layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from limen.errors import ModelError
from limen.importers._keras.build import Array, Builder, Value
from limen.importers._keras.layers.activation import scaled
from limen.importers._keras.layers.dense import matmul
from limen.importers._keras.rule import Layer, Rules, expect, values

_MASKED = -1e9  # keras.layers.Softmax adds this to masked scores


def _operands(layer: Layer) -> tuple[Value, Value, Value]:
    """Query, key and value of the call, which may come by position, as one list, or by name."""
    given = list(values(layer.arguments))
    named = {k: v for k, v in layer.keywords.items() if isinstance(v, Value)}
    for key in ("query", "value", "key"):
        if key in named:
            given.append(named.pop(key))
    if named or not 1 <= len(given) <= 3:
        raise layer.refuse(f"call with {sorted(named) or len(given)}")
    if any(v.masked for v in given):
        raise layer.refuse("a mask from Embedding or Masking")
    query = given[0]
    value = given[1] if len(given) > 1 else query
    return query, given[2] if len(given) > 2 else value, value


def _refuse_options(layer: Layer) -> None:
    if layer.keywords.get("return_attention_scores"):
        raise layer.refuse("return_attention_scores")
    for key in ("use_gate", "sliding_window"):
        if layer.config.get(key):
            raise layer.refuse(key)


def multi_head(build: Builder, layer: Layer) -> Sequence[Value]:
    _refuse_options(layer)
    query, key, value = (build.last(v) for v in _operands(layer))
    axes = layer.get("attention_axes", [1])
    if {v.rank for v in (query, key, value)} != {3} or list(axes if isinstance(axes, list) else [axes]) != [1]:
        raise layer.refuse("attention over other axes than the second of rank 3")
    heads, size = layer.config["num_heads"], layer.config["key_dim"]
    size_v = layer.get("value_dim", size)
    scale = 1 / math.sqrt(size)
    q = _project(build, layer, query, "query", heads, size, scale)
    k = _project(build, layer, key, "key", heads, size)
    v = _project(build, layer, value, "value", heads, size_v)
    context = attend(build, layer, _heads_first(build, q, False), _heads_first(build, k, True), _heads_first(build, v))
    joined = build.reshape(build.transpose(context, (0, 2, 1, 3)), (*query.shape[:2], heads * size_v))
    kernel, bias = _variables(layer, "attention_output", "output_dense")
    if kernel.shape[:2] != (heads, size_v):
        raise ModelError(f"{layer.name}: output kernel of shape {list(kernel.shape)} does not fit")
    return [matmul(build, joined, kernel.reshape(heads * size_v, -1), bias, "output")]


def _variables(layer: Layer, legacy: str, attribute: str) -> tuple[Array, Array | None]:
    weights = layer.weights.child(attribute, legacy)
    if layer.get("use_bias", True):
        kernel, bias = weights.take(("kernel", "bias"))
        return kernel, bias
    return weights.take(("kernel",))[0], None


def _project(build: Builder, layer: Layer, x: Value, role: str, heads: int, size: int, scale: float = 1.0) -> Value:
    """[batch, time, features] -> [batch, time, heads, size]; the scale of the scores is folded into the kernel."""
    kernel, bias = _variables(layer, role, f"{role}_dense")
    expect(kernel, (x.channels, heads, size), layer, f"{role} kernel")
    flat = kernel.reshape(x.channels, heads * size) * np.float32(scale)
    offset = None if bias is None else expect(bias, (heads, size), layer, f"{role} bias").reshape(-1)
    y = matmul(build, x, flat, None if offset is None else offset * np.float32(scale), role)
    return build.reshape(y, (*x.shape[:2], heads, size))


def _heads_first(build: Builder, x: Value, columns: bool = False) -> Value:
    """[batch, heads, time, size], or [batch, heads, size, time] for the key."""
    return build.transpose(x, (0, 2, 3, 1) if columns else (0, 2, 1, 3))


def attend(build: Builder, layer: Layer, query: Value, columns: Value, value: Value) -> Value:
    """softmax(query @ columns) @ value, causal on request."""
    scores = build.node("MatMul", [query, columns], replace(query, shape=(*query.shape[:-1], columns.shape[-1])))
    if layer.keywords.get("use_causal_mask"):
        rows, steps = scores.extent(-2), scores.extent(-1)
        mask = np.where(np.tril(np.ones((rows, steps), bool)), 0.0, _MASKED)
        scores = build.node("Add", [scores, build.constant(mask, "causal")], scores)
    weights = build.node("Softmax", [scores], scores, axis=-1)
    return build.node("MatMul", [weights, value], replace(scores, shape=(*scores.shape[:-1], value.shape[-1])))


def attention(build: Builder, layer: Layer) -> Sequence[Value]:
    """Attention layer: inputs [query, value, key], scores by dot product."""
    _refuse_options(layer)
    if layer.get("score_mode", "dot") != "dot":
        raise layer.refuse(f"score_mode {layer.config['score_mode']!r}")
    query, key, value = (build.last(v) for v in _operands(layer))
    if {v.rank for v in (query, key, value)} != {3}:
        raise layer.refuse("inputs of another rank than 3")
    if layer.get("use_scale", False):
        (factor,) = layer.take("scale")
        query = scaled(build, query, float(factor))
    return [attend(build, layer, query, build.transpose(key, (0, 2, 1)), value)]


RULES: Rules = {"MultiHeadAttention": multi_head, "Attention": attention}

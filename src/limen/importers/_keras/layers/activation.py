"""Activations: the functions named in ``activation=...`` and the layers ReLU, LeakyReLU, PReLU, ELU, Softmax.

Formulas: keras.activations. The slope of hard_sigmoid is 0.2 up to Keras 2 and 1/6 from Keras 3 on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from limen.errors import ModelError
from limen.importers._keras.build import Builder, Value, normal_axis
from limen.importers._keras.rule import Layer, Rules, class_and_config, single

Function = Callable[[Builder, Layer, Value], Value]


def activate(build: Builder, layer: Layer, x: Value, key: str = "activation") -> Value:
    """Apply the function that the layer's configuration names.

    Raises:
        UnsupportedOp: it is not a built-in function.
    """
    spec = layer.config.get(key)
    if isinstance(spec, Mapping) and isinstance(spec.get("config"), Mapping):
        kind, config = class_and_config(spec, layer.name)
        if kind not in _LAYERS:
            raise layer.refuse(f"activation {kind}")
        inner = Layer(layer.name, kind, config, layer.weights.child(key), layer.version)
        return _LAYERS[kind](build, inner, x)
    if isinstance(spec, Mapping):
        spec = spec.get("config")
    return by_name(build, layer, x, spec)


def by_name(build: Builder, layer: Layer, x: Value, name: Any) -> Value:
    """Apply a function by its Keras name; None and ``linear`` give the value back."""
    if name is None:
        return x
    if not isinstance(name, str) or name.split(">")[-1] not in FUNCTIONS:
        raise layer.refuse(f"activation {name!r}")
    return FUNCTIONS[name.split(">")[-1]](build, layer, x)


def unary(op: str, **attributes: Any) -> Function:
    """A function that is one ONNX operator."""
    return lambda build, layer, x: build.node(op, [x], x, **attributes)


def clip(build: Builder, x: Value, low: float, high: float) -> Value:
    """Limit to [low, high]."""
    return build.node("Clip", [x, build.constant(low, "low"), build.constant(high, "high")], x)


def scaled(build: Builder, x: Value, factor: float, offset: float = 0.0) -> Value:
    """``x * factor + offset``."""
    if factor != 1.0:
        x = build.node("Mul", [x, build.constant(factor, "factor")], x)
    return build.node("Add", [x, build.constant(offset, "offset")], x) if offset else x


def softmax_on(build: Builder, x: Value, axis: int, op: str = "Softmax") -> Value:
    """Softmax along one axis of the Keras shape."""
    return build.node(op, [x], x, axis=x.stored_axis(axis))


def hard_sigmoid(build: Builder, layer: Layer, x: Value) -> Value:
    alpha = 1 / 6 if layer.version >= 3 else 0.2
    return build.node("HardSigmoid", [x], x, alpha=alpha, beta=0.5)


def hard_swish(build: Builder, layer: Layer, x: Value) -> Value:
    if layer.version >= 3:
        return build.node("HardSwish", [x], x)
    return build.node("Mul", [x, hard_sigmoid(build, layer, x)], x)


def swish(build: Builder, layer: Layer, x: Value) -> Value:
    return build.node("Mul", [x, build.node("Sigmoid", [x], x)], x)


def log_sigmoid(build: Builder, layer: Layer, x: Value) -> Value:
    negative = build.node("Softplus", [build.node("Neg", [x], x)], x)
    return build.node("Neg", [negative], x)


def squareplus(build: Builder, layer: Layer, x: Value) -> Value:
    square = scaled(build, build.node("Mul", [x, x], x), 1.0, 4.0)
    total = build.node("Add", [x, build.node("Sqrt", [square], x)], x)
    return scaled(build, total, 0.5)


def tanh_shrink(build: Builder, layer: Layer, x: Value) -> Value:
    return build.node("Sub", [x, build.node("Tanh", [x], x)], x)


def glu(build: Builder, layer: Layer, x: Value) -> Value:
    x = build.last(x)
    half = replace(x, shape=(*x.shape[:-1], x.channels // 2))
    left, right = replace(half, name=build.fresh("glu/a")), replace(half, name=build.fresh("glu/b"))
    build.nodes("Split", [x], [left, right], axis=x.rank - 1, num_outputs=2)
    return build.node("Mul", [left, build.node("Sigmoid", [right], half)], half)


FUNCTIONS: dict[str, Function] = {
    "linear": lambda build, layer, x: x,
    "relu": unary("Relu"),
    "relu6": lambda build, layer, x: clip(build, x, 0.0, 6.0),
    "leaky_relu": unary("LeakyRelu", alpha=0.2),
    "elu": unary("Elu"),
    "celu": unary("Celu"),
    "selu": unary("Selu"),
    "softplus": unary("Softplus"),
    "softsign": unary("Softsign"),
    "squareplus": squareplus,
    "soft_shrink": unary("Shrink", lambd=0.5, bias=0.5),
    "hard_shrink": unary("Shrink", lambd=0.5, bias=0.0),
    "tanh_shrink": tanh_shrink,
    "sparse_plus": lambda build, layer, x: _sparse_plus(build, x),
    "sparse_sigmoid": lambda build, layer, x: clip(build, scaled(build, x, 0.5, 0.5), 0.0, 1.0),
    "silu": swish,
    "swish": swish,
    "gelu": unary("Gelu"),
    "glu": glu,
    "tanh": unary("Tanh"),
    "hard_tanh": lambda build, layer, x: clip(build, x, -1.0, 1.0),
    "sigmoid": unary("Sigmoid"),
    "hard_sigmoid": hard_sigmoid,
    "hard_silu": hard_swish,
    "hard_swish": hard_swish,
    "log_sigmoid": log_sigmoid,
    "exponential": unary("Exp"),
    "mish": unary("Mish"),
    "softmax": lambda build, layer, x: softmax_on(build, x, -1),
    "log_softmax": lambda build, layer, x: softmax_on(build, x, -1, "LogSoftmax"),
}


def _sparse_plus(build: Builder, x: Value) -> Value:
    """0 below -1, ((x + 1) / 2)^2 to 1, x above: the sum of a clipped square and what exceeds 1."""
    inner = scaled(build, clip(build, x, -1.0, 1.0), 0.5, 0.5)
    above = build.node("Relu", [scaled(build, x, 1.0, -1.0)], x)
    return build.node("Add", [build.node("Mul", [inner, inner], x), above], x)


def relu(build: Builder, layer: Layer, x: Value) -> Value:
    """ReLU layer: max_value, negative_slope and threshold."""
    slope = float(_scalar(layer, "negative_slope", 0.0))
    threshold, top = float(_scalar(layer, "threshold", 0.0)), layer.config.get("max_value")
    if threshold == 0.0 and slope == 0.0:
        return build.node("Relu", [x], x) if top is None else clip(build, x, 0.0, float(top))
    if threshold == 0.0:
        y = build.node("LeakyRelu", [x], x, alpha=slope)
        return y if top is None else build.node("Min", [y, build.constant(float(top), "top")], y)
    limit = build.constant(threshold, "threshold")
    above = build.node("GreaterOrEqual", [x, limit], replace(x, dtype="bool"))
    below = scaled(build, build.node("Sub", [x, limit], x), slope) if slope else build.constant(0.0, "zero")
    kept = x if top is None else build.node("Min", [x, build.constant(float(top), "top")], x)
    return build.node("Where", [above, kept, below], x)


def _scalar(layer: Layer, key: str, default: float) -> Any:
    """A number; Keras 2 sometimes wrote it as ``{"class_name": "__numpy__", "value": ...}`` or an array of one."""
    value = layer.get(key, default)
    return value.get("value", default) if isinstance(value, Mapping) else value


def leaky_relu(build: Builder, layer: Layer, x: Value) -> Value:
    slope = _scalar(layer, "negative_slope", _scalar(layer, "alpha", 0.3))
    return build.node("LeakyRelu", [x], x, alpha=float(slope))


def prelu(build: Builder, layer: Layer, x: Value) -> Value:
    """Slopes of the input's shape without the batch; shared axes have extent 1."""
    (alpha,) = layer.take("alpha")
    if alpha.ndim != x.rank - 1:
        raise ModelError(f"{layer.name}: slopes of shape {list(alpha.shape)} do not fit rank {x.rank}")
    slope = build.constant(x.stored(alpha[np.newaxis]), "alpha")
    return build.node("PRelu", [x, slope], x)


def elu(build: Builder, layer: Layer, x: Value) -> Value:
    return build.node("Elu", [x], x, alpha=float(_scalar(layer, "alpha", 1.0)))


def thresholded(build: Builder, layer: Layer, x: Value) -> Value:
    return build.node("ThresholdedRelu", [x], x, alpha=float(_scalar(layer, "theta", 1.0)))


def softmax(build: Builder, layer: Layer, x: Value) -> Value:
    axis = layer.get("axis", -1)
    if isinstance(axis, list):
        if len(axis) != 1:
            raise layer.refuse("more than one axis")
        axis = axis[0]
    if x.masked:
        raise layer.refuse("a mask from Embedding or Masking")
    return softmax_on(build, x, normal_axis(axis, x.rank))


_LAYERS: dict[str, Function] = {
    "Activation": activate,
    "ReLU": relu,
    "LeakyReLU": leaky_relu,
    "PReLU": prelu,
    "ELU": elu,
    "ThresholdedReLU": thresholded,
    "Softmax": softmax,
}
RULES: Rules = {name: single(rule) for name, rule in _LAYERS.items()}

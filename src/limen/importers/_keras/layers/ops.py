"""Bare operations in a functional graph: ``keras.ops`` calls of Keras 3 and TensorFlow calls of tf.keras.

Keras 3 writes them as classes (``Add`` of module keras.src.ops.numpy), tf.keras as ``TFOpLambda`` layers whose config
names a function (``tf.math.multiply``); one table serves both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from limen.errors import ModelError
from limen.importers._keras.build import Builder, Operand, Value, normal_axis
from limen.importers._keras.layers.activation import FUNCTIONS, softmax_on, unary
from limen.importers._keras.layers.merge import broadcast, join
from limen.importers._keras.layers.reshape import cut, pad, resolve
from limen.importers._keras.rule import Layer, Rule, Rules, values


def _argument(layer: Layer, position: int, *names: str, default: Any = None) -> Any:
    """An argument of the call by position or name, else from the configuration."""
    if position < len(layer.arguments):
        return layer.arguments[position]
    for source in (layer.keywords, layer.config):
        for name in names:
            if name in source:
                return source[name]
    return default


def _tensor(layer: Layer, position: int = 0, *names: str) -> Value:
    found = _argument(layer, position, *names, "x", "inputs", "input", "features", "input_tensor", "tensor")
    if not isinstance(found, Value):
        raise ModelError(f"{layer.name}: {layer.kind}: argument {position} is no tensor")
    return found


def elementwise(op: str, dtype: str | None = None) -> Rule:
    """Two operands, either of which may be a constant."""

    def rule(build: Builder, layer: Layer) -> Sequence[Value]:
        a, b = _argument(layer, 0, "x1", "x", "a"), _argument(layer, 1, "x2", "y", "b")
        given = [v for v in (a, b) if isinstance(v, Value)]
        if not given:
            raise ModelError(f"{layer.name}: {layer.kind} without a tensor")
        common = "float32" if any(v.dtype == "float32" for v in given) or op == "Div" else given[0].dtype
        if all(isinstance(v, Value) for v in (a, b)):
            operands: list[Operand] = [*(pair := build.alike([build.cast(v, common) for v in (a, b)]))]
            shape = broadcast(pair[0].shape, pair[1].shape, layer.name)
            like = replace(max(pair, key=lambda v: v.rank), shape=shape)
        else:
            array = np.asarray(b if a is given[0] else a)
            x = build.cast(given[0], common)
            x = build.last(x) if array.ndim else x
            other = build.constant(array, "operand", common)
            like = replace(x, shape=broadcast(x.shape, array.shape, layer.name))
            operands = [x, other] if a is given[0] else [other, x]
        return [build.node(op, operands, replace(like, dtype=dtype or like.dtype))]

    return rule


def one(function: Callable[[Builder, Layer, Value], Value]) -> Rule:
    """A function of one tensor."""
    return lambda build, layer: [function(build, layer, _tensor(layer))]


def reduction(op: str) -> Rule:
    def rule(build: Builder, layer: Layer) -> Sequence[Value]:
        x = _tensor(layer)
        axis = _argument(layer, 1, "axis")
        keep = bool(_argument(layer, 2, "keepdims", default=False))
        axes = range(x.rank) if axis is None else [axis] if isinstance(axis, int) else axis
        chosen = sorted(normal_axis(a, x.rank) for a in axes)
        x = x if keep else build.last(x)
        stored = sorted(x.stored_axis(a) for a in chosen)
        shape = tuple(1 if a in chosen else s for a, s in enumerate(x.shape) if keep or a not in chosen)
        out = replace(x, shape=shape)
        return [build.node(op, [x, build.ints(stored, "axes")], out, keepdims=int(keep))]

    return rule


def reshape(build: Builder, layer: Layer) -> Sequence[Value]:
    x = _tensor(layer)
    target = list(_argument(layer, 1, "newshape", "shape"))
    batch = None if target[0] in (-1, None) else target[0]
    if batch is None and -1 not in target[1:]:
        return [build.reshape(x, (x.shape[0], *resolve(x.shape[1:], target[1:], layer.name)))]
    if batch is not None and x.shape[0] is None:
        raise layer.refuse("a fixed batch")
    return [build.reshape(x, (x.shape[0], *resolve(x.shape[1:], [int(t) for t in target[1:]], layer.name)))]


def transpose(build: Builder, layer: Layer) -> Sequence[Value]:
    x = _tensor(layer)
    axes = _argument(layer, 1, "axes", "perm")
    return [build.transpose(x, list(axes) if axes is not None else list(range(x.rank))[::-1])]


def concatenate(build: Builder, layer: Layer) -> Sequence[Value]:
    given = values(_argument(layer, 0, "xs", "values", "arrays"))
    return [join(build, given, _argument(layer, 1, "axis", default=0), layer.name)]


def stack(build: Builder, layer: Layer) -> Sequence[Value]:
    given = [build.last(v) for v in values(_argument(layer, 0, "x", "values"))]
    axis = normal_axis(_argument(layer, 1, "axis", default=0), given[0].rank + 1)
    wide = [_expanded(build, v, axis) for v in given]
    return [join(build, wide, axis, layer.name)]


def _expanded(build: Builder, x: Value, axis: int) -> Value:
    shape = (*x.shape[:axis], 1, *x.shape[axis:])
    return build.node("Unsqueeze", [x, build.ints([axis], "axis")], replace(x, shape=shape))


def expand_dims(build: Builder, layer: Layer) -> Sequence[Value]:
    x = build.last(_tensor(layer))
    axis = _argument(layer, 1, "axis", default=-1)
    axes = axis if isinstance(axis, list | tuple) else [axis]
    for a in axes:
        x = _expanded(build, x, normal_axis(a, x.rank + 1))
    return [x]


def squeeze(build: Builder, layer: Layer) -> Sequence[Value]:
    x = build.last(_tensor(layer))
    axis = _argument(layer, 1, "axis")
    given = [a for a, s in enumerate(x.shape) if s == 1] if axis is None else axis
    axes = sorted(normal_axis(a, x.rank) for a in (given if isinstance(given, list | tuple) else [given]))
    if any(x.shape[a] != 1 for a in axes):
        raise ModelError(f"{layer.name}: axes {axes} of {list(x.shape)} are not 1")
    shape = tuple(s for a, s in enumerate(x.shape) if a not in axes)
    return [build.node("Squeeze", [x, build.ints(axes, "axes")], replace(x, shape=shape))]


def clip(build: Builder, layer: Layer) -> Sequence[Value]:
    x = _tensor(layer)
    low = _argument(layer, 1, "x_min", "clip_value_min", "min_value")
    high = _argument(layer, 2, "x_max", "clip_value_max", "max_value")
    limits = [build.constant(float(low), "low", x.dtype), build.constant(float(high), "high", x.dtype)]
    return [build.node("Clip", [x, *limits], x)]


def relu(build: Builder, layer: Layer) -> Sequence[Value]:
    """``tf.keras.backend.relu`` and its like, with an upper limit."""
    x, top = _tensor(layer), _argument(layer, 9, "max_value")
    if _argument(layer, 9, "alpha", "negative_slope", "threshold", default=0.0):
        raise layer.refuse("slope or threshold")
    y = build.node("Relu", [x], x)
    return [y if top is None else build.node("Min", [y, build.constant(float(top), "top")], y)]


def softmax(build: Builder, layer: Layer) -> Sequence[Value]:
    x = _tensor(layer)
    return [softmax_on(build, x, normal_axis(_argument(layer, 1, "axis", default=-1), x.rank))]


def gelu(build: Builder, layer: Layer) -> Sequence[Value]:
    x = _tensor(layer)
    tanh = bool(_argument(layer, 1, "approximate", default=layer.version >= 3))
    return [build.node("Gelu", [x], x, approximate="tanh" if tanh else "none")]


def leaky_relu(build: Builder, layer: Layer) -> Sequence[Value]:
    x = _tensor(layer)
    return [build.node("LeakyRelu", [x], x, alpha=float(_argument(layer, 1, "negative_slope", "alpha", default=0.2)))]


def matmul(build: Builder, layer: Layer) -> Sequence[Value]:
    a, b = (build.last(_tensor(layer, i, name)) for i, name in ((0, "x1"), (1, "x2")))
    if layer.keywords.get("transpose_b") or layer.keywords.get("transpose_a"):
        raise layer.refuse("transposed operands")
    if a.rank < 2 or b.rank < 2:
        raise layer.refuse("operands of rank 1")
    head = broadcast(a.shape[:-2], b.shape[:-2], layer.name)
    return [build.node("MatMul", [a, b], replace(a, shape=(*head, a.shape[-2], b.shape[-1])))]


def cast(build: Builder, layer: Layer) -> Sequence[Value]:
    dtype = str(_argument(layer, 1, "dtype", "DType", default="float32"))
    if dtype not in ("float32", "int32", "int64", "bool"):
        raise layer.refuse(f"dtype {dtype}")
    return [build.cast(_tensor(layer), dtype)]


def padding(build: Builder, layer: Layer) -> Sequence[Value]:
    x = _tensor(layer)
    amounts = _argument(layer, 1, "pad_width", "paddings")
    if str(_argument(layer, 2, "mode", default="constant")).lower() != "constant":
        raise layer.refuse("a mode other than constant")
    if _argument(layer, 3, "constant_values", default=0) not in (0, None):
        raise layer.refuse("a value other than 0")
    return [pad(build, x, [(int(a), int(b)) for a, b in amounts])]


def get_item(build: Builder, layer: Layer) -> Sequence[Value]:
    """Slices, integers and an ellipsis; the batch is taken whole."""
    x = build.last(_tensor(layer))
    items = [_slice(item, layer) for item in _listed(_argument(layer, 1, "key", "slice_spec"))]
    if Ellipsis in items:
        at = items.index(Ellipsis)
        items[at : at + 1] = [slice(None)] * (x.rank - len(items) + 1)
    if len(items) > x.rank or None in items:
        raise layer.refuse(f"index {items}")
    begin, end, axes, steps, gone, shape = [], [], [], [], [], list(x.shape)
    for axis, item in enumerate(items):
        if item == slice(None):
            continue
        span = slice(item, item + 1 if item != -1 else None) if isinstance(item, int) else item
        start, stop, step = span.indices(x.extent(axis))
        shape[axis] = len(range(start, stop, step))
        begin.append(start)
        end.append(stop if stop >= 0 else -(1 << 31))
        axes.append(axis)
        steps.append(step)
        gone += [axis] if isinstance(item, int) else []
    y = cut(build, x, begin, end, axes, steps, tuple(shape)) if axes else x
    if gone:
        kept = tuple(s for a, s in enumerate(shape) if a not in gone)
        y = build.node("Squeeze", [y, build.ints(gone, "axes")], replace(y, shape=kept))
    return [y]


def _listed(spec: Any) -> list[Any]:
    if isinstance(spec, Mapping) and spec.get("class_name") == "__tuple__":
        spec = spec.get("items")
    return list(spec) if isinstance(spec, list | tuple) else [spec]


def _slice(item: Any, layer: Layer) -> Any:
    """A slice, an integer or Ellipsis, from the forms Keras 3 and tf.keras write."""
    if isinstance(item, Mapping) and item.get("class_name") in ("slice", "__slice__"):
        config = item.get("config", {})
        parts = [config.get(k) for k in ("start", "stop", "step")] if isinstance(config, Mapping) else config
        return slice(*parts)
    if isinstance(item, Mapping) and {"start", "stop", "step"} <= set(item):
        return slice(item["start"], item["stop"], item["step"])
    if isinstance(item, Mapping) and item.get("class_name") == "__ellipsis__":
        return Ellipsis
    if isinstance(item, slice | int) or item in ("...", Ellipsis):
        return Ellipsis if item == "..." else item
    raise layer.refuse(f"index {item!r}")


def power(build: Builder, layer: Layer) -> Sequence[Value]:
    exponent = _argument(layer, 1, "x2", "y")
    if exponent == 2:
        x = _tensor(layer, 0, "x1")
        return [build.node("Mul", [x, x], x)]
    return elementwise("Pow")(build, layer)


def rsqrt(build: Builder, layer: Layer, x: Value) -> Value:
    return build.node("Reciprocal", [build.node("Sqrt", [x], x)], x)


def square(build: Builder, layer: Layer, x: Value) -> Value:
    return build.node("Mul", [x, x], x)


_UNARY = {"Exp": "Exp", "Log": "Log", "Sqrt": "Sqrt", "Negative": "Neg", "Absolute": "Abs", "Abs": "Abs", "Sin": "Sin"}
_UNARY |= {"Cos": "Cos", "Floor": "Floor", "Ceil": "Ceil", "Sign": "Sign", "Reciprocal": "Reciprocal", "Erf": "Erf"}
_UNARY |= {"Round": "Round"}
_NAMED = {"Relu6": "relu6", "Sigmoid": "sigmoid", "Softplus": "softplus", "Softsign": "softsign", "Silu": "silu"}
_NAMED |= {"HardSigmoid": "hard_sigmoid", "HardSilu": "hard_silu", "Tanh": "tanh", "Elu": "elu", "Selu": "selu"}
_NAMED |= {"LogSigmoid": "log_sigmoid", "SparseSigmoid": "sparse_sigmoid", "Squareplus": "squareplus"}
RULES: Rules = {
    **{name: one(unary(op)) for name, op in _UNARY.items()},
    **{name: one(FUNCTIONS[function]) for name, function in _NAMED.items()},
    "Add": elementwise("Add"),
    "Subtract": elementwise("Sub"),
    "Divide": elementwise("Div"),
    "Multiply": elementwise("Mul"),
    "TrueDivide": elementwise("Div"),
    "Maximum": elementwise("Max"),
    "Minimum": elementwise("Min"),
    **{n: reduction(f"Reduce{n}") for n in ("Mean", "Sum", "Max", "Min", "Prod")},
    "Power": power,
    "Square": one(square),
    "Rsqrt": one(rsqrt),
    "Identity": one(lambda build, layer, x: x),
    "StopGradient": one(lambda build, layer, x: x),
    "Relu": relu,
    "Softmax": softmax,
    "Gelu": gelu,
    "LeakyRelu": leaky_relu,
    "Matmul": matmul,
    "Cast": cast,
    "Clip": clip,
    "Pad": padding,
    "Reshape": reshape,
    "Transpose": transpose,
    "Concatenate": concatenate,
    "Stack": stack,
    "ExpandDims": expand_dims,
    "Squeeze": squeeze,
    "GetItem": get_item,
}
# tf.keras: function name without "tf." and "compat.v1." -> the name above
TENSORFLOW = {
    "__operators__.add": "Add", "math.add": "Add", "math.subtract": "Subtract", "math.multiply": "Multiply",
    "math.truediv": "TrueDivide", "math.divide": "TrueDivide", "math.maximum": "Maximum", "math.minimum": "Minimum",
    "math.reduce_mean": "Mean", "math.reduce_sum": "Sum", "math.reduce_max": "Max", "math.reduce_min": "Min",
    "math.pow": "Power", "math.square": "Square", "math.sqrt": "Sqrt", "math.rsqrt": "Rsqrt", "math.exp": "Exp",
    "math.log": "Log", "math.negative": "Negative", "math.abs": "Abs", "math.sigmoid": "Sigmoid",
    "math.tanh": "Tanh", "nn.relu": "Relu", "nn.relu6": "Relu6", "nn.sigmoid": "Sigmoid", "nn.tanh": "Tanh",
    "nn.swish": "Silu", "nn.silu": "Silu", "nn.softmax": "Softmax", "nn.elu": "Elu", "nn.gelu": "Gelu",
    "nn.leaky_relu": "LeakyRelu", "nn.softplus": "Softplus", "keras.activations.relu": "Relu",
    "keras.backend.relu": "Relu", "linalg.matmul": "Matmul", "cast": "Cast", "clip_by_value": "Clip", "pad": "Pad",
    "reshape": "Reshape", "transpose": "Transpose", "concat": "Concatenate", "stack": "Stack",
    "expand_dims": "ExpandDims", "squeeze": "Squeeze", "identity": "Identity", "stop_gradient": "StopGradient",
    "__operators__.getitem": "GetItem", "math.erf": "Erf",
}  # fmt: skip

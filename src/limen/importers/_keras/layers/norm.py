"""Normalisation by stored statistics (batch), by the sample itself (layer, group, RMS, unit), and scaling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from limen.errors import ModelError
from limen.importers._keras.build import Array, Builder, Operand, Value, normal_axis
from limen.importers._keras.layers.activation import scaled
from limen.importers._keras.rule import Layer, Rules, expect, single


def axes_of(layer: Layer, x: Value) -> tuple[int, ...]:
    """The layer's ``axis``, a number or a list, as sorted numbers >= 0."""
    given = layer.get("axis", -1)
    return tuple(sorted(normal_axis(a, x.rank) for a in (given if isinstance(given, list) else [given])))


def _scale_roles(layer: Layer) -> list[str]:
    return [role for role, key in (("gamma", "scale"), ("beta", "center")) if layer.get(key, True)]


def batch_norm(build: Builder, layer: Layer, x: Value) -> Value:
    """A BatchNormalization where the channels lie right after the batch, else one factor and one offset."""
    axes = axes_of(layer, x)
    if len(axes) != 1 or axes == (0,):
        raise layer.refuse(f"axis {list(axes)}")
    roles = [*_scale_roles(layer), "moving_mean", "moving_variance"]
    found = dict(zip(roles, layer.take(*roles), strict=True))
    for role, array in found.items():
        expect(array, (x.extent(axes[0]),), layer, role)
    mean, variance = found["moving_mean"], found["moving_variance"]
    gamma, beta = found.get("gamma", np.ones_like(mean)), found.get("beta", np.zeros_like(mean))
    epsilon = float(layer.get("epsilon", 1e-3))
    if x.stored_axis(axes[0]) == 1 and (x.first or axes == (1,)):
        stats = zip((gamma, beta, mean, variance), ("gamma", "beta", "mean", "variance"), strict=True)
        inputs: list[Operand] = [x, *(build.constant(array, role) for array, role in stats)]
        return build.node("BatchNormalization", inputs, x, epsilon=epsilon)
    factor = gamma / np.sqrt(variance.astype(np.float64) + epsilon)
    return affine(build, x, factor, beta - mean * factor, axes[0])


def affine(build: Builder, x: Value, factor: Array, offset: Array, axis: int) -> Value:
    """``x * factor + offset`` with one value per position along an axis."""
    shape = [1] * x.rank
    shape[axis] = -1
    terms = [np.asarray(x.stored(a.reshape(shape)), np.float32) for a in (factor, offset)]
    y = build.node("Mul", [x, build.constant(terms[0], "factor")], x)
    return build.node("Add", [y, build.constant(terms[1], "offset")], y)


def layer_norm(build: Builder, layer: Layer, x: Value) -> Value:
    """Over trailing axes; ``rms_scaling`` leaves the mean in."""
    axes = axes_of(layer, x)
    if axes != tuple(range(axes[0], x.rank)) or axes[0] == 0:
        raise layer.refuse(f"axis {list(axes)}")
    x = build.last(x)
    shape = [x.extent(axis) for axis in axes]
    epsilon = float(layer.get("epsilon", 1e-3))
    if layer.get("rms_scaling", False):
        (gamma,) = layer.take("gamma")
        return _rms(build, x, axes, expect(gamma, shape, layer, "gamma"), epsilon)
    roles = _scale_roles(layer)
    found = dict(zip(roles, layer.take(*roles), strict=True))
    gamma = expect(found.get("gamma", np.ones(shape, np.float32)), shape, layer, "gamma")
    beta = expect(found.get("beta", np.zeros(shape, np.float32)), shape, layer, "beta")
    inputs: list[Operand] = [x, build.constant(gamma, "gamma"), build.constant(beta, "beta")]
    return build.node("LayerNormalization", inputs, x, axis=axes[0], epsilon=epsilon)


def _rms(build: Builder, x: Value, axes: Sequence[int], scale: Array, epsilon: float) -> Value:
    mean = _mean_square(build, x, axes, "ReduceMean")
    root = build.node("Sqrt", [scaled(build, mean, 1.0, epsilon)], mean)
    return build.node("Mul", [build.node("Div", [x, root], x), build.constant(scale, "scale")], x)


def _mean_square(build: Builder, x: Value, axes: Sequence[int], op: str) -> Value:
    shape = tuple(1 if axis in axes else size for axis, size in enumerate(x.shape))
    square = build.node("Mul", [x, x], x)
    return build.node(op, [square, build.ints(list(axes), "axes")], replace(x, shape=shape), keepdims=1)


def rms_norm(build: Builder, layer: Layer, x: Value) -> Value:
    x, axes = build.last(x), axes_of(layer, x)
    (scale,) = layer.take("scale")
    return _rms(build, x, axes, scale, float(layer.get("epsilon", 1e-6)))


def group_norm(build: Builder, layer: Layer, x: Value) -> Value:
    """Groups of channels; -1 means one channel per group."""
    if axes_of(layer, x) != (x.rank - 1,) or x.rank < 3:
        raise layer.refuse(f"axis {layer.config.get('axis')} of rank {x.rank}")
    channels = x.channels
    groups = int(layer.get("groups", 32))
    groups = channels if groups == -1 else groups
    if groups < 1 or channels % groups:
        raise ModelError(f"{layer.name}: {channels} channels do not divide into {groups} groups")
    roles = _scale_roles(layer)
    found = dict(zip(roles, layer.take(*roles), strict=True))
    gamma = expect(found.get("gamma", np.ones(channels, np.float32)), (channels,), layer, "gamma")
    beta = expect(found.get("beta", np.zeros(channels, np.float32)), (channels,), layer, "beta")
    inputs: list[Operand] = [build.first(x), build.constant(gamma, "gamma"), build.constant(beta, "beta")]
    settings = {"num_groups": groups, "epsilon": float(layer.get("epsilon", 1e-3))}
    return build.node("GroupNormalization", inputs, replace(x, first=True), **settings)


def unit_norm(build: Builder, layer: Layer, x: Value) -> Value:
    """``x / max(|x|, 1e-6)`` over the axes (keras.ops.normalize: the squared norm is limited to 1e-12)."""
    axes = axes_of(layer, x)
    x = build.last(x)
    total = _mean_square(build, x, axes, "ReduceSum")
    limited = build.node("Max", [total, build.constant(1e-12, "epsilon")], total)
    return build.node("Div", [x, build.node("Sqrt", [limited], limited)], x)


def layer_scale(build: Builder, layer: Layer, x: Value) -> Value:
    """One learned factor per channel (ConvNeXt, arXiv 2201.03545)."""
    (gamma,) = layer.take("gamma")
    x = build.last(x)
    return build.node("Mul", [x, build.constant(expect(gamma, (x.channels,), layer, "gamma"), "gamma")], x)


def rescaling(build: Builder, layer: Layer, x: Value) -> Value:
    scale, offset = (np.asarray(layer.get(key, default), np.float64) for key, default in (("scale", 1), ("offset", 0)))
    x = build.cast(x, "float32")
    if scale.ndim == offset.ndim == 0:
        return scaled(build, x, float(scale), float(offset))
    full = np.zeros(x.channels)
    return affine(build, x, scale + full, offset + full, x.rank - 1)


def normalization(build: Builder, layer: Layer, x: Value) -> Value:
    """``(x - mean) / max(sqrt(variance), 1e-7)``, inverted on request."""
    axis = layer.config.get("axis", -1)
    axes = () if axis is None else axes_of(layer, x)
    x = build.last(build.cast(x, "float32"))
    if layer.config.get("mean") is not None:
        mean, variance = np.asarray(layer.config["mean"]), np.asarray(layer.config["variance"])
    else:
        mean, variance, _ = layer.take("mean", "variance", "count")
    shape = [x.extent(a) if a in axes else 1 for a in range(x.rank)]
    mean, variance = (
        np.broadcast_to(a.astype(np.float64).reshape(_fitting(a, shape)), shape) for a in (mean, variance)
    )
    deviation = np.maximum(np.sqrt(variance), 1e-7)
    factor, offset = (deviation, mean) if layer.get("invert", False) else (1 / deviation, -mean / deviation)
    y = build.node("Mul", [x, build.constant(factor, "factor")], x)
    return build.node("Add", [y, build.constant(offset, "offset")], y)


def _fitting(array: Array, shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(shape) if array.size == np.prod(shape) else (1,) * (len(shape) - array.ndim) + array.shape


RULES: Rules = {
    "BatchNormalization": single(batch_norm),
    "BatchNormalizationV1": single(batch_norm),
    "BatchNormalizationV2": single(batch_norm),
    "SyncBatchNormalization": single(batch_norm),
    "LayerNormalization": single(layer_norm),
    "RMSNormalization": single(rms_norm),
    "GroupNormalization": single(group_norm),
    "UnitNormalization": single(unit_norm),
    "LayerScale": single(layer_scale),
    "Rescaling": single(rescaling),
    "Normalization": single(normalization),
}

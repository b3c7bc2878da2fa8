"""Layers that move, repeat, cut or pad: Flatten, Reshape, Permute, RepeatVector, ZeroPadding, Cropping, UpSampling."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from limen.errors import ModelError
from limen.importers._keras.build import Builder, Shape, Value
from limen.importers._keras.rule import Layer, Rule, Rules, channels_last, pair, single


def flatten(build: Builder, layer: Layer, x: Value) -> Value:
    channels_last(layer)
    return flat(build, x)


def flat(build: Builder, x: Value) -> Value:
    """All axes but the batch as one."""
    sizes = x.shape[1:]
    total = None if None in sizes else math.prod(size for size in sizes if size is not None)
    return replace(build.reshape(x, (x.shape[0], total)), masked=False)


def reshape(build: Builder, layer: Layer, x: Value) -> Value:
    shape = resolve(x.shape[1:], list(layer.config["target_shape"]), layer.name)
    if x.rank == 2 and len(shape) > 1 and all(size == 1 for size in shape[:-1]):
        stored = build.reshape(x, (x.shape[0], shape[-1], *shape[:-1]))
        return replace(stored, shape=(x.shape[0], *shape), first=True)
    return build.reshape(x, (x.shape[0], *shape))


def resolve(source: Shape, target: list[Any], where: str) -> Shape:
    """The target with its one -1 computed; it stays open where the source is open.

    Raises:
        ModelError: the sizes do not fit.
    """
    if not all(isinstance(t, int) and (t == -1 or t > 0) for t in target) or target.count(-1) > 1:
        raise ModelError(f"{where}: target shape {target} is not valid")
    known = math.prod(t for t in target if t != -1)
    if None in source:
        return tuple(None if t == -1 else t for t in target)
    total = math.prod(size for size in source if size is not None)
    if total % known or (-1 not in target and total != known):
        raise ModelError(f"{where}: {list(source)} cannot be reshaped to {target}")
    return tuple(total // known if t == -1 else t for t in target)


def permute(build: Builder, layer: Layer, x: Value) -> Value:
    order = layer.config["dims"]
    if sorted(order) != list(range(1, x.rank)):
        raise ModelError(f"{layer.name}: dims {order} do not permute rank {x.rank}")
    return build.transpose(x, [0, *order])


def repeat_vector(build: Builder, layer: Layer, x: Value) -> Value:
    if x.rank != 2:
        raise ModelError(f"{layer.name}: RepeatVector takes rank 2, found {list(x.shape)}")
    (count,) = pair(layer.config["n"], 1, f"{layer.name}: n")
    wide = build.reshape(x, (x.shape[0], 1, x.channels))
    out = replace(x, shape=(x.shape[0], count, x.channels))
    return build.node("Expand", [wide, build.ints([1, count, x.channels], "shape")], out)


def sides(value: Any, rank: int, what: str) -> list[tuple[int, int]]:
    """Amounts before and after for each axis, from an integer, one per axis, or pairs."""
    items = list(value) if isinstance(value, list | tuple) else [value] * rank
    if rank == 1 and len(items) == 2 and all(isinstance(i, int) for i in items):
        items = [items]
    pairs = [tuple(i) if isinstance(i, list | tuple) else (i, i) for i in items]
    if len(pairs) != rank or not all(len(p) == 2 and all(isinstance(n, int) and n >= 0 for n in p) for p in pairs):
        raise ModelError(f"{what}: expected amounts for {rank} axes, found {value!r}")
    return [(int(before), int(after)) for before, after in pairs]


def zero_padding(rank: int) -> Rule:
    def rule(build: Builder, layer: Layer, x: Value) -> Value:
        channels_last(layer)
        amounts = [(0, 0), *sides(layer.get("padding", 1), rank, f"{layer.name}: padding"), (0, 0)]
        return pad(build, x, amounts)

    return single(rule)


def pad(build: Builder, x: Value, amounts: Sequence[tuple[int, int]]) -> Value:
    """Zeros before and after each axis of the Keras shape."""
    if len(amounts) != x.rank:
        raise ModelError(f"{build.layer}: padding for rank {len(amounts)} does not fit {list(x.shape)}")
    if not any(before or after for before, after in amounts):
        return x
    stored = [(0, 0)] * x.rank
    for axis, amount in enumerate(amounts):
        stored[x.stored_axis(axis)] = amount
    pads = [before for before, _ in stored] + [after for _, after in stored]
    shape = tuple(None if s is None else s + sum(a) for s, a in zip(x.shape, amounts, strict=True))
    return build.node("Pad", [x, build.ints(pads, "pads")], replace(x, shape=shape))


def cropping(rank: int) -> Rule:
    def rule(build: Builder, layer: Layer, x: Value) -> Value:
        channels_last(layer)
        amounts = sides(layer.get("cropping", 1), rank, f"{layer.name}: cropping")
        begin, end, axes = [], [], []
        shape = list(x.shape)
        for axis, (before, after) in enumerate(amounts, start=1):
            size = x.extent(axis)
            if before + after >= size:
                raise ModelError(f"{layer.name}: cropping {amounts} leaves nothing of {list(x.shape)}")
            shape[axis] = size - before - after
            begin.append(before)
            end.append(size - after)
            axes.append(axis)
        return cut(build, replace(x, shape=x.shape), begin, end, axes, [1] * rank, tuple(shape))

    return single(rule)


def cut(
    build: Builder, x: Value, begin: list[int], end: list[int], axes: list[int], steps: list[int], shape: Shape
) -> Value:
    """A Slice along axes of the Keras shape."""
    stored = [x.stored_axis(axis) for axis in axes]
    names = (("begin", begin), ("end", end), ("axes", stored), ("steps", steps))
    return build.node("Slice", [x, *(build.ints(v, n) for n, v in names)], replace(x, shape=shape))


def upsampling(build: Builder, layer: Layer, x: Value) -> Value:
    """Two-dimensional, by whole factors."""
    channels_last(layer)
    factors = pair(layer.get("size", 2), 2, f"{layer.name}: size")
    sizes = [None if s is None else s * f for s, f in zip(x.shape[1:-1], factors, strict=True)]
    out = replace(x, shape=(x.shape[0], *sizes, x.shape[-1]), first=True)
    mode = layer.get("interpolation", "nearest")
    if mode == "nearest":
        settings = {"mode": "nearest", "nearest_mode": "floor", "coordinate_transformation_mode": "asymmetric"}
    elif mode == "bilinear":
        settings = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
    else:
        raise layer.refuse(f"interpolation {mode!r}")
    scales = build.constant([1.0, 1.0, *map(float, factors)], "scales")
    return build.node("Resize", [build.first(x), "", scales], out, **settings)


def upsampling1d(build: Builder, layer: Layer, x: Value) -> Value:
    """Each step repeated."""
    (count,) = pair(layer.get("size", layer.get("length", 2)), 1, f"{layer.name}: size")
    steps, channels = x.shape[1], x.channels
    wide = build.reshape(x, (x.shape[0], steps, 1, channels))
    many = build.node("Concat", [wide] * count, replace(wide, shape=(x.shape[0], steps, count, channels)), axis=2)
    return build.reshape(many, (x.shape[0], None if steps is None else steps * count, channels))


def resizing(build: Builder, layer: Layer, x: Value) -> Value:
    """Bilinear or nearest with half-pixel centres, as keras.ops.image.resize without antialiasing."""
    channels_last(layer)
    if x.rank != 4 or layer.get("crop_to_aspect_ratio", False) or layer.get("pad_to_aspect_ratio", False):
        raise layer.refuse("a rank other than 4, or keeping the aspect ratio")
    if layer.get("antialias", False) or layer.get("interpolation", "bilinear") != "bilinear":
        raise layer.refuse("interpolation other than bilinear, or antialias")
    size = pair([layer.config["height"], layer.config["width"]], 2, f"{layer.name}: size")
    x = build.cast(x, "float32")
    out = replace(x, shape=(x.shape[0], *size, x.channels), first=True)
    extents = [x.extent(1), x.extent(2)]
    scales = build.constant([1.0, 1.0, size[0] / extents[0], size[1] / extents[1]], "scales")
    settings = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
    return build.node("Resize", [build.first(x), "", scales], out, **settings)


def same(build: Builder, layer: Layer, x: Value) -> Value:
    """Layers that act in training only."""
    return x


_TRAINING_ONLY = (
    "Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D GaussianDropout GaussianNoise AlphaDropout Identity "
    "ActivityRegularization RandomFlip RandomRotation RandomZoom RandomTranslation RandomContrast RandomBrightness "
    "RandomHeight RandomWidth StochasticDepth"
)
RULES: Rules = {
    "Flatten": single(flatten),
    "Reshape": single(reshape),
    "Permute": single(permute),
    "RepeatVector": single(repeat_vector),
    **{f"ZeroPadding{rank}D": zero_padding(rank) for rank in (1, 2, 3)},
    **{f"Cropping{rank}D": cropping(rank) for rank in (1, 2, 3)},
    "UpSampling1D": single(upsampling1d),
    "UpSampling2D": single(upsampling),
    "Resizing": single(resizing),
    **{name: single(same) for name in _TRAINING_ONLY.split()},
}

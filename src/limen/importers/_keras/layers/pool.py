"""Pooling over windows and over everything."""

from __future__ import annotations

from dataclasses import replace

from limen.errors import ModelError
from limen.importers._keras.build import Builder, Value
from limen.importers._keras.layers.conv import window
from limen.importers._keras.rule import Layer, Rule, Rules, channels_last, pair, single


def pool(op: str, rank: int) -> Rule:
    """Average or maximum over windows; padding never counts."""

    def rule(build: Builder, layer: Layer, x: Value) -> Value:
        channels_last(layer)
        if x.rank != rank + 2:
            raise ModelError(f"{layer.name}: expected an input of rank {rank + 2}, found {list(x.shape)}")
        given = layer.get("pool_size", layer.get("pool_length", 2))
        size = pair(given, rank, f"{layer.name}: pool_size")
        stride = pair(layer.get("strides", layer.get("stride", list(size))), rank, f"{layer.name}: strides")
        sizes, pads = window(layer, x, size, stride, (1,) * rank)
        out = replace(x, shape=(x.shape[0], *sizes, x.shape[-1]), first=True)
        settings = {"kernel_shape": list(size), "strides": list(stride), "pads": list(pads)}
        return build.node(op, [build.first(x)], out, **settings)

    return single(rule)


def overall(op: str, rank: int) -> Rule:
    """Average or maximum over all positions; ``keepdims`` leaves extents of 1."""

    def rule(build: Builder, layer: Layer, x: Value) -> Value:
        channels_last(layer)
        if x.rank != rank + 2:
            raise ModelError(f"{layer.name}: expected an input of rank {rank + 2}, found {list(x.shape)}")
        if x.masked:
            raise layer.refuse("a mask from Embedding or Masking")
        keep = bool(layer.get("keepdims", False))
        axes = sorted(x.stored_axis(axis) for axis in range(1, rank + 1))
        shape = (x.shape[0], *([1] * rank if keep else []), x.shape[-1])
        out = replace(x, shape=shape, first=x.first and keep)
        return build.node(op, [x, build.ints(axes, "axes")], out, keepdims=int(keep))

    return single(rule)


RULES: Rules = {
    **{f"AveragePooling{rank}D": pool("AveragePool", rank) for rank in (1, 2, 3)},
    **{f"MaxPooling{rank}D": pool("MaxPool", rank) for rank in (1, 2, 3)},
    **{f"GlobalAveragePooling{rank}D": overall("ReduceMean", rank) for rank in (1, 2, 3)},
    **{f"GlobalMaxPooling{rank}D": overall("ReduceMax", rank) for rank in (1, 2, 3)},
}

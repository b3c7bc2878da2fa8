"""TimeDistributed: one layer applied to every step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from limen.errors import ModelError
from limen.importers._keras.build import Builder, Shape, Value
from limen.importers._keras.rule import Layer, Rule, values


def time_distributed(apply: Rule) -> Rule:
    """The rule, given how to apply any layer: the steps become part of the batch."""

    def rule(build: Builder, layer: Layer) -> Sequence[Value]:
        given = values(layer.arguments)
        if len(given) != 1 or given[0].rank < 3:
            raise ModelError(f"{layer.name}: TimeDistributed takes one input of rank 3 or more")
        x = build.last(given[0])
        steps = x.extent(1)
        inner = layer.inside(layer.config["layer"], "layer")
        if inner.kind == "Dense":
            return apply(build, replace(inner, arguments=(x,), keywords={}))
        batch = None if x.shape[0] is None else x.shape[0] * steps
        merged = _merged(build, x, (batch, *x.shape[2:]))
        results = apply(build, replace(inner, arguments=(merged,), keywords={}))
        return [_merged(build, y, (x.shape[0], steps, *y.shape[1:])) for y in results]

    return rule


def _merged(build: Builder, x: Value, shape: Shape) -> Value:
    """Reshape that changes the batch, so -1 stands for it even where it was open before."""
    x = build.last(x)
    if None in shape[1:]:
        raise ModelError(f"{build.layer}: TimeDistributed needs fixed extents, found {list(x.shape)}")
    sizes = [-1 if size is None else size for size in shape]
    return build.node("Reshape", [x, build.ints(sizes, "shape")], replace(x, shape=shape))

"""Structured pruning: whole groups of channels or attention heads leave the graph, which gets smaller and faster.

What to remove follows from ``dependency`` and ``prune_scores``; what is kept is then fitted again (``prune_repair``).
Removal and repair take turns, so that later choices see what earlier repairs could not make up for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from limen.errors import UsageError
from limen.model import Model, check, infer
from limen.model.edit import attribute, constant, nodes_of, remove_unused, rewritten
from limen.model.graph import Array, constant_of, shape_of
from limen.optimize.dependency import Dependencies, dependencies
from limen.optimize.observe import Feeds
from limen.optimize.prune_choice import by_magnitude, choose
from limen.optimize.prune_repair import repair
from limen.optimize.prune_scores import Score, Structure, observe, structure

Labels = NDArray[np.int64]
Kept = Mapping[str, list[Labels]]
STAGES = 3


@dataclass(frozen=True, eq=False)
class Pruned:
    """A smaller Model.

    Args:
        model: what is left.
        macs: multiply-accumulates of layers and products before and after.
        removed: how many groups.
        kept: layer name -> which of its former outputs it still makes.
    """

    model: Model
    macs: tuple[int, int]
    removed: int
    kept: Mapping[str, Labels]


def prune_channels(
    model: Model,
    share: float,
    feeds: Feeds,
    lanes: int = 1,
    score: Score = "obs",
    mend: bool = True,
    stages: int = STAGES,
) -> Pruned:
    """Remove at least ``share`` of the multiply-accumulates.

    Args:
        model: float, simplified, with static shapes.
        share: 0 to 1.
        feeds: unlabelled samples at the model's batch.
        lanes: what is left of interchangeable channels is a multiple of this.
        score: ``magnitude`` ranks by the weights alone.
        mend: False leaves the kept weights as they are.
        stages: how often removal and repair take turns.

    Raises:
        UsageError: the share is out of reach; says how much can go.
    """
    if not 0.0 < share < 1.0:
        raise UsageError(f"pruning share {share:g} is not between 0 and 1")
    model = infer(model)
    whole = total_macs(model)
    if not whole:
        raise UsageError(f"{model.name}: no layer multiplies by constant weights, there is nothing to prune")
    smaller, removed, kept = model, 0, _layers(model)
    for stage in range(1, stages + 1):
        left = total_macs(smaller)
        wanted = 1.0 - (1.0 - share * stage / stages) * whole / left
        if wanted <= 0.0:
            continue
        deps = dependencies(smaller)
        found = structure(smaller, deps)
        if score == "obs":
            observe(smaller, found.readers, feeds)
            groups = choose(smaller, found, wanted, feeds, lanes)
        else:
            groups = by_magnitude(found, wanted, lanes)
        places = kept_indices(deps, groups)
        kept = {name: kept[name][p] for name, p in _kept_outputs(smaller, places).items()}
        smaller, removed = remove(smaller, places, _silent(found, groups, mend)), removed + len(groups)
        if mend:
            smaller = repair(model, smaller, feeds, kept)
    return Pruned(smaller, (whole, total_macs(smaller)), removed, kept)


def _silent(found: Structure, groups: list[int], mend: bool) -> dict[str, Array]:
    """Layers that read nothing any more -> their result: its mean before, or the bias alone."""
    gone, constants = found.mask(groups), {}
    for r in found.readers:
        if gone[r.columns].all():
            old = r.layer.bias if r.layer.bias is not None else np.zeros(r.layer.outputs, np.float32)
            bias = r.without(gone)[1] if mend and len(r.mean) else None
            result = old if bias is None else bias
            constants[r.layer.name] = result - old if r.layer.op == "MatMul" else result
    return constants


def total_macs(model: Model) -> int:
    """Of all layers and products of a Model with static shapes."""
    return round(structure(model, dependencies(model)).macs())


def _layers(model: Model) -> dict[str, Labels]:
    """Layer name -> all its outputs."""
    found = {}
    for node in nodes_of(model.ir.graph, "Conv", "MatMul", "Gemm"):
        shape = shape_of(node.outputs[0]) or (0, 0)
        found[str(node.outputs[0].name)] = np.arange(shape[1 if node.op_type == "Conv" else -1])
    return found


def kept_indices(deps: Dependencies, groups: list[int]) -> Kept:
    """Value name -> indices of each axis that stay when these groups go."""
    gone = np.asarray(sorted(groups), np.int64)
    return {
        name: [np.flatnonzero(~np.isin(deps.roots(name, a), gone)) for a in range(len(axes))]
        for name, axes in deps.axes.items()
    }


def _kept_outputs(model: Model, kept: Kept) -> dict[str, Labels]:
    """Layer name -> its outputs that stay: channels are the second axis of a Conv's result, the last of others'."""
    return {
        str(n.outputs[0].name): kept[str(n.outputs[0].name)][1 if n.op_type == "Conv" else -1]
        for n in nodes_of(model.ir.graph, "Conv", "MatMul", "Gemm")
    }


def remove(model: Model, kept: Kept, constants: Mapping[str, Array] | None = None) -> Model:
    """The Model with these indices: every constant sliced, every Reshape and Split with its new extents.

    Args:
        model: with static shapes.
        kept: value name -> indices of each axis.
        constants: layer that reads nothing any more -> its result [outputs], before any are removed.

    Raises:
        UsageError: nothing of a value is left.
    """

    def rewrite(graph: ir.Graph) -> int:
        for node in nodes_of(graph, "Conv", "MatMul", "Gemm"):
            result = (constants or {}).get(str(node.outputs[0].name))
            if result is not None:
                _replace_by_constant(
                    graph, node, result[kept[str(node.outputs[0].name)][1 if node.op_type == "Conv" else -1]]
                )
        remove_unused(graph)
        _slice_constants(graph, kept)
        for node in nodes_of(graph, "Reshape", "Split", "Conv"):
            _new_extents(graph, node, kept)
        for value in (v for node in graph for v in node.outputs):
            if any(len(p) == 0 for p in kept[str(value.name)]):
                raise UsageError(f"{value.name}: nothing of it would be left")
            if not value.is_graph_output():
                value.shape = None
        return 1

    return check(infer(rewritten(model, rewrite)))


def _replace_by_constant(graph: ir.Graph, node: ir.Node, result: Array) -> None:
    name = str(node.outputs[0].name)
    shape = (1, -1, 1, 1) if node.op_type == "Conv" else (-1,)
    node.outputs[0].replace_all_uses_with(constant(graph, f"{name}/constant", result.reshape(shape)))


def _slice_constants(graph: ir.Graph, kept: Kept) -> None:
    for value in list(graph.initializers.values()):
        array, places = constant_of(value), kept.get(str(value.name))
        if array is None or places is None or all(len(p) == n for p, n in zip(places, array.shape, strict=True)):
            continue
        value.replace_all_uses_with(constant(graph, str(value.name), array[np.ix_(*places)]))


def _new_extents(graph: ir.Graph, node: ir.Node, kept: Kept) -> None:
    made = kept[str(node.outputs[0].name)]
    old = shape_of(node.outputs[0])
    if node.op_type == "Reshape" and old is not None and tuple(map(len, made)) != old:
        target = np.asarray([len(p) for p in made], np.int64)
        node.replace_input_with(1, constant(graph, f"{node.outputs[0].name}/shape", target))
    elif node.op_type == "Split":
        axis = attribute(node, "axis", 0)
        sizes = np.asarray([len(kept[str(v.name)][axis]) for v in node.outputs], np.int64)
        node.attributes.pop("num_outputs", None)
        node.resize_inputs(2)
        node.replace_input_with(1, constant(graph, f"{node.outputs[0].name}/split", sizes))
    elif node.op_type == "Conv" and attribute(node, "group", 1) > 1 and node.inputs[0] is not None:
        source = shape_of(node.inputs[0])
        if source is not None and attribute(node, "group", 1) == source[1]:
            node.attributes["group"] = ir.AttrInt64("group", len(kept[str(node.inputs[0].name)][1]))

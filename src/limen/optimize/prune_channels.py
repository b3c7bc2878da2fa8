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
from limen.model.edit import attribute, constant, nodes_of, rewritten
from limen.model.graph import constant_of, shape_of
from limen.optimize.dependency import Dependencies, dependencies
from limen.optimize.observe import Feeds
from limen.optimize.prune_repair import repair
from limen.optimize.prune_scores import Score, choose, observe, structure

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
    whole = total_macs(model)
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
        groups = choose(found, wanted, lanes, score)
        places = kept_indices(deps, groups)
        kept = {name: kept[name][p] for name, p in _kept_outputs(smaller, places).items()}
        smaller, removed = remove(smaller, places), removed + len(groups)
        if mend:
            smaller = repair(model, smaller, feeds, kept)
    return Pruned(smaller, (whole, total_macs(smaller)), removed, kept)


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


def remove(model: Model, kept: Kept) -> Model:
    """The Model with these indices: every constant sliced, every Reshape and Split with its new extents."""

    def rewrite(graph: ir.Graph) -> int:
        _slice_constants(graph, kept)
        for node in nodes_of(graph, "Reshape", "Split", "Conv"):
            _new_extents(graph, node, kept)
        for node in graph:
            for value in node.outputs:
                if not value.is_graph_output():
                    value.shape = None
        return 1

    return check(infer(rewritten(model, rewrite)))


def _slice_constants(graph: ir.Graph, kept: Kept) -> None:
    for value in list(graph.initializers.values()):
        array, places = constant_of(value), kept[str(value.name)]
        if array is None or all(len(p) == n for p, n in zip(places, array.shape, strict=True)):
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
    elif node.op_type == "Conv" and attribute(node, "group", 1) > 1:
        node.attributes["group"] = ir.AttrInt64("group", len(kept[str(node.inputs[0].name)][1]))  # type: ignore[union-attr]

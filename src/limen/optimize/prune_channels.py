"""Structured pruning: whole groups of channels or attention heads leave the graph, which gets smaller and faster.

What to remove is decided by second-order scores (optimal brain surgeon: Hassibi and Stork, 1993, for blocks): the error
at every layer that reads a group if that layer's other weights make up for it as well as they can, as a share of the
layer's output, for the multiplications that the removal saves. Scores are taken again after each of ROUNDS rounds. What
is kept is then repaired (``prune_repair``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from limen.errors import UsageError
from limen.model import Model, check, infer
from limen.model.edit import attribute, constant, nodes_of, rewritten
from limen.model.graph import constant_of, shape_of
from limen.optimize.dependency import Dependencies, dependencies
from limen.optimize.linears import Linear, linears
from limen.optimize.observe import Feeds, each
from limen.optimize.prune_repair import Depthwise, depthwise_layers, repair

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Kept = Mapping[str, list[Labels]]
Score = Literal["obs", "magnitude"]
ROUNDS = 12
LEAST = 0.2
DAMPING = 1e-3


@dataclass(frozen=True, eq=False)
class Pruned:
    """A smaller Model.

    Args:
        model: what is left.
        macs: multiply-accumulates before and after.
        removed: how many groups.
    """

    model: Model
    macs: tuple[int, int]
    removed: int


def prune_channels(model: Model, share: float, feeds: Feeds, score: Score = "obs", mend: bool = True) -> Pruned:
    """Remove at least ``share`` of the multiply-accumulates.

    Args:
        model: float, simplified, with static shapes.
        share: 0 to 1.
        feeds: unlabelled samples at the model's batch.
        score: ``magnitude`` ranks by the weights alone.
        mend: False leaves the kept weights as they are.

    Raises:
        UsageError: the share is out of reach; says how much can go.
    """
    if not 0.0 < share < 1.0:
        raise UsageError(f"pruning share {share:g} is not between 0 and 1")
    choice = _Choice(model, feeds, score)
    removed = choice.run(share)
    kept = kept_indices(choice.deps, removed)
    smaller = remove(model, kept)
    if mend:
        smaller = repair(model, smaller, feeds, _kept_outputs(model, kept))
    return Pruned(smaller, (total_macs(model), total_macs(smaller)), len(removed))


def total_macs(model: Model) -> int:
    """Of all layers with constant weights."""
    return sum(x.macs for x in linears(model)) + sum(x.macs for x in depthwise_layers(model))


@dataclass(eq=False)
class _Reader:
    """A layer, the group of each column it reads and of each output it makes."""

    layer: Linear | Depthwise
    columns: Labels
    outputs: Labels
    weights: Floats
    h: Floats

    def kept(self, gone: Labels) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        return ~np.isin(self.columns, gone), ~np.isin(self.outputs, gone)

    def macs(self, gone: Labels) -> float:
        columns, outputs = self.kept(gone)
        if isinstance(self.layer, Depthwise):
            return float(self.layer.macs * outputs.mean())
        return float(self.layer.macs * columns.mean() * outputs.mean())


class _Choice:
    """Which groups to remove."""

    def __init__(self, model: Model, feeds: Feeds, score: Score) -> None:
        self.deps, self.score = dependencies(model), score
        self.groups = sorted(self.deps.groups())
        found = linears(model)
        layers: list[Linear | Depthwise] = [*found, *depthwise_layers(model)]
        self.readers = [_reader(self.deps, model, x) for x in layers]
        if score == "obs":
            self._observe(model, feeds)

    def _observe(self, model: Model, feeds: Feeds) -> None:
        sums = {id(r): (np.zeros(len(r.columns)), np.zeros((len(r.columns),) * 2), 0) for r in self.readers}
        linear = [r for r in self.readers if isinstance(r.layer, Linear)]
        for values in each(model, [r.layer.source for r in linear], feeds):
            for r in linear:
                assert isinstance(r.layer, Linear)
                rows = r.layer.rows(np.asarray(values[r.layer.source], np.float32))
                rows = rows[:: max(1, len(rows) // 2048)]
                mean, second, count = sums[id(r)]
                both = (rows.T @ rows).astype(np.float64)
                sums[id(r)] = (mean + rows.sum(0, dtype=np.float64), second + both, count + len(rows))
        for r in linear:
            mean, second, count = sums[id(r)]
            r.h = second / count - np.outer(mean / count, mean / count)
            r.h += np.eye(len(r.h)) * (DAMPING * np.trace(r.h) / len(r.h) + 1e-12)

    def run(self, share: float) -> list[int]:
        """Representatives of the groups to remove."""
        gone: list[int] = []
        total = self._macs(gone)
        for turn in range(ROUNDS):
            target = total * (1.0 - share * (turn + 1) / ROUNDS)
            costs = self._costs(np.asarray(gone, np.int64))
            ranked = sorted(costs, key=lambda g: costs[g])
            limits = self._limits(gone)
            for group in ranked:
                if self._macs(gone) <= target:
                    break
                if self._allowed(group, gone, limits):
                    gone.append(group)
        if self._macs(gone) > total * (1.0 - share):
            most = 1.0 - self._macs(gone) / total
            raise UsageError(
                f"pruning {share:.0%} of the multiplications is out of reach", f"at most {most:.0%} can go"
            )
        return gone

    def _macs(self, gone: list[int]) -> float:
        return sum(r.macs(np.asarray(gone, np.int64)) for r in self.readers)

    def _limits(self, gone: list[int]) -> dict[int, tuple[int, int]]:
        """Layer -> how many of its outputs are kept now, and how many must stay."""
        limits = {}
        for r in self.readers:
            whole = len(np.unique(r.outputs))
            now = len(np.setdiff1d(r.outputs, gone))
            limits[id(r)] = (now, max(1, round(LEAST * whole)))
        return limits

    def _allowed(self, group: int, gone: list[int], limits: dict[int, tuple[int, int]]) -> bool:
        for r in self.readers:
            if group in r.outputs and len(np.setdiff1d(r.outputs, [*gone, group])) < limits[id(r)][1]:
                return False
        return True

    def _costs(self, gone: Labels) -> dict[int, float]:
        """Group -> error for what its removal saves."""
        errors, saved = dict.fromkeys(self.groups, 0.0), dict.fromkeys(self.groups, 0.0)
        for r in self.readers:
            columns, outputs = r.kept(gone)
            whole = r.macs(gone)
            for group, count in zip(*np.unique(r.outputs[outputs], return_counts=True), strict=True):
                if int(group) in saved:
                    saved[int(group)] += whole * count / outputs.sum()
            if isinstance(r.layer, Depthwise):
                continue
            for group, count in zip(*np.unique(r.columns[columns], return_counts=True), strict=True):
                if int(group) in saved:
                    saved[int(group)] += whole * count / columns.sum()
            for group, error in self._errors(r, columns, outputs).items():
                if group in errors:
                    errors[group] += error
        removed = set(gone.tolist())
        return {g: errors[g] / saved[g] for g in self.groups if g not in removed and saved[g] > 0}

    def _errors(self, r: _Reader, columns: NDArray[np.bool_], outputs: NDArray[np.bool_]) -> dict[int, float]:
        weights, labels = r.weights[outputs], r.columns[columns]
        found = {}
        if self.score == "magnitude":
            energy = float(np.square(weights).sum()) or 1.0
            for group in np.unique(labels):
                found[int(group)] = float(np.square(weights[:, columns][:, labels == group]).sum()) / energy
            return found
        energy = float(np.einsum("ok,kl,ol->", weights, r.h, weights)) or 1.0
        h = r.h[np.ix_(columns, columns)]
        inverse = np.linalg.inv(h)
        best = weights @ r.h[:, columns] @ inverse
        for group in np.unique(labels):
            place = np.flatnonzero(labels == group)
            block = best[:, place]
            lost = block @ np.linalg.solve(inverse[np.ix_(place, place)], block.T)
            found[int(group)] = float(np.trace(lost)) / energy
        return found


def _reader(deps: Dependencies, model: Model, layer: Linear | Depthwise) -> _Reader:
    graph = model.ir.graph
    node = next(n for n in graph if n.outputs and n.outputs[0].name == layer.name)
    weights = str(node.inputs[1].name)  # type: ignore[union-attr]
    if isinstance(layer, Depthwise):
        outputs = deps.roots(weights, 0)
        return _Reader(layer, outputs, outputs, np.zeros((0, 0)), np.zeros((0, 0)))
    if layer.op == "Conv":
        columns = np.repeat(deps.roots(weights, 1), int(np.prod(layer.weights.shape[2:])))
        return _Reader(layer, columns, deps.roots(weights, 0), layer.matrix, np.eye(layer.depth))
    first, second = (1, 0) if layer.transposed else (0, 1)
    return _Reader(layer, deps.roots(weights, first), deps.roots(weights, second), layer.matrix, np.eye(layer.depth))


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

"""What groups of channels or heads cost and what they are worth.

The score of some groups is the error that their removal makes at the layers that read them if those layers' other
weights make up for it as well as they can, as a share of each layer's output (optimal brain surgeon: Hassibi and Stork,
1993, for blocks).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from limen.model import Model
from limen.model.edit import attribute, nodes_of, only_reader
from limen.model.graph import Array, constant_of, shape_of
from limen.optimize.dependency import Dependencies
from limen.optimize.linears import Linear, adding, linears
from limen.optimize.observe import Feeds, each
from limen.optimize.prune_repair import depthwise_layers

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Mask = NDArray[np.bool_]
Score = Literal["obs", "magnitude"]
DAMPING = 1e-3
ROWS = 2048
LAYERS = ("Conv", "MatMul", "Gemm")
DENSE = 1536
"""Layers with more columns are scored a group at a time, by their own block of the second moments alone."""


@dataclass(frozen=True, eq=False)
class Work:
    """Multiply-accumulates that shrink with the axes they run over.

    Args:
        macs: of one run, with nothing removed.
        axes: group of each index of each axis.
    """

    macs: int
    axes: tuple[Labels, ...]

    def left(self, gone: Mask) -> float:
        """What is left without some groups."""
        return self.macs * math.prod(1.0 - np.count_nonzero(gone[axis]) / len(axis) for axis in self.axes)


@dataclass(eq=False)
class Reader:
    """A layer, the group of each column it reads and of each output it makes.

    Args:
        layer: Conv of one group, MatMul or Gemm.
        columns, outputs: groups.
        h: second moments of the columns; central where a bias takes the mean.
        mean: of the columns; zero where there is no bias.
        added: its result is read by a sum only, as a residual branch is.
    """

    layer: Linear
    columns: Labels
    outputs: Labels
    h: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    mean: Floats = field(default_factory=lambda: np.zeros(0))
    added: bool = False

    def without(self, gone: Mask) -> tuple[Array, Array | None]:
        """Weights and bias that make up for columns that are gone, whose weights are 0."""
        columns, matrix = ~gone[self.columns], self.layer.matrix
        best = np.where(columns, matrix, 0.0)
        if columns.any() and int(columns.sum()) <= DENSE:
            h = self.h[np.ix_(columns, columns)]
            best[:, columns] = np.linalg.solve(h, self.h[columns] @ matrix.T).T
        weights = self.layer.arranged(best.astype(np.float32))
        if self.layer.bias is None:
            return weights, None
        return weights, np.asarray(self.layer.bias + (matrix - best) @ self.mean, np.float32)


@dataclass(frozen=True, eq=False)
class Structure:
    """A Model as its groups see it.

    Args:
        dependencies: of its axes.
        readers: layers that scores are taken at.
        work: of every layer and product.
        classes: groups that lie in the same axes and are read by a layer, and how many channels each stands for.
    """

    dependencies: Dependencies
    readers: tuple[Reader, ...]
    work: tuple[Work, ...]
    classes: tuple[tuple[tuple[int, ...], int], ...]

    def macs(self, gone: Iterable[int] = ()) -> float:
        """Multiply-accumulates without some groups."""
        removed = self.mask(gone)
        return sum(w.left(removed) for w in self.work)

    def mask(self, groups: Iterable[int]) -> Mask:
        """True at some groups."""
        found = np.zeros(len(self.dependencies.parent), np.bool_)
        found[list(groups)] = True
        return found


def structure(model: Model, dependencies: Dependencies) -> Structure:
    """Layers, costs and removable groups of a Model.

    Args:
        model: float, static shapes.
        dependencies: of it; axes of weights that no score can be taken of become fixed.
    """
    found, deep = linears(model), depthwise_layers(model)
    readers, work = [], []
    for layer in found:
        reader = _reader(dependencies, model, layer)
        reader.added = _added(model, layer)
        readers.append(reader)
        work.append(Work(layer.macs, (reader.columns, reader.outputs)))
    for narrow in deep:
        work.append(Work(narrow.macs, (dependencies.roots(_weights(model, narrow.name), 0),)))
    known = {x.name for x in found} | {x.name for x in deep}
    work += _others(model, dependencies, known)
    return Structure(dependencies, tuple(readers), tuple(work), _classes(dependencies, readers))


def observe(model: Model, readers: Iterable[Reader], feeds: Feeds) -> None:
    """Fill in what the readers' columns take."""
    readers = tuple(readers)
    sums = [(np.zeros(len(r.columns)), np.zeros((len(r.columns),) * 2), 0) for r in readers]
    for values in each(model, [r.layer.source for r in readers], feeds):
        for place, r in enumerate(readers):
            rows = r.layer.rows(np.asarray(values[r.layer.source], np.float32))
            rows = rows[:: max(1, len(rows) // ROWS)]
            mean, second, count = sums[place]
            both = (rows.T @ rows).astype(np.float64)
            sums[place] = (mean + rows.sum(0, dtype=np.float64), second + both, count + len(rows))
    for r, (mean, second, count) in zip(readers, sums, strict=True):
        r.h = second / count
        r.mean = mean / count if r.layer.bias is not None else np.zeros(len(mean))
        r.h -= np.outer(r.mean, r.mean)
        r.h[np.diag_indices(len(r.h))] += DAMPING * np.trace(r.h) / len(r.h) + 1e-12


def _classes(deps: Dependencies, readers: list[Reader]) -> tuple[tuple[tuple[int, ...], int], ...]:
    """Removable groups that some layer reads, by the axes that they lie in."""
    units: dict[int, int] = {}
    for r in readers:
        positions = math.prod(r.layer.weights.shape[2:]) if r.layer.op == "Conv" else 1
        for axis, width in ((r.columns, positions), (r.outputs, 1)):
            for group, count in zip(*np.unique(axis, return_counts=True), strict=True):
                units[int(group)] = min(units.get(int(group), count // width), int(count) // width)
    read = {int(g) for r in readers for g in r.columns}
    places: dict[int, list[tuple[str, int]]] = {}
    for name in deps.axes:
        for place in range(len(deps.axes[name])):
            for group in np.unique(deps.roots(name, place)).tolist():
                places.setdefault(group, []).append((name, place))
    together: dict[tuple[object, ...], list[int]] = {}
    for group in sorted(deps.groups()):
        if group in read:
            together.setdefault((units[group], *places[group]), []).append(group)
    return tuple((tuple(groups), int(str(key[0]))) for key, groups in together.items())


class Errors:
    """Errors at the readers when groups go, as shares of their outputs."""

    def __init__(self, readers: tuple[Reader, ...], score: Score) -> None:
        self.readers, self.score = readers, score
        self.prepared: dict[int, tuple[bytes, Prepared]] = {}
        self.reading: dict[int, list[int]] = {}
        for place, r in enumerate(readers):
            for group in np.unique(r.columns).tolist():
                self.reading.setdefault(group, []).append(place)

    def of(self, gone: Mask, groups: list[int]) -> float:
        """Error of some more groups, all at once."""
        found = 0.0
        for place in sorted({p for g in groups for p in self.reading[g]}):
            prepared = self._at(place, gone)
            where = [prepared.columns[g] for g in groups if g in prepared.columns]
            found += prepared.error(np.concatenate(where))
        return found

    def alone(self, groups: list[int], gone: Mask) -> bool:
        """Whether what reads these groups reads nothing else that is left, and is only added to something."""
        wanted = gone.copy()
        wanted[groups] = True
        places = {p for g in groups for p in self.reading[g]}
        return all(self.readers[p].added and wanted[self.readers[p].columns].all() for p in places)

    def _at(self, place: int, gone: Mask) -> Prepared:
        r = self.readers[place]
        columns, outputs = ~gone[r.columns], ~gone[r.outputs]
        key = columns.tobytes() + outputs.tobytes()
        if place not in self.prepared or self.prepared[place][0] != key:
            self.prepared[place] = key, _prepare(r, columns, outputs, self.score)
        return self.prepared[place][1]


@dataclass(frozen=True, eq=False)
class Prepared:
    """What errors of a layer follow from.

    Args:
        columns: group -> which of the columns that are left it is.
        best: weights that make up for those that are gone, [outputs, columns].
        inverse: of the second moments; None where they are used as they are.
        h: second moments of the columns.
        energy: of the layer's output.
    """

    columns: Mapping[int, NDArray[np.intp]]
    best: Floats
    inverse: Floats | None
    h: Floats
    energy: float

    def error(self, place: NDArray[np.intp]) -> float:
        """Share of the output that is lost with these columns, at best."""
        block = self.best[:, place]
        if self.inverse is None:
            return float(np.einsum("ok,kl,ol->", block, self.h[np.ix_(place, place)], block)) / self.energy
        lost = block @ np.linalg.solve(self.inverse[np.ix_(place, place)], block.T)
        return float(np.trace(lost)) / self.energy


def _prepare(r: Reader, columns: NDArray[np.bool_], outputs: NDArray[np.bool_], score: Score) -> Prepared:
    weights = r.layer.matrix[outputs]
    h = np.eye(int(columns.sum())) if score == "magnitude" else r.h[np.ix_(columns, columns)]
    left = r.columns[columns]
    places = {g: np.flatnonzero(left == g) for g in np.unique(left).tolist()}
    if score == "magnitude" or len(h) > DENSE:
        best = weights[:, columns]
        return Prepared(places, best, None, h, float(((best @ h) * best).sum()) or 1.0)
    energy = float(((weights @ r.h) * weights).sum()) or 1.0
    inverse = np.asarray(np.linalg.inv(h), np.float64)
    return Prepared(places, weights @ r.h[:, columns] @ inverse, inverse, h, energy)


def _weights(model: Model, name: str) -> str:
    """Name of a layer's weights."""
    node = next(n for n in nodes_of(model.ir.graph, *LAYERS) if n.outputs[0].name == name)
    return str(node.inputs[1].name)  # type: ignore[union-attr]


def _added(model: Model, layer: Linear) -> bool:
    """Whether a computed value of the same shape is added to the layer's result, and nothing else reads it."""
    node = next(n for n in nodes_of(model.ir.graph, layer.op) if n.outputs[0].name == layer.name)
    bias = adding(node) if layer.op == "MatMul" else None
    result = bias[0].outputs[0] if bias else node.outputs[0]
    reader = only_reader(result)
    if reader is None or reader.op_type != "Add":
        return False
    other = next((v for v in reader.inputs if v is not result), None)
    return constant_of(other) is None and shape_of(other) == shape_of(result)


def _reader(deps: Dependencies, model: Model, layer: Linear) -> Reader:
    weights = _weights(model, layer.name)
    if layer.op == "Conv":
        columns = np.repeat(deps.roots(weights, 1), math.prod(layer.weights.shape[2:]))
        return Reader(layer, columns, deps.roots(weights, 0))
    first, second = (1, 0) if layer.transposed else (0, 1)
    return Reader(layer, deps.roots(weights, first), deps.roots(weights, second))


def _others(model: Model, deps: Dependencies, known: set[str]) -> list[Work]:
    """Products of computed values; and layers that no score can be taken of, whose weights become fixed."""
    found = []
    for node in nodes_of(model.ir.graph, "Conv", "ConvTranspose", "MatMul", "Gemm"):
        name, (a, b) = str(node.outputs[0].name), node.inputs[:2]
        if name in known or a is None or b is None:
            continue
        fixed = [str(v.name) for v in (a, b) if constant_of(v) is not None]
        for labels in (x for constant in fixed for x in deps.axes[constant]):
            deps.fix(labels)
        if None in (shape_of(a), shape_of(b), shape_of(node.outputs[0])):
            continue
        extent, weights = math.prod(shape_of(node.outputs[0]) or ()), shape_of(b) or ()
        if node.op_type in ("Conv", "ConvTranspose"):
            extent = extent if node.op_type == "Conv" else math.prod(shape_of(a) or ())
            found.append(Work(extent * math.prod(weights[1:]), ()))
            continue
        inner = deps.roots(str(a.name), 0 if attribute(node, "transA", 0) else -1)
        axes = [] if fixed else [inner, *(deps.roots(name, axis) for axis in range(len(deps.axes[name])))]
        found.append(Work(extent * len(inner), tuple(axes)))
    return found

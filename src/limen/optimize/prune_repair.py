"""Closed-form repair of a changed Model: each layer's weights are fitted again so that it makes what it made before.

From the input on, layer by layer: least squares between what the changed Model's layer now reads and what the original
layer put out at the outputs that are left, with a small ridge. The bias, fitted with it, takes the means: batch
normalisation, which is folded into weights and bias here, is estimated again in the same step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from limen.model import Model
from limen.model.edit import attribute, constant, nodes_of, rewritten
from limen.model.graph import Array, constant_of, shape_of
from limen.optimize.linears import Linear, adding, linears
from limen.optimize.observe import Feeds, each

Floats = NDArray[np.float64]
Form = Callable[[Linear, Floats, Floats], Floats]
"""Fitted weights [outputs, depth] of a layer, and the moments [depth, depth] of what it reads -> other weights."""
RIDGE = 3e-4
ROWS = 24576
KEPT_BYTES = 256 << 20


@dataclass(frozen=True, eq=False)
class Depthwise:
    """A Conv with one group per input channel.

    Args:
        name: of its result.
        source: name of its data input.
        weights: float32 [outputs, 1, height, width].
        bias: float32 [outputs].
        macs: multiply-accumulates of a run.
        plain: a Linear with the same window over one channel, for its rows.
    """

    name: str
    source: str
    weights: Array
    bias: Array
    macs: int
    plain: Linear

    def rows(self, value: Array) -> Array:
        """[positions, outputs, taps]."""
        channels = value.shape[1]
        flat = value.reshape(-1, 1, *value.shape[2:])
        rows = self.plain.rows(flat).reshape(value.shape[0], channels, -1, self.plain.depth)
        by_position = rows.transpose(0, 2, 1, 3).reshape(-1, channels, self.plain.depth)
        return np.repeat(by_position, len(self.weights) // channels, axis=1)


def depthwise_layers(model: Model) -> tuple[Depthwise, ...]:
    """All depthwise layers of a Model with static shapes."""
    return tuple(_depthwise(model))


def _depthwise(model: Model) -> Iterator[Depthwise]:
    for node in nodes_of(model.ir.graph, "Conv"):
        weights, shape = constant_of(node.inputs[1]), shape_of(node.inputs[0])
        if weights is None or shape is None or weights.shape[1:2] != (1,) or weights.ndim != 4:
            continue
        if attribute(node, "group", 1) != shape[1] or shape[1] == 1:
            continue
        bias = constant_of(node.inputs[2]) if len(node.inputs) > 2 else None
        bias = np.zeros(len(weights), np.float32) if bias is None else bias
        name, source = str(node.outputs[0].name), str(node.inputs[0].name)  # type: ignore[union-attr]
        macs = math.prod(shape_of(node.outputs[0]) or ()) * weights[0].size
        strides, dilations = (attribute(node, key, (1, 1)) for key in ("strides", "dilations"))
        pads = attribute(node, "pads", (0, 0, 0, 0))
        plain = Linear(name, "Conv", source, weights[:1], None, macs, strides, pads, dilations)
        yield Depthwise(name, source, weights, bias, macs, plain)


def repair(
    original: Model, changed: Model, feeds: Feeds, kept: Mapping[str, NDArray[np.int64]], form: Form | None = None
) -> Model:
    """``changed`` with weights and biases fitted to ``original``.

    Args:
        original: float, static shapes.
        changed: the same graph with the same value names, smaller or with other weights.
        feeds: unlabelled samples.
        kept: layer name -> which of its former outputs it still makes; all, where it is not named.
        form: what the fitted weights of a layer become; the layers behind make up for what it changes.
    """
    wanted = _Wanted(original, feeds, _steps(original, feeds))
    for name in [layer.name for layer in in_order(changed)]:
        layer = next(x for x in in_order(changed) if x.name == name)
        outputs = layer.outputs if isinstance(layer, Linear) else len(layer.weights)
        changed = _refitted(wanted, changed, layer, kept.get(name, np.arange(outputs)), form)
    return changed


def in_order(model: Model) -> list[Linear | Depthwise]:
    """Layers with constant weights, from the input on."""
    place = {str(node.outputs[0].name): i for i, node in enumerate(model.ir.graph) if node.outputs}
    return sorted((*linears(model), *depthwise_layers(model)), key=lambda x: place[x.name])


def _steps(model: Model, feeds: Feeds) -> dict[str, int]:
    """Layer name -> every how many positions of its result are used."""
    found = {}
    for node in nodes_of(model.ir.graph, "Conv", "MatMul", "Gemm"):
        shape = shape_of(node.outputs[0]) or (1,)
        channels = shape[1 if node.op_type == "Conv" else -1] if len(shape) > 1 else 1
        found[str(node.outputs[0].name)] = max(1, math.prod(shape) // max(channels, 1) * len(feeds) // ROWS)
    return found


class _Wanted:
    """What the original layers make; kept where it fits into KEPT_BYTES, made again where it does not."""

    def __init__(self, model: Model, feeds: Feeds, steps: Mapping[str, int]) -> None:
        self.model, self.feeds, self.steps = model, feeds, steps
        self.deep = {x.name for x in depthwise_layers(model)}
        self.layers = {x.name for x in in_order(model)}
        values = {str(n.outputs[0].name): shape_of(n.outputs[0]) or () for n in model.ir.graph}
        size = sum(math.prod(values[n]) * len(feeds) // steps[n] for n in self.layers)
        self.kept: dict[str, list[Array]] = {}
        if 4 * size <= KEPT_BYTES:
            self.kept = {name: [] for name in self.layers}
            for found in each(model, list(self.layers), feeds):
                for name, rows in self.kept.items():
                    rows.append(self._rows(name, found[name]))

    def of(self, name: str) -> Iterator[Array]:
        """Rows [positions, outputs] of each sample."""
        if name in self.kept:
            yield from self.kept[name]
        else:
            yield from (self._rows(name, found[name]) for found in each(self.model, [name], self.feeds))

    def _rows(self, name: str, value: Array) -> Array:
        node = next(n for n in self.model.ir.graph if n.outputs[0].name == name)
        value = value.transpose(0, 2, 3, 1) if node.op_type == "Conv" else value
        return np.ascontiguousarray(value.reshape(-1, value.shape[-1])[:: self.steps[name]])


def _refitted(
    wanted: _Wanted, changed: Model, layer: Linear | Depthwise, places: NDArray[np.int64], form: Form | None
) -> Model:
    deep = isinstance(layer, Depthwise)
    sums, step = _Sums(), wanted.steps[layer.name]
    for before, now in zip(wanted.of(layer.name), each(changed, [layer.source], wanted.feeds), strict=True):
        y = before[:, places]
        x = layer.rows(np.asarray(now[layer.source], np.float32))[::step]
        sums.add(*((x.transpose(1, 0, 2), y.T[..., None]) if deep else (x[None], y[None])))
    if isinstance(layer, Depthwise):
        weights, bias = sums.fitted(layer.weights.reshape(len(layer.weights), -1, 1), True)
        return with_weights(changed, layer.name, weights.reshape(layer.weights.shape), bias[:, 0])

    def formed(matrix: Floats, h: Floats) -> Floats:
        return matrix if form is None else form(layer, matrix[0].T, h[0]).T[None]

    fitted, shift = sums.fitted(layer.matrix.T[None], layer.bias is not None, formed)
    stored = layer.arranged(fitted[0].T.astype(np.float32))
    if layer.bias is None:
        return with_weights(changed, layer.name, stored, None)
    return with_weights(changed, layer.name, stored, shift[0] + layer.bias if layer.op == "MatMul" else shift[0])


class _Sums:
    """Moments of batches of regressions: inputs [batch, rows, depth], targets [batch, rows, outputs]."""

    def __init__(self) -> None:
        self.rows = 0
        self.x: Floats = np.zeros(1)
        self.y: Floats = np.zeros(1)
        self.xx: Floats = np.zeros(1)
        self.xy: Floats = np.zeros(1)

    def add(self, x: Array, y: Array) -> None:
        self.rows += x.shape[1]
        self.x = self.x + x.sum(1, dtype=np.float64)
        self.y = self.y + y.sum(1, dtype=np.float64)
        across = x.transpose(0, 2, 1)
        self.xx, self.xy = self.xx + across @ x, self.xy + across @ y

    def fitted(
        self, old: Floats, centred: bool, formed: Callable[[Floats, Floats], Floats] = lambda weights, _: weights
    ) -> tuple[Floats, Floats]:
        """Weights [batch, depth, outputs] and biases [batch, outputs], drawn to the old weights by a small ridge.

        Args:
            old: weights.
            centred: a bias takes the means.
            formed: what fitted weights become, of them and the moments [batch, depth, depth] that they were fitted by.
        """
        mean_x, mean_y = ((v / self.rows) * centred for v in (self.x, self.y))
        h = self.xx / self.rows - mean_x[:, :, None] * mean_x[:, None, :]
        cross = self.xy / self.rows - mean_x[:, :, None] * mean_y[:, None, :]
        depth = h.shape[-1]
        ridge = RIDGE * np.trace(h, axis1=1, axis2=2)[:, None] / depth + 1e-9
        h[:, np.arange(depth), np.arange(depth)] += ridge
        weights = formed(np.linalg.solve(h, cross + ridge[:, :, None] * old), h)
        return weights, mean_y - np.einsum("bd,bdo->bo", mean_x, weights)


def with_weights(model: Model, name: str, weights: Array, bias: Floats | None) -> Model:
    """A copy with other weights, and another bias where one is given, of one layer."""

    def rewrite(graph: ir.Graph) -> int:
        node = next(n for n in graph if n.outputs and n.outputs[0].name == name)
        node.replace_input_with(1, constant(graph, f"{name}/weights", np.ascontiguousarray(weights, np.float32)))
        if bias is None:
            return 1
        stored = constant(graph, f"{name}/bias", bias.astype(np.float32))
        place = adding(node) if node.op_type == "MatMul" else (node, 2)
        assert place is not None
        if len(place[0].inputs) <= place[1]:
            place[0].resize_inputs(place[1] + 1)
        place[0].replace_input_with(place[1], stored)
        return 1

    return rewritten(model, rewrite)

"""Zeros, palettes and low rank: layers whose weights take less, fitted from the input on to what the Model made before.

Layer by layer: the weights are fitted to the original outputs on the inputs that the layers before really give, then
made sparse, few-valued or low-rank by what that loses on these inputs (``obs``; data-aware singular values); the bias
takes the mean. Ranks are shared out among the layers by the share of its output that each would lose.
Dense layers only: depthwise ones have few weights and little to give.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from limen.errors import UsageError
from limen.model import Model, check, infer
from limen.model.edit import constant, insert, nodes_of, rewritten
from limen.model.graph import Array
from limen.optimize.linears import Linear, linears
from limen.optimize.obs import from_palette, two_of_four, zeroed
from limen.optimize.observe import Feeds
from limen.optimize.prune_repair import repair

Floats = NDArray[np.float64]
NARROW = 8
"""Layers with fewer inputs or outputs keep their rank."""


@dataclass(frozen=True, eq=False)
class Seen:
    """A layer as the Model has it.

    Args:
        weights: [outputs, depth].
        h: moments of what it reads, [depth, depth].
    """

    weights: Floats
    h: Floats

    @property
    def energy(self) -> float:
        """Of what the layer makes."""
        return float(((self.weights @ self.h) * self.weights).sum()) or 1.0


def sparse(model: Model, share: float, feeds: Feeds) -> Model:
    """``share`` of the weights of every dense layer, 0 to 1, become zero.

    Args:
        model: float, simplified, with static shapes.
        share: of a layer's weights; shares by second-order scores across layers lost far more on the stress zoo.
        feeds: unlabelled samples at the model's batch.

    Raises:
        UsageError: no layer multiplies by constant weights.
    """
    _dense(model)
    return repair(model, model, feeds, {}, lambda _, w, h: zeroed(w, h, share))


def sparse_2_of_4(model: Model, feeds: Feeds) -> Model:
    """Two of four weights of dense layers become zero, neighbours in the order of channels-last weights.

    Raises:
        UsageError: no layer multiplies by constant weights.
    """
    _dense(model)

    def form(layer: Linear, w: Floats, h: Floats) -> Floats:
        order = _channels_last(layer)
        made = np.empty_like(w)
        made[:, order] = two_of_four(w[:, order], h[np.ix_(order, order)])
        return made

    return repair(model, model, feeds, {}, form)


def palettes(model: Model, bits: int, feeds: Feeds) -> Model:
    """Each dense layer's weights take 2 ** ``bits`` values, times a scale for each output.

    Raises:
        UsageError: no layer multiplies by constant weights.
    """
    _dense(model)
    return repair(model, model, feeds, {}, lambda _, w, h: from_palette(w, h, 2**bits))


def low_rank(model: Model, share: float, feeds: Feeds) -> Model:
    """Dense layers become two of lower rank: ``share`` of all ranks is left, where two take fewer weights than one.

    Raises:
        UsageError: no layer has a rank to lower.
    """
    ranks = _ranks(_seen(model, feeds), share)
    factors: dict[str, tuple[Floats, Floats]] = {}

    def form(layer: Linear, w: Floats, h: Floats) -> Floats:
        if layer.name not in ranks:
            return w
        left = np.linalg.svd(w @ np.linalg.cholesky(h), full_matrices=False)[0][:, : ranks[layer.name]]
        factors[layer.name] = left, left.T @ w
        return left @ factors[layer.name][1]

    fitted = repair(model, model, feeds, {}, form)
    return _split(fitted, factors)


def _dense(model: Model) -> tuple[Linear, ...]:
    found = linears(model)
    if not found:
        raise UsageError(f"{model.name}: no layer multiplies by constant weights, there is nothing to compress")
    return found


def _seen(model: Model, feeds: Feeds) -> dict[str, Seen]:
    """Every dense layer and what it reads."""
    _dense(model)
    found: dict[str, Seen] = {}

    def form(layer: Linear, w: Floats, h: Floats) -> Floats:
        found[layer.name] = Seen(w, h)
        return w

    repair(model, model, feeds, {}, form)
    return found


def _ranks(seen: Mapping[str, Seen], share: float) -> dict[str, int]:
    """Layer -> rank, for those that get smaller: the directions that carry least of a layer's output go first."""
    spectra, most = {}, {}
    for name, layer in seen.items():
        outputs, depth = layer.weights.shape
        if min(outputs, depth) >= NARROW:
            values = np.linalg.svd(layer.weights @ np.linalg.cholesky(layer.h), compute_uv=False)
            spectra[name] = np.square(values) / layer.energy
            most[name] = (outputs * depth - 1) // (outputs + depth)
    if not spectra:
        raise UsageError(f"no layer has {NARROW} inputs and outputs: there is no rank to lower")
    every = np.sort(np.concatenate(list(spectra.values())))
    limit = every[min(len(every) - 1, int((1.0 - share) * len(every)))]
    found = {name: max(1, int((s >= limit).sum())) for name, s in spectra.items()}
    return {name: rank for name, rank in found.items() if rank <= most[name]}


def _channels_last(layer: Linear) -> NDArray[np.int64]:
    """Columns in the order that channels-last weights have them."""
    columns = np.arange(layer.depth)
    if layer.op != "Conv":
        return columns
    shape = layer.weights.shape[1:]
    return columns.reshape(shape).transpose(1, 2, 0).reshape(-1)


def _split(model: Model, factors: Mapping[str, tuple[Floats, Floats]]) -> Model:
    """Each of these layers as two: the second factor, then the first with the bias."""
    layers = {layer.name: layer for layer in linears(model)}

    def rewrite(graph: ir.Graph) -> int:
        for node in nodes_of(graph, "Conv", "MatMul", "Gemm"):
            name = str(node.outputs[0].name)
            if name in factors:
                _two(graph, node, layers[name], *(f.astype(np.float32) for f in factors[name]))
        return len(factors)

    return check(infer(rewritten(model, rewrite))) if factors else model


def _two(graph: ir.Graph, node: ir.Node, layer: Linear, left: Array, right: Array) -> None:
    source, name = node.inputs[0], layer.name
    if layer.op == "Conv":
        first = constant(graph, f"{name}/narrow", right.reshape(-1, *layer.weights.shape[1:]))
        attributes = {key: a.value for key, a in node.attributes.items()}
        narrow = insert(node, "Conv", [source, first], attributes, name=f"{name}/rank")
        for key in ("strides", "pads", "dilations", "auto_pad", "kernel_shape"):
            node.attributes.pop(key, None)
        second = left[:, :, None, None]
    else:
        narrow = insert(node, "MatMul", [source, constant(graph, f"{name}/narrow", right.T)], name=f"{name}/rank")
        second = left if layer.transposed else left.T
    node.replace_input_with(0, narrow)
    node.replace_input_with(1, constant(graph, f"{name}/wide", np.ascontiguousarray(second)))

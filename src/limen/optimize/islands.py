"""Integer islands in a float Model: layers whose inputs and weights are 8-bit codes and whose results stay real.

Weights are rounded in second order for the codes that the layer will really read, and the bias takes the mean that is
left; a layer keeps plain rounding where that makes the smaller error on samples held out. Each layer is made for
several ranges of its input, and for an input of 16 bits; which one to take is for who measures them at the outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limen.model import Model
from limen.optimize.linears import Linear
from limen.optimize.observe import Encoding, Feeds, Moments, histograms, moments
from limen.optimize.ranges import Histogram, Range, central_range, least_error_range
from limen.optimize.rounding import LARGEST, best_scales, damped, rounded
from limen.optimize.schemes import activation_quant
from limen.program import Quant

Floats = NDArray[np.float64]
HELD_OUT_EVERY = 4
REST = 254.0
RANGES = ("mse", "p99.99", "minmax")
SPLIT = "split"


@dataclass(frozen=True, eq=False)
class Island:
    """One layer in integers.

    Args:
        layer: the float layer.
        input: int8 parameters of its data input.
        codes: int8 [outputs, depth].
        scales: one per output.
        bias: float32 [outputs]; None where the layer has none that can be changed.
        output: int8 parameters of its result; None for a real result.
        split: the input is two codes, the second for what the first leaves: 16 bits in all.
        unsigned: weight codes are stored shifted by 127 as uint8, for x86 kernels without VNNI, which saturate on int8.
        log: how it was made.
    """

    layer: Linear
    input: Quant
    codes: NDArray[np.int8]
    scales: Floats
    bias: NDArray[np.float32] | None
    output: Quant | None = None
    split: bool = False
    unsigned: bool = False
    log: str = ""


def variants(
    model: Model,
    layers: Sequence[Linear],
    feeds: Feeds,
    kinds: Sequence[str] = (*RANGES, SPLIT),
    second_order: bool = True,
) -> dict[str, dict[str, Island]]:
    """Islands of the layers with every kind of input: layer name -> kind -> island.

    Args:
        model: with static shapes.
        layers: which ones.
        feeds: calibration samples, no labels.
        kinds: RANGES, an 8-bit input over this range; SPLIT, an input of 16 bits over all values.
        second_order: False rounds each weight to nearest.
    """
    found = histograms(model, sorted({layer.source for layer in layers}), feeds)
    encodings = {(name, kind): _encoding(h, kind) for name, h in found.items() for kind in kinds}
    fitted, judged = (moments(model, layers, part, encodings) for part in parted(feeds))
    made: dict[str, dict[str, Island]] = {}
    for layer in layers:
        for kind in kinds:
            quant, key = encodings[layer.source, kind].quant, (layer.name, kind)
            island = _island(layer, quant, kind, fitted[key], False)
            if second_order:
                better = _island(layer, quant, kind, fitted[key], True)
                gain = _error(island, judged[key]) / max(_error(better, judged[key]), 1e-30)
                island = better if gain > 1.0 else island
            made.setdefault(layer.name, {})[kind] = island
    return made


def rest_of(quant: Quant) -> Quant:
    """Parameters of the second code: the step of the first in REST parts."""
    return Quant.per_tensor(quant.scale[0] / REST, 0)


def parted(feeds: Feeds) -> tuple[Feeds, Feeds]:
    """Samples to fit on and samples held out; few serve as both."""
    if len(feeds) < 2 * HELD_OUT_EVERY:
        return feeds, feeds
    held = [f for i, f in enumerate(feeds) if i % HELD_OUT_EVERY == HELD_OUT_EVERY - 1]
    return [f for i, f in enumerate(feeds) if i % HELD_OUT_EVERY != HELD_OUT_EVERY - 1], held


def _encoding(seen: Histogram, kind: str) -> Encoding:
    if kind == SPLIT or kind == "minmax":
        quant = activation_quant(Range(seen.low, seen.high), "int8")
        return Encoding(quant, rest_of(quant) if kind == SPLIT else None)
    return Encoding(activation_quant(least_error_range(seen) if kind == "mse" else central_range(seen, 0.9999), "int8"))


def _island(layer: Linear, quant: Quant, kind: str, seen: Moments, second_order: bool) -> Island:
    weights = layer.matrix
    h = damped(seen.centred()[None], seen.rows)
    if second_order:
        scales = best_scales(weights[None], h)
        codes = rounded(weights[None], h, scales)[0]
    else:
        peak = np.abs(weights).max(axis=1, initial=0.0)
        scales = np.where(peak > 0, peak / LARGEST, 1.0)[None]
        codes = np.clip(np.rint(weights / scales[0][:, None]), -LARGEST, LARGEST)
    bias = layer.bias
    if bias is not None:
        made = (codes * scales[0][:, None]) @ (seen.coded_mean / seen.rows)
        bias = (bias + weights @ (seen.mean / seen.rows) - made).astype(np.float32)
    log = f"input {kind}, rounded {'in second order' if second_order else 'to nearest'}"
    return Island(layer, quant, codes.astype(np.int8), scales[0], bias, None, kind == SPLIT, log=log)


def _error(island: Island, judged: Moments) -> float:
    """Squared error of the results behind the bias, summed over the outputs, that rounding the weights makes."""
    error = island.codes * island.scales[:, None] - island.layer.matrix
    spread = float(np.einsum("ok,kl,ol->", error, judged.centred(), error))
    shift = 0.0 if island.bias is not None else float(np.square(error @ (judged.coded_mean / judged.rows)).sum())
    return spread + shift

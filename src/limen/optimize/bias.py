"""Correct the mean of a layer's output for what rounding did to its weights.

Rounding turns weights W into W + d, which shifts every output channel by d times the mean of the input; the bias takes
that shift back (Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", 2019, with
means measured on the calibration data). It matters most where one channel has few weights: depthwise convolutions.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from limen.optimize.decisions import Decision
from limen.optimize.groups import activation_inputs
from limen.optimize.schemes import dequantize, quantize
from limen.program import Array, Node, Program

Floats = NDArray[np.float64]


def bias_shift(
    program: Program, node: Node, tensors: Mapping[str, Decision], means: Mapping[str, Floats]
) -> tuple[float, ...] | None:
    """What to add to the bias, one value per output channel; None where the node has no such correction.

    Args:
        program: float.
        node: one of its weighted nodes, running in integers.
        tensors: the decisions so far, the weights' among them.
        means: tensor name -> mean over all axes but the last.
    """
    rule = node.op.quant_rule
    if rule.kind != "weighted" or rule.weights is None or node.op.name not in _CONTRACT:
        return None
    mean = means.get(next(name for _, name in activation_inputs(program, node)))
    weights = program.tensors[node.inputs[rule.weights]]
    decision = tensors.get(weights.name)
    if mean is None or weights.data is None or decision is None or decision.quant is None:
        return None
    rounded = dequantize(quantize(weights.data, decision.quant, decision.dtype), decision.quant)
    error = rounded.astype(np.float64) - weights.data
    shift = _CONTRACT[node.op.name](error, mean)
    return None if shift is None else tuple(float(np.float32(-v)) for v in shift)


def _conv(error: Array, mean: Floats) -> Floats | None:
    """error [O, kh, kw, C / groups], mean [C] -> [O]."""
    per_input = error.sum((1, 2))
    groups = len(mean) // per_input.shape[1]
    if groups * per_input.shape[1] != len(mean) or len(per_input) % groups:
        return None
    blocks = per_input.reshape(groups, -1, per_input.shape[1])
    return np.asarray(np.einsum("goc,gc->go", blocks, mean.reshape(groups, -1)).reshape(-1), np.float64)


def _depthwise(error: Array, mean: Floats) -> Floats | None:
    """error [1, kh, kw, C * M], mean [C] -> [C * M]."""
    taps = error.sum((0, 1, 2))
    if len(taps) % len(mean):
        return None
    return np.asarray(taps * np.repeat(mean, len(taps) // len(mean)), np.float64)


def _dense(error: Array, mean: Floats) -> Floats | None:
    """error [O, I], mean [I] -> [O]."""
    return None if error.shape[1] != len(mean) else np.asarray(error @ mean, np.float64)


_CONTRACT = {"Conv2D": _conv, "DepthwiseConv2D": _depthwise, "FullyConnected": _dense}

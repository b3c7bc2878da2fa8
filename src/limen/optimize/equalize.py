"""Cross-layer equalisation: channels that share a scale get to use the same share of it.

A tensor of 8-bit codes has one scale, so a channel with a tenth of the range has three bits less. Channels are divided
by their share of the range where weights write them, and the weights that read them take the factor back (Nagel et al.,
"Data-Free Quantization Through Weight Equalization and Bias Correction", 2019, with ranges measured on the calibration
data instead of weights', and carried through sums, pooling and moves by ``channels``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from limen.optimize.channels import Channels, channel_sets
from limen.program import Array, Node, Program, Tensor

Floats = NDArray[np.float64]
SMALLEST = 2.0**-6
HEADROOM = 2.0  # for values beyond those that calibration saw: an equalised channel must not saturate first


def equalize(program: Program, reach: Mapping[str, Floats], power: float = 1.0) -> Program:
    """The same function with other weights.

    Args:
        program: float.
        reach: tensor name -> largest absolute value of each channel on the calibration data.
        power: 1 evens out the channels, 0 leaves them, between trades activations' precision against weights'.
    """
    channels = channel_sets(program)
    factors = channel_factors(channels, reach, power)
    if not np.any(factors != 1.0):
        return program
    changed: dict[str, Tensor] = {}

    def rescale(name: str, factor: Array, axis: int) -> None:
        tensor = changed.get(name, program.tensors[name])
        assert tensor.data is not None
        shape = [1] * tensor.data.ndim
        shape[axis] = -1
        data = tensor.data.astype(np.float64) * factor.reshape(shape)
        changed[name] = replace(tensor, data=data.astype(np.float32))

    for node in channels.readers:
        labels = channels.labels.get(node.inputs[0])
        if labels is not None and np.any(labels):
            _rescale_input(program, node, factors[labels], rescale)
    for output, node in channels.writers.items():
        divisor = 1.0 / factors[channels.labels[output]]
        rescale(node.inputs[1], divisor, node.op.quant_rule.weight_axis or 0)
        if len(node.inputs) > 2 and node.inputs[2]:
            rescale(node.inputs[2], divisor, 0)
    return program.with_nodes(program.nodes, changed.values())


def _rescale_input(program: Program, node: Node, factor: Array, rescale: object) -> None:
    weights = program.tensors[node.inputs[1]]
    if node.op.name == "DepthwiseConv2D":
        rescale(weights.name, np.repeat(factor, weights.shape[3] // len(factor)), 3)  # type: ignore[operator]
    elif node.op.name == "Conv2D" and weights.shape[3] != len(factor):
        data = weights.data
        assert data is not None
        groups = len(factor) // weights.shape[3]
        per_output = np.repeat(factor.reshape(groups, -1), weights.shape[0] // groups, axis=0)
        rescale(weights.name, per_output, -1)  # type: ignore[operator]
    else:
        rescale(weights.name, factor, weights.data.ndim - 1)  # type: ignore[operator,union-attr]


def channel_factors(channels: Channels, reach: Mapping[str, Floats], power: float) -> Floats:
    """Label -> what its channels are divided by, in [SMALLEST, 1]; 1 for label 0."""
    fill = np.zeros(channels.count)
    for name, labels in channels.labels.items():
        if name in reach and len(reach[name]) == len(labels):
            peak = float(reach[name].max(initial=0.0))
            if peak > 0:
                np.maximum.at(fill, labels, reach[name] / peak)
    fill = np.minimum(1.0, fill * HEADROOM)
    fill[0] = 1.0
    fill[fill == 0.0] = 1.0
    return np.maximum(fill, SMALLEST) ** power

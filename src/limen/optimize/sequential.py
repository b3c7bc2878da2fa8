"""Layer by layer from the input on: round the weights for the inputs they will really get, then correct the bias.

The float Program and its quantised image run side by side on a few samples, node by node. Each layer's weights are
rounded in second order (``rounding``) for the quantised layer's input, and the bias takes what remains of the mean
(full sequential bias correction, after Nagel et al., 2019). Memory and work are bounded by using fewer samples; large
layers keep plain rounding and have their bias corrected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from limen.ops._activation import clamp_float
from limen.optimize.channels import private_weights
from limen.optimize.decisions import Decision, Decisions, Layer
from limen.optimize.executor import evaluate, layer
from limen.optimize.patches import input_rows, position_count, unstacked, weight_stack
from limen.optimize.rounding import Floats, best_scales, damped, rounded
from limen.optimize.schemes import dequantize, quantize, widen_for_bias
from limen.program import Activation, Array, Node, Program, Quant


@dataclass(frozen=True, slots=True)
class Effort:
    """What a sequential pass may use.

    Args:
        live_bytes: activations kept at a time; fewer samples are used where they take more.
        samples: at most so many.
        macs: multiply-accumulates of the float Program over all samples; fewer samples are used where they take more.
        depth: layers with more weights per output keep plain rounding.
        rows: input rows per layer, at least; a layer takes four times its depth where that is more.
    """

    live_bytes: int = 192 << 20
    samples: int = 32
    macs: int = 3_000_000_000
    depth: int = 1536
    rows: int = 2048


def refine(
    program: Program, decisions: Decisions, feeds: Sequence[Mapping[str, Array]], effort: Effort, second_order: bool
) -> Decisions:
    """Decisions with rounded weights and corrected biases.

    Args:
        program: float, without states, the one the decisions were made for.
        decisions: first guess; its activations stay as they are.
        feeds: calibration samples.
        effort: bounds.
        second_order: False only corrects biases.
    """
    return _Walk(program, decisions, _bounded(program, feeds, effort), effort, second_order).run()


def _bounded(program: Program, feeds: Sequence[Mapping[str, Array]], effort: Effort) -> Sequence[Mapping[str, Array]]:
    """As many samples, evenly spread, as the live activations and the work allow."""
    last = {n: i for i, node in enumerate(program.nodes) for n in (*node.inputs, *node.outputs)}
    live, peak = 0, 1
    for index, node in enumerate(program.nodes):
        live += sum(program.tensors[n].nbytes for n in node.outputs)
        peak = max(peak, live)
        touched = {n for n in (*node.inputs, *node.outputs) if n and program.tensors[n].data is None}
        live -= sum(program.tensors[n].nbytes for n in touched if last[n] == index)
    affordable = min(effort.live_bytes // (2 * peak), effort.macs // max(1, program.cost().macs))
    count = min(len(feeds), effort.samples, max(4, affordable))
    return [feeds[i * len(feeds) // count] for i in range(count)]


class _Walk:
    """One pass over the nodes; ``real`` holds float values, ``coded`` what the quantised Program makes of them."""

    def __init__(
        self,
        program: Program,
        decisions: Decisions,
        feeds: Sequence[Mapping[str, Array]],
        effort: Effort,
        second_order: bool,
    ) -> None:
        self.program, self.decisions, self.effort = program, decisions, effort
        self.second_order = second_order
        self.private = private_weights(program)
        self.tensors = dict(decisions.tensors)
        self.layers: dict[str, Layer] = {}
        self.shifts = dict(decisions.shifts)
        self.real = [dict(feed) for feed in feeds]
        self.coded = [{n: self._stored(n, v) for n, v in feed.items()} for feed in feeds]

    def run(self) -> Decisions:
        last = {n: i for i, node in enumerate(self.program.nodes) for n in (*node.inputs, *node.outputs)}
        for index, node in enumerate(self.program.nodes):
            if node.outputs[0] in self.private and node.outputs[0] not in self.decisions.islands:
                self._weighted(node)
            else:
                self._plain(node)
            for values in (*self.real, *self.coded):
                for name in {*node.inputs, *node.outputs}:
                    if last[name] == index:
                        values.pop(name, None)
        return replace(self.decisions, tensors=self.tensors, layers=self.layers, shifts=self.shifts)

    def _stored(self, name: str, value: Array) -> Array:
        """The value after its encoding."""
        decision = self.decisions.tensors.get(name)
        if decision is None or decision.quant is None or value.dtype != np.float32:
            return value
        return _encoded(value, decision)

    def _plain(self, node: Node) -> None:
        altered = self._rounded_constants(node)
        for real, coded in zip(self.real, self.coded, strict=True):
            real.update(zip(node.outputs, evaluate(self.program, node, real), strict=True))
            for name, value in zip(node.outputs, evaluate(altered, node, coded), strict=True):
                coded[name] = self._stored(name, value)

    def _rounded_constants(self, node: Node) -> Program:
        changed = []
        for name in node.inputs:
            tensor = self.program.tensors[name] if name else None
            decision = self.decisions.tensors.get(name)
            if tensor is None or tensor.data is None or decision is None or decision.quant is None:
                continue
            codes = quantize(tensor.data, decision.quant, decision.dtype)
            changed.append(replace(tensor, data=dequantize(codes, decision.quant)))
        return replace(self.program, tensors={**self.program.tensors, **{t.name: t for t in changed}})

    def _weighted(self, node: Node) -> None:
        source, output = node.inputs[0], node.outputs[0]
        weights = self.program.tensors[node.inputs[1]]
        decision = self.tensors[weights.name]
        assert weights.data is not None
        assert decision.quant is not None
        bias = self._bias(node)
        quant = decision.quant
        values = dequantize(quantize(weights.data, quant, decision.dtype), quant)
        if self.second_order and weight_stack(self.program, node, weights.data).shape[2] <= self.effort.depth:
            quant, values = self._round(node, weights.data, quant, bias)
        plain = layer(self.program, node, weights.data, bias)
        real = [plain(values_[source]) for values_ in self.real]
        image = layer(self.program, node, values, bias)
        coded = [image(values_[source]) for values_ in self.coded]
        shift = _channel_mean(real) - _channel_mean(coded)
        activation: Activation = getattr(node.op, "activation", "none")
        for target, made in ((self.real, real), (self.coded, [c + shift.astype(np.float32) for c in coded])):
            for values_, value in zip(target, made, strict=True):
                done = clamp_float(value, activation)
                values_[output] = done if target is self.real else self._stored(output, done)
        corrected = (bias if bias is not None else 0.0) + shift
        self.tensors[weights.name] = replace(decision, quant=quant)
        self.layers[output] = Layer(weights.name, values, np.asarray(corrected, np.float32), weights.data, bias)
        self.shifts.pop(output, None)

    def _bias(self, node: Node) -> Array | None:
        name = node.inputs[2] if len(node.inputs) > 2 else ""
        return self.program.tensors[name].data if name else None

    def _round(self, node: Node, data: Array, quant: Quant, bias: Array | None) -> tuple[Quant, Array]:
        stack = weight_stack(self.program, node, data)
        h = self._moments(node, stack.shape[2])
        if quant.axis is None:
            scales = np.full(stack.shape[:2], quant.scale[0])
        else:
            flat = best_scales(stack, h).reshape(-1)
            quant = Quant.per_channel(np.maximum(flat, 2.0**-100), quant.axis)
            input_decision = self.decisions.tensors[node.inputs[0]]
            if bias is not None and input_decision.quant is not None:
                quant = widen_for_bias(quant, bias, input_decision.quant.scale[0])
            scales = quant.scales.astype(np.float64).reshape(stack.shape[:2])
        codes = rounded(stack, h, scales)
        return quant, unstacked(codes * scales[..., None], data.shape, node).astype(np.float32)

    def _moments(self, node: Node, depth: int) -> Floats:
        """Damped second moments of the quantised inputs, centred: the bias takes the mean."""
        count = position_count(self.program, node)
        wanted = max(self.effort.rows, 4 * depth) // len(self.coded)
        positions = np.unique(np.linspace(0, count - 1, min(count, max(1, wanted))).astype(np.int64))
        parts = [input_rows(self.program, node, v[node.inputs[0]], positions) for v in self.coded]
        rows = np.concatenate(parts, axis=1).astype(np.float64)
        rows -= rows.mean(axis=1, keepdims=True)
        return damped(np.swapaxes(rows, 1, 2) @ rows / rows.shape[1], rows.shape[1])


def _channel_mean(values: Sequence[Array]) -> Floats:
    return np.asarray(
        np.mean([v.reshape(-1, v.shape[-1]).mean(axis=0, dtype=np.float64) for v in values], axis=0), np.float64
    )


def _encoded(value: Array, decision: Decision) -> Array:
    """Quantised and back, in float32."""
    assert decision.quant is not None
    scale, zero = np.float32(decision.quant.scale[0]), decision.quant.zero_point[0]
    info = np.iinfo(decision.dtype)
    codes = np.rint(value / scale)
    np.clip(codes, info.min - zero, info.max - zero, out=codes)
    codes *= scale
    return codes

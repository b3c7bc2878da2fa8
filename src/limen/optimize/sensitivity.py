"""How much error at the outputs each rounded tensor of a Program makes, one at a time, without labels.

The errors of different tensors add, near enough, so that a sum of them predicts the error of any choice of tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from limen.measure.taps import tapping_runner
from limen.optimize.decide import is_integer
from limen.optimize.decisions import Decisions
from limen.optimize.emit_program import emit_program
from limen.optimize.groups import activation_names, node_key
from limen.optimize.judge import Feeds, Outputs, before_squashing, real_outputs
from limen.optimize.schemes import dequantize, quantize
from limen.program import OPS, Array, Node, Program, Tensor

COMPUTING = ("AveragePool2D", "ResizeBilinear")
"""Operators whose result has their input's scale, and yet is rounded."""
GROUPS = 8
PARTS = 16
WEIGHT_COST = 30.0
"""Multiply-accumulates that one weight with four bytes instead of one is thought to cost."""
Shares = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Item:
    """One rounded tensor, with the weights of the node that makes it.

    Args:
        tensor: its name.
        shares: noise over signal at each output [outputs] when this alone is rounded.
        nodes: keys of all nodes that must be left in float for it to stay real.
    """

    tensor: str
    shares: Shares
    nodes: frozenset[str]


def items(program: Program, decisions: Decisions, feeds: Feeds) -> list[Item]:
    """Every tensor that the decisions round, measured.

    Args:
        program: float, its constants separated.
        decisions: of the whole Program in integers.
        feeds: samples to measure on.
    """
    judged = before_squashing(program)
    wanted = real_outputs(judged, feeds)
    readers = _touching(program, decisions)
    made = {name: node for node in judged.nodes for name in node.outputs}
    inside = set(made) | {port.tensor for port in judged.inputs}
    found = []
    for name, nodes in readers.items():
        if name not in inside or _carried(program, decisions, made.get(name)):
            continue
        rounded = _rounded(judged, decisions, name, made.get(name))
        shares = noise_shares(wanted, real_outputs(rounded, feeds))
        found.append(Item(name, shares, _onward(program, decisions, name, nodes, readers)))
    return found


def estimated_items(
    program: Program, decisions: Decisions, decide_with: Callable[[frozenset[str]], Decisions], feeds: Feeds
) -> list[Item]:
    """The same for a large Program with few runs.

    What rounding adds to each tensor where it is made is known; how much of that the outputs see is measured for
    GROUPS parts of the Program, each alone in integers.

    Args:
        program, decisions: as for ``items``.
        decide_with: makes Decisions with some nodes in float.
        feeds: samples.
    """
    readers = _touching(program, decisions)
    local = _local_shares(program, decisions, feeds, frozenset(readers))
    keys = [node_key(node) for node in program.nodes]
    judged = before_squashing(program)
    wanted = real_outputs(judged, feeds)
    gains: dict[str, list[Shares]] = {name: [] for name in local}
    for start in range(GROUPS):
        part = keys[start * len(keys) // GROUPS : (start + 1) * len(keys) // GROUPS]
        rounded = [name for name in local if not readers[name].isdisjoint(part)]
        if rounded:
            alone = emit_program(judged, decide_with(frozenset(keys).difference(part)))
            noise = noise_shares(wanted, real_outputs(alone, feeds))
            for name in rounded:
                gains[name].append(noise / max(sum(local[n] for n in rounded), 1e-30))
    return [
        Item(name, share * np.mean(gains[name], axis=0), _onward(program, decisions, name, readers[name], readers))
        for name, share in local.items()
    ]


def parts(program: Program, decide_with: Callable[[frozenset[str]], Decisions], feeds: Feeds) -> list[Item]:
    """A Program of very many nodes in PARTS runs of nodes, each measured alone in integers."""
    keys = [node_key(node) for node in program.nodes]
    judged = before_squashing(program)
    wanted = real_outputs(judged, feeds)
    found = []
    for start in range(PARTS):
        part = frozenset(keys[start * len(keys) // PARTS : (start + 1) * len(keys) // PARTS])
        alone = emit_program(judged, decide_with(frozenset(keys) - part))
        found.append(Item(f"part {start}", noise_shares(wanted, real_outputs(alone, feeds)), part))
    return found


def _local_shares(program: Program, decisions: Decisions, feeds: Feeds, rounded: frozenset[str]) -> dict[str, float]:
    """Noise over signal of each tensor where it is made, with that of the weights that make it."""
    made = program.producers()
    local: dict[str, list[float]] = {}

    def tap(name: str, value: Array) -> None:
        if name in rounded and not _carried(program, decisions, made.get(name)):
            decision = decisions.tensors[name]
            assert decision.quant is not None
            codes = quantize(value, decision.quant, decision.dtype)
            local.setdefault(name, []).append(float(noise_shares([value], [dequantize(codes, decision.quant)])[0]))

    run = tapping_runner(program)
    for feed in feeds:
        run(feed, tap)
    shares = {name: float(np.mean(found)) for name, found in local.items()}
    for name in shares:
        for weights in _rounded_weights(program, decisions, made.get(name)):
            real = program.tensors[weights.name].data
            assert real is not None
            shares[name] += float(noise_shares([real], [np.asarray(weights.data)])[0])
    return shares


def _onward(
    program: Program, decisions: Decisions, name: str, nodes: frozenset[str], readers: Mapping[str, frozenset[str]]
) -> frozenset[str]:
    """With the nodes around everything that the tensor's codes are moved to: it would be rounded there."""
    found, waiting, seen = set(nodes), [name], {name}
    while waiting:
        current = waiting.pop()
        for node in program.nodes:
            if current in node.inputs and _carried(program, decisions, node):
                for output in node.outputs:
                    if output not in seen:
                        seen.add(output)
                        waiting.append(output)
                        found |= readers.get(output, frozenset())
    return frozenset(found)


def noise_shares(wanted: Outputs, got: Outputs) -> Shares:
    """Noise over signal of each output."""
    shares = []
    for a, b in zip(wanted, got, strict=True):
        signal = float(np.square(a, dtype=np.float64).sum())
        noise = float(np.square(a.astype(np.float64) - b.astype(np.float64)).sum())
        shares.append(noise / signal if signal > 0 else float(noise > 0))
    return np.asarray(shares)


def _touching(program: Program, decisions: Decisions) -> dict[str, frozenset[str]]:
    """Rounded tensor -> keys of the integer nodes that read or make it."""
    found: dict[str, set[str]] = {}
    for node in program.nodes:
        if is_integer(program, node, decisions):
            for name in activation_names(program, node):
                if program.tensors[name].data is None and decisions.tensors[name].quant is not None:
                    found.setdefault(name, set()).add(node_key(node))
    return {name: frozenset(keys) for name, keys in found.items()}


def _carried(program: Program, decisions: Decisions, node: Node | None) -> bool:
    """Whether a node only moves codes that were rounded before."""
    if node is None or node.op.quant_rule.kind != "same" or node.op.name in COMPUTING:
        return False
    quants = {
        decisions.tensors[n].quant
        for n in activation_names(program, node)
        if program.tensors[n].data is None and n in decisions.tensors
    }
    return len(quants) == 1


def _rounded(program: Program, decisions: Decisions, name: str, producer: Node | None) -> Program:
    """The float Program with one tensor through codes and back, and the weights of its producer likewise."""
    decision = decisions.tensors[name]
    real = program.tensors[name]
    codes = replace(real, name=f"{name}@codes", dtype=decision.dtype, quant=decision.quant)
    back = replace(real, name=f"{name}@back")
    added = [codes, back, *_rounded_weights(program, decisions, producer)]
    through = (
        Node(OPS.get("Quantize")(dtype=decision.dtype), (name,), (codes.name,), f"{name}/quantize"),  # type: ignore[call-arg]
        Node(OPS.get("Dequantize")(), (codes.name,), (back.name,), f"{name}/dequantize"),
    )
    nodes = [] if producer is not None else list(through)
    for node in program.nodes:
        inputs = tuple(back.name if n == name else n for n in node.inputs)
        nodes.append(node if inputs == node.inputs else replace(node, inputs=inputs))
        if node is producer:
            nodes += through
    outputs = tuple(replace(p, tensor=back.name) if p.tensor == name else p for p in program.outputs)
    return program.with_nodes(nodes, added, outputs=outputs)


def _rounded_weights(program: Program, decisions: Decisions, node: Node | None) -> list[Tensor]:
    rule = None if node is None else node.op.quant_rule
    if node is None or rule is None or rule.kind != "weighted" or rule.weights is None:
        return []
    weights = program.tensors[node.inputs[rule.weights]]
    decision = decisions.tensors.get(weights.name)
    if weights.data is None or decision is None or decision.quant is None:
        return []
    codes = quantize(weights.data, decision.quant, decision.dtype)
    return [replace(weights, data=dequantize(codes, decision.quant))]


def costs_of(program: Program) -> Mapping[str, float]:
    """What leaving a node in float costs: its multiply-accumulates, the values that it makes, its weights' bytes."""

    def cost(node: Node) -> float:
        held = sum(t.size for n in node.inputs if n and (t := program.tensors[n]).data is not None)
        made = sum(program.tensors[n].size for n in node.outputs)
        return float(node.op.cost(program.operands(node)).macs + made + WEIGHT_COST * held)

    return {node_key(node): cost(node) for node in program.nodes}

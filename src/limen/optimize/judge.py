"""The error at the outputs that a quantised Program makes on samples held out: what keeps or rolls back a pass."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from limen.errors import Unsupported
from limen.optimize.schemes import dequantize, quantize
from limen.program import Array, Node, Program, initial_states, run

Feeds = Sequence[Mapping[str, Array]]
Outputs = list[Array]
HELD_OUT_EVERY = 3
_SQUASHING = ("Softmax", "LogSoftmax", "Logistic")
_SHAPING = ("Reshape", "Squeeze", "ExpandDims", "Transpose")
SMALLEST_SPLIT = 8


def split(feeds: Feeds, held: int) -> tuple[Feeds, Feeds]:
    """Samples to work with, and at most ``held`` to judge by; few samples serve as both."""
    if len(feeds) < SMALLEST_SPLIT:
        return feeds, feeds
    kept = list(range(HELD_OUT_EVERY - 1, len(feeds), HELD_OUT_EVERY))
    kept = [kept[i * len(kept) // min(held, len(kept))] for i in range(min(held, len(kept)))]
    return [f for i, f in enumerate(feeds) if i not in kept], [feeds[i] for i in kept]


def spread(feeds: Feeds, count: int) -> Feeds:
    """At most ``count`` of the samples, evenly spread."""
    if len(feeds) <= count:
        return feeds
    return [feeds[i * len(feeds) // count] for i in range(count)]


def before_squashing(program: Program) -> Program:
    """Outputs that a softmax or sigmoid makes are replaced by its input, where errors are not hidden by saturation."""
    ports = []
    for port in program.outputs:
        node = _maker(program, port.tensor)
        logits = node.inputs[0] if node is not None and node.op.name in _SQUASHING else port.tensor
        ports.append(replace(port, tensor=logits, permutation=None))
    kept = {p.tensor for p in ports}
    nodes = []
    for node in reversed(program.nodes):
        if node.op.effect != "none" or kept.intersection(node.outputs):
            kept.update(filter(None, node.inputs))
            nodes.append(node)
    return program.with_nodes(reversed(nodes), outputs=tuple(ports))


def edges(program: Program) -> frozenset[str]:
    """Tensors that are the answer and know no bound: outputs, and what their final softmax or sigmoid reads."""
    ports = (*program.outputs, *before_squashing(program).outputs)
    return frozenset(port.tensor for port in ports if not _bounded(program, port.tensor))


def _bounded(program: Program, name: str) -> bool:
    node = _maker(program, name)
    if node is None:
        return True
    return node.op.quant_rule.kind == "fixed" or getattr(node.op, "activation", "none") not in ("none", "relu")


def _maker(program: Program, name: str) -> Node | None:
    """The node that computes a tensor, behind what only shapes it; None for an input."""
    producers = program.producers()
    while name in producers and producers[name].op.name in _SHAPING:
        name = producers[name].inputs[0]
    return producers.get(name)


def real_outputs(program: Program, feeds: Feeds) -> Outputs:
    """Real values of each output over all samples, stacked; codes are dequantised.

    Args:
        program: float or quantised.
        feeds: real values of the float Program's inputs, tensor name -> array; states run on from sample to sample.
    """
    execute = _executor(program)
    rows = []
    for feed in feeds:
        coded = {name: _to_codes(program, name, value) for name, value in feed.items()}
        rows.append([_to_real(program, name, value) for name, value in execute(coded).items()])
    return [np.stack(column) for column in zip(*rows, strict=True)]


def error_db(wanted: Outputs, got: Outputs) -> float:
    """Signal to noise in dB, noise shares averaged over the outputs: the worst output counts most."""
    shares = []
    for a, b in zip(wanted, got, strict=True):
        signal = float(np.square(a, dtype=np.float64).sum())
        noise = float(np.square(a.astype(np.float64) - b.astype(np.float64)).sum())
        shares.append(noise / signal if signal > 0 else float(noise > 0))
    mean = float(np.mean(shares)) if shares else 0.0
    return -10.0 * math.log10(mean) if mean > 0 else math.inf


def _to_codes(program: Program, name: str, value: Array) -> Array:
    tensor = program.tensors[name]
    return value if tensor.quant is None else quantize(value, tensor.quant, tensor.dtype)


def _to_real(program: Program, name: str, value: Array) -> Array:
    quant = program.tensors[name].quant
    return value.copy() if quant is None else dequantize(value, quant)


def _executor(program: Program):  # type: ignore[no-untyped-def]
    try:
        return _litert(program)
    except (ImportError, Unsupported):
        states = initial_states(program)
        return lambda feed: run(program, feed, states)


def _litert(program: Program):  # type: ignore[no-untyped-def]
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    from limen.targets.tflite import write

    resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    try:
        interpreter = Interpreter(model_content=write(program), experimental_op_resolver_type=resolver, num_threads=1)
        interpreter.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        raise Unsupported(f"{program.name}: LiteRT refuses the program: {error}") from error
    inputs = {d["name"]: d["index"] for d in interpreter.get_input_details()}
    outputs = {d["name"]: d["index"] for d in interpreter.get_output_details()}

    def execute(feed: Mapping[str, Array]) -> dict[str, Array]:
        for name, value in feed.items():
            interpreter.set_tensor(inputs[name], np.ascontiguousarray(value))
        interpreter.invoke()
        return {port.tensor: interpreter.get_tensor(outputs[port.tensor]) for port in program.outputs}

    return execute

"""LSTM, GRU, SimpleRNN and Bidirectional as the recurrent operators of ONNX.

Gates: Keras orders i f c o (LSTM) and z r h (GRU); ONNX i o f c and z r h. ``stateful=True`` becomes a declared state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from limen.errors import ModelError
from limen.importers._keras.build import Array, Builder, Operand, Shape, Value
from limen.importers._keras.layers.activation import scaled
from limen.importers._keras.layers.merge import binary, join
from limen.importers._keras.layers.reshape import cut
from limen.importers._keras.rule import Layer, Rules, expect, values

# Keras name -> (ONNX name, alpha, beta)
_FUNCTIONS: Mapping[str, tuple[str, float, float]] = {
    "tanh": ("Tanh", 0.0, 0.0),
    "sigmoid": ("Sigmoid", 0.0, 0.0),
    "relu": ("Relu", 0.0, 0.0),
    "linear": ("Affine", 1.0, 0.0),
    "hard_sigmoid": ("HardSigmoid", 1 / 6, 0.5),
    "elu": ("Elu", 1.0, 0.0),
    "softsign": ("Softsign", 0.0, 0.0),
    "softplus": ("Softplus", 0.0, 0.0),
}
_GATES = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}
_ONNX = {"LSTM": "LSTM", "GRU": "GRU", "SimpleRNN": "RNN"}


@dataclass(frozen=True)
class Result:
    """What one direction gives: the whole sequence [batch, time, units], the last step, and the last states."""

    sequence: Value
    last: Value
    states: tuple[Value, ...]


def recurrent(build: Builder, layer: Layer) -> Sequence[Value]:
    x, *initial = [*values(layer.arguments), *values(layer.keywords)]
    result = run(build, layer, x, initial, bool(layer.get("go_backwards", False)))
    sequence = result.sequence
    if layer.get("go_backwards", False) and layer.get("return_sequences", False):
        sequence = _reversed(build, sequence)
    main = sequence if layer.get("return_sequences", False) else result.last
    return [main, *(result.states if layer.get("return_state", False) else ())]


def run(build: Builder, layer: Layer, x: Value, initial: Sequence[Value], backwards: bool) -> Result:
    """One direction over the sequence; the result keeps the order of time."""
    if x.rank != 3:
        raise ModelError(f"{layer.name}: expected [batch, time, features], found {list(x.shape)}")
    if x.masked:
        raise layer.refuse("a mask from Embedding or Masking")
    units, kind = int(layer.config["units"]), layer.kind
    weights, after = _variables(build, layer, x.channels, units)
    count = 2 if kind == "LSTM" else 1
    kept = _kept(build, layer, x, units, count, initial)
    begin = [build.node("Unsqueeze", [s, build.ints([0], "direction")], _stacked(s)) for s in kept or initial]
    if begin and len(begin) != count:
        raise ModelError(f"{layer.name}: expected {count} initial states, found {len(begin)}")
    inputs: list[Operand] = [build.transpose(x, (1, 0, 2)), *weights, *([""] if begin else []), *begin]
    steps, batch = x.shape[1], x.shape[0]
    whole = Value(build.fresh(f"{layer.name}/Y"), (steps, 1, batch, units))
    ends = [Value(build.fresh(f"{layer.name}/Y_{name}"), (1, batch, units)) for name in "hc"[:count]]
    settings = {**_functions(layer), **({"linear_before_reset": int(after)} if kind == "GRU" else {})}
    direction = "reverse" if backwards else "forward"
    build.nodes(_ONNX[kind], inputs, [whole, *ends], hidden_size=units, direction=direction, **settings)
    states = tuple(_squeezed(build, end, 0, (batch, units)) for end in ends)
    for state, following in zip(kept, states, strict=False):
        build.keep(state, following)
    sequence = build.transpose(_squeezed(build, whole, 1, (steps, batch, units)), (1, 0, 2))
    return Result(sequence, states[0], states)


def _kept(build: Builder, layer: Layer, x: Value, units: int, count: int, initial: Sequence[Value]) -> list[Value]:
    """Declared states of a stateful layer."""
    if not layer.get("stateful", False):
        return []
    if initial:
        raise layer.refuse("stateful with an initial state")
    shape = (x.shape[0] or 1, units)
    return [build.state(f"{layer.name}/{name}", shape) for name in "hc"[:count]]


def _stacked(state: Value) -> Value:
    return replace(state, shape=(1, *state.shape))


def _squeezed(build: Builder, value: Value, axis: int, shape: Shape) -> Value:
    return build.node("Squeeze", [value, build.ints([axis], "axis")], replace(value, shape=shape))


def _reversed(build: Builder, x: Value) -> Value:
    lowest = -(1 << 31)
    return cut(build, x, [-1], [lowest], [1], [-1], x.shape)


def _variables(build: Builder, layer: Layer, features: int, units: int) -> tuple[list[str], bool]:
    """ONNX W, R and B as names of constants, and whether GRU's reset gate acts after the product."""
    gates = _GATES[layer.kind]
    weights = layer.weights.child("cell", f"{layer.kind.lower()}_cell*", f"{layer.kind.lower()}*cell")
    bias = bool(layer.get("use_bias", True))
    kernel, inner, *rest = weights.take(("kernel", "recurrent_kernel", *(["bias"] if bias else [])))
    expect(kernel, (features, gates * units), layer, "kernel")
    expect(inner, (units, gates * units), layer, "recurrent_kernel")
    after = layer.kind == "GRU" and bool(layer.get("reset_after", layer.version >= 3))
    both = np.zeros((2, gates * units), np.float32)
    if rest:
        shape = (2, gates * units) if after else (gates * units,)
        both[: 2 if after else 1] = expect(rest[0], shape, layer, "bias")
    arrays = (_ordered(kernel.T, layer.kind), _ordered(inner.T, layer.kind))
    offsets = np.concatenate([_ordered(row, layer.kind) for row in both])
    named = zip((*arrays, offsets), ("W", "R", "B"), strict=True)
    return [build.constant(array[np.newaxis], role) for array, role in named], after


def _ordered(array: Array, kind: str) -> Array:
    """Rows of gates from Keras' order to ONNX'."""
    if kind != "LSTM":
        return array
    i, f, c, o = np.split(array, 4)
    return np.concatenate([i, o, f, c])


def _functions(layer: Layer) -> dict[str, Any]:
    outer = _function(layer, "activation", "tanh")
    inner_default = "sigmoid" if layer.version >= 2 else "hard_sigmoid"
    inner = _function(layer, "recurrent_activation", layer.get("inner_activation", inner_default))
    chosen = {"LSTM": [inner, outer, outer], "GRU": [inner, outer], "SimpleRNN": [outer]}[layer.kind]
    return {
        "activations": [name for name, _, _ in chosen],
        "activation_alpha": [alpha for _, alpha, _ in chosen],
        "activation_beta": [beta for _, _, beta in chosen],
    }


def _function(layer: Layer, key: str, default: str) -> tuple[str, float, float]:
    name = layer.get(key, default)
    if name not in _FUNCTIONS:
        raise layer.refuse(f"{key} {name!r}")
    if name == "hard_sigmoid" and layer.version < 3:
        return "HardSigmoid", 0.2, 0.5
    return _FUNCTIONS[name]


def bidirectional(build: Builder, layer: Layer) -> Sequence[Value]:
    """Both directions over the same sequence, joined by ``merge_mode``."""
    given = values(layer.arguments)
    if len(given) != 1 or values(layer.keywords):
        raise layer.refuse("an initial state")
    forward = layer.inside(layer.config["layer"], "forward_layer", "forward*")
    spec = layer.config.get("backward_layer") or layer.config["layer"]
    backward = layer.inside(spec, "backward_layer", "backward*")
    if forward.kind not in _GATES or backward.kind not in _GATES:
        raise layer.refuse(f"of {forward.kind}")
    if forward.get("stateful", False):
        raise layer.refuse("stateful")
    ahead = run(build, forward, given[0], (), False)
    behind = run(build, backward, given[0], (), True)
    whole = bool(forward.get("return_sequences", False))
    pair = [r.sequence if whole else r.last for r in (ahead, behind)]
    states = [*ahead.states, *behind.states] if forward.get("return_state", False) else []
    mode = layer.config.get("merge_mode", "concat")
    if mode is None:
        return [*pair, *states]
    if mode == "concat":
        return [join(build, pair, -1, layer.name), *states]
    if mode not in ("sum", "mul", "ave"):
        raise layer.refuse(f"merge_mode {mode!r}")
    merged = binary(build, "Mul" if mode == "mul" else "Add", *pair)
    return [scaled(build, merged, 0.5) if mode == "ave" else merged, *states]


RULES: Rules = {**dict.fromkeys(_GATES, recurrent), "Bidirectional": bidirectional}

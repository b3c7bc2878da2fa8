"""Unroll LSTM, GRU and RNN of a static sequence length into matrix products and elementwise steps.

The equations are those of the ONNX operator pages. The product with the input weights is taken once for the whole
sequence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from limen.model.edit import attribute, constant, insert, nodes_of, rewritten, substitute
from limen.model.graph import Array, Model, constant_of, shape_of

MAX_STEPS = 1024
_GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
_DEFAULTS = {"LSTM": ("Sigmoid", "Tanh", "Tanh"), "GRU": ("Sigmoid", "Tanh"), "RNN": ("Tanh",)}
_ACTIVATIONS = {"sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "Relu", "softsign": "Softsign", "softplus": "Softplus"}


def unroll_recurrent(model: Model) -> Model:
    """Unroll what has constant weights and full-length sequences; everything else stays."""
    return rewritten(model, _unroll)


def _unroll(graph: ir.Graph) -> int:
    count = 0
    for node in nodes_of(graph, *_GATES):
        cell = _cell(graph, node)
        if cell is not None:
            _expand(cell)
            count += 1
    return count


@dataclass(frozen=True)
class _Cell:
    """A recurrent node that can be unrolled."""

    graph: ir.Graph
    node: ir.Node
    x: ir.Value
    steps: int
    batch: int
    hidden: int
    weights: Array
    recurrent: Array
    bias: Array
    peepholes: Array | None
    activations: tuple[str, ...]

    @property
    def batch_first(self) -> bool:
        return bool(attribute(self.node, "layout", 0))

    def add(self, op: str, *inputs: ir.Value, **attributes: object) -> ir.Value:
        return insert(self.node, op, list(inputs), dict(attributes), name=f"{self.node.outputs[0].name or op}/{op}")

    def constant(self, array: Array | float) -> ir.Value:
        """A float32 constant."""
        return constant(self.graph, f"{self.node.name or self.node.op_type}/const", np.asarray(array, np.float32))

    def ints(self, *values: int) -> ir.Value:
        return constant(self.graph, f"{self.node.name or self.node.op_type}/ints", np.asarray(values, np.int64))


def _cell(graph: ir.Graph, node: ir.Node) -> _Cell | None:
    x, shape = node.inputs[0], shape_of(node.inputs[0])
    arrays = [constant_of(v) if v is not None else None for v in node.inputs[1:]] + [None] * 7
    weights, recurrent, bias, lengths = arrays[0], arrays[1], arrays[2], arrays[3]
    if x is None or shape is None or weights is None or recurrent is None:
        return None
    first = bool(attribute(node, "layout", 0))
    steps, batch = (shape[1], shape[0]) if first else (shape[0], shape[1])
    if len(node.inputs) > 3 and node.inputs[3] is not None and bias is None:
        return None
    if len(node.inputs) > 4 and node.inputs[4] is not None and (lengths is None or np.any(lengths != steps)):
        return None
    if len(node.inputs) > 7 and node.inputs[7] is not None and arrays[6] is None:
        return None
    activations = _activations(node, len(weights))
    if activations is None or not 0 < steps <= MAX_STEPS:
        return None
    gates = _GATES[node.op_type]
    hidden = recurrent.shape[2]
    bias = np.zeros((len(weights), 2 * gates * hidden), np.float32) if bias is None else bias
    return _Cell(graph, node, x, steps, batch, hidden, weights, recurrent, bias, arrays[6], activations)


def _activations(node: ir.Node, directions: int) -> tuple[str, ...] | None:
    named = attribute(node, "activations", ())
    if attribute(node, "activation_alpha", ()) or attribute(node, "activation_beta", ()):
        return None
    if not named:
        return _DEFAULTS[node.op_type] * directions
    known = tuple(_ACTIVATIONS.get(str(name).lower(), "") for name in named)
    return known if all(known) and len(known) == len(_DEFAULTS[node.op_type]) * directions else None


def _expand(cell: _Cell) -> None:
    x = cell.add("Transpose", cell.x, perm=(1, 0, 2)) if cell.batch_first else cell.x
    direction = attribute(cell.node, "direction", "forward")
    sequences, hiddens, cells = [], [], []
    for index in range(len(cell.weights)):
        backwards = direction == "reverse" or index == 1
        outputs, last, memory = _run(cell, x, index, backwards)
        sequences.append(outputs[::-1] if backwards else outputs)
        hiddens.append(last)
        cells.append(memory)
    _bind_sequence(cell, sequences)
    _bind_last(cell, 1, hiddens)
    _bind_last(cell, 2, [c for c in cells if c is not None])
    cell.graph.remove(cell.node, safe=True)


def _run(cell: _Cell, x: ir.Value, index: int, backwards: bool) -> tuple[list[ir.Value], ir.Value, ir.Value | None]:
    """One direction: the hidden values in the order they are computed, the last one, and the last cell value."""
    projected = _projected(cell, x, index)
    h, c = _initial(cell, 5, index), _initial(cell, 6, index) if cell.node.op_type == "LSTM" else None
    step = {"LSTM": _lstm, "GRU": _gru, "RNN": _rnn}[cell.node.op_type]
    outputs = []
    for t in range(cell.steps)[:: -1 if backwards else 1]:
        h, c = step(cell, index, projected[t], h, c)
        outputs.append(h)
    assert h is not None
    return outputs, h, c


def _projected(cell: _Cell, x: ir.Value, index: int) -> list[ir.Value]:
    """x W^T + bias of each step, [batch, gates * hidden]."""
    size = cell.bias.shape[1] // 2
    bias = cell.bias[index, :size].copy()
    if cell.node.op_type != "GRU":
        bias += cell.bias[index, size:]
    else:
        bias[: 2 * cell.hidden] += cell.bias[index, size : size + 2 * cell.hidden]
        if not attribute(cell.node, "linear_before_reset", 0):
            bias[2 * cell.hidden :] += cell.bias[index, size + 2 * cell.hidden :]
    flat = cell.add("Reshape", x, cell.ints(cell.steps * cell.batch, cell.weights.shape[2]))
    product = cell.add("Gemm", flat, cell.constant(cell.weights[index]), cell.constant(bias), transB=1)
    if cell.steps == 1:
        return [product]
    return _parts(cell, product, cell.steps, 0)


def _parts(cell: _Cell, value: ir.Value, parts: int, axis: int) -> list[ir.Value]:
    first = insert(
        cell.node,
        "Split",
        [value],
        {"axis": axis, "num_outputs": parts},
        name=f"{cell.node.outputs[0].name or 'split'}/Split",
        outputs=parts,
    )
    made = first.producer()
    assert made is not None
    return list(made.outputs)


def _initial(cell: _Cell, position: int, index: int) -> ir.Value | None:
    """The initial value [batch, hidden] of a direction; None for zeros."""
    value = cell.node.inputs[position] if len(cell.node.inputs) > position else None
    if value is None:
        return None
    axis = 1 if cell.batch_first else 0
    if len(cell.weights) > 1:
        value = cell.add("Slice", value, cell.ints(index), cell.ints(index + 1), cell.ints(axis))
    return cell.add("Reshape", value, cell.ints(cell.batch, cell.hidden))


def _gates(cell: _Cell, index: int, projected: ir.Value, h: ir.Value | None) -> ir.Value:
    if h is None:
        return projected
    return cell.add("Add", projected, cell.add("Gemm", h, cell.constant(cell.recurrent[index]), transB=1))


def _activate(cell: _Cell, index: int, which: int, value: ir.Value) -> ir.Value:
    clip = attribute(cell.node, "clip", 0.0)
    if clip > 0:
        limits = (cell.constant(-clip), cell.constant(clip))
        value = cell.add("Clip", value, *limits)
    per = len(_DEFAULTS[cell.node.op_type])
    return cell.add(cell.activations[index * per + which], value)


_State = tuple[ir.Value, ir.Value | None]


def _lstm(cell: _Cell, index: int, projected: ir.Value, h: ir.Value | None, c: ir.Value | None) -> _State:
    i, o, f, g = _parts(cell, _gates(cell, index, projected, h), 4, 1)
    if cell.peepholes is not None and c is not None:
        peep = [cell.constant(p) for p in cell.peepholes[index].reshape(3, -1)]
        i = cell.add("Add", i, cell.add("Mul", c, peep[0]))
        f = cell.add("Add", f, cell.add("Mul", c, peep[2]))
    i = _activate(cell, index, 0, i)
    fresh = cell.add("Mul", i, _activate(cell, index, 1, g))
    if c is not None:
        coupled = attribute(cell.node, "input_forget", 0)
        f = cell.add("Sub", cell.constant(1.0), i) if coupled else _activate(cell, index, 0, f)
        fresh = cell.add("Add", cell.add("Mul", f, c), fresh)
    if cell.peepholes is not None:
        output = cell.constant(cell.peepholes[index].reshape(3, -1)[1])
        o = cell.add("Add", o, cell.add("Mul", fresh, output))
    shown = cell.add(cell.activations[index * 3 + 2], fresh)
    return cell.add("Mul", _activate(cell, index, 0, o), shown), fresh


def _gru(cell: _Cell, index: int, projected: ir.Value, h: ir.Value | None, c: ir.Value | None) -> _State:
    del c
    n = cell.hidden
    linear = bool(attribute(cell.node, "linear_before_reset", 0))
    xz, xr, xh = _parts(cell, projected, 3, 1)
    recurrent = cell.recurrent[index]
    bias = cell.bias[index, 5 * n :]
    if h is None:
        z = _activate(cell, index, 0, xz)
        if linear:
            r = _activate(cell, index, 0, xr)
            xh = cell.add("Add", xh, cell.add("Mul", r, cell.constant(bias)))
        candidate = _activate(cell, index, 1, xh)
        return cell.add("Mul", cell.add("Sub", cell.constant(1.0), z), candidate), None
    both = cell.add("Gemm", h, cell.constant(recurrent[: 2 * n]), transB=1)
    hz, hr = _parts(cell, both, 2, 1)
    z = _activate(cell, index, 0, cell.add("Add", xz, hz))
    r = _activate(cell, index, 0, cell.add("Add", xr, hr))
    weights = cell.constant(recurrent[2 * n :])
    if linear:
        inner = cell.add("Mul", r, cell.add("Gemm", h, weights, cell.constant(bias), transB=1))
    else:
        inner = cell.add("Gemm", cell.add("Mul", r, h), weights, transB=1)
    candidate = _activate(cell, index, 1, cell.add("Add", xh, inner))
    kept = cell.add("Mul", z, h)
    taken = cell.add("Mul", cell.add("Sub", cell.constant(1.0), z), candidate)
    return cell.add("Add", taken, kept), None


def _rnn(cell: _Cell, index: int, projected: ir.Value, h: ir.Value | None, c: ir.Value | None) -> _State:
    del c
    return _activate(cell, index, 0, _gates(cell, index, projected, h)), None


def _bind_sequence(cell: _Cell, sequences: list[list[ir.Value]]) -> None:
    """Y: [steps, directions, batch, hidden], or batch first."""
    old = cell.node.outputs[0]
    if not (old.uses() or old.is_graph_output()):
        return
    directions = len(sequences)
    steps = [v for t in range(cell.steps) for v in (sequence[t] for sequence in sequences)]
    if cell.batch_first:
        wide = [cell.add("Reshape", v, cell.ints(cell.batch, 1, 1, cell.hidden)) for v in steps]
        rows = [_concat(cell, wide[t * directions : (t + 1) * directions], 2) for t in range(cell.steps)]
        substitute(old, _concat(cell, rows, 1))
        return
    stacked = _concat(cell, steps, 0)
    shape = cell.ints(cell.steps, directions, cell.batch, cell.hidden)
    substitute(old, cell.add("Reshape", stacked, shape))


def _concat(cell: _Cell, values: list[ir.Value], axis: int) -> ir.Value:
    return values[0] if len(values) == 1 else cell.add("Concat", *values, axis=axis)


def _bind_last(cell: _Cell, position: int, values: list[ir.Value]) -> None:
    """Y_h or Y_c: [directions, batch, hidden], or batch first."""
    if len(cell.node.outputs) <= position or not values:
        return
    old = cell.node.outputs[position]
    if not (old.uses() or old.is_graph_output()):
        return
    shape = (cell.batch, 1, cell.hidden) if cell.batch_first else (1, cell.batch, cell.hidden)
    wide = [cell.add("Reshape", v, cell.ints(*shape)) for v in values]
    substitute(old, _concat(cell, wide, 1 if cell.batch_first else 0))

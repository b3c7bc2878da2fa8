"""Give every value of a Model a static shape.

Symbolic dimensions of the inputs are fixed by option, then shape inference and constant folding alternate until
nothing changes. A Model that still has an unknown dimension is refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import onnx_ir as ir

from limen.errors import ModelError
from limen.model.checks import check
from limen.model.edit import settled
from limen.model.graph import Array, Model, StatePair, dtype_of, shape_of
from limen.model.infer import infer
from limen.model.passes.fold_constants import fold_constants_in
from limen.model.passes.inline_if import inline_if_in

_MAX_ROUNDS = 64


def static_shapes(
    model: Model,
    dimensions: Mapping[str, int] | None = None,
    batch: int = 1,
    constants: Mapping[str, Array] | None = None,
) -> Model:
    """Fix the inputs' dimensions and infer all others.

    Args:
        model: a Model as ``load`` returns it.
        dimensions: symbolic name, or ``input:axis``, -> extent.
        batch: extent of an unknown first dimension that ``dimensions`` does not name.
        constants: input name -> value; such an input is no input of the result.

    Raises:
        ModelError: names the input or node and the dimension that stay unknown, and the option to give.
    """
    model = bind_inputs(fix_dimensions(model, dimensions or {}, batch), constants or {})
    model = settle_shapes(model)
    _require_static(model)
    return check(_initial_states(model))


def settle_shapes(model: Model) -> Model:
    """Alternate shape inference, constant folding and inlining of If until nothing changes."""
    for _ in range(_MAX_ROUNDS):
        before = model
        model = settled(infer(model), fold_constants_in, inline_if_in)
        if model is before:
            break
    return model


def fix_dimensions(model: Model, dimensions: Mapping[str, int], batch: int = 1) -> Model:
    """Give every input a static shape.

    Raises:
        ModelError: a dimension has no value, or an option names none.
    """
    copy = model.ir.clone()
    unknown: list[str] = []
    used: set[str] = set()
    for value in copy.graph.inputs:
        if value.shape is None:
            raise ModelError(f"input {value.name}: its rank is unknown", "export the model with input shapes")
        fixed = []
        for axis, dim in enumerate(value.shape):
            extent = _extent(value, axis, dim, dimensions, batch, used)
            if extent is None:
                unknown.append(f"input {value.name}: dimension {axis} ({_dim_name(dim) or 'unnamed'}) is not fixed")
            fixed.append(0 if extent is None else extent)
        value.shape = ir.Shape(fixed)
    if unknown:
        raise ModelError(unknown[0], f"give --dim {_option(unknown[0])}=N")
    surplus = set(dimensions) - used
    if surplus:
        raise ModelError(f"dimension {sorted(surplus)[0]!r}: no input of {model.name} has it")
    _forget_shapes(copy.graph)
    return model.with_ir(copy)


def _extent(
    value: ir.Value,
    axis: int,
    dim: int | ir.SymbolicDim,
    dimensions: Mapping[str, int],
    batch: int,
    used: set[str],
) -> int | None:
    name = _dim_name(dim)
    for key in (f"{value.name}:{axis}", name):
        if key in dimensions:
            used.add(str(key))
            return int(dimensions[str(key)])
    if isinstance(dim, int) and dim > 0:
        return dim
    if isinstance(dim, int) and dim == 0 and axis > 0:
        return 0
    is_batch = axis == 0 or (name is not None and name.lower() in ("batch", "batch_size", "n", "bs"))
    return batch if is_batch else None


def _dim_name(dim: int | ir.SymbolicDim) -> str | None:
    return None if isinstance(dim, int) else dim.value


def _option(message: str) -> str:
    """``NAME`` of a named dimension, ``input:axis`` of an unnamed one, from the message that complains about it."""
    source, _, rest = message.removeprefix("input ").partition(": dimension ")
    axis, name = rest.split(" ")[0], rest.split("(")[1].split(")")[0]
    return f"{source}:{axis}" if name == "unnamed" else name


def _forget_shapes(graph: ir.Graph) -> None:
    """Drop recorded shapes with symbols, which would hide what inference can now find."""
    for node in graph.all_nodes():
        for value in node.outputs:
            if value.shape is not None and shape_of(value) is None:
                value.shape = None


def bind_inputs(model: Model, constants: Mapping[str, Array]) -> Model:
    """Turn inputs into initialisers.

    Raises:
        ModelError: no such input, or a value that does not fit it.
    """
    if not constants:
        return model
    copy = model.ir.clone()
    inputs = {str(v.name): v for v in copy.graph.inputs}
    for name, array in constants.items():
        value = inputs.get(name)
        if value is None:
            raise ModelError(f"input {name!r}: {model.name} has no such input")
        dtype = dtype_of(value)
        array = np.asarray(array, dtype)
        value.shape, value.const_value = ir.Shape(array.shape), ir.tensor(array, name=name)
        copy.graph.inputs.remove(value)
        copy.graph.register_initializer(value)
    return replace(model, ir=copy, states=tuple(s for s in model.states if s.input not in constants))


def _require_static(model: Model) -> None:
    for node in model.ir.graph:
        for value in node.outputs:
            if not value.name or not (value.uses() or value.is_graph_output()):
                continue
            if shape_of(value) is None or value.dtype is None:
                label = node.name or node.op_type
                shape = "of unknown rank" if value.shape is None else [str(d) for d in value.shape]
                raise ModelError(
                    f"{label} ({node.op_type}): the shape of {value.name} depends on data: {shape}",
                    "fix the dimension it comes from with --dim NAME=N, or use target onnx",
                )


def _initial_states(model: Model) -> Model:
    """Zeros for every state without an initial value; every state fits its input and output."""
    inputs = {v.name: v for v in model.ir.graph.inputs}
    outputs = {v.name: v for v in model.ir.graph.outputs}
    states = []
    for pair in model.states:
        shape, dtype = shape_of(inputs[pair.input]), dtype_of(inputs[pair.input])
        assert shape is not None
        if shape_of(outputs[pair.output]) != shape or dtype_of(outputs[pair.output]) != dtype:
            raise ModelError(f"state {pair.input}={pair.output}: the two have different shapes or types")
        initial = np.zeros(shape, dtype) if pair.initial is None else np.asarray(pair.initial, dtype)
        if initial.shape != shape:
            raise ModelError(f"state {pair.input}: initial value of shape {initial.shape}, expected {shape}")
        states.append(StatePair(pair.input, pair.output, initial))
    return replace(model, states=tuple(states)) if states else model

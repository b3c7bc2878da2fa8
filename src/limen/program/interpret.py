"""Execute a Program with the operators' reference semantics: the judge of every later stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from limen.errors import DataError, ProgramError
from limen.program.graph import Program
from limen.program.types import Array, Node

Tap = Callable[[str, Array], None]


def initial_states(program: Program) -> dict[str, Array]:
    """Fresh copies of the states' initial values."""
    return {state.name: state.initial.copy() for state in program.states}


def run(
    program: Program, feeds: Mapping[str, Array], states: dict[str, Array] | None = None, tap: Tap | None = None
) -> dict[str, Array]:
    """Run once.

    Args:
        program: a checked Program.
        feeds: tensor name -> array of exactly the tensor's shape and dtype, for every input.
        states: state name -> value; read and updated in place. None: the initial values, discarded after the run.
        tap: called with every computed tensor's name and value, in order.

    Returns:
        tensor name -> value, for every output.

    Raises:
        DataError: a feed is missing, unknown, or of another shape or dtype.
    """
    values = _bind(program, feeds)
    current = initial_states(program) if states is None else states
    last_use = _last_uses(program)
    for index, node in enumerate(program.nodes):
        results = _execute(program, node, values, current)
        for name, value in zip(node.outputs, results, strict=True):
            values[name] = value
            if tap is not None:
                tap(name, value)
        for name in (*node.inputs, *node.outputs):
            if last_use.get(name) == index:
                values.pop(name, None)
    return {port.tensor: values[port.tensor] for port in program.outputs}


def _bind(program: Program, feeds: Mapping[str, Array]) -> dict[str, Array]:
    unknown = set(feeds) - {port.tensor for port in program.inputs}
    if unknown:
        raise DataError(f"{sorted(unknown)[0]}: {program.name} has no such input")
    values: dict[str, Array] = {}
    for tensor in program.input_tensors():
        if tensor.name not in feeds:
            raise DataError(f"{tensor.name}: no value was given for this input")
        value = np.asarray(feeds[tensor.name])
        if (value.shape, value.dtype.name) != (tensor.shape, tensor.dtype):
            raise DataError(
                f"{tensor.name}: got {value.dtype.name}{list(value.shape)}, expected {tensor.dtype}{list(tensor.shape)}"
            )
        values[tensor.name] = value
    for constant in program.constants():
        if constant.data is not None:
            values[constant.name] = constant.data
    return values


def _execute(program: Program, node: Node, values: dict[str, Array], states: dict[str, Array]) -> tuple[Array, ...]:
    if node.op.effect == "read":
        return (states[node.op.state].copy(),)  # type: ignore[attr-defined]
    inputs = tuple(values[name] if name else None for name in node.inputs)
    if node.op.effect == "assign":
        value = inputs[0]
        assert value is not None
        states[node.op.state] = np.array(value, copy=True)  # type: ignore[attr-defined]
        return ()
    operands = program.operands(node)
    results = tuple(np.asarray(result) for result in node.op.reference(inputs, operands))
    for result, tensor in zip(results, operands.outputs, strict=True):
        if (result.shape, result.dtype.name) != (tensor.shape, tensor.dtype):
            raise ProgramError(
                f"{node.name or node.op.name}: the reference returned {result.dtype.name}{list(result.shape)} "
                f"for {tensor.name}, declared {tensor.dtype}{list(tensor.shape)}"
            )
    return results


def _last_uses(program: Program) -> dict[str, int]:
    """Tensor name -> index of the last node that touches it; inputs' constants and outputs are left out."""
    last = {name: i for i, node in enumerate(program.nodes) for name in (*node.inputs, *node.outputs)}
    keep = {port.tensor for port in program.outputs} | {t.name for t in program.constants()}
    return {name: index for name, index in last.items() if name not in keep}

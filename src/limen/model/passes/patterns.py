"""A small matcher for decomposed operators: which expression of a value computes a given result."""

from __future__ import annotations

import math

import onnx_ir as ir

from limen.model.edit import producer, scalar_of


def with_scalar(value: ir.Value | None, op: str, number: float | None = None) -> tuple[ir.Value, float] | None:
    """If the value is ``op(x, scalar)``, in either order where the operator commutes: x and the scalar."""
    node = producer(value, op)
    if node is None:
        return None
    pairs = [(node.inputs[0], node.inputs[1])]
    if op in ("Add", "Mul"):
        pairs.append((node.inputs[1], node.inputs[0]))
    for data, other in pairs:
        found = scalar_of(other)
        if data is not None and found is not None and (number is None or close(found, number)):
            return data, found
    return None


def close(a: float, b: float) -> bool:
    """Equal up to what printing a float32 loses."""
    return math.isclose(a, b, rel_tol=2e-4, abs_tol=1e-9)


def one_operand(value: ir.Value | None, op: str) -> ir.Value | None:
    """x, if the value is ``op(x)``."""
    node = producer(value, op)
    return node.inputs[0] if node is not None else None


def factors(value: ir.Value | None) -> tuple[list[ir.Value], float]:
    """The value as a product: its computed factors, through nested Mul and Div by scalars, and the scalar factor."""
    node = producer(value, "Mul", "Div")
    if node is None or value is None:
        return ([value] if value is not None else []), 1.0
    a, b = node.inputs[0], node.inputs[1]
    if a is None or b is None:
        return [value], 1.0
    for data, other in ((a, b), (b, a)):
        number = scalar_of(other)
        if number is not None and (node.op_type == "Mul" or other is b):
            inner, scale = factors(data)
            if node.op_type == "Div" and number == 0:
                return [value], 1.0
            return inner, scale * number if node.op_type == "Mul" else scale / number
    if node.op_type == "Div":
        return [value], 1.0
    left, scale_left = factors(a)
    right, scale_right = factors(b)
    return left + right, scale_left * scale_right

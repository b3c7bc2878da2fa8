"""ONNX Einsum of one or two operands as Transposes, a BatchMatMul and a Reshape."""

from __future__ import annotations

import math
import re

from limen.lower.builder import Value, make
from limen.lower.call import Call
from limen.lower.layout import through_transpose


def einsum(call: Call) -> None:
    equation = call.attribute("equation", "").replace(" ", "")
    match = re.fullmatch(r"([A-Za-z]+)(?:,([A-Za-z]+))?(?:->([A-Za-z]*))?", equation)
    values = [v for v in call.inputs if v is not None]
    if match is None or len(values) != (1 if match[2] is None else 2):
        call.refuse(f"equation {equation!r}")
    terms = [t for t in match.groups()[:2] if t is not None]
    letters = "".join(terms)
    result = match[3] if match[3] is not None else "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    if any(len(set(t)) != len(t) for t in terms) or len(set(result)) != len(result) or not set(result) <= set(letters):
        call.refuse(f"equation {equation!r} takes a diagonal")
    extents = {c: e for t, v in zip(terms, values, strict=True) for c, e in zip(t, v.shape, strict=True)}
    if len(values) == 1:
        _place(call, *_summed(call, values[0], terms[0], result), result)
        return
    a, first = _summed(call, values[0], terms[0], result + terms[1])
    b, second = _summed(call, values[1], terms[1], result + terms[0])
    _product(call, a, first, b, second, result, extents)


def _summed(call: Call, value: Value, term: str, needed: str) -> tuple[Value, str]:
    """The operand without the letters that nothing else names."""
    gone = [i for i, c in enumerate(term) if c not in needed]
    if not gone:
        return value, term
    tensor = call.emit(make("Sum", axes=tuple(gone), keep_dims=False), call.builder.get(value))
    kept = "".join(c for c in term if c in needed)
    return call.temporary(tensor, call.builder.shape(tensor)), kept


def _product(call: Call, a: Value, first: str, b: Value, second: str, result: str, extents: dict[str, int]) -> None:
    batch = [c for c in result if c in first and c in second]
    summed = [c for c in first if c in second and c not in result]
    rows = [c for c in result if c in first and c not in second]
    columns = [c for c in result if c in second and c not in first]

    def size(names: list[str]) -> int:
        return math.prod(extents[c] for c in names)

    lead = tuple(extents[c] for c in batch)
    left = _arranged(call, a, first, [*batch, *rows, *summed], (*lead, size(rows), size(summed)))
    right = _arranged(call, b, second, [*batch, *summed, *columns], (*lead, size(summed), size(columns)))
    product = call.emit("BatchMatMul", left, right)
    order = [*batch, *rows, *columns]
    shape = tuple(extents[c] for c in order)
    if call.builder.shape(product) != shape:
        product = call.emit("Reshape", product, shape=shape)
    _place(call, call.temporary(product, shape), "".join(order), result)


def _arranged(call: Call, value: Value, term: str, order: list[str], shape: tuple[int, ...]) -> str:
    tensor = call.builder.get(value, tuple(term.index(c) for c in order))
    return tensor if call.builder.shape(tensor) == shape else call.emit("Reshape", tensor, shape=shape)


def _place(call: Call, value: Value, order: str, result: str) -> None:
    """Bind what is ordered like ``order`` to the result."""
    tensor, layout = call.unary(value)
    if tensor in call.input(0).held.values():
        tensor = call.emit("Reshape", tensor, shape=call.builder.shape(tensor))
    call.bind(tensor, through_transpose(tuple(order.index(c) for c in result), layout))

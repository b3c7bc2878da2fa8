"""ONNX Erf."""

from __future__ import annotations

from limen.lower.call import Call
from limen.lower.elementwise import computed

# Handbook of Mathematical Functions, 7.1.26: |error| <= 1.5e-7.
_P = 0.3275911
_A = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)


def _emit(call: Call, x: str) -> str:
    size = call.emit("Abs", x)
    one = call.scalar(1.0, x)
    t = call.emit("Div", one, call.emit("Add", call.emit("Mul", size, call.scalar(_P, x)), one))
    series = call.emit("Mul", t, call.scalar(_A[0], x))
    for coefficient in _A[1:]:
        series = call.emit("Mul", t, call.emit("Add", series, call.scalar(coefficient, x)))
    tail = call.emit("Mul", series, call.emit("Exp", call.emit("Neg", call.emit("Square", x))))
    return call.emit("Mul", call.emit("Sign", x), call.emit("Sub", one, tail))


LOWERING = computed("Erf", _emit)

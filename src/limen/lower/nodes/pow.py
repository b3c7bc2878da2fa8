"""ONNX Pow."""

from __future__ import annotations

from limen.lower.builder import Value, make
from limen.lower.call import Call, Lowering
from limen.lower.elementwise import combine
from limen.program import DType

_SIMPLE = {2.0: "Square", 0.5: "Sqrt", 1.0: ""}


def lower(call: Call) -> None:
    base, exponent = call.input(0), call.input(1)
    number = exponent.constant
    if base.dtype == "float32" and number is not None and number.size == 1 and base.shape == call.output.shape:
        op = _SIMPLE.get(float(number.reshape(())))
        if op:
            tensor, layout = call.unary(base)
            call.bind(call.emit(op, tensor), layout)
            return
    if base.dtype in ("float32", "int32"):
        call.bind(*combine(call, make("Pow"), [base, _as(call, exponent, base.dtype)]))
        return
    power, layout = combine(call, make("Pow"), [_as(call, base, "float32"), _as(call, exponent, "float32")])
    call.bind(call.emit("Cast", power, dtype=base.dtype), layout)


def _as(call: Call, value: Value, dtype: DType) -> Value:
    """The value in another element type."""
    if value.dtype == dtype:
        return value
    if value.constant is not None:
        return Value(f"{value.name}/{dtype}", value.shape, dtype, value.constant.astype(dtype))
    tensor, layout = call.unary(value)
    return call.temporary(call.emit("Cast", tensor, dtype=dtype), value.shape, layout)


LOWERING = Lowering("Pow", lower, "any")

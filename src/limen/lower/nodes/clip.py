"""ONNX Clip."""

from __future__ import annotations

from limen.lower.call import Call, Lowering

_FUSED = {(0.0, None): "Relu", (0.0, 6.0): "Relu6", (-1.0, 1.0): "ReluN1To1", (0.0, 1.0): "Relu0To1"}


def lower(call: Call) -> None:
    value = call.input(0)
    low, high = _limit(call, 1), _limit(call, 2)
    tensor, layout = call.unary(value)
    if value.dtype == "float32" and (low, high) in _FUSED:
        call.bind(call.emit(_FUSED[low, high], tensor), layout)  # type: ignore[index]
        return
    for limit, op in ((low, "Maximum"), (high, "Minimum")):
        if limit is not None:
            tensor = call.emit(op, tensor, call.scalar(limit, tensor))
    if low is None and high is None:
        tensor = call.emit("Reshape", tensor, shape=call.builder.shape(tensor))
    call.bind(tensor, layout)


def _limit(call: Call, index: int) -> float | None:
    """The limit as a number; None where it does not limit."""
    array = call.constant(index)
    if array is None or array.size == 0:
        return None
    number = array.reshape(-1)[0].item()
    unlimited = number == (float("-inf") if index == 1 else float("inf")) or abs(number) >= 3.4e38
    return None if unlimited else number


LOWERING = Lowering("Clip", lower, "any")

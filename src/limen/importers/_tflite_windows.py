"""Converters of the operators that slide a window: TFLite's SAME and VALID become explicit paddings."""

from __future__ import annotations

from collections.abc import Callable

from limen.errors import ModelError
from limen.importers._tflite_call import Call, Made, make
from limen.program import Shape

_SAME, _VALID = 0, 1


def _pair(call: Call, name: str, suffix: str = "") -> tuple[int, int]:
    """Height and width of an option.

    Raises:
        ModelError: one of them is below 1.
    """
    pair = (int(call.option(f"{name}_h{suffix}")), int(call.option(f"{name}_w{suffix}")))
    if min(pair) < 1:
        raise ModelError(f"{call.name}: {name} {pair} is not positive")
    return pair


def _sides(call: Call, shape: Shape, window: Shape, stride: Shape, dilation: Shape) -> tuple[int, int, int, int]:
    """Top, bottom, left, right of the padding scheme; an odd element goes to the end."""
    scheme = call.option("padding")
    if scheme == _VALID:
        return (0, 0, 0, 0)
    if scheme != _SAME:
        raise ModelError(f"{call.name}: padding scheme {scheme} is not known")
    sides = []
    for size, kernel, step, rate in zip(shape, window, stride, dilation, strict=True):
        positions = -(-size // step)
        total = max((positions - 1) * step + (kernel - 1) * rate + 1 - size, 0)
        sides += [total // 2, total - total // 2]
    return (sides[0], sides[1], sides[2], sides[3])


def _spatial(call: Call, index: int) -> Shape:
    """Height and width of an input of four dimensions."""
    tensor = call.tensor(index)
    if len(tensor.shape) != 4:
        raise ModelError(f"{call.name}: {tensor.name} has shape {tensor.shape}, expected four dimensions")
    return tensor.shape[1:3]


def _convolution(op: str) -> Callable[[Call], Made]:
    def convert(call: Call) -> Made:
        stride, dilation = _pair(call, "stride"), _pair(call, "dilation", "_factor")
        padding = _sides(call, _spatial(call, 0), _spatial(call, 1), stride, dilation)
        return make(call, op, stride=stride, dilation=dilation, padding=padding, activation=call.activation())

    return convert


def _pool(op: str) -> Callable[[Call], Made]:
    def convert(call: Call) -> Made:
        stride = _pair(call, "stride")
        window = (int(call.option("filter_height")), int(call.option("filter_width")))
        if min(window) < 1:
            raise ModelError(f"{call.name}: filter {window} is not positive")
        padding = _sides(call, _spatial(call, 0), window, stride, (1, 1))
        return make(call, op, filter=window, stride=stride, padding=padding, activation=call.activation())

    return convert


def _transposed(call: Call) -> Made:
    """Inputs are shape, weights, data, bias; the padding is that of the convolution from the output to the data."""
    shape = call.integers(0)
    if len(shape) != 4:
        raise ModelError(f"{call.name}: output shape {shape}, expected four dimensions")
    stride, window, size = _pair(call, "stride"), _spatial(call, 1), _spatial(call, 2)
    scheme = call.option("padding")
    steps = zip(shape[1:3], window, stride, strict=True)
    expected = tuple(-(-o // s) if scheme == _SAME else (o + s - k) // s for o, k, s in steps)
    if expected != size or call.tensor(2).shape[0] != shape[0] or call.tensor(1).shape[0] != shape[3]:
        raise ModelError(f"{call.name}: output shape {shape} does not fit the data {call.tensor(2).shape}")
    chosen = (2, 1, 3) if len(call.inputs) > 3 else (2, 1)
    return make(
        call,
        "TransposeConv",
        *chosen,
        stride=stride,
        padding=_sides(call, shape[1:3], window, stride, (1, 1)),
        output_size=(shape[1], shape[2]),
        activation=call.activation(),
    )


WINDOW_CONVERTERS: dict[str, tuple[str, Callable[[Call], Made]]] = {
    "AVERAGE_POOL_2D": ("Pool2DOptions", _pool("AveragePool2D")),
    "CONV_2D": ("Conv2DOptions", _convolution("Conv2D")),
    "DEPTHWISE_CONV_2D": ("DepthwiseConv2DOptions", _convolution("DepthwiseConv2D")),
    "MAX_POOL_2D": ("Pool2DOptions", _pool("MaxPool2D")),
    "TRANSPOSE_CONV": ("TransposeConvOptions", _transposed),
}

"""What the operators with weights share in C: centred weights, folded biases, ranges of accumulators, refusals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from limen.ops._fixed_point import Int64
from limen.ops._weighted import requantization, unpack
from limen.program import Activation, Array
from limen.targets.c._kernel import C_TYPES, Constant, Site, refuse
from limen.targets.c.ops._wfinish import Accumulator, Finish, finish_codes, finish_float
from limen.targets.c.ops._wfit import Range

_INT32 = (-(2**31), 2**31 - 1)


@dataclass(frozen=True, eq=False)
class Weighted:
    """The numbers of one operator with weights.

    Args:
        symbol: prefix of the site's constants.
        weights: without their zero point, of the source's shape; float32, int8 or int16.
        bias: per output channel, with the input's zero point folded in; float32, int32 or int64.
        accumulator: C type that holds every sum.
        zero: code of the input that stands for 0, which padding holds.
        reach: of the accumulators; None for floats, and where the Program's int32 wraps.
        folded: the bias holds the zero point's share; else the kernel subtracts the zero point from the input.
        wraps: the sums leave int32 where the Program's wrap: the accumulator is int64 and is cut before it is rescaled.
    """

    symbol: str
    weights: Array
    bias: Array
    accumulator: str
    zero: int
    reach: Range | None
    wraps: bool = False
    folded: bool = True

    @property
    def is_float(self) -> bool:
        return self.accumulator == "float"

    @property
    def source(self) -> Accumulator:
        return Accumulator(self.accumulator, self.reach, self.wraps)

    @property
    def weight_type(self) -> str:
        return C_TYPES[str(self.weights.dtype)]

    @property
    def bias_symbol(self) -> str:
        return f"{self.symbol}_bias"

    @property
    def weight_symbol(self) -> str:
        return f"{self.symbol}_weights"

    def constants(self, order: Array, layout: str) -> tuple[Constant, Constant]:
        """Weights and biases in flash.

        Args:
            order: the weights as they lie in memory.
            layout: in words.
        """
        kept = self.zero == 0 or not self.folded
        comment = "biases" if kept else f"biases less the share of the input's zero point {self.zero}"
        return (
            Constant(self.weight_symbol, np.ascontiguousarray(order), comment=f"weights {layout}"),
            Constant(self.bias_symbol, self.bias, comment=comment),
        )


def weighted(site: Site, axis: int, weight_zero: int, fold: bool = True) -> Weighted:
    """The numbers of a site.

    Args:
        axis: of the weights, along which output channels run.
        weight_zero: zero point of the weights, where the Program heeds it.
        fold: put the input's zero point into the bias.

    Raises:
        UnsupportedOp: weights or bias are computed, or the layer is hybrid.
    """
    x, w, b, _ = unpack(site.operands)
    if w.data is None or (b is not None and b.data is None):
        raise refuse(site, "with computed weights", "use target tflite, or BatchMatMul")
    if x.dtype == "float32" and w.dtype == "int8":
        raise refuse(site, "with float input and int8 weights", "requantise with --data")
    channels = w.shape[axis]
    if x.dtype == "float32":
        bias = np.zeros(channels, np.float32) if b is None else np.asarray(b.data)
        return Weighted(site.symbol, np.asarray(w.data), bias, "float", 0, None)
    centred = w.data.astype(np.int64) - weight_zero
    bias64 = np.zeros(channels, np.int64) if b is None else np.asarray(b.data).astype(np.int64)
    narrow = np.int8 if int(centred.min()) >= -128 and int(centred.max()) <= 127 else np.int16
    folded, reach, partial = _sums(centred, bias64, axis, x.dtype, x.zero_point)
    wide = x.dtype == "int16" and (b is None or b.dtype == "int64")
    folded, partial = (folded, partial) if fold else (bias64, _largest(reach, bias64))
    fits = partial <= _INT32[1]
    inside = int(reach.low.min()) >= _INT32[0] and int(reach.high.max()) <= _INT32[1]
    return Weighted(
        site.symbol,
        centred.astype(narrow),
        folded.astype(np.int32 if fits else np.int64),
        "int32_t" if fits else "int64_t",
        x.zero_point,
        reach if inside else None,
        wraps=not wide and not inside,
        folded=fold,
    )


def _sums(centred: Int64, bias: Int64, axis: int, dtype: str, zero: int) -> tuple[Int64, Range, int]:
    """The bias with the zero point's share, the range of each channel's sum, a bound of all partial sums."""
    info = np.iinfo(dtype)
    others = tuple(i for i in range(centred.ndim) if i != axis)
    positive = np.maximum(centred, 0).sum(axis=others)
    negative = np.minimum(centred, 0).sum(axis=others)
    least, most = int(info.min) - zero, int(info.max) - zero
    reach = Range(bias + positive * least + negative * most, bias + positive * most + negative * least)
    folded = bias - zero * (positive + negative)
    code = max(abs(int(info.min)), int(info.max), abs(zero))
    return folded, reach, int((np.abs(folded) + code * (positive - negative)).max())


def _largest(reach: Range, bias: Int64) -> int:
    """Bound of all partial sums of centred products."""
    return int(np.maximum(np.abs(reach.low - bias), np.abs(reach.high - bias)).max() * 2 + np.abs(bias).max())


def finish(site: Site, numbers: Weighted, activation: Activation) -> Finish:
    """What happens to the accumulators of a convolution."""
    if numbers.is_float:
        return finish_float(activation)
    return finish_codes(site, requantization(site.operands, activation), len(numbers.bias), numbers.source)


def interleave(matrix: Array, block: int) -> Array:
    """[O, K] in blocks of rows, column by column: [O / block][K][block], then the rest, [K][O % block]."""
    filters, depth = matrix.shape
    whole = filters - filters % block
    parts = [matrix[:whole].reshape(-1, block, depth).transpose(0, 2, 1).reshape(-1), matrix[whole:].T.reshape(-1)]
    return np.concatenate(parts)

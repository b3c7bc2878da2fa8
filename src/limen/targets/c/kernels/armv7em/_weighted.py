"""What the kernels of the weighted operators need to know: weights as rows, and the reference's staircase."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from limen.ops._activation import code_range
from limen.ops._fixed_point import round_away
from limen.ops._weighted import requantization, weight_scales
from limen.program import Activation
from limen.targets.c._kernel import Site
from limen.targets.c.kernels.armv7em._scaling import Float64, Int64, Staircase

_WORD = 1 << 31


@dataclass(frozen=True, eq=False)
class Weighted:
    """An int8 layer with constant weights.

    Args:
        rows: int64 [O, K] weights, one row per output channel.
        stairs: from accumulators to codes.
    """

    rows: Int64
    stairs: Staircase


def is_int8(site: Site) -> bool:
    """Whether input, weights and output are int8, and the weights and the bias are constants without zero points."""
    x, w, b = site.input(0), site.input(1), site.optional(2)
    if (x.dtype, w.dtype, site.output().dtype) != ("int8", "int8", "int8") or x.data is not None:
        return False
    return w.data is not None and (b is None or b.data is not None) and not any(w.quant.zero_point if w.quant else ())


def convolution(site: Site, rows: Int64, activation: Activation) -> Weighted | None:
    """Of Conv2D and DepthwiseConv2D, which round twice; None where accumulators can wrap.

    Args:
        rows: [O, K] weights in the order of the output's channels.
    """
    rescale = requantization(site.operands, activation)
    mantissa = np.broadcast_to(rescale.factor.mantissa, len(rows)).astype(np.int64)
    exponent = np.broadcast_to(rescale.factor.shift, len(rows)).astype(np.int64)
    right = np.maximum(-exponent, 0)

    def codes(accumulators: Int64) -> Int64:
        return np.asarray(rescale(accumulators, None, 0.0), np.int64).reshape(accumulators.shape)

    stairs = _staircase(
        site, rows, codes, mantissa * np.exp2(exponent - 31.0),
        np.where(right > 0, np.exp2(-right.astype(np.float64)), 0.0), rescale.low, rescale.high,
    )  # fmt: skip
    furthest = np.maximum(np.abs(stairs.lowest), np.abs(stairs.highest))
    wraps = np.any(furthest << np.maximum(exponent, 0) >= _WORD)
    return None if wraps else Weighted(rows, stairs)


def product(site: Site, activation: Activation) -> Weighted | None:
    """Of FullyConnected, which rounds once, in float64; None where accumulators can wrap."""
    x, w, output = site.input(0), site.input(1), site.output()
    assert w.data is not None
    rows = w.data.astype(np.int64)
    factor = np.broadcast_to(x.scale * weight_scales(site.operands).astype(np.float64) / output.scale, len(rows))
    low, high = code_range(output, activation)

    def codes(accumulators: Int64) -> Int64:
        exact = round_away(accumulators.astype(np.float64) * factor) + output.zero_point
        return np.asarray(np.clip(exact, low, high), np.int64)

    stairs = _staircase(site, rows, codes, factor, None, low, high)
    furthest = np.maximum(np.abs(stairs.lowest), np.abs(stairs.highest))
    return None if np.any(furthest >= _WORD) else Weighted(rows, stairs)


def _staircase(
    site: Site, rows: Int64, codes: object, slope: Float64, unit: Float64 | None, low: int, high: int
) -> Staircase:
    bias = site.optional(2)
    given = np.zeros(len(rows), np.int64) if bias is None else np.asarray(bias.data, np.int64)
    folded = given - site.input(0).zero_point * rows.sum(axis=1)
    return Staircase(
        bias=folded,
        lowest=folded + np.minimum(-128 * rows, 127 * rows).sum(axis=1),
        highest=folded + np.maximum(-128 * rows, 127 * rows).sum(axis=1),
        codes=codes,  # type: ignore[arg-type]
        slope=slope,
        unit=unit,
        zero_point=site.output().zero_point,
        low=low,
        high=high,
    )

"""The parameter streams of the routines: weights of two channels to a halfword, and what belongs to them."""

from __future__ import annotations

import numpy as np

from limen.program import Array
from limen.targets.c.kernels.armv7em._routines import Form
from limen.targets.c.kernels.armv7em._scaling import Int64, Scaling, channel_prescale, fit, fit_uniform
from limen.targets.c.kernels.armv7em._weighted import Weighted

EXPANDED = (0, 2, 1, 3)
FIXED_SHIFT = 8


def dual_scaling(layer: Weighted) -> Scaling | None:
    """The scaling of a layer whose weights share halfwords, two channels each; None where it cannot be exact."""
    scaling = fit(layer.stairs, FIXED_SHIFT) or fit(layer.stairs, channel_prescale(layer.stairs, FIXED_SHIFT))
    if scaling is None:
        return None
    moved = scaling.bias - layer.stairs.bias
    reach = np.maximum(np.abs(layer.stairs.lowest + moved), np.abs(layer.stairs.highest + moved))
    return None if np.any(reach[~scaling.constant] >= 1 << 23) else scaling


def uniform_scaling(layer: Weighted) -> Scaling | None:
    """As ``dual_scaling``, one multiplier and one addend for all channels."""
    scaling = fit_uniform(layer.stairs, FIXED_SHIFT)
    reach = np.maximum(np.abs(layer.stairs.lowest), np.abs(layer.stairs.highest))
    return None if np.any(reach >= 1 << 23) else scaling


def form_of(scaling: Scaling) -> Form:
    return Form(scaling.shift, scaling.bend is not None, bool(np.any(scaling.prescale != FIXED_SHIFT)))


def live_rows(layer: Weighted, scaling: Scaling) -> Int64:
    """The weights, zeros where a channel's code never changes."""
    return np.where(scaling.constant[:, None], 0, layer.rows)


def has_halfwords(rows: Int64) -> bool:
    """Whether any two channels fit one halfword: -128 * 256 with a negative neighbour would not."""
    return bool(rows.size and rows.min() > -128 and rows.max() < 128)


def pad_rows(rows: Int64, multiple: int) -> Int64:
    """Rows lengthened by zeros to a multiple of elements."""
    return np.pad(rows, ((0, 0), (0, -rows.shape[1] % multiple)))


def halfwords(rows: Int64, low: int, high: int) -> Array:
    """w_high * 256 + w_low as int16, elements in the order of expanded activations."""
    dual: Array = rows[high] * 256 + rows[low]
    return dual.reshape(-1, 4)[:, EXPANDED].reshape(-1).astype("<i2")


def biases(scaling: Scaling, low: int, high: int) -> list[int]:
    return [int(scaling.bias[low]), int(scaling.bias[high] * 256 + scaling.bias[low])]


def tail(scaling: Scaling, form: Form, low: int, high: int) -> list[int]:
    """What requantises two channels, in the order that the routines load it."""
    pair = [low, high]
    words = [*scaling.multiplier[pair], *scaling.addend[pair]]
    if form.bent and scaling.bend is not None:
        words += [*scaling.bend[pair]]
    if form.shifts:
        words += [scaling.prescale[low], FIXED_SHIFT - scaling.prescale[high]]
    return [int(word) for word in words]


def words(values: list[int]) -> bytes:
    return (np.asarray(values, np.int64) & 0xFFFFFFFF).astype("<u4").tobytes()


def pair_stream(rows: Int64, scaling: Scaling, form: Form, pairs: list[tuple[int, int]]) -> Array:
    """int32 words of a dual stream for ``gemm``: biases, weights, requantisation, pair by pair.

    Args:
        rows: [O, K], K a multiple of 4.
        pairs: of output channels.
    """
    parts = [
        words(biases(scaling, low, high)) + halfwords(rows, low, high).tobytes() + words(tail(scaling, form, low, high))
        for low, high in pairs
    ]
    return np.frombuffer(b"".join(parts), "<i4")


def wide_scaling(layer: Weighted) -> Scaling | None:
    """The scaling of a layer whose weights are int16, times 2**prescale; None where it cannot be exact."""
    return fit(layer.stairs, channel_prescale(layer.stairs, FIXED_SHIFT))


def wide_stream(rows: Int64, scaling: Scaling, form: Form, pairs: list[tuple[int, int]]) -> Array:
    """int32 words of a wide stream for ``gemm``, as ``pair_stream``."""
    scaled = rows << scaling.prescale[:, None]
    bias = scaling.bias << scaling.prescale
    parts = []
    for pair in pairs:
        columns = [scaled[o].reshape(-1, 4)[:, EXPANDED].reshape(-1, 2) for o in pair]
        weights = np.stack(columns, axis=1).astype("<i2").tobytes()
        parts.append(words([int(bias[o]) for o in pair]) + weights + words(tail(scaling, form, *pair)))
    return np.frombuffer(b"".join(parts), "<i4")

"""Weights to 8-bit codes with the layer's inputs in mind: second-order rounding and scales, for stacks of matrices.

Rounding one weight makes an error that the weights not yet rounded can take back, as far as their inputs are
correlated (GPTQ: Frantar et al., 2023; optimal brain compression: Frantar and Alistarh, 2022). All functions take
stacks: w [G, O, K] holds G groups of O rows of K weights, h [G, K, K] the second moments of each group's inputs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DAMPING = 0.01
BLOCK = 64
LARGEST = 127
CUTS = np.linspace(1.0, 0.7, 13)


def damped(h: Floats, rows: int) -> Floats:
    """h with a share of its mean diagonal added, so that it can be inverted; the fewer ``rows``, the more."""
    depth = h.shape[-1]
    share = DAMPING * max(1.0, 10.0 * depth / rows)
    mean = np.trace(h, axis1=-2, axis2=-1) / depth
    ridge = np.where(mean > 0, mean * share, 1.0)
    return np.asarray(h + ridge[:, None, None] * np.eye(depth), np.float64)


def best_scales(w: Floats, h: Floats) -> Floats:
    """Scale of each row, [G, O]: the cut of the largest weight with the least error weighted by the inputs' power."""
    peak = np.abs(w).max(axis=-1)
    power = np.diagonal(h, axis1=-2, axis2=-1)[:, None, :]
    best, scales = np.full(peak.shape, np.inf), peak / LARGEST
    for cut in CUTS:
        scale = np.where(peak > 0, peak * cut / LARGEST, 1.0)
        error = w - np.clip(np.rint(w / scale[..., None]), -LARGEST, LARGEST) * scale[..., None]
        cost = (error**2 * power).sum(axis=-1)
        scales = np.where(cost < best, scale, scales)
        best = np.minimum(cost, best)
    return np.asarray(scales, np.float64)


def rounded(w: Floats, h: Floats, scales: Floats) -> Floats:
    """Whole codes in [-127, 127] as floats, [G, O, K].

    Args:
        w: [G, O, K].
        h: damped second moments, [G, K, K], positive definite.
        scales: [G, O].
    """
    order = np.argsort(-np.diagonal(h, axis1=-2, axis2=-1), axis=-1, kind="stable")
    codes = np.empty_like(w)
    for group in _stacks(w):
        back = np.argsort(order[group], axis=-1)
        codes[group] = np.take_along_axis(
            _in_order(
                np.take_along_axis(w[group], order[group][:, None, :], axis=-1) / scales[group][..., None],
                _inverse_root(_permuted(h[group], order[group])),
            ),
            np.broadcast_to(back[:, None, :], w[group].shape),
            axis=-1,
        )
    return codes


def _stacks(w: Floats) -> list[slice]:
    """Groups that fit in memory together."""
    step = max(1, (1 << 21) // max(1, w.shape[1] * w.shape[2] + w.shape[2] ** 2))
    return [slice(i, i + step) for i in range(0, len(w), step)]


def _permuted(h: Floats, order: NDArray[np.int64]) -> Floats:
    rows = np.take_along_axis(h, order[:, :, None], axis=1)
    return np.take_along_axis(rows, order[:, None, :], axis=2)


def _inverse_root(h: Floats) -> Floats:
    """Upper triangular U with U^T U = h^-1."""
    return np.swapaxes(np.linalg.cholesky(np.linalg.inv(h)), -1, -2)


def _in_order(w: Floats, upper: Floats) -> Floats:
    """Round columns from first to last, each error spread over the columns after it; w in units of its scale."""
    w, codes, depth = w.copy(), np.empty_like(w), w.shape[-1]
    for start in range(0, depth, BLOCK):
        end = min(start + BLOCK, depth)
        errors = np.empty((*w.shape[:2], end - start))
        for j in range(start, end):
            codes[..., j] = np.clip(np.rint(w[..., j]), -LARGEST, LARGEST)
            error = (w[..., j] - codes[..., j]) / upper[:, j, j][:, None]
            w[..., j + 1 : end] -= error[..., None] * upper[:, None, j, j + 1 : end]
            errors[..., j - start] = error
        w[..., end:] -= errors @ upper[:, start:end, end:]
    return codes

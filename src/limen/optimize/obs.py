"""Weights that take what others may not: second-order choice of zeros and of values from a short list.

What a weight loses when it becomes zero, or one of few values, the weights of the same row that are not settled yet
make up for as far as their inputs are correlated (optimal brain surgeon: Hassibi and Stork, 1993; in columns: SparseGPT
and GPTQ, Frantar and Alistarh, 2023). Matrices are [outputs, depth], moments of the inputs [depth, depth] and positive
definite.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
LEVELS = 127
BLOCK = 64
SOLVED = 2e10
"""Multiplications that fitting the weights that are left, row by row, may take."""


def zeroed(w: Floats, h: Floats, share: float) -> Floats:
    """At least ``share`` of the weights, 0 to 1, are zero: chosen for the whole layer or by blocks of columns,
    whichever costs less."""
    root = _inverse_root(h)
    best = None
    for block in dict.fromkeys((w.shape[1], BLOCK)):

        def chosen(part: Floats, diagonal: Floats) -> Mask:
            score = np.square(part / diagonal)
            rank = np.argsort(np.argsort(score, axis=None, kind="stable"), kind="stable")
            return (rank >= int(np.ceil(share * score.size))).reshape(score.shape)

        made = _fitted(w, h, _masked(w, root, block, chosen))
        if best is None or _error(w - made, h) < _error(w - best, h):
            best = made
    assert best is not None
    return best


def two_of_four(w: Floats, h: Floats) -> Floats:
    """Of each four columns that follow each other, two at least are zero in every row."""

    def chosen(part: Floats, diagonal: Floats) -> Mask:
        score = np.square(part / diagonal)
        rank = np.argsort(np.argsort(-score, axis=1, kind="stable"), axis=1, kind="stable")
        return np.asarray(rank < 2)

    return _fitted(w, h, _masked(w, _inverse_root(h), 4, chosen))


def from_palette(w: Floats, h: Floats, values: int) -> Floats:
    """Each row is its largest magnitude times one of ``values`` numbers that all rows share: whole 127ths.

    -1 and 1 are among them and each row has one of the two: 8-bit codes with a scale per row take the same values.
    """
    peak = np.abs(w).max(axis=1)
    scale = np.where(peak > 0, peak, 1.0) / LEVELS
    units = w / scale[:, None]
    power = np.diagonal(h)
    table = palette_of(units, np.square(scale)[:, None] * power, values)
    edges = (table[1:] + table[:-1]) / 2
    pinned = np.abs(units).argmax(axis=1)
    order = np.argsort(-power, kind="stable")
    ordered, place = units[:, order], np.argsort(order)[pinned]

    def settle(column: int, now: Floats) -> Floats:
        found = table[np.searchsorted(edges, now)]
        ends = np.where(ordered[:, column] < 0, -LEVELS, LEVELS)
        return np.where((place == column) & (peak > 0), ends, found)

    made = np.empty_like(units)
    made[:, order] = _by_columns(ordered, _inverse_root(h[np.ix_(order, order)]), settle)
    return made * scale[:, None]


def palette_of(units: Floats, weights: Floats, values: int) -> Floats:
    """Whole numbers from -127 to 127, sorted: the two ends, and the rest where weighted k-means puts them."""
    bins = np.clip(np.rint(units), -LEVELS, LEVELS).astype(np.int64) + LEVELS
    mass = np.bincount(bins.reshape(-1), np.broadcast_to(weights, units.shape).reshape(-1), 2 * LEVELS + 1)
    places = np.arange(-LEVELS, LEVELS + 1, dtype=np.float64)
    mass = mass + 1e-12 * max(mass.sum(), 1e-300)
    centres = _least_squares_bins(places, mass, values - 2)
    found = np.unique(np.clip(np.rint(np.concatenate([[-LEVELS], centres, [LEVELS]])), -LEVELS, LEVELS))
    return np.asarray(found, np.float64)


def _least_squares_bins(places: Floats, mass: Floats, count: int) -> Floats:
    """Centres of ``count`` runs of bins with the least squared error, by dynamic programming."""
    m, s, q = (np.concatenate([[0.0], np.cumsum(v)]) for v in (mass, mass * places, mass * places**2))
    width = m[None, :] - m[:, None]
    total = s[None, :] - s[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        cost = np.where(width > 0, (q[None, :] - q[:, None]) - total**2 / width, np.inf)
    best, back = cost[0], []
    for _ in range(count - 1):
        ways = best[:, None] + cost
        back.append(np.argmin(ways, axis=0))
        best = ways.min(axis=0)
    ends = [len(places)]
    for choice in reversed(back):
        ends.append(int(choice[ends[-1]]))
    starts = [*ends[1:], 0]
    return np.asarray([(s[e] - s[b]) / (m[e] - m[b]) for b, e in zip(starts, ends, strict=True) if e > b])


def _masked(w: Floats, root: Floats, block: int, chosen: Callable[[Floats, Floats], Mask]) -> Mask:
    """What stays when ``chosen`` decides block by block, on weights that make up for the blocks before."""
    kept = np.ones(w.shape, np.bool_)
    for start in range(0, w.shape[1], block):
        end = min(start + block, w.shape[1])
        places = slice(start, end)
        kept[:, places] = chosen(w[:, places], np.diagonal(root)[places])
        if end < w.shape[1]:
            w = w.copy()
            w[:, start:] = _by_columns(w[:, start:], root[start:, start:], _keeping(kept[:, places]), end - start)
    return kept


def _by_columns(w: Floats, root: Floats, settle: Callable[[int, Floats], Floats], count: int | None = None) -> Floats:
    """The first columns settled in order, each error spread over the columns after it."""
    w = w.copy()
    depth = w.shape[1]
    last = depth if count is None else count
    for start in range(0, last, BLOCK):
        end = min(start + BLOCK, last)
        errors = np.empty((len(w), end - start))
        for j in range(start, end):
            made = settle(j, w[:, j])
            error = (w[:, j] - made) / root[j, j]
            w[:, j] = made
            w[:, j + 1 : end] -= error[:, None] * root[j, j + 1 : end]
            errors[:, j - start] = error
        w[:, end:] -= errors @ root[start:end, end:]
    return w


def _keeping(kept: Mask) -> Callable[[int, Floats], Floats]:
    """Zero where the mask is False."""
    return lambda column, now: np.where(kept[:, column], now, 0.0)


def _fitted(w: Floats, h: Floats, kept: Mask) -> Floats:
    """The weights that stay, fitted so that the row makes what it made."""
    if len(w) * (kept.sum(axis=1).mean() ** 3) > SOLVED:
        root = _inverse_root(h)
        return _by_columns(w, root, _keeping(kept))
    made = np.zeros_like(w)
    wanted = w @ h
    for row, mask in enumerate(kept):
        places = np.flatnonzero(mask)
        if len(places):
            made[row, places] = np.linalg.solve(h[np.ix_(places, places)], wanted[row, places])
    return made


def _inverse_root(h: Floats) -> Floats:
    """Upper triangular U with U^T U = h^-1."""
    return np.ascontiguousarray(np.linalg.cholesky(np.linalg.inv(h)).T)


def _error(lost: Floats, h: Floats) -> float:
    return float(((lost @ h) * lost).sum())

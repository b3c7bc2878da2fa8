"""Nests of loops over several tensors at once: axes that run on through memory become one."""

from __future__ import annotations

from collections.abc import Sequence

Strides = tuple[int, ...]


def merge(extents: Sequence[int], strides: Sequence[Strides]) -> tuple[tuple[int, ...], tuple[Strides, ...]]:
    """Drop axes of extent 1 and join neighbours that every tensor walks through without a jump.

    Args:
        extents: of the axes, outermost first.
        strides: one tuple per tensor, along the same axes.

    Returns:
        extents and strides of at least one axis.
    """
    axes: list[tuple[int, Strides]] = []
    for axis, extent in enumerate(extents):
        steps = tuple(s[axis] for s in strides)
        if extent == 1:
            continue
        if axes and all(outer == extent * inner for outer, inner in zip(axes[-1][1], steps, strict=True)):
            axes[-1] = (axes[-1][0] * extent, steps)
        else:
            axes.append((extent, steps))
    axes = axes or [(1, (0,) * len(strides))]
    columns = tuple(tuple(steps[t] for _, steps in axes) for t in range(len(strides)))
    return tuple(extent for extent, _ in axes), columns

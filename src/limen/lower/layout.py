"""Layouts: which axis of the source value each axis of a Program tensor is.

``tensor = numpy.transpose(source, layout)``. The functions here are pure index arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence

Layout = tuple[int, ...]
Shape = tuple[int, ...]


def identity(rank: int) -> Layout:
    return tuple(range(rank))


def channels_last(rank: int) -> Layout:
    """N, spatial axes, C for a source in N, C, spatial order; identity below rank 3."""
    return identity(rank) if rank < 3 else (0, *range(2, rank), 1)


def permuted(shape: Sequence[int], layout: Layout) -> Shape:
    """Shape of the tensor that holds a source of ``shape``."""
    return tuple(shape[axis] for axis in layout)


def between(held: Layout, wanted: Layout) -> Layout:
    """The permutation that turns a tensor in layout ``held`` into one in layout ``wanted``."""
    return tuple(held.index(axis) for axis in wanted)


def through_transpose(permutation: Layout, held: Layout) -> Layout:
    """Layout in which the tensor of x (in ``held``) holds y = transpose(x, permutation)."""
    return tuple(permutation.index(axis) for axis in held)


def before_transpose(permutation: Layout, wanted: Layout) -> Layout:
    """Layout of x in which its tensor holds y = transpose(x, permutation) in ``wanted``."""
    return tuple(permutation[axis] for axis in wanted)


def same_order(shape: Sequence[int], a: Layout, b: Layout) -> bool:
    """Whether tensors in both layouts have their elements in the same order: only axes of extent 1 differ."""
    return [x for x in a if shape[x] != 1] == [x for x in b if shape[x] != 1]


def with_last(layout: Layout, axis: int) -> Layout:
    """The layout with ``axis`` moved to the end."""
    return (*(a for a in layout if a != axis), axis)


def without(layout: Layout, axes: Sequence[int]) -> Layout:
    """The layout after the source's ``axes`` are removed."""
    kept = [axis for axis in layout if axis not in axes]
    order = sorted(kept)
    return tuple(order.index(axis) for axis in kept)


def with_unit_axes(order: Sequence[int], rank: int) -> Layout:
    """A full layout from the order of the axes that are not 1: each missing axis follows its predecessor.

    Identity and channels-last are chosen where they keep that order.
    """
    present = set(order)
    for candidate in (identity(rank), channels_last(rank)):
        if [a for a in candidate if a in present] == list(order):
            return candidate
    layout = list(order)
    for axis in range(rank):
        if axis not in present:
            layout.insert(layout.index(axis - 1) + 1 if axis > 0 else 0, axis)
    return tuple(layout)


def reshape_groups(source: Sequence[int], target: Sequence[int]) -> list[tuple[list[int], list[int]]] | None:
    """Which source axes a reshape turns into which target axes, both without axes of extent 1.

    Returns:
        pairs (source axes, target axes) of equal size, in order; None where an extent is 0.
    """
    left = [a for a, extent in enumerate(source) if extent != 1]
    right = [a for a, extent in enumerate(target) if extent != 1]
    if 0 in source or 0 in target:
        return None
    groups: list[tuple[list[int], list[int]]] = []
    while left and right:
        a, b = [left.pop(0)], [right.pop(0)]
        size_a, size_b = source[a[0]], target[b[0]]
        while size_a != size_b:
            if size_a < size_b:
                a.append(left.pop(0))
                size_a *= source[a[-1]]
            else:
                b.append(right.pop(0))
                size_b *= target[b[-1]]
        groups.append((a, b))
    return groups


def grouped_order(order: Sequence[int], groups: Sequence[tuple[list[int], list[int]]]) -> list[int]:
    """The nearest order in which each group's source axes are adjacent and ascending: groups by first appearance."""
    owner = {axis: index for index, (axes, _) in enumerate(groups) for axis in axes}
    seen = dict.fromkeys(owner[axis] for axis in order)
    return [axis for index in seen for axis in groups[index][0]]


def reshaped_order(order: Sequence[int], groups: Sequence[tuple[list[int], list[int]]]) -> list[int]:
    """Order of the target's axes when a grouped order of the source's is reshaped in place."""
    owner = {axis: index for index, (axes, _) in enumerate(groups) for axis in axes}
    return [axis for index in dict.fromkeys(owner[a] for a in order) for axis in groups[index][1]]

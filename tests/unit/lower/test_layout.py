"""Layout arithmetic against numpy."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from limen.lower.layout import (
    before_transpose,
    between,
    channels_last,
    grouped_order,
    identity,
    permuted,
    reshape_groups,
    reshaped_order,
    same_order,
    through_transpose,
    with_unit_axes,
    without,
)

RANK = st.shared(st.integers(1, 5), key="rank")
PERMUTATION = RANK.flatmap(lambda rank: st.permutations(range(rank)).map(tuple))
SHAPE = RANK.flatmap(lambda rank: st.tuples(*[st.integers(1, 4)] * rank))


@given(shape=SHAPE, held=PERMUTATION, wanted=PERMUTATION)
def test_between_turns_one_layout_into_another(
    shape: tuple[int, ...], held: tuple[int, ...], wanted: tuple[int, ...]
) -> None:
    source = np.arange(math.prod(shape)).reshape(shape)
    tensor = source.transpose(held)
    assert tensor.shape == permuted(shape, held)
    np.testing.assert_array_equal(tensor.transpose(between(held, wanted)), source.transpose(wanted))
    flat = tensor.reshape(permuted(shape, wanted))
    assert not same_order(shape, held, wanted) or np.array_equal(flat, source.transpose(wanted))


@given(shape=SHAPE, permutation=PERMUTATION, held=PERMUTATION)
def test_a_transpose_is_another_name_for_the_layout(
    shape: tuple[int, ...], permutation: tuple[int, ...], held: tuple[int, ...]
) -> None:
    source = np.arange(math.prod(shape)).reshape(shape)
    moved = source.transpose(permutation)
    layout = through_transpose(permutation, held)
    np.testing.assert_array_equal(moved.transpose(layout), source.transpose(held))
    assert before_transpose(permutation, layout) == held


@given(shape=SHAPE, held=PERMUTATION, data=st.data())
def test_a_reduced_layout_names_the_remaining_axes(
    shape: tuple[int, ...], held: tuple[int, ...], data: st.DataObject
) -> None:
    axes = tuple(sorted(data.draw(st.sets(st.sampled_from(range(len(shape)))))))
    source = np.random.default_rng(0).integers(0, 9, shape)
    reduced = source.transpose(held).sum(axis=tuple(held.index(a) for a in axes))
    np.testing.assert_array_equal(reduced, source.sum(axis=axes).transpose(without(held, axes)))


@given(data=st.data(), parts=st.lists(st.lists(st.integers(1, 3), max_size=3), min_size=1, max_size=3))
def test_a_reshape_in_a_grouped_layout_is_a_reshape_of_the_source(data: st.DataObject, parts: list[list[int]]) -> None:
    split = tuple(extent for part in parts for extent in part)
    joined = tuple(math.prod(part) for part in parts)
    source, target = data.draw(st.permutations([split, joined]))
    groups = reshape_groups(source, target)
    assert groups is not None
    wanted = data.draw(st.permutations(range(len(source))))
    order = grouped_order([a for a in wanted if source[a] != 1], groups)
    held = with_unit_axes(order, len(source))
    layout = with_unit_axes(reshaped_order(order, groups), len(target))
    values = np.arange(math.prod(source)).reshape(source)
    seen = values.transpose(held).reshape(permuted(target, layout))
    np.testing.assert_array_equal(seen, values.reshape(target).transpose(layout))


def test_channels_last_needs_a_spatial_axis() -> None:
    assert channels_last(2) == identity(2)
    assert channels_last(4) == (0, 2, 3, 1)

"""The arena plan: tensors that live together never overlap, and the size is between the bound and the sum."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from limen.targets._memory import ALIGNMENT, Lifetime, greedy_by_size, lifetimes, lower_bound, plan, state_bytes
from unit.targets._examples import examples

TIMES = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(sorted)
LIVES = st.lists(st.tuples(st.integers(0, 40), TIMES), max_size=20).map(
    lambda drawn: [Lifetime(f"t{i}", size * ALIGNMENT, first, last) for i, (size, (first, last)) in enumerate(drawn)]
)


@given(LIVES)
def test_tensors_that_live_together_do_not_overlap(lives: list[Lifetime]) -> None:
    offsets = greedy_by_size(lives).offsets
    for i, one in enumerate(lives):
        for other in lives[:i]:
            apart = (
                offsets[one.name] + one.size <= offsets[other.name]
                or offsets[other.name] + other.size <= offsets[one.name]
            )
            assert apart or not one.overlaps(other)


@given(LIVES)
def test_the_size_lies_between_the_bound_and_the_sum(lives: list[Lifetime]) -> None:
    made = greedy_by_size(lives)
    assert made.bound == lower_bound(lives)
    assert made.bound <= made.size <= sum(life.size for life in lives)
    assert all(offset % ALIGNMENT == 0 for offset in made.offsets.values())


@given(LIVES)
def test_the_bound_is_the_largest_sum_at_one_time(lives: list[Lifetime]) -> None:
    sums = [sum(life.size for life in lives if life.first <= time <= life.last) for time in range(13)]
    assert lower_bound(lives) == max(sums)


def test_a_chain_needs_its_two_largest_neighbours() -> None:
    sizes = [64, 160, 32, 96]
    chain = [Lifetime(str(i), size, i, i + 1) for i, size in enumerate(sizes)]
    assert greedy_by_size(chain).size == lower_bound(chain) == 64 + 160


def test_inputs_live_from_the_start_and_outputs_to_the_end() -> None:
    program = next(program for name, program in examples() if name == "states")
    lives = {life.name: (life.first, life.last) for life in lifetimes(program)}
    assert lives == {"x": (-1, 1), "old": (0, 1), "new": (1, 3)}
    assert plan(program).size == 3 * ALIGNMENT
    assert state_bytes(program) == ALIGNMENT

"""Parsers of delivery refuse damaged input by limen's errors alone, in bounded memory; ``-s`` prints the counts.

``bench/fuzz.py`` tries the same targets for as long as it is told, led by coverage where atheris is installed.
"""

from __future__ import annotations

import resource
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz_targets import MAKERS, Target, damaged, outcome
from limen.errors import VerificationError

EXAMPLES = 150
RUNS_OF_ONE = 4
"""Damaged inputs for each example of hypothesis."""


def peak() -> int:
    """Bytes that this process held at most."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.__name__.strip("_"))
def test_a_parser_refuses_in_its_own_words_and_in_bounded_memory(maker: object) -> None:
    target: Target = maker()  # type: ignore[operator]
    counts: Counter[str] = Counter()
    for sample in target.samples:
        counts[outcome(target, sample)] += 1
    before = peak()

    @settings(max_examples=EXAMPLES)
    @given(st.integers(0, 1 << 32), st.binary(max_size=200))
    def attack(seed: int, junk: bytes) -> None:
        random = np.random.default_rng(seed)
        counts[outcome(target, junk)] += 1
        for _ in range(RUNS_OF_ONE):
            sample = target.samples[int(random.integers(0, len(target.samples)))]
            counts[outcome(target, damaged(sample, random))] += 1

    attack()
    grown = peak() - before
    print(f"\nfuzz {target.name}: {counts.total()} inputs, {counts['refused']} refused, {counts['taken']} taken, "
          f"{grown / 2**20:.0f} MiB more at most")  # fmt: skip
    assert counts.total() > EXAMPLES
    assert grown < target.memory


def test_an_error_of_another_kind_is_a_defect() -> None:
    def wrong(data: bytes) -> None:
        raise KeyError(data)

    def right(data: bytes) -> None:
        raise VerificationError("no")

    with pytest.raises(AssertionError, match="KeyError"):
        outcome(Target("wrong", wrong, ()), b"")
    assert outcome(Target("right", right, ()), b"") == "refused"

"""The choice, the journal and the knapsack: pure parts of the budget search."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from limen.build import optimized
from limen.build.measured import Search
from limen.build.trials import Task
from limen.errors import DataError
from limen.importers import ImportOptions
from limen.optimize.budget import Budget
from limen.optimize.journal import Journal
from limen.optimize.knapsack import islands, noise
from limen.optimize.search import Trial, choose, front


def trial(name: str, ms: float, drop: float, size: int = 100, limit: float | None = 0.5, half: float = 0.2) -> Trial:
    high = drop + half
    verdict = {
        "result": 0.9, "drop": drop, "ci95": (drop - half, high), "limit": limit, "unit": "pt", "n": 900,
        "passed": limit is None or high <= limit, "needed": None,
    }  # fmt: skip
    return Trial(name, "litert", name, latency_ms=ms, size_bytes=size, verdict=verdict)


FLOAT = trial("float32", 10.0, 0.0, 400, half=0.0)


def test_the_fastest_that_keeps_the_drop_wins() -> None:
    choice = choose([FLOAT, trial("a", 5, 0.1), trial("b", 3, 0.6), trial("c", 4, 0.2)], Budget(max_drop=0.5))
    assert choice.best is not None
    assert choice.best.recipe == "c"
    assert "more than 0.5" in choice.reasons["b on litert"]


def test_what_is_slower_than_float_is_never_chosen() -> None:
    slow = trial("slow", 11, 0.0, size=10)
    choice = choose([FLOAT, slow], Budget(max_size=50))
    assert choice.best is None
    assert choice.nearest is slow
    assert choice.missed[0].limit == "slower_than_float"


def test_without_a_limit_on_the_drop_the_most_accurate_that_fits_wins() -> None:
    choice = choose([FLOAT, trial("a", 5, 0.4, 90), trial("b", 6, 0.1, 95)], Budget(max_size=99))
    assert choice.objective == "metric"
    assert choice.best is not None
    assert choice.best.recipe == "b"


@pytest.mark.parametrize(
    ("budget", "tried"),
    [(Budget(max_drop=0.5), False), (Budget(max_drop=2.0), True), (Budget(max_size=50), True), (Budget(), False)],
)
def test_smaller_networks_are_tried_where_they_may_be_wanted(
    budget: Budget, tried: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []

    def measured(search: Search) -> list[Trial]:
        asked.append(search.recipes)
        return [trial(recipe, 5.0, 0.0, half=0.0) for recipe in search.recipes]

    monkeypatch.setattr(optimized, "measured", measured)
    task = Task("m", ImportOptions(), "host", ("litert",), None)
    recipes = ("float32", "float16", "pruned50_float32")
    search = Search(task, recipes, budget, "accuracy", None, "host", Journal(None, {}), lambda *_: None)
    found = optimized._in_two_steps(search)
    assert asked == [recipes[:2], recipes][: 1 + tried]
    assert len(found) == (3 if tried else 2)


def test_an_interval_above_the_limit_is_refused_though_the_drop_is_below() -> None:
    choice = choose([trial("a", 5, 0.4, half=0.3)], Budget(max_drop=0.5))
    assert choice.best is None
    assert "not provable with 900 samples" in choice.missed[0].reason


def test_the_nearest_miss_is_the_one_with_the_least_excess() -> None:
    choice = choose([FLOAT, trial("a", 5, 0.1, 90), trial("b", 5, 0.1, 70)], Budget(max_size=60))
    assert choice.best is None
    assert choice.nearest is not None
    assert choice.nearest.recipe == "b"
    assert choice.missed[0].excess == pytest.approx(70 / 60)


def test_a_figure_that_is_not_known_does_not_keep_a_limit() -> None:
    assert choose([FLOAT], Budget(max_ram=1000)).best is None


def test_nothing_on_the_front_is_beaten() -> None:
    rng = random.Random(4)
    trials = [trial(f"t{i}", rng.uniform(1, 9), rng.uniform(0, 2), rng.randrange(10, 90)) for i in range(30)]
    kept = front(trials, "latency")
    for t in trials:
        beaten = any(
            o.drop <= t.drop
            and (o.latency_ms or 0) <= (t.latency_ms or 0)
            and (o.size_bytes or 0) <= (t.size_bytes or 0)
            for o in trials
            if o is not t
        )
        assert beaten == (t not in kept)


def test_a_journal_is_cut_anywhere_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "j"
    whole = Journal(path, {"model": "m"})
    for i in range(5):
        whole.add(f"k{i}", {"v": i})
    data = path.read_bytes()
    for end in range(len(data) + 1):
        path.write_bytes(data[:end])
        again = Journal(path, {"model": "m"})
        for i in range(5):
            if f"k{i}" not in again:
                again.add(f"k{i}", {"v": i})
        assert path.read_bytes() == data


def test_the_journal_of_another_search_is_refused(tmp_path: Path) -> None:
    Journal(tmp_path / "j", {"model": "m"})
    with pytest.raises(DataError, match="another search"):
        Journal(tmp_path / "j", {"model": "n"})


@dataclass(frozen=True, eq=False)
class Saved:
    shares: NDArray[np.float64]
    nodes: frozenset[str]


def test_the_knapsack_is_close_to_exhaustive_search() -> None:
    rng = np.random.default_rng(0)
    regrets = []
    for _ in range(30):
        names = [f"n{i}" for i in range(9)]
        costs = {n: float(rng.uniform(1, 20)) for n in names}
        savings = [
            Saved(rng.lognormal(-6, 1.5, 2), frozenset(names[i : i + int(rng.integers(1, 3))])) for i in range(9)
        ]
        limit = 0.15 * float(noise(savings, frozenset()).max())
        chosen = islands(savings, costs, limit)
        assert noise(savings, chosen).max() <= limit
        subsets = itertools.chain.from_iterable(itertools.combinations(names, k) for k in range(10))
        best = min(sum(costs[n] for n in s) for s in subsets if noise(savings, frozenset(s)).max() <= limit)
        regrets.append(sum(costs[n] for n in chosen) / best - 1)
    assert np.mean(regrets) <= 0.05

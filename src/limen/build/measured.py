"""Every candidate of a search: made, counted, timed in turns with the others and, where it may win, judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from limen.build.farm import farm
from limen.build.make import float_reference, source_specs
from limen.build.samples import as_feeds
from limen.build.trials import Attempt, Task, attempts, opened, outputs_of, sessions
from limen.bundle import Bundle
from limen.data import Dataset
from limen.errors import InternalError, LimenError, Unsupported
from limen.measure.latency import measure_interleaved
from limen.optimize.budget import Budget, misses
from limen.optimize.journal import Journal
from limen.optimize.search import Trial, choose, too_slow
from limen.optimize.verdict import confusion, judge, unchanged
from limen.program import Array

Progress = Callable[[str, int, int], None]
TIMED_SECONDS = 0.4


@dataclass(frozen=True, eq=False)
class Search:
    """What is searched, and where it is measured.

    Args:
        task: common to all recipes.
        recipes: full names, in order; float32 is always among them.
        budget: limits.
        metric: a name, ``module:function`` or ``agreement``.
        judged: samples that the metric is measured on; None where there is no data at all.
        timed: ``host``, a URL of a device, or empty where time cannot be measured.
        journal: of findings.
        progress: called with what, done, total.
        jobs, cluster: who makes candidates.
        made: candidates by name, and their bundles where they were made here.
    """

    task: Task
    recipes: tuple[str, ...]
    budget: Budget
    metric: str
    judged: Dataset | None
    timed: str
    journal: Journal
    progress: Progress
    jobs: int = 1
    cluster: str | None = None
    made: dict[str, Attempt] = field(default_factory=dict)


def measured(search: Search) -> list[Trial]:
    """Every candidate, made, counted, timed and, where it may win or is the nearest miss, judged."""
    search.made.update(_made(search))
    return _judged(search, _timed(search, [a.trial for a in search.made.values()]))


def _made(search: Search) -> dict[str, Attempt]:
    """Candidates by name; those in the journal are made again only when they are needed."""
    left = [r for r in search.recipes if f"made {r}" not in search.journal]
    found: dict[str, Attempt] = {}
    done = len(search.recipes) - len(left)
    for recipe, attempted in farm(search.task, left, search.jobs, search.cluster):
        search.journal.add(f"made {recipe}", [a.trial.to_json() for a in attempted])
        found |= {a.trial.name: a for a in attempted if a.bundle is not None}
        done += 1
        search.progress("make", done, len(search.recipes))
    kept: dict[str, Attempt] = {}
    seen: dict[tuple[str, str], str] = {}
    for recipe in search.recipes:
        for value in search.journal[f"made {recipe}"]:
            trial = Trial.from_json(value)
            first = seen.setdefault((trial.engine, trial.sha256), trial.name) if trial.sha256 else trial.name
            if first != trial.name:
                trial = Trial(trial.recipe, trial.engine, error=f"the same artifact as {first}")
            here = found.get(trial.name) or search.made.get(trial.name)
            kept[trial.name] = Attempt(trial, here.bundle if here else None)
    return kept


def bundle_of(search: Search, trial: Trial) -> Bundle:
    """The trial's bundle, made again if need be.

    Raises:
        InternalError: it comes out different.
    """
    made = search.made
    bundle = made[trial.name].bundle
    if bundle is None:
        for again in attempts(search.task, trial.recipe):
            if again.trial.name in made and again.bundle is not None:
                made[again.trial.name] = Attempt(made[again.trial.name].trial, again.bundle)
                if again.trial.name == trial.name and again.trial.sha256 != trial.sha256:
                    raise InternalError(f"{trial.name}: the same recipe gives other bytes than the journal says")
        bundle = made[trial.name].bundle
        assert bundle is not None
    return bundle


def _timed(search: Search, trials: list[Trial]) -> list[Trial]:
    """With latencies, all taken in turns."""
    runnable = [t for t in trials if t.sha256]
    if not search.timed or not runnable:
        return trials
    key = "timed " + " ".join(sorted(t.sha256[:12] + t.engine for t in runnable))
    if key not in search.journal:
        search.progress("time", 0, 1)
        bundles = {t.name: bundle_of(search, t) for t in runnable}
        take = _times_here if search.timed == "host" else _times_there(search.timed)
        search.journal.add(key, take(bundles))
        search.progress("time", 1, 1)
    times: Mapping[str, float] = search.journal[key]
    return [replace(t, latency_ms=times.get(t.name)) for t in trials]


def _times_here(bundles: Mapping[str, Bundle]) -> dict[str, float]:
    with ExitStack() as stack:
        calls = {}
        for name, session, call in sessions(bundles):
            stack.enter_context(session)
            calls[name] = call
        return {name: found.p50_us / 1e3 for name, found in measure_interleaved(calls, TIMED_SECONDS).items()}


def _times_there(on: str) -> Callable[[Mapping[str, Bundle]], dict[str, float]]:
    def take(bundles: Mapping[str, Bundle]) -> dict[str, float]:
        import tempfile

        from limen.build.elsewhere import bench_there

        times = {}
        with tempfile.TemporaryDirectory() as folder:
            for number, (name, bundle) in enumerate(bundles.items()):
                path = Path(folder) / f"{number}.limen"
                bundle.save(path)
                engine = bundle.artifacts[0].engines[0]
                found = bench_there(path, on, None if engine == "reference" else engine, seconds=TIMED_SECONDS)
                times[name] = found.p50_us / 1e3
        return times

    return take


def _judged(search: Search, trials: list[Trial]) -> list[Trial]:
    """With verdicts; what misses another limit or is slower than float is not worth its samples, unless it is nearest.

    Where nothing keeps the budget, the nearest miss is judged too, and is asked for again until it stays the nearest.
    """
    runnable = [t for t in trials if t.sha256]
    if search.judged is None or not runnable:
        return trials
    floats = [t for t in runnable if t.is_float]
    judge_one = _Judge(search, min(floats, key=lambda t: (t.latency_ms or 0.0, t.name), default=None))
    others = replace(search.budget, max_drop=None)
    found: dict[str, Trial] = {}
    for number, trial in enumerate(runnable):
        missed = misses(others, trial.figures, None) + too_slow(trial, runnable)
        worth = trial.is_float or not missed
        told = "not judged: " + "; ".join(m.reason for m in missed)
        found[trial.name] = judge_one(trial) if worth else replace(trial, error=told)
        search.progress("judge", number + 1, len(runnable))
    asked = set(found)
    while (near := choose(list(found.values()), search.budget).nearest) and near.verdict is None:
        if near.name not in asked:
            break
        asked.remove(near.name)
        found[near.name] = judge_one(replace(near, error=""))
    return list(found.values()) + [t for t in trials if not t.sha256]


class _Judge:
    """Scores trials against ``base``, whose outputs are computed once, when they are needed."""

    def __init__(self, search: Search, base: Trial | None) -> None:
        self.search, self.base = search, base
        self.wanted: Array | None = None

    def __call__(self, trial: Trial) -> Trial:
        """The trial with its verdict, from the journal where that has it; or with why it cannot be scored."""
        search, against = self.search, self.base.engine if self.base else "the host"
        key = f"judged {search.metric} {trial.recipe} {trial.engine} {trial.sha256[:12]} against {against}"
        if key not in search.journal:
            try:
                search.journal.add(key, self._score(trial))
            except LimenError as error:
                search.journal.add(key, {"error": str(error)})
        value = search.journal[key]
        if "error" in value:
            return replace(trial, error=f"not judged: {value['error']}")
        return replace(trial, verdict=value["verdict"], confusion=value["confusion"])

    def _score(self, trial: Trial) -> dict[str, Any]:
        search, data = self.search, self.search.judged
        assert data is not None
        if self.wanted is None:
            self.wanted = _float_outputs(search, self.base, data)
        got = outputs_of(search.task, bundle_of(search, trial), data)
        make = unchanged if trial.is_float else judge
        verdict = make(search.metric, data.labels, self.wanted, got, search.budget.max_drop)
        table = None if data.labels is None else confusion(data.labels, got)
        return {"verdict": verdict.to_json(), "confusion": table}


def _float_outputs(search: Search, base: Trial | None, data: Dataset) -> Array:
    """What all others are compared with.

    Raises:
        Unsupported: the float model runs nowhere here.
    """
    if base is not None:
        return outputs_of(search.task, bundle_of(search, base), data)
    source = opened(search.task)[0]
    found = float_reference(source, dict(as_feeds(data, source_specs(source))))
    if found is None:
        raise Unsupported(f"{source.path.name}: the float model runs on no engine that is installed here")
    return found

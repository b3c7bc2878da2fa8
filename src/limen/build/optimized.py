"""``limen optimize``: the best bundle that keeps a budget, judged on what ships, or the nearest miss.

Every recipe is made, compiled for every engine, and timed in turns with the others (or counted on the device's virtual
twin). What keeps the other limits and is not slower than float is scored on the labelled samples; the verdict is on
the drop between it and the float model. Everything measured goes to the journal: the same journal gives the same
bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from limen import __version__, devices
from limen.build.chosen import Wanted, finished
from limen.build.farm import farm
from limen.build.make import float_reference, source_specs
from limen.build.results import Optimized, Planned
from limen.build.samples import as_feeds, read_data
from limen.build.source import Source, file_sha256
from limen.build.trials import GENERATED, Attempt, Task, attempts, opened, outputs_of, sessions
from limen.build.variants import KINDS, is_quantised, wanted_engines
from limen.bundle import Bundle
from limen.data import Dataset
from limen.devices import Device
from limen.engines import ENGINES
from limen.errors import InternalError, LimenError, NotMeasurable, Unsupported
from limen.importers import ImportOptions
from limen.measure.latency import measure_interleaved
from limen.measure.metrics import find_metric
from limen.optimize import decode
from limen.optimize.budget import Budget, misses
from limen.optimize.journal import Journal
from limen.optimize.recipes import SEARCHED
from limen.optimize.search import Objective, Trial, too_slow
from limen.optimize.verdict import AGREEMENT, Verdict, confusion, judge, unchanged
from limen.program import Array

Progress = Callable[[str, int, int], None]
TIMED_SECONDS = 0.4
FLOAT = "float32"


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


def optimize_model(
    model: str | Path,
    output: str | Path,
    device: str = "host",
    data: str | Path | None = None,
    evaluation: str | Path | None = None,
    metric: str | None = None,
    budget: Budget | None = None,
    passes: Sequence[str] = (),
    engines: Sequence[str] = (),
    objective: Objective | None = None,
    journal: str | Path | None = None,
    report: str | Path | None = None,
    language: str = "en",
    on: str | None = None,
    jobs: int = 1,
    key: str | Path | None = None,
    unsigned: bool = False,
    dry_run: bool = False,
    pre: str | None = None,
    post: str | None = None,
    labels: str | Path | None = None,
    progress: Progress | None = None,
    options: ImportOptions | None = None,
) -> Optimized | Planned:
    """Search, choose, and write the bundle.

    Args:
        model: a model file.
        output: the .limen file; nothing is written where no candidate keeps the budget.
        device: a board or processor.
        data: calibration samples.
        evaluation: labelled samples; ``data`` where absent.
        metric: a name or ``module:function``; accuracy, or agreement with float where there are no labels.
        budget: limits; none by default.
        passes: recipes to try beside float, instead of all.
        engines: to compile for, instead of the device's.
        objective: what to be best in; time where the drop is limited, else the metric.
        journal: a file; a search that was interrupted continues.
        report: an HTML page to write.
        language: of the report, ``en`` or ``zh``.
        on: where time is measured, ``ssh://user@host`` or ``serial:/dev/NAME``; ``ray://host:port`` or ``ray`` makes
            candidates on a cluster.
        jobs: processes that make candidates.
        key, unsigned, dry_run, pre, post, labels, options: as for ``build``.

    Raises:
        NotMeasurable: a limit on time or instructions that nothing here can measure.
        UsageError, BadInput, Unsupported: as the stages raise.
    """
    budget = budget or Budget()
    cluster, place = (on, None) if on is not None and on.startswith("ray") else (None, on)
    board = devices.get(device)
    timed, counted = where_measured(board, place, budget)
    task = Task(
        str(model), options, device, search_engines(board, tuple(engines)), _text(data), pre, post, _text(labels),
        budget.max_ram, budget.max_flash, counted,
    )  # fmt: skip
    source, calibration, around = opened(task)
    judged = calibration if evaluation is None else read_data(evaluation, around.pre)
    metric = _metric(metric, judged)
    recipes = searched(source, calibration, passes)
    files = {"model": model, "data": data, "eval": evaluation}
    subject = _subject(task, board, {n: p for n, p in files.items() if p is not None}, metric, timed, budget)
    notebook = Journal(None if journal is None else Path(journal), subject)
    show = progress or (lambda _what, _done, _total: None)
    search = Search(task, recipes, budget, metric, judged, timed, notebook, show, jobs, cluster)
    if dry_run:
        return Planned(recipes, task.engines, metric, budget.to_json(), timed, counted)
    trials = measured(search)
    wanted = Wanted(Path(output), key, unsigned, None if report is None else Path(report), language, objective)
    return finished(trials, budget, wanted, lambda trial: bundle_of(search, trial), subject, search.task)


def _subject(
    task: Task, board: Device, files: Mapping[str, str | Path], metric: str, timed: str, budget: Budget
) -> dict[str, Any]:
    """What a journal belongs to."""
    return {
        **{name: file_sha256(Path(path)) for name, path in files.items()},
        "device": board.name,
        "engines": task.engines,
        "metric": metric,
        "timed": timed,
        "count": task.count,
        "pre": task.pre,
        "options": repr(task.options),
        "limen": __version__,
        "ram": task.ram,
        "flash": task.flash,
        "limit": budget.max_drop,
    }


def where_measured(board: Device, on: str | None, budget: Budget) -> tuple[str, bool]:
    """Where time is measured (``host``, a URL, or empty), and whether instructions are counted.

    Raises:
        NotMeasurable: the budget limits what cannot be measured.
    """
    host = devices.get("host")
    timed = on or ("host" if board.isa == host.isa and board.engines else "")
    if budget.max_latency is not None and not timed:
        raise NotMeasurable(
            f"device {board.name}: time cannot be measured here",
            "reach the device by --on ssh://user@host or serial:/dev/NAME, or limit --max-instructions",
        )
    counted = not board.engines or budget.max_instructions is not None
    if budget.max_instructions is not None and board.engines:
        raise NotMeasurable(
            f"device {board.name}: instructions are counted of generated code only, and it has engines",
            f"use its processor's entry without an operating system, or limit --max-latency; isa {board.isa}",
        )
    return timed, counted


def search_engines(board: Device, asked: tuple[str, ...]) -> tuple[str, ...]:
    """Engines to compile for: those asked for, or the device's that are installed here, without the slow judge.

    Raises:
        UsageError: an engine that is not known.
    """
    if not board.engines and not asked:
        return (GENERATED,)
    if asked:
        wanted_engines(board, asked)
        return tuple(dict.fromkeys(asked))
    here = [e for e in board.engines if e in KINDS and ENGINES.get(e).version() is not None]
    native = board.isa == devices.get("host").isa
    quick = tuple(e for e in here if e != "reference" and (native or e != "native"))
    return quick or ("reference",)


def searched(source: Source, data: Dataset | None, passes: Sequence[str]) -> tuple[str, ...]:
    """Full names of the recipes to try, float32 first.

    Raises:
        UsageError: a pass is not a recipe.
    """
    names = [decode(name).name for name in (passes or SEARCHED)]
    if source.program is not None and is_quantised(source.program):
        names = []
    if data is None:
        names = [name for name in names if not decode(name).needs_data]
    return tuple(dict.fromkeys((FLOAT, *names)))


def _metric(asked: str | None, judged: Dataset | None) -> str:
    if asked is not None and asked != AGREEMENT:
        find_metric(asked)
        return asked
    return AGREEMENT if asked == AGREEMENT or judged is None or judged.labels is None else "accuracy"


def measured(search: Search) -> list[Trial]:
    """Every candidate, made, counted, timed and, where it may win, judged."""
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
            kept[trial.name] = Attempt(trial, found[trial.name].bundle if trial.name in found else None)
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
    """With verdicts; what misses another limit or is slower than float is not worth its samples."""
    if search.judged is None:
        return trials
    floats = [t for t in trials if t.is_float and t.sha256]
    chosen = min(floats, key=lambda t: (t.latency_ms or 0.0, t.name), default=None)
    others = [t for t in trials if t.sha256]
    wanted: list[Array] = []
    found = []
    for number, trial in enumerate(others):
        found.append(_verdict(search, trial, chosen, others, wanted))
        search.progress("judge", number + 1, len(others))
    return found + [t for t in trials if not t.sha256]


def _verdict(search: Search, trial: Trial, base: Trial | None, trials: list[Trial], wanted: list[Array]) -> Trial:
    """One trial judged against ``base``, whose outputs are computed once, when they are needed."""
    data = search.judged
    assert data is not None
    others = replace(search.budget, max_drop=None)
    missed = misses(others, trial.figures, None) + too_slow(trial, trials)
    if missed and not trial.is_float:
        return replace(trial, error="not judged: " + "; ".join(m.reason for m in missed))
    against = base.engine if base else "the host"
    key = f"judged {search.metric} {trial.recipe} {trial.engine} {trial.sha256[:12]} against {against}"
    if key not in search.journal:
        if not wanted:
            wanted.append(_float_outputs(search, base, data))
        try:
            search.journal.add(key, _scored(search, trial, wanted[0], data))
        except LimenError as error:
            search.journal.add(key, {"error": str(error)})
    value = search.journal[key]
    if "error" in value:
        return replace(trial, error=f"not judged: {value['error']}")
    return replace(trial, verdict=value["verdict"], confusion=value["confusion"])


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


def _scored(search: Search, trial: Trial, wanted: Array, data: Dataset) -> dict[str, Any]:
    got = outputs_of(search.task, bundle_of(search, trial), data)
    limit = search.budget.max_drop
    verdict: Verdict = judge(search.metric, data.labels, wanted, got, limit)
    if trial.is_float:
        verdict = unchanged(search.metric, verdict.result, verdict.n, limit, verdict.unit)
    table = None if data.labels is None else confusion(data.labels, got)
    return {"verdict": verdict.to_json(), "confusion": table}


def _text(path: str | Path | None) -> str | None:
    return None if path is None else str(path)

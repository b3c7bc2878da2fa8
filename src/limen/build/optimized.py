"""``limen optimize``: the best bundle that keeps a budget, judged on what ships, or the nearest miss.

Every recipe is made, compiled for every engine, and timed in turns with the others (or counted on the device's virtual
twin). What keeps the other limits and is not slower than float is scored on the labelled samples; the verdict is on
the drop between it and the float model. Everything measured goes to the journal: the same journal gives the same
bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from limen import __version__, devices
from limen.build.chosen import Wanted, finished
from limen.build.measured import Progress, Search, bundle_of, measured
from limen.build.results import Optimized, Planned
from limen.build.samples import read_data
from limen.build.source import Source, file_sha256
from limen.build.trials import GENERATED, Task, opened
from limen.build.variants import KINDS, is_quantised, wanted_engines
from limen.data import Dataset
from limen.devices import Device
from limen.engines import ENGINES
from limen.errors import NotMeasurable
from limen.importers import ImportOptions
from limen.measure.metrics import find_metric
from limen.optimize import decode
from limen.optimize.budget import Budget
from limen.optimize.journal import Journal
from limen.optimize.recipes import SEARCHED
from limen.optimize.search import Objective, Trial, choose
from limen.optimize.verdict import AGREEMENT

FLOAT = "float32"
PRUNED_DROP = 2.0
"""Points; pruning without training costs about so many."""


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
    keep_scales: str | Path | None = None,
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
        keep_scales: bundle or .tflite of the version before; static recipes keep its scales where that costs little.
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
        budget.max_ram, budget.max_flash, counted, _text(keep_scales),
    )  # fmt: skip
    source, calibration, around = opened(task)
    judged = calibration if evaluation is None else read_data(evaluation, around.pre)
    metric = _metric(metric, judged)
    recipes = searched(source, calibration, passes)
    files = {"model": model, "data": data, "eval": evaluation, "keep_scales": keep_scales}
    subject = _subject(task, board, {n: p for n, p in files.items() if p is not None}, metric, timed, budget)
    notebook = Journal(None if journal is None else Path(journal), subject)
    show = progress or (lambda _what, _done, _total: None)
    search = Search(task, recipes, budget, metric, judged, timed, notebook, show, jobs, cluster)
    if dry_run:
        return Planned(recipes, task.engines, metric, budget.to_json(), timed, counted)
    trials = _in_two_steps(search) if not passes else measured(search)
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


def _in_two_steps(search: Search) -> list[Trial]:
    """Smaller networks are tried only where a drop of PRUNED_DROP is allowed, or no whole one keeps the budget."""
    trials = measured(replace(search, recipes=tuple(r for r in search.recipes if not decode(r).pruned)))
    budget = search.budget
    allowed = budget.max_drop is not None and budget.max_drop >= PRUNED_DROP
    if allowed or choose(trials, budget).best is None:
        return measured(search)
    return trials


def _metric(asked: str | None, judged: Dataset | None) -> str:
    if asked is not None and asked != AGREEMENT:
        find_metric(asked)
        return asked
    return AGREEMENT if asked == AGREEMENT or judged is None or judged.labels is None else "accuracy"


def _text(path: str | Path | None) -> str | None:
    return None if path is None else str(path)

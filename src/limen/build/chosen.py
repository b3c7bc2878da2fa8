"""The end of a search: the best candidate becomes a signed bundle with its report, or the nearest miss is told."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from limen import __version__
from limen.build.make import signing_key
from limen.build.results import Optimized
from limen.build.trials import GENERATED, Task
from limen.bundle import PROVENANCE, REPORT, Bundle, PrivateKey
from limen.optimize.budget import Budget
from limen.optimize.search import Choice, Objective, Trial, choose


@dataclass(frozen=True)
class Wanted:
    """What is to be written.

    Args:
        output: the bundle.
        key: Ed25519 private key; None for the one beside the bundle.
        unsigned: do not sign.
        report: an HTML page; None for none.
        language: of the page.
        objective: what to be best in; None for the default.
    """

    output: Path
    key: str | Path | None = None
    unsigned: bool = False
    report: Path | None = None
    language: str = "en"
    objective: Objective | None = None


def finished(
    trials: Sequence[Trial],
    budget: Budget,
    wanted: Wanted,
    bundle_of: Callable[[Trial], Bundle],
    subject: Mapping[str, Any],
    task: Task,
) -> Optimized:
    """Choose, write, and say what was found.

    A candidate whose file is larger than the budget once its statements are in it is put back, and the next is taken.
    """
    trials = list(trials)
    signer = None
    while True:
        choice = choose(trials, budget, wanted.objective)
        if choice.best is None:
            break
        signer = signer or (None if wanted.unsigned else signing_key(wanted.output, wanted.key, False))
        bundle = _stated(bundle_of(choice.best), choice, budget, subject, signer)
        size = len(bundle.to_bytes())
        trials = [replace(t, size_bytes=size) if t is choice.best else t for t in trials]
        if budget.max_size is None or size <= budget.max_size:
            choice = _sized(choice, size)
            bundle.save(wanted.output)
            break
    result = result_of(choice, trials, budget, wanted.output)
    if wanted.report is not None:
        from limen.build.page import write_page

        write_page(wanted.report, result, trials, choice, wanted.language, task)
    return result


def _sized(choice: Choice, size: int) -> Choice:
    """The choice, with the size of the file that is written."""
    assert choice.best is not None
    best = replace(choice.best, size_bytes=size)
    return replace(choice, best=best, front=tuple(best if t is choice.best else t for t in choice.front))


def _stated(
    bundle: Bundle, choice: Choice, budget: Budget, subject: Mapping[str, Any], key: PrivateKey | None
) -> Bundle:
    """With the figures and where they come from; nothing that varies but what was measured."""
    best = choice.best
    assert best is not None
    report = {
        "recipe": best.recipe,
        "engine": best.engine,
        "budget": budget.to_json(),
        "objective": choice.objective,
        "verdict": dict(best.verdict) if best.verdict else None,
        "figures": {k: v for k, v in best.figures.items() if k != "size_bytes"},
        "integer_mac_share": best.integer_mac_share,
        "islands": dict(best.islands),
        "passes": list(best.log),
        "tried": dict(choice.reasons),
    }
    provenance = {"limen": __version__, "searched": dict(subject), "recipe": best.recipe, "artifact": best.sha256}
    stated = bundle.with_statement(REPORT, report, key).with_statement(PROVENANCE, provenance, key)
    return stated if key is None else stated.signed(key)


def result_of(choice: Choice, trials: Sequence[Trial], budget: Budget, output: Path) -> Optimized:
    """What the verb returns."""
    best = choice.best
    floats = [t.latency_ms for t in trials if t.is_float and t.latency_ms is not None]
    nearest = choice.nearest
    told = None
    if nearest is not None:
        missed = [{**vars(m), "excess": _finite(m.excess)} for m in choice.missed]
        told = {**row(nearest, choice), "missed": [{k: _finite(v) for k, v in m.items()} for m in missed]}
    return Optimized(
        passed=best is not None,
        engine=None if best is None else "reference" if best.engine == GENERATED else best.engine,
        recipe=None if best is None else best.recipe,
        metric=None if best is None or best.verdict is None else best.verdict,
        latency_ms=None if best is None else best.latency_ms,
        float_latency_ms=min(floats, default=None),
        instructions=None if best is None else best.instructions,
        size_bytes=None if best is None else best.size_bytes,
        ram_bytes=None if best is None else best.ram_bytes,
        flash_bytes=None if best is None else best.flash_bytes,
        integer_mac_share=None if best is None else best.integer_mac_share,
        objective=choice.objective,
        budget=budget.to_json(),
        tried=tuple(row(t, choice) for t in trials),
        front=tuple(row(t, choice) for t in choice.front),
        nearest_miss=told,
        path=None if best is None else str(output),
    )


def row(trial: Trial, choice: Choice) -> dict[str, Any]:
    """One candidate for a table."""
    verdict = trial.verdict
    return {
        "recipe": trial.recipe,
        "engine": trial.engine,
        **trial.figures,
        "integer_mac_share": trial.integer_mac_share,
        "metric": None if verdict is None else verdict["result"],
        "drop": None if verdict is None else verdict["drop"],
        "ci95": None if verdict is None else list(verdict["ci95"]),
        "chosen": choice.best is not None and trial.name == choice.best.name,
        "why": choice.reasons.get(trial.name, trial.error),
        "passes": list(trial.log),
        "islands": dict(trial.islands),
    }


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value

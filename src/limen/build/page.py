"""Collects what the report of a search shows, and writes it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from limen.build.judge import tapped
from limen.build.results import Optimized
from limen.build.trials import GENERATED, Task, opened, prepared_by
from limen.build.variants import KINDS
from limen.bundle.file import write_atomically
from limen.errors import LimenError
from limen.optimize import decode
from limen.optimize.report.page import Layer, Page, render
from limen.optimize.schemes import sqnr_db
from limen.optimize.search import Choice, Trial
from limen.program import Program

LAYER_SAMPLES = 4


def write_page(
    path: Path, result: Optimized, trials: Sequence[Trial], choice: Choice, language: str, task: Task
) -> None:
    """Write the report as HTML.

    Raises:
        BadInput: the file cannot be written.
    """
    best = choice.best
    before = next((t.confusion for t in trials if t.is_float and t.confusion), None)
    page = Page(
        name=Path(task.model).name,
        result=result.to_json(),
        layers=() if best is None else layers_of(best, task),
        before=before,
        after=None if best is None else best.confusion,
        command="" if best is None else command_of(best, task),
        language=language,
    )
    write_atomically(path, render(page).encode())


def layers_of(trial: Trial, task: Task) -> tuple[Layer, ...]:
    """Cost of every layer, and the error of its output on calibration samples; empty where there is no Program."""
    source, data, _ = opened(task)
    if source.program is None:
        return ()
    try:
        program = prepared_by(task, decode(trial.recipe), source, data).program
    except LimenError:
        return ()
    if program is None:
        return ()
    errors = {}
    if data is not None and not trial.is_float:
        wanted, got = (tapped(p, data.head(LAYER_SAMPLES)) for p in (source.program, program))
        errors = {n: sqnr_db(wanted[n], got[n]) for n in wanted if n in got and wanted[n].shape == got[n].shape}
    return tuple(_rows(program, errors))


def _rows(program: Program, errors: dict[str, float]) -> list[Layer]:
    rows = []
    for node in program.nodes:
        if not node.outputs:
            continue
        tensor = program.tensors[node.outputs[0]]
        macs = node.op.cost(program.operands(node)).macs
        integer = tensor.quant is not None
        rows.append(Layer(node.name or node.outputs[0], node.op.name, macs, errors.get(node.outputs[0]), integer))
    return rows


def command_of(trial: Trial, task: Task) -> str:
    """The command that makes the same artifact again."""
    target = "c" if trial.engine == GENERATED else KINDS[trial.engine]
    words = ["limen", "compile", task.model, "--target", target, "--device", task.device, "--quantize", trial.recipe]
    words += ["--data", task.data] if task.data else []
    words += ["--pre", task.pre] if task.pre else []
    words += ["--keep-scales", task.parent] if task.parent and decode(trial.recipe).kind == "static" else []
    return shlex.join([*words, "-o", "out"])

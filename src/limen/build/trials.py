"""One recipe of the budget search: made, compiled for every engine, counted; and judged on labelled samples."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from limen import devices
from limen.build.compiled import scheduled
from limen.build.judge import run_in_chunks
from limen.build.make import make_parts, read_around, source_specs
from limen.build.pack import Around, Facts, Part, pack
from limen.build.parent import read_parent
from limen.build.samples import as_feeds, program_feeds, random_data, read_data
from limen.build.source import Source, open_source
from limen.build.variants import Prepared, onnx_model, prepare_variant, program_artifact
from limen.bundle import Bundle
from limen.data import Dataset
from limen.engines import Session, record_golden
from limen.errors import LimenError, MissingExtra, ModelError, Unsupported, VerificationError
from limen.importers import ImportOptions
from limen.lab import profile, sample_inputs
from limen.optimize import Recipe, decode
from limen.optimize.search import Trial
from limen.program import Array
from limen.targets import CompileOptions

CALIBRATION_SAMPLES = 256
GOLDEN_SAMPLES, GOLDEN_BYTES = 4, 64 << 10
PROFILED_SAMPLES, LARGE_MACS = 8, 5_000_000
GENERATED = "c"


@dataclass(frozen=True)
class Task:
    """What is the same for all recipes of a search.

    Args:
        model: the file.
        options: how it is read.
        device: name.
        engines: to make artifacts for; ``c`` for generated code of a device without engines.
        data: calibration samples.
        pre, post, labels: what stands around the model.
        ram, flash: limits in bytes that schedules of generated code aim at.
        count: execute generated code on the virtual device and count.
        parent: bundle or .tflite of the version before, whose scales static recipes keep where that costs little.
    """

    model: str
    options: ImportOptions | None
    device: str
    engines: tuple[str, ...]
    data: str | None = None
    pre: str | None = None
    post: str | None = None
    labels: str | None = None
    ram: int | None = None
    flash: int | None = None
    count: bool = False
    parent: str | None = None

    def __hash__(self) -> int:
        return hash(repr(self))


@dataclass(frozen=True, eq=False)
class Attempt:
    """A trial that is not judged yet, and the bundle that would ship; None where there is none."""

    trial: Trial
    bundle: Bundle | None


@lru_cache(maxsize=2)
def opened(task: Task) -> tuple[Source, Dataset | None, Around]:
    """The model, its calibration samples, and its steps."""
    around = read_around(task.pre, task.post, task.labels)
    return (
        open_source(task.model, task.options),
        None if task.data is None else read_data(task.data, around.pre),
        around,
    )


def attempts(task: Task, recipe: str) -> list[Attempt]:
    """The recipe on each engine; what cannot be made says why."""
    source, data, _ = opened(task)
    name = decode(recipe).name
    try:
        prepared = prepared_by(task, decode(recipe), source, data)
    except LimenError as error:
        return [Attempt(Trial(name, engine, error=str(error)), None) for engine in task.engines]
    return [attempt(task, prepared, engine) for engine in task.engines]


def prepared_by(task: Task, recipe: Recipe, source: Source, data: Dataset | None) -> Prepared:
    """The source after a recipe; static ones keep scales of the task's parent."""
    parent = read_parent(task.parent) if recipe.kind == "static" else None
    return prepare_variant(source, recipe, data, CALIBRATION_SAMPLES, parent)


def attempt(task: Task, prepared: Prepared, engine: str) -> Attempt:
    """One artifact with its figures."""
    empty = Trial(prepared.recipe.name, engine)
    try:
        if engine == GENERATED:
            part, instructions = _generated(task, prepared)
        else:
            parts, _ = make_parts(prepared, (engine,), CompileOptions(devices.get(task.device)))
            part, instructions = parts[0], None
        bundle = _recorded(task, prepared, part)
        content = next(iter(part.artifact.files.values()))
        share = _integer_share(prepared, engine)
    except LimenError as error:
        return Attempt(replace(empty, error=str(error)), None)
    trial = replace(
        empty,
        sha256=hashlib.sha256(content).hexdigest(),
        instructions=instructions,
        ram_bytes=part.artifact.ram,
        flash_bytes=part.artifact.flash,
        size_bytes=len(bundle.to_bytes()),
        integer_mac_share=share,
        log=prepared.decisions.log,
        islands=dict(prepared.decisions.islands),
    )
    return Attempt(trial, bundle)


def _generated(task: Task, prepared: Prepared) -> tuple[Part, int | None]:
    """The Program whose generated code was compiled, with that code's figures, and its instructions.

    Raises:
        VerificationError: the code does not do what the interpreter does.
    """
    board = devices.get(task.device)
    program = prepared.require_program()
    artifact, code = scheduled(program, CompileOptions(board, task.ram, task.flash))
    instructions = None
    if task.count:
        data = opened(task)[1]
        wanted = PROFILED_SAMPLES if program.cost().macs <= LARGE_MACS else 1
        feeds = [] if data is None else list(islice(program_feeds(program, data), wanted))
        feeds += sample_inputs(program, 0 if feeds else wanted)
        found = profile(code, feeds, judge=program)
        if found.exact is not None and found.exact["max_lsb"] > 0:
            raise VerificationError(f"generated code differs from the interpreter by {found.exact['max_lsb']}")
        instructions = found.instructions
    plain = program_artifact(prepared)
    figures = replace(plain, ram=artifact.ram, flash=artifact.flash, notes=artifact.notes)
    return Part(figures, "program", ("reference",), (), bool(program.states)), instructions


def _recorded(task: Task, prepared: Prepared, part: Part) -> Bundle:
    """The unsigned bundle with its golden vectors."""
    source, data, around = opened(task)
    specs = source_specs(source)
    batch = max((s.shape[0] for s in specs if s.shape), default=1)
    made = random_data(specs, GOLDEN_SAMPLES) if data is None or len(data) < GOLDEN_SAMPLES * batch else data
    bytes_each = sum(v.nbytes for v in made.head(batch).inputs.values())
    count = GOLDEN_SAMPLES if bytes_each * GOLDEN_SAMPLES <= GOLDEN_BYTES else 1
    feeds = dict(as_feeds(made.head(count * batch), specs))
    facts = Facts(Path(task.model).stem, devices.get(task.device).name, prepared.recipe.name, source.sha256)
    bundle, _ = record_golden(pack([part], facts, around), feeds, not prepared.decisions.islands)
    return bundle


def _integer_share(prepared: Prepared, engine: str) -> float:
    """Of multiply-accumulates; on ONNX Runtime, of the graph that it executes."""
    if engine != "ort":
        return prepared.integer_mac_share
    from limen.optimize.coverage import coverage

    try:
        return coverage(onnx_model(prepared)).integer_mac_share
    except (ModelError, MissingExtra, KeyError):
        return prepared.integer_mac_share


def outputs_of(task: Task, bundle: Bundle, data: Dataset, fast: bool = True) -> Array:
    """First output over a data set, by the engine that ships; of a Program, by its exact equal in machine code."""
    if fast and bundle.artifacts[0].kind == "program":
        found = _by_native(task, bundle, data)
        if found is not None:
            return found
    with Session(bundle) as session:
        return next(iter(run_in_chunks(session, data).values()))


def _by_native(task: Task, bundle: Bundle, data: Dataset) -> Array | None:
    """Outputs of an integer Program compiled for this machine; None where it has no such form."""
    from limen.build.variants import make_artifact
    from limen.optimize import Decisions
    from limen.program import binary

    program = binary.from_bytes(bundle.blob(bundle.artifacts[0].blob))
    source = opened(task)[0]
    prepared = Prepared(source, decode("float32"), program, Decisions("float32", {}))
    try:
        artifact = make_artifact(prepared, "native", CompileOptions(devices.get("host")))
        made = pack([Part(artifact, "native", ("native",))], Facts("judged", "host", bundle.manifest.recipe))
        with Session(made, "native") as session:
            return next(iter(run_in_chunks(session, data).values()))
    except (Unsupported, MissingExtra):
        return None


def sessions(bundles: Mapping[str, Bundle]) -> Iterator[tuple[str, Session, Callable[[], object]]]:
    """Each bundle opened, with a call that runs it once on made-up inputs."""
    from limen.build.judge import session_specs

    for name, bundle in bundles.items():
        session = Session(bundle)
        yield name, session, session.invocation(random_data(session_specs(session), 1).inputs)


def worker(task: Task, recipe: str) -> list[tuple[dict[str, Any], bytes | None]]:
    """``attempts`` for another process: JSON and bytes."""
    return [(a.trial.to_json(), a.bundle.to_bytes() if a.bundle else None) for a in attempts(task, recipe)]

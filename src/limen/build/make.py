"""``limen build``: import, quantise, compile for every engine of the device, record, measure, sign, write."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from limen import __version__, devices
from limen.build.pack import Around, Facts, Part, model_states, pack
from limen.build.parent import read_parent
from limen.build.results import Built, Variant
from limen.build.samples import Spec, as_feeds, program_specs, random_data, read_data
from limen.build.source import Source, file_sha256, open_source
from limen.build.variants import (
    KINDS,
    Prepared,
    is_quantised,
    make_artifact,
    onnx_model,
    prepare_variant,
    wanted_engines,
)
from limen.bundle import PROVENANCE, REPORT, Bundle, PrivateKey, load_private, save_pair
from limen.data import Dataset
from limen.engines import ENGINES, Session, record_golden
from limen.errors import DataError, MissingExtra, Unsupported
from limen.importers import ImportOptions
from limen.measure.latency import measure_latency
from limen.measure.metrics import find_metric, predictions
from limen.optimize import decode
from limen.optimize.schemes import sqnr_db
from limen.program import Array
from limen.steps import Chain
from limen.targets import CompileOptions

Progress = Callable[[str, int, int], None]
GOLDEN_SAMPLES = 4
CALIBRATION_SAMPLES = 256
JUDGED_SAMPLES = 512


def build_bundle(
    model: str | Path,
    output: str | Path,
    device: str = "host",
    data: str | Path | None = None,
    evaluation: str | Path | None = None,
    metric: str = "accuracy",
    recipe: str | None = None,
    key: str | Path | None = None,
    unsigned: bool = False,
    dry_run: bool = False,
    pre: str | None = None,
    post: str | None = None,
    labels: str | Path | None = None,
    engines: tuple[str, ...] | None = None,
    keep_scales: str | Path | None = None,
    progress: Progress | None = None,
    options: ImportOptions | None = None,
) -> Built:
    """Build a bundle.

    Args:
        model: a model file.
        output: the .limen file.
        device: a board; its engines and limits decide what is made.
        data: calibration samples; their labels serve the report where ``evaluation`` is absent.
        evaluation: labelled samples for the report.
        metric: how the report scores.
        recipe: a name of the recipe language; int8 with data, float32 without, by default.
        key: Ed25519 private key; where it is absent one is made beside the bundle.
        unsigned: do not sign.
        dry_run: do everything but write.
        pre, post: steps as SPEC; labels: class names, one a line.
        engines: engines to make artifacts for; the device's by default.
        keep_scales: bundle or .tflite of the version before; its scales are kept where that costs little.
        progress: called with what, done, total.
        options: how the model is read.

    Raises:
        LimenError: as the stages raise; nothing is written then.
    """
    progress = progress or (lambda _what, _done, _total: None)
    board = devices.get(device)
    around = read_around(pre, post, labels)
    find_metric(metric)
    parent = read_parent(keep_scales)
    source = open_source(model, options)
    progress("build", 1, 5)
    calibration = None if data is None else read_data(data, around.pre)
    chosen = decode(recipe or _default(source, calibration))
    prepared = prepare_variant(source, chosen, calibration, CALIBRATION_SAMPLES, parent)
    progress("build", 2, 5)
    facts = Facts(Path(model).stem, board.name, prepared.recipe.name, source.sha256)
    bundle, notes = recorded(
        prepared, facts, around, wanted_engines(board, engines), CompileOptions(board), calibration
    )
    notes += prepared.decisions.log[:1] if parent is not None else ()
    progress("build", 3, 5)
    judged = read_data(evaluation, around.pre) if evaluation else calibration
    variants = measure_variants(bundle, source, judged, metric)
    progress("build", 4, 5)
    report = _report(bundle, prepared, variants, metric if judged and judged.labels is not None else None, notes)
    signer = None if unsigned else signing_key(Path(output), key, dry_run)
    bundle = _attach(bundle, report, prepared, data, evaluation, signer)
    if not dry_run:
        bundle.save(output)
    progress("build", 5, 5)
    return _built(bundle, prepared, report, f"{output} (dry run: not written)" if dry_run else str(output))


def recorded(
    prepared: Prepared,
    facts: Facts,
    around: Around,
    engines: tuple[str, ...],
    options: CompileOptions,
    data: Dataset | None,
) -> tuple[Bundle, list[str]]:
    """The unsigned bundle with its golden vectors, and notes on what it lacks."""
    parts, notes = make_parts(prepared, engines, options)
    golden = _golden_feeds(source_specs(prepared.source), data)
    integer = not prepared.decisions.islands
    bundle, absent = record_golden(pack(parts, facts, around), golden, integer)
    return bundle, notes + [f"engine {name} is not installed here: no golden vectors of it" for name in absent]


def _built(bundle: Bundle, prepared: Prepared, report: Mapping[str, Any], where: str) -> Built:
    artifacts = tuple(
        {"kind": e.kind, "file": e.file, "engines": list(e.engines), "bytes": e.flash, "ram": e.ram}
        for e in bundle.manifest.artifacts
    )
    return Built(bundle.core_digest, artifacts, prepared.recipe.name, report, where)


def _default(source: Source, data: Dataset | None) -> str:
    ready = source.program is None or is_quantised(source.program)
    return "float32" if data is None or ready else "int8"


def read_around(pre: str | None, post: str | None, labels: str | Path | None) -> Around:
    """Steps and labels from the command line.

    Raises:
        UsageError: a SPEC cannot be read.
        DataError: the labels file cannot be read.
    """
    names: tuple[str, ...] = ()
    if labels is not None:
        try:
            names = tuple(line.strip() for line in Path(labels).read_text("utf-8").splitlines() if line.strip())
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{labels}: cannot be read: {error}") from error
    return Around(Chain.parse(pre) if pre else Chain(), Chain.parse(post) if post else Chain(), names)


def source_specs(source: Source) -> tuple[Spec, ...]:
    """The source model's inputs."""
    if source.program is not None:
        return program_specs(source.program)
    from limen.model import shape_of

    model = source.require_model()
    states = {p.input for p in model.states}
    values = [v for v in model.ir.graph.inputs if v.name not in states]
    return tuple(Spec(str(v.name), shape_of(v) or (), str(v.dtype.numpy()) if v.dtype else "float32") for v in values)


def make_parts(prepared: Prepared, engines: tuple[str, ...], options: CompileOptions) -> tuple[list[Part], list[str]]:
    """Artifacts of all engines that can have one, and why others have none.

    Raises:
        Unsupported: no engine can have one.
    """
    parts: list[Part] = []
    notes: list[str] = []
    refusal: Unsupported | None = None
    for engine in engines:
        kind = KINDS[engine]
        try:
            artifact = make_artifact(prepared, kind, options)
        except MissingExtra as error:
            notes.append(f"no artifact for {engine}: {error}")
            continue
        except Unsupported as error:
            refusal = refusal or error
            notes.append(f"no artifact for {engine}: {error}")
            continue
        states = model_states(onnx_model(prepared)) if kind == "onnx" else ()
        stateful = bool(states) or bool(prepared.program is not None and prepared.program.states)
        parts.append(Part(artifact, kind, (engine,), states, stateful))
    if not parts:
        assert refusal is not None
        raise refusal
    return parts, notes


def _golden_feeds(specs: tuple[Spec, ...], data: Dataset | None) -> dict[str, Array]:
    batch = specs[0].shape[0] if specs and specs[0].shape else 1
    count = GOLDEN_SAMPLES * max(batch, 1)
    if data is not None and len(data) >= count:
        return dict(as_feeds(data.head(count), specs))
    return dict(random_data(specs, GOLDEN_SAMPLES).inputs)


def measure_variants(bundle: Bundle, source: Source, data: Dataset | None, metric: str) -> list[Variant]:
    """Score, agreement with float, latency and sizes of every artifact, on the engines installed here."""
    specs = source_specs(source)
    feeds = None if data is None else dict(as_feeds(data.head(JUDGED_SAMPLES), specs))
    float_output = None if feeds is None else float_reference(source, feeds)
    rows = []
    for entry in bundle.manifest.artifacts:
        engine = entry.engines[0]
        session = _opened(bundle, engine)
        if session is None:
            rows.append(Variant(engine, entry.file, None, None, None, entry.flash, entry.ram, None))
            continue
        with session:
            row = _judge(session, feeds, data, metric, float_output)
            one = _first(specs, feeds or _random(specs))
            latency = measure_latency(session.invocation(one), seconds=0.2).p50_us
        rows.append(Variant(engine, entry.file, row[0], row[1], latency, entry.flash, entry.ram, row[2]))
    return rows


def _opened(bundle: Bundle, engine: str) -> Session | None:
    """A session, unless the engine is not installed here or the artifact is for another processor."""
    try:
        return Session(bundle, engine) if ENGINES.get(engine).version() is not None else None
    except Unsupported:
        return None


def _first(specs: tuple[Spec, ...], feeds: Mapping[str, Array]) -> dict[str, Array]:
    """Feeds of one run."""
    return {s.name: feeds[s.name][: max(s.shape[0], 1)] if s.shape else feeds[s.name].reshape(-1)[0] for s in specs}


def _random(specs: tuple[Spec, ...]) -> Mapping[str, Array]:
    return random_data(specs, 1).inputs


def _judge(
    session: Session, feeds: Mapping[str, Array] | None, data: Dataset | None, metric: str, wanted: Array | None
) -> tuple[float | None, float | None, float | None]:
    if feeds is None or data is None:
        return None, None, None
    session.reset()
    first = next(iter(session.run(feeds).values()))
    labels = None if data.labels is None else data.labels[: len(first)]
    score = None if labels is None else find_metric(metric)(labels, first)
    if wanted is None:
        return score, None, None
    same = float(np.mean(predictions(first) == predictions(wanted)))
    return score, same, sqnr_db(wanted, first)


def float_reference(source: Source, feeds: Mapping[str, Array]) -> Array | None:
    """First output of the float source; None where the source itself is quantised."""
    if source.program is not None and is_quantised(source.program):
        return None
    prepared = prepare_variant(source, decode("float32"), None, 0)
    engine = "litert" if source.program is not None else "ort"
    if ENGINES.get(engine).version() is None:
        return None
    parts, _ = make_parts(prepared, (engine,), CompileOptions())
    with Session(pack(parts, Facts("float", "host", "float32")), engine) as session:
        return next(iter(session.run(feeds).values()))


def _report(
    bundle: Bundle, prepared: Prepared, variants: list[Variant], metric: str | None, notes: list[str]
) -> dict[str, Any]:
    return {
        "recipe": prepared.recipe.name,
        "metric": metric,
        "variants": [asdict(v) for v in variants],
        "integer_mac_share": prepared.integer_mac_share,
        "islands": dict(prepared.decisions.islands),
        "import": prepared.source.checks,
        "notes": notes,
        "measured_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "engines": {name: ENGINES.get(name).version() for name in bundle.engines},
    }


def signing_key(output: Path, path: str | Path | None, dry_run: bool) -> PrivateKey:
    """The key asked for, the one beside the bundle, or a new one beside it."""
    if path is not None:
        return load_private(path)
    beside = output.with_suffix(".key")
    if beside.exists():
        return load_private(beside)
    key = PrivateKey.generate()
    if not dry_run:
        output.parent.mkdir(parents=True, exist_ok=True)
        save_pair(key, beside)
    return key


def _attach(
    bundle: Bundle,
    report: Mapping[str, Any],
    prepared: Prepared,
    data: str | Path | None,
    evaluation: str | Path | None,
    key: PrivateKey | None,
) -> Bundle:
    provenance = {
        "limen": __version__,
        "source": {"name": prepared.source.path.name, "sha256": prepared.source.sha256},
        "data": {str(Path(p).name): file_sha256(Path(p)) for p in (data, evaluation) if p is not None},
        "decisions": prepared.decisions.to_json(),
    }
    bundle = bundle.with_statement(REPORT, report, key).with_statement(PROVENANCE, provenance, key)
    return bundle if key is None else bundle.signed(key)

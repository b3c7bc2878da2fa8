"""``limen evaluate``, ``compare`` and ``bench``: a bundle, or a model file made into one in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from limen.build.make import make_parts
from limen.build.pack import Facts, pack
from limen.build.results import Benched, Compared, Evaluated, LayerError
from limen.build.samples import Spec, program_feeds, random_data, read_data
from limen.build.source import Source, open_source
from limen.build.variants import PREFERENCE, prepare_variant
from limen.bundle import Bundle
from limen.data import Dataset
from limen.engines import ENGINES, Session
from limen.errors import BadInput, DataError
from limen.importers import ImportOptions
from limen.measure.latency import measure_latency
from limen.measure.metrics import find_metric, predictions
from limen.optimize import decode
from limen.optimize.schemes import dequantize, sqnr_db
from limen.program import Array, Program, binary, run
from limen.steps import Chain
from limen.targets import CompileOptions

LAYER_SAMPLES = 8
CHUNK = 64
Progress = Callable[[str, int, int], None]


def open_any(path: str | Path, options: ImportOptions | None, engine: str | None = None) -> Bundle:
    """A bundle from a .limen file, or one made in memory from a model file as it is.

    Raises:
        BundleError, ModelError, Unsupported: as reading raises.
    """
    if Path(path).suffix == ".limen":
        return Bundle.open(path)
    return bundle_of(open_source(path, options), engine)


def bundle_of(source: Source, engine: str | None = None) -> Bundle:
    """The source as it is, unsigned, for the engine asked for or for every one that can."""
    prepared = prepare_variant(source, decode("float32"), None, 0)
    engines = (engine,) if engine else tuple(e for e in PREFERENCE if ENGINES.get(e).version() is not None)
    ENGINES.get(engines[0])
    parts, _ = make_parts(prepared, engines, CompileOptions())
    return pack(parts, Facts(source.path.stem, "host", "float32", source.sha256))


def evaluate_path(
    path: str | Path,
    data: str | Path,
    metric: str = "accuracy",
    engine: str | None = None,
    pre: str | None = None,
    progress: Progress | None = None,
    options: ImportOptions | None = None,
) -> Evaluated:
    """Score the first output on labelled data.

    Raises:
        DataError: the data has no labels or does not fit.
    """
    score = find_metric(metric)
    bundle = open_any(path, options, engine)
    with Session(bundle, engine) as session:
        samples = read_data(data, Chain.parse(pre) if pre else bundle.chain("pre"))
        if samples.labels is None:
            raise DataError(f"{data}: has no labels", "store them under the key y")
        outputs = run_in_chunks(session, samples, progress)
        value = score(samples.labels, next(iter(outputs.values())))
        return Evaluated(metric, value, len(samples), session.engine)


def run_in_chunks(session: Session, data: Dataset, progress: Progress | None = None) -> dict[str, Array]:
    """All outputs over a data set, with progress."""
    feeds = data.bind(session_specs(session))
    step = CHUNK * max((s.shape[0] for s in session_specs(session) if s.shape), default=1)
    parts: list[Mapping[str, Array]] = []
    for start in range(0, len(data), step):
        parts.append(session.run({name: value[start : start + step] for name, value in feeds.items()}))
        if progress:
            progress("run", min(start + step, len(data)), len(data))
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


def session_specs(session: Session) -> tuple[Spec, ...]:
    """The source model's inputs."""
    return tuple(Spec(b.name, b.source_shape(), b.source_dtype) for b in session.entry.inputs)


def compare_paths(
    reference: str | Path,
    other: str | Path,
    data: str | Path,
    engine: str | None = None,
    pre: str | None = None,
    options: ImportOptions | None = None,
) -> Compared:
    """SQNR and class agreement of the first outputs, then SQNR of every tensor both graphs have under one name."""
    first, second = (open_any(p, options, engine) for p in (reference, other))
    samples = read_data(data, Chain.parse(pre) if pre else first.chain("pre"))
    outputs = []
    for bundle in (first, second):
        with Session(bundle, engine) as session:
            outputs.append(next(iter(run_in_chunks(session, samples).values())))
    if outputs[0].shape != outputs[1].shape:
        raise DataError(f"outputs have different shapes: {outputs[0].shape} and {outputs[1].shape}")
    same = float(np.mean(predictions(outputs[0]) == predictions(outputs[1])))
    layers = _layers(first, second, samples.head(LAYER_SAMPLES))
    return Compared(sqnr_db(outputs[0], outputs[1]), same, layers, len(samples))


def _layers(first: Bundle, second: Bundle, data: Dataset) -> tuple[LayerError, ...]:
    programs = [_program(b) for b in (first, second)]
    if programs[0] is None or programs[1] is None:
        return ()
    seen = [tapped(p, data) for p in programs if p is not None]
    common = [n for n in seen[0] if n in seen[1] and seen[0][n].shape == seen[1][n].shape]
    return tuple(LayerError(n, sqnr_db(seen[0][n], seen[1][n])) for n in common)


def _program(bundle: Bundle) -> Program | None:
    entry = next((a for a in bundle.manifest.artifacts if a.kind == "program"), None)
    return None if entry is None else binary.from_bytes(bundle.blob(entry.blob))


def tapped(program: Program, data: Dataset) -> dict[str, Array]:
    """Real values of every computed tensor over the samples, joined."""
    parts: dict[str, list[Array]] = {}

    def tap(name: str, value: Array) -> None:
        quant = program.tensors[name].quant
        real = dequantize(value, quant) if quant is not None else value
        if real.dtype.kind == "f":
            parts.setdefault(name, []).append(np.array(real, np.float32))

    for feeds in program_feeds(program, data):
        run(program, feeds, tap=tap)
    return {name: np.stack(values) for name, values in parts.items()}


def bench_path(
    path: str | Path,
    engine: str | None = None,
    threads: int = 1,
    seconds: float = 1.0,
    on: str | None = None,
    device: str | None = None,
    options: ImportOptions | None = None,
) -> Benched:
    """Latency of one run, on this host or on a device.

    Args:
        on: a device, ``ssh://user@host`` or ``serial:/dev/NAME``.
        device: what it is; over ssh it is asked.

    Raises:
        NotMeasurable: the device is not reached.
    """
    if threads < 1 or not 0 < seconds <= 600:
        raise BadInput(f"threads {threads} or seconds {seconds:g} are out of range")
    if on is not None:
        from limen.build.elsewhere import bench_there

        return bench_there(path, on, engine, threads, seconds, options, device)
    bundle = open_any(path, options, engine)
    with Session(bundle, engine, threads) as session:
        feeds = random_data(session_specs(session), 1).inputs
        found = measure_latency(session.invocation(feeds), seconds)
        return Benched(session.engine, found.p50_us, found.p90_us, found.p99_us, found.n, found.host_busy, threads)

"""What the layers of a Model read and make on calibration data, on ONNX Runtime, in memory that does not grow with it.

Two passes: ranges first; then second moments and means of the inputs as their 8-bit codes give them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limen.errors import DataError, MissingExtra, ModelError
from limen.model import Model, to_bytes
from limen.model.evaluate import with_outputs
from limen.model.graph import Array
from limen.optimize.linears import Linear
from limen.optimize.ranges import Histogram, Range, least_error_range
from limen.optimize.schemes import activation_quant
from limen.program import Quant

Floats = NDArray[np.float64]
Feeds = Sequence[Mapping[str, Array]]
ROWS_PER_RUN = 384


def session(model: Model, names: Sequence[str] | None = None, threads: int = 1) -> Any:
    """An ONNX Runtime session of the Model, with other values of the graph as outputs where ``names`` are given.

    Raises:
        MissingExtra: onnxruntime is not installed.
        ModelError: it refuses the model.
    """
    try:
        import onnxruntime as ort
    except ImportError as error:
        raise MissingExtra("onnxruntime", "build") from error
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 4
    data = to_bytes(model if names is None else with_outputs(model, names))
    try:
        return ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions derive from RuntimeError, ValueError and Exception, by version
        raise ModelError(f"{model.name}: onnxruntime refuses it: {error}") from error


def each(model: Model, names: Sequence[str], feeds: Feeds) -> Any:
    """Values of the graph, one dict per feed.

    Raises:
        DataError: the engine refuses a feed, or a value is not finite.
    """
    wanted = tuple(dict.fromkeys(names))
    inputs = {v.name for v in model.ir.graph.inputs}
    computed = [n for n in wanted if n not in inputs]
    running = session(model, computed) if computed else None
    for feed in feeds:
        try:
            values = dict(zip(computed, running.run(computed, dict(feed)), strict=True)) if running else {}
        except Exception as error:  # as above
            raise DataError(f"{model.name}: onnxruntime refuses the inputs: {error}") from error
        values |= {n: np.asarray(feed[n]) for n in wanted if n in inputs}
        for name, value in values.items():
            if not np.isfinite(value).all():
                raise DataError(f"{name}: takes NaN or infinite values on the calibration data")
        yield values


def histograms(model: Model, names: Sequence[str], feeds: Feeds) -> dict[str, Histogram]:
    """A histogram of each value over all feeds."""
    seen = {name: Histogram() for name in names}
    for values in each(model, names, feeds):
        for name in seen:
            seen[name].observe(values[name])
    return seen


@dataclass
class Moments:
    """Of one layer's input rows: real ones x, and q as their codes give them.

    Args:
        depth: columns.
    """

    depth: int
    rows: int = 0
    mean: Floats = field(default_factory=lambda: np.zeros(0))
    coded_mean: Floats = field(default_factory=lambda: np.zeros(0))
    second: Floats = field(default_factory=lambda: np.zeros((0, 0)))

    def __post_init__(self) -> None:
        self.mean, self.coded_mean = np.zeros(self.depth), np.zeros(self.depth)
        self.second = np.zeros((self.depth, self.depth))

    def add(self, real: Array, coded: Array) -> None:
        """Take in rows [n, depth]."""
        self.rows += len(real)
        self.mean += real.sum(axis=0, dtype=np.float64)
        self.coded_mean += coded.sum(axis=0, dtype=np.float64)
        self.second += (coded.T @ coded).astype(np.float64)

    def centred(self) -> Floats:
        """Covariance of the coded rows, [depth, depth]: a bias takes the mean."""
        mean = self.coded_mean / self.rows
        return np.asarray(self.second / self.rows - np.outer(mean, mean), np.float64)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a layer reads its input.

    Args:
        quant: int8 parameters.
        rest: of a second code for what the first leaves; None for one code.
    """

    quant: Quant
    rest: Quant | None = None

    def of(self, value: Array) -> Array:
        """Float values of the codes."""
        first = coded(value, self.quant)
        return first if self.rest is None else first + coded(value - first, self.rest)


def coded(value: Array, quant: Quant) -> Array:
    """Float values of the int8 codes."""
    scale, zero = np.float32(quant.scale[0]), quant.zero_point[0]
    return np.asarray(np.clip(np.rint(value / scale), -128 - zero, 127 - zero) * scale, np.float32)


def moments(
    model: Model, layers: Sequence[Linear], feeds: Feeds, encodings: Mapping[tuple[str, str], Encoding]
) -> dict[tuple[str, str], Moments]:
    """Moments of every layer's input under every encoding: (layer name, kind) -> Moments.

    Args:
        encodings: (value name, kind) -> how the layers read that value.
    """
    rng = np.random.default_rng(0)
    by_source: dict[str, list[tuple[str, Encoding]]] = {}
    for (source, kind), encoding in encodings.items():
        by_source.setdefault(source, []).append((kind, encoding))
    found = {(layer.name, kind): Moments(layer.depth) for layer in layers for kind, _ in by_source[layer.source]}
    for values in each(model, [layer.source for layer in layers], feeds):
        for layer in layers:
            real = np.asarray(layer.rows(np.asarray(values[layer.source], np.float32)))
            if len(real) > ROWS_PER_RUN:
                real = real[rng.choice(len(real), ROWS_PER_RUN, replace=False)]
            for kind, encoding in by_source[layer.source]:
                found[layer.name, kind].add(real, encoding.of(real))
    return found


def range_through(seen: Histogram, function: Callable[[Array], Array]) -> Range:
    """The interval whose 256 codes make the least squared error behind a function that alone reads the value."""
    bins = np.flatnonzero(seen.counts)
    centres = (bins - len(seen.counts) // 2 + 0.5) * seen.width
    counts = seen.counts[bins].astype(np.float64)
    wanted = function(centres)
    best, found = np.inf, least_error_range(seen)
    lows = {min(seen.low, 0.0) * f for f in np.linspace(1.0, 0.05, 20)} | {found.low}
    for low in sorted(lows):
        for high in (*(max(seen.high, 0.0) * np.linspace(1.0, 0.3, 15)), found.high):
            quant = activation_quant(Range(low, float(high)), "int8")
            scale, zero = quant.scale[0], quant.zero_point[0]
            got = function(np.clip(np.rint(centres / scale), -128 - zero, 127 - zero) * scale)
            cost = float((counts * (got - wanted) ** 2).sum())
            if cost < best:
                best, found = cost, Range(low, float(high))
    return found

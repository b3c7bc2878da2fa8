"""A loaded bundle ready to run: named inputs and outputs as the source model has them, whatever engine is behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np

from limen.bundle import ArtifactEntry, Binding, Bundle
from limen.engines._border import from_tensor, to_tensor
from limen.engines._engine import ENGINES, Array, Runner
from limen.errors import BundleError, DataError, MissingExtra
from limen.registry import suggest
from limen.steps._base import Context

Feeds = Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """What ``Session.predict`` gives for one sample: the best class, its name, its score, and all outputs."""

    index: int
    label: str
    probability: float
    outputs: Mapping[str, Array]


class Session:
    """Runs one artifact of a bundle. Use as a context manager, or call ``close``.

    Args:
        bundle: opened.
        engine: name; None for the bundle's first that is installed.
        threads: for the engine.
        exact: the engine's reference kernels where it has them.

    Raises:
        BundleError: no artifact for the engine, or the engine refuses it.
        MissingExtra: the engine is not installed.
    """

    def __init__(self, bundle: Bundle, engine: str | None = None, threads: int = 1, exact: bool = False) -> None:
        self.bundle = bundle
        self.engine = choose_engine(bundle, engine)
        self.entry: ArtifactEntry = bundle.artifact(self.engine)
        initial = {s.input: bundle.arrays(s.initial)[s.input] for s in self.entry.states}
        data = bundle.blob(self.entry.blob)
        self._runner: Runner | None = ENGINES.get(self.engine).open(data, self.entry, initial, threads, exact)
        self._context = Context(labels=bundle.labels)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs, in the source model's order."""
        return tuple(b.name for b in self.entry.inputs)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs, in the source model's order."""
        return tuple(b.name for b in self.entry.outputs)

    def run(self, feeds: Feeds | Array, raw: bool = False) -> dict[str, Array]:
        """Run on one or more samples.

        Args:
            feeds: input name (or artifact tensor name) -> array; a bare array for the only input. An array of the
                input's shape is one run; a longer first axis, or one more axis in front, is looped over.
            raw: give quantised outputs as codes.

        Returns:
            output name -> array in the source model's layout and dtype; looped results are joined along the first
            axis.

        Raises:
            DataError: an input is missing, unknown, or of the wrong shape or dtype.
        """
        named = self._named(feeds)
        shapes = {b.name: b.source_shape() for b in self.entry.inputs}
        plans = {name: _plan(name, array, shapes[name]) for name, array in named.items()}
        runs = {plan.runs for plan in plans.values() if plan.kind != "once"} or {1}
        if len(runs) != 1:
            raise DataError(f"inputs disagree on the number of samples: {sorted(runs)}")
        if all(plan.kind == "once" for plan in plans.values()):
            return self._once(named, raw)
        return self._loop(named, plans, next(iter(runs)), raw)

    def predict(self, value: Any) -> Answer:
        """Pre-process one raw sample, run, post-process, and name the best class.

        Raises:
            DataError: the sample does not fit the steps or the model.
        """
        ready = self.bundle.chain("pre").run(value, self._context)
        feeds = ready if isinstance(ready, Mapping) else {self.inputs[0]: _with_batch(ready, self._shape(0))}
        outputs = self.run(feeds)
        scores = np.asarray(next(iter(outputs.values()))).reshape(-1)
        index = int(scores.argmax())
        label = self.bundle.labels[index] if index < len(self.bundle.labels) else str(index)
        return Answer(index, label, float(scores[index]), outputs)

    def reset(self) -> None:
        """States back to their initial values."""
        self._open().reset()
        self._context.reset()

    def close(self) -> None:
        """Free the engine; closing twice is fine."""
        if self._runner is not None:
            self._runner.close()
            self._runner = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _shape(self, index: int) -> tuple[int, ...]:
        return self.entry.inputs[index].source_shape()

    def _open(self) -> Runner:
        if self._runner is None:
            raise DataError("session: is closed")
        return self._runner

    def _named(self, feeds: Feeds | Array) -> dict[str, Array]:
        if not isinstance(feeds, Mapping):
            if len(self.entry.inputs) != 1:
                raise DataError(
                    f"the model has {len(self.entry.inputs)} inputs", f"name them: {', '.join(self.inputs)}"
                )
            feeds = {self.inputs[0]: feeds}
        by_tensor = {b.tensor: b.name for b in self.entry.inputs}
        named: dict[str, Array] = {}
        for key, value in feeds.items():
            name = key if key in self.inputs else by_tensor.get(key)
            if name is None:
                raise DataError(f"input {key!r}: the model has no such input", suggest(key, self.inputs))
            named[name] = _array(key, value)
        missing = [name for name in self.inputs if name not in named]
        if missing:
            raise DataError(f"input {missing[0]!r}: no value was given")
        return named

    def _once(self, named: Mapping[str, Array], raw: bool) -> dict[str, Array]:
        feeds = {b.tensor: to_tensor(named[b.name].reshape(b.source_shape()), b) for b in self.entry.inputs}
        results = self._open().run(feeds)
        return {b.name: from_tensor(results[b.tensor], b, raw) for b in self.entry.outputs}

    def _loop(self, named: Mapping[str, Array], plans: Mapping[str, _Plan], runs: int, raw: bool) -> dict[str, Array]:
        parts: dict[str, list[Array]] = {name: [] for name in self.outputs}
        for index in range(runs):
            feeds = {n: a if plans[n].kind == "once" else _take(a, index, plans[n]) for n, a in named.items()}
            for name, value in self._once(feeds, raw).items():
                parts[name].append(value)
        rows = next((plan for plan in plans.values() if plan.kind == "rows"), None)
        return {name: np.stack(values) if rows is None else _join(values, rows) for name, values in parts.items()}


@dataclass(frozen=True)
class _Plan:
    """How an array becomes runs: ``once``; ``rows``: its first axis is the batch, repeated; ``stack``: whole inputs."""

    kind: str
    count: int = 1
    batch: int = 1

    @property
    def runs(self) -> int:
        return -(-self.count // self.batch)


def _plan(name: str, array: Array, shape: tuple[int, ...]) -> _Plan:
    if array.shape == shape:
        return _Plan("once")
    if shape and shape[0] and array.shape[1:] == shape[1:] and array.ndim == len(shape) and len(array):
        return _Plan("rows", len(array), shape[0])
    if array.ndim == len(shape) + 1 and array.shape[1:] == shape and len(array):
        return _Plan("stack", len(array), 1)
    if shape and shape[0] == 1 and array.shape == shape[1:]:
        return _Plan("once")
    raise DataError(f"input {name!r}: has shape {list(array.shape)}, expected {list(shape)}, or samples of it")


def _take(array: Array, index: int, plan: _Plan) -> Array:
    if plan.kind == "stack":
        return np.asarray(array[index])
    part: Array = array[index * plan.batch : (index + 1) * plan.batch]
    if len(part) < plan.batch:
        part = np.concatenate([part, np.repeat(part[-1:], plan.batch - len(part), axis=0)])
    return part


def _join(parts: Sequence[Array], plan: _Plan) -> Array:
    rows = [p if p.ndim and len(p) == plan.batch else p[None].repeat(plan.batch, 0) for p in parts]
    return np.concatenate(rows)[: plan.count]


def _array(name: str, value: Any) -> Array:
    try:
        array = np.asarray(value)
    except (ValueError, TypeError) as error:
        raise DataError(f"input {name!r}: is not an array: {error}") from error
    if array.dtype.kind not in "fiub":
        raise DataError(f"input {name!r}: holds {array.dtype}, not numbers")
    return array


def _with_batch(value: Any, shape: tuple[int, ...]) -> Array:
    array = np.asarray(value)
    return array[None] if array.ndim == len(shape) - 1 else array


def choose_engine(bundle: Bundle, engine: str | None) -> str:
    """The engine asked for, or the bundle's first that is installed.

    Raises:
        MissingExtra: it, or every one, is not installed.
        BundleError: the bundle has no artifact for it.
    """
    if engine is not None:
        found = ENGINES.get(engine)
        bundle.artifact(engine)
        if found.version() is None:
            raise MissingExtra(f"engine {engine}", "build" if engine == "ort" else None, f"install {engine}")
        return engine
    for name in bundle.engines:
        if name in ENGINES and ENGINES.get(name).version() is not None:
            return name
    if not bundle.engines:
        raise BundleError("bundle: holds no artifact")
    raise MissingExtra(f"any of the engines {', '.join(bundle.engines)}", hint="pip install ai-edge-litert")


def binding_of(bindings: Sequence[Binding], name: str) -> Binding:
    """The binding of a port."""
    return next(b for b in bindings if b.name == name)

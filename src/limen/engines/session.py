"""A loaded bundle ready to run: named inputs and outputs as the source model has them, whatever engine is behind."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import numpy as np

from limen.bundle import ArtifactEntry, Bundle, GoldenEntry
from limen.engines._answer import Answer, interpret
from limen.engines._border import from_tensor, to_tensor
from limen.engines._engine import ENGINES, Array, Runner
from limen.engines._samples import ONCE, Plan, count_problem, join, plan, take
from limen.errors import BundleError, DataError, MissingExtra, UsageError
from limen.registry import suggest
from limen.steps import Chain, Context

Feeds = Mapping[str, Any]


class Session:
    """Runs one artifact of a bundle. Use as a context manager, or call ``close``.

    Several threads may call ``run``; the runs then take turns.

    Args:
        bundle: opened.
        engine: name; None for the bundle's first that is installed.
        threads: for the engine.
        exact: kernels that are exact to the bit for integer artifacts.
        opener: opens the engine's artifact elsewhere, such as on another machine; the engine itself by default.

    Raises:
        UsageError: fewer than one thread, or an engine that is not known.
        BundleError: no artifact for the engine, or the engine refuses it.
        MissingExtra: the engine is not installed.
        Unsupported: the engine has no exact kernels.
    """

    def __init__(
        self,
        bundle: Bundle,
        engine: str | None = None,
        threads: int = 1,
        exact: bool = False,
        opener: Callable[[bytes, ArtifactEntry], Runner] | None = None,
    ) -> None:
        if threads < 1:
            raise UsageError(f"threads {threads}: must be 1 or more")
        self.bundle = bundle
        self.engine = choose_engine(bundle, engine, exact)
        self.threads = threads
        self.exact = exact
        self.entry: ArtifactEntry = bundle.artifact(self.engine)
        initial = {s.input: _initial(bundle, s.input, s.initial) for s in self.entry.states}
        data = bundle.blob(self.entry.blob)
        self._runner: Runner | None
        if opener is not None:
            self._runner = opener(data, self.entry)
        else:
            self._runner = ENGINES.get(self.engine).open(data, self.entry, initial, threads, exact)
        self._shapes = {b.name: b.source_shape() for b in self.entry.inputs}
        self._names = {**{b.tensor: b.name for b in self.entry.inputs}, **{name: name for name in self._shapes}}
        self._lock = threading.RLock()
        self._labels = bundle.labels
        self._context = Context(labels=self._labels)
        self._chains: tuple[Chain, Chain] | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs, in the source model's order."""
        return tuple(port.name for port in self.bundle.manifest.inputs)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs, in the source model's order."""
        return tuple(port.name for port in self.bundle.manifest.outputs)

    def run(self, feeds: Feeds | Array, *more: Array, raw: bool = False) -> dict[str, Array]:
        """Run on one or more samples.

        Args:
            feeds: input name (or artifact tensor name) -> array; or the arrays themselves, in the inputs' order. An
                array of the input's shape is one run; a longer first axis, or one more axis in front, is looped over.
                Floats are quantised where the artifact is; an array of the artifact's dtype is taken as codes.
            raw: give quantised outputs as codes.

        Returns:
            output name -> array in the source model's layout and dtype; looped results are joined along the first
            axis.

        Raises:
            DataError: an input is missing, unknown, or of the wrong shape or dtype, or the session is closed.
        """
        named = self._named(feeds, more)
        plans = {name: plan(name, array, self._shapes[name]) for name, array in named.items()}
        looped = [p for p in plans.values() if p is not ONCE]
        with self._lock:
            if not looped:
                return self._once(named, raw)
            return self._loop(named, plans, looped, raw)

    def predict(self, value: Any) -> Answer:
        """Pre-process one raw sample, run, post-process, and name what was found; see ``Answer``.

        Raises:
            DataError: the sample does not fit the steps or the model.
        """
        with self._lock:
            if self._chains is None:
                self._chains = self.bundle.chain("pre"), self.bundle.chain("post")
            pre, post = self._chains
            ready = pre.run(value, self._context)
            if isinstance(ready, str | bytes | os.PathLike):
                way = "give an array, or build with --pre, such as decode_image,resize:96x96"
                raise DataError("a file was given, and the bundle has no steps that read it", way)
            if not isinstance(ready, Mapping):
                if len(self.inputs) != 1:
                    raise DataError(f"the model has {len(self.inputs)} inputs", f"name them: {', '.join(self.inputs)}")
                ready = {self.inputs[0]: ready}
            outputs = self.run(ready)
            found = post.run(outputs, self._context) if post.steps else None
            return interpret(outputs, found, self._labels)

    def invocation(self, feeds: Feeds | Array) -> Callable[[], object]:
        """A call that runs the engine once on inputs bound now: what a latency measurement repeats.

        The border (quantisation, layout, names) is outside of it, as it is in other tools' figures.

        Raises:
            DataError: the inputs do not fit, or are more than one run.
        """
        named = self._named(feeds, ())
        feed = {b.tensor: to_tensor(named[b.name].reshape(self._shapes[b.name]), b) for b in self.entry.inputs}
        runner = self._open()
        return lambda: runner.run(feed)

    def reset(self) -> None:
        """States back to their initial values, of the model and of the steps."""
        with self._lock:
            self._open().reset()
            self._context.reset()

    def golden(self) -> tuple[GoldenEntry, ...]:
        """The recorded results that this session must reproduce.

        With exact kernels these are also what another exact engine recorded on an integer artifact.
        """
        entries = self.bundle.manifest.golden
        own = [g for g in entries if g.engine == self.engine and g.exact == self.exact]
        if self.exact and not own:
            own = [g for g in entries if g.exactness == "exact"]
        return tuple(own)

    def close(self) -> None:
        """Free the engine; closing twice is fine."""
        with self._lock:
            if self._runner is not None:
                self._runner.close()
                self._runner = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _open(self) -> Runner:
        if self._runner is None:
            raise DataError("session: is closed", "load the bundle again")
        return self._runner

    def _named(self, feeds: Feeds | Array, more: Sequence[Array]) -> dict[str, Array]:
        if not isinstance(feeds, Mapping):
            feeds = self._positional((feeds, *more))
        elif more:
            raise DataError("arrays are given both by name and by position", "give one mapping")
        named: dict[str, Array] = {}
        for key, value in feeds.items():
            name = self._names.get(key)
            if name is None:
                raise DataError(f"input {key!r}: the model has no such input", suggest(str(key), self.inputs))
            if name in named:
                raise DataError(f"input {name!r}: is given twice, also as {key!r}")
            named[name] = _array(key, value)
        missing = [name for name in self.inputs if name not in named]
        if missing:
            raise DataError(f"input {missing[0]!r}: no value was given", f"the inputs are: {', '.join(self.inputs)}")
        return named

    def _positional(self, arrays: Sequence[Any]) -> dict[str, Any]:
        if len(arrays) != len(self.inputs):
            raise DataError(
                f"{len(arrays)} arrays for {len(self.inputs)} inputs", f"name them: {', '.join(self.inputs)}"
            )
        return dict(zip(self.inputs, arrays, strict=True))

    def _once(self, named: Mapping[str, Array], raw: bool) -> dict[str, Array]:
        shapes = self._shapes
        feeds = {b.tensor: to_tensor(named[b.name].reshape(shapes[b.name]), b) for b in self.entry.inputs}
        results = self._open().run(feeds)
        return {b.name: from_tensor(results[b.tensor], b, raw) for b in self.entry.outputs}

    def _loop(
        self, named: Mapping[str, Array], plans: Mapping[str, Plan], looped: Sequence[Plan], raw: bool
    ) -> dict[str, Array]:
        runs = {p.runs for p in looped}
        if len(runs) != 1:
            raise DataError(count_problem({name: array.shape for name, array in named.items()}, self._shapes))
        parts: dict[str, list[Array]] = {b.name: [] for b in self.entry.outputs}
        for index in range(runs.pop()):
            feeds = {name: take(array, index, plans[name]) for name, array in named.items()}
            for name, value in self._once(feeds, raw).items():
                parts[name].append(value)
        shared = next((p for p in looped if p.kind == "rows"), looped[0])
        return {name: join(values, shared) for name, values in parts.items()}


def _array(name: str, value: Any) -> Array:
    try:
        array = np.asarray(value)
    except (ValueError, TypeError) as error:
        raise DataError(f"input {name!r}: is not an array: {error}") from error
    if array.dtype.kind not in "fiub":
        raise DataError(f"input {name!r}: holds {array.dtype}, not numbers")
    return array


def _initial(bundle: Bundle, name: str, blob: str) -> Array:
    arrays = bundle.arrays(blob)
    if name not in arrays:
        raise BundleError(f"state {name!r}: its initial value is missing", suggest(name, arrays))
    return arrays[name]


def choose_engine(bundle: Bundle, engine: str | None, exact: bool = False) -> str:
    """The engine asked for, or the bundle's first that is installed (and has exact kernels, where they are asked for).

    Raises:
        UsageError: the engine is not known.
        MissingExtra: it, or every one, is not installed.
        BundleError: the bundle has no artifact for it.
    """
    if engine is not None:
        found = ENGINES.get(engine)
        bundle.artifact(engine)
        if found.version() is None:
            raise MissingExtra(f"engine {engine}", "build" if engine == "ort" else None, f"install {engine}")
        return engine
    if not bundle.engines:
        raise BundleError("bundle: holds no artifact that an engine runs")
    able = [name for name in bundle.engines if name in ENGINES and (not exact or ENGINES.get(name).exact_kernels)]
    for name in able:
        if ENGINES.get(name).version() is not None:
            return name
    wanted = "engines with exact kernels" if exact else "engines"
    raise MissingExtra(f"any of the {wanted} for {', '.join(bundle.engines)}", hint="pip install ai-edge-litert")

"""Engine litert: Google's LiteRT interpreter with XNNPACK; ``exact`` selects its reference kernels (BUILTIN_REF)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from limen.bundle import ArtifactEntry, Binding
from limen.engines._engine import Array, Runner, distribution_version
from limen.errors import BundleError, DataError, MissingExtra


class _LiteRT:
    def __init__(self, data: bytes, entry: ArtifactEntry, threads: int, exact: bool) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter, OpResolverType
        except ImportError as error:
            raise MissingExtra("ai-edge-litert", hint="pip install ai-edge-litert") from error
        resolver = OpResolverType.BUILTIN_REF if exact else OpResolverType.AUTO
        self._entry = entry
        self._open: Callable[[], Any] = functools.partial(
            Interpreter, model_content=data, num_threads=threads, experimental_op_resolver_type=resolver
        )
        self._start()

    def _start(self) -> None:
        try:
            self._interpreter: Any = self._open()
            self._interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise BundleError(f"artifact {self._entry.file}: LiteRT refuses it: {error}") from error
        given, made = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        aliases = _signature(self._interpreter)
        self._inputs = _indices(self._entry.inputs, given, aliases[0], f"artifact {self._entry.file}: input")
        self._outputs = _indices(self._entry.outputs, made, aliases[1], f"artifact {self._entry.file}: output")

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        interpreter = self._interpreter
        for name, index in self._inputs.items():
            interpreter.set_tensor(index, feeds[name])
        try:
            interpreter.invoke()
        except RuntimeError as error:
            raise DataError(f"{self._entry.file}: LiteRT cannot run these inputs: {error}") from error
        return {name: interpreter.get_tensor(index) for name, index in self._outputs.items()}

    def reset(self) -> None:
        if self._entry.stateful:
            # LiteRT 2.3's reset_all_variables does not touch resource variables, nor does it run CALL_ONCE again.
            self._start()

    def close(self) -> None:
        self._interpreter = None


def _signature(interpreter: Any) -> tuple[dict[str, int], dict[str, int]]:
    """Signature name -> tensor index, of the inputs and of the outputs, where there is one signature."""
    if len(interpreter.get_signature_list()) != 1:
        return {}, {}
    runner = interpreter.get_signature_runner()
    inputs, outputs = runner.get_input_details(), runner.get_output_details()
    return {n: int(d["index"]) for n, d in inputs.items()}, {n: int(d["index"]) for n, d in outputs.items()}


def _indices(
    bindings: Iterable[Binding], details: list[dict[str, Any]], aliases: Mapping[str, int], where: str
) -> dict[str, int]:
    """Binding's tensor name -> index; a binding may name the tensor or, failing that, the signature's entry.

    Raises:
        BundleError: there is no such tensor, or it has another shape or dtype than the binding.
    """
    by_index = {int(d["index"]): d for d in details}
    names = {**aliases, **{str(d["name"]): index for index, d in by_index.items()}}
    found = {}
    for binding in bindings:
        index = names.get(binding.tensor)
        if index is None or index not in by_index:
            raise BundleError(f"{where} tensor {binding.tensor!r} does not exist")
        detail = by_index[index]
        seen = (tuple(int(extent) for extent in detail["shape"]), np.dtype(detail["dtype"]).name)
        if seen != (binding.shape, binding.dtype):
            raise BundleError(
                f"{where} tensor {binding.tensor!r} is {seen[1]}{list(seen[0])}, "
                f"the bundle says {binding.dtype}{list(binding.shape)}"
            )
        found[binding.tensor] = index
    return found


class LiteRT:
    """Runs .tflite artifacts."""

    name = "litert"
    kind = "tflite"
    exactness = "bounded"
    exact_kernels = True

    def version(self) -> str | None:
        return distribution_version("ai-edge-litert")

    def open(
        self, data: bytes, entry: ArtifactEntry, initial: Mapping[str, Array], threads: int, exact: bool
    ) -> Runner:
        return _LiteRT(data, entry, threads, exact)


ENGINE = LiteRT()

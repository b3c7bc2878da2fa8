"""Engine litert: Google's LiteRT interpreter with XNNPACK; ``exact`` selects its reference kernels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from limen.bundle import ArtifactEntry
from limen.engines._engine import Array, Runner, distribution_version
from limen.errors import BundleError, MissingExtra


class _LiteRT:
    def __init__(self, data: bytes, entry: ArtifactEntry, threads: int, exact: bool) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter, OpResolverType
        except ImportError as error:
            raise MissingExtra("ai-edge-litert", hint="pip install ai-edge-litert") from error
        resolver = OpResolverType.BUILTIN_REF if exact else OpResolverType.AUTO
        try:
            self._interpreter: Any = Interpreter(
                model_content=data, num_threads=threads, experimental_op_resolver_type=resolver
            )
            self._interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise BundleError(f"artifact {entry.file}: LiteRT refuses it: {error}") from error
        self._inputs = {d["name"]: int(d["index"]) for d in self._interpreter.get_input_details()}
        self._outputs = {d["name"]: int(d["index"]) for d in self._interpreter.get_output_details()}
        for kind, bindings, known in (("input", entry.inputs, self._inputs), ("output", entry.outputs, self._outputs)):
            missing = [b.tensor for b in bindings if b.tensor not in known]
            if missing:
                raise BundleError(f"artifact {entry.file}: has no {kind} tensor {missing[0]!r}")

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        for name, value in feeds.items():
            self._interpreter.set_tensor(self._inputs[name], value)
        self._interpreter.invoke()
        return {name: self._interpreter.get_tensor(index) for name, index in self._outputs.items()}

    def reset(self) -> None:
        self._interpreter.reset_all_variables()

    def close(self) -> None:
        self._interpreter = None


class LiteRT:
    name = "litert"
    kind = "tflite"

    def version(self) -> str | None:
        return distribution_version("ai-edge-litert")

    def open(
        self, data: bytes, entry: ArtifactEntry, initial: Mapping[str, Array], threads: int, exact: bool
    ) -> Runner:
        return _LiteRT(data, entry, threads, exact)


ENGINE = LiteRT()

"""Engine ort: ONNX Runtime on the CPU. States are extra inputs and outputs that are threaded from run to run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from limen.bundle import ArtifactEntry
from limen.engines._engine import Array, Runner, distribution_version
from limen.errors import BundleError, DataError, MissingExtra


class _Ort:
    def __init__(self, data: bytes, entry: ArtifactEntry, initial: Mapping[str, Array], threads: int) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingExtra("onnxruntime", "build") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session: Any = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise BundleError(f"artifact {entry.file}: ONNX Runtime refuses it: {_first_line(error)}") from error
        self._entry = entry
        self._initial = dict(initial)
        self._names = [b.tensor for b in entry.outputs]
        self._states: dict[str, Array] = {}
        self.reset()

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        wanted = [*self._names, *(s.output for s in self._entry.states)]
        try:
            results = self._session.run(wanted, {**feeds, **self._states})
        except Exception as error:
            raise DataError(f"{self._entry.file}: ONNX Runtime refuses the inputs: {_first_line(error)}") from error
        named = {name: np.asarray(value) for name, value in zip(wanted, results, strict=True)}
        self._states = {s.input: named[s.output] for s in self._entry.states}
        return {name: named[name] for name in self._names}

    def reset(self) -> None:
        self._states = dict(self._initial)

    def close(self) -> None:
        self._session = None


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]


class Ort:
    name = "ort"
    kind = "onnx"

    def version(self) -> str | None:
        return distribution_version("onnxruntime")

    def open(
        self, data: bytes, entry: ArtifactEntry, initial: Mapping[str, Array], threads: int, exact: bool
    ) -> Runner:
        return _Ort(data, entry, initial, threads)


ENGINE = Ort()

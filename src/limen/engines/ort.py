"""Engine ort: ONNX Runtime on the CPU. States are extra inputs and outputs that are threaded from run to run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from limen.bundle import ArtifactEntry
from limen.engines._engine import Array, Runner, distribution_version, refuse_exact
from limen.errors import BundleError, DataError, MissingExtra

_DISTRIBUTIONS = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino")


class _Ort:
    def __init__(self, data: bytes, entry: ArtifactEntry, initial: Mapping[str, Array], threads: int) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingExtra("onnxruntime", hint="pip install onnxruntime") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session: Any = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its exceptions derive from RuntimeError, ValueError and Exception, by version
            raise BundleError(f"artifact {entry.file}: ONNX Runtime refuses it: {_first_line(error)}") from error
        self._entry = entry
        self._initial = dict(initial)
        self._names = [b.tensor for b in entry.outputs]
        self._wanted = [*self._names, *(s.output for s in entry.states)]
        self._check_names()
        self._states: dict[str, Array] = {}
        self.reset()

    def _check_names(self) -> None:
        given = {i.name for i in self._session.get_inputs()}
        made = {o.name for o in self._session.get_outputs()}
        fed = {b.tensor for b in self._entry.inputs} | set(self._initial)
        where = f"artifact {self._entry.file}"
        if given != fed:
            raise BundleError(f"{where}: its inputs are {sorted(given)}, the bundle says {sorted(fed)}")
        missing = [name for name in self._wanted if name not in made]
        if missing:
            raise BundleError(f"{where}: output tensor {missing[0]!r} does not exist")

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        try:
            results = self._session.run(self._wanted, {**feeds, **self._states})
        except Exception as error:  # as above
            raise DataError(f"{self._entry.file}: ONNX Runtime refuses the inputs: {_first_line(error)}") from error
        named = {name: np.asarray(value) for name, value in zip(self._wanted, results, strict=True)}
        self._states = {s.input: named[s.output] for s in self._entry.states}
        return {name: named[name] for name in self._names}

    def reset(self) -> None:
        self._states = dict(self._initial)

    def close(self) -> None:
        self._session = None
        self._states = {}


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]


class Ort:
    """Runs .onnx artifacts."""

    name = "ort"
    kind = "onnx"
    exactness = "bounded"
    exact_kernels = False

    def version(self) -> str | None:
        return next((v for v in map(distribution_version, _DISTRIBUTIONS) if v is not None), None)

    def open(
        self, data: bytes, entry: ArtifactEntry, initial: Mapping[str, Array], threads: int, exact: bool
    ) -> Runner:
        refuse_exact(self.name, exact)
        return _Ort(data, entry, initial, threads)


ENGINE = Ort()

"""Keras models: ``.keras`` archives and legacy ``.h5``, read from their own configuration and weights with h5py.

Neither Keras nor TensorFlow is needed. Where Keras is installed, both sides run on the same inputs and the difference
is kept, and a model with a layer that limen does not know is exported by Keras itself.
"""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from limen.errors import LimenError, UnsupportedOp, VerificationError
from limen.importers import Importer, ImportOptions
from limen.importers._keras.build import State
from limen.importers._keras.file import Source, open_model
from limen.importers._keras.walk import convert
from limen.importers._verification import Verification, feeds_for, verify
from limen.model import Model, StatePair, from_proto, load, static_shapes
from limen.model.graph import Array

_HDF5 = b"\x89HDF\r\n\x1a\n"


def read(path: Path, options: ImportOptions) -> Model:
    """Read a Keras model; inputs keep their names, shapes and the order of Keras (channels last).

    Raises:
        ModelError: the file is damaged, or holds weights only.
        UnsupportedOp: a layer is not known and Keras is not installed; names the layer.
        MissingExtra: h5py is not installed.
        VerificationError: the result differs from what Keras computes.
    """
    source = open_model(path)
    try:
        graph = convert(source, options.dimensions, options.batch)
    except UnsupportedOp as unknown:
        return _exported(path, source, options, unknown)
    model = from_proto(graph.proto, path.stem).with_states(_states(graph.states, options))
    model = static_shapes(replace(model, metadata={"source": f"keras {source.version}"}), {}, options.batch)
    return _verified(model, path, source).on(model)


def _states(states: Sequence[State], options: ImportOptions) -> tuple[StatePair, ...]:
    found = [StatePair(s.input, s.output, np.zeros(s.shape, np.float32)) for s in states]
    known = {pair.input for pair in found}
    return (*found, *(StatePair(i, o) for i, o in options.states if i not in known))


def _verified(model: Model, path: Path, source: Source) -> Verification:
    if importlib.util.find_spec("keras") is None:
        return Verification(None, reason="keras is not installed")
    if model.states:
        return Verification(None, reason="the model keeps a state from run to run")
    if _holds_code(source.config):
        return Verification(None, reason="the file holds Python code")
    try:
        keras = _keras()
        other = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        return Verification(None, reason=f"keras cannot read the file: {type(error).__name__}")
    try:
        return verify(model, f"keras {keras.__version__}", _runner(other, model), feeds_for(model))
    except VerificationError:
        raise
    except Exception as error:
        return Verification(None, reason=f"keras cannot run the model: {type(error).__name__}")


def _runner(other: Any, model: Model) -> Callable[[Mapping[str, Array]], Sequence[Array]]:
    """The model as Keras computes it, results in the order of the Model's outputs."""

    def run(feed: Mapping[str, Array]) -> Sequence[Array]:
        arrays = list(feed.values())
        result = other.predict(arrays[0] if len(arrays) == 1 else arrays, verbose=0)
        if isinstance(result, Mapping):
            names = [str(v.name) for v in model.ir.graph.outputs]
            result = [result[name] for name in names] if set(names) <= set(result) else list(result.values())
        return [np.asarray(r) for r in (result if isinstance(result, list | tuple) else [result])]

    return run


def _keras() -> Any:
    """Keras, on PyTorch where nothing else was chosen: the export needs it."""
    if importlib.util.find_spec("tensorflow") is None:
        os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    return keras


def _exported(path: Path, source: Source, options: ImportOptions, unknown: UnsupportedOp) -> Model:
    """The model as Keras exports it; a file that holds Python code is never loaded.

    Raises:
        UnsupportedOp: Keras is not installed, or cannot export the model either.
    """
    if importlib.util.find_spec("keras") is None or _holds_code(source.config):
        raise unknown
    try:
        keras = _keras()
        other = keras.saving.load_model(path, compile=False, safe_mode=True)
        other(_zeros(other))
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "model.onnx"
            other.export(target, format="onnx", verbose=False)
            model = load(target)
    except LimenError:
        raise
    except Exception as error:
        hint = f"keras could not export it either: {type(error).__name__}"
        raise UnsupportedOp(unknown.node, unknown.op, unknown.where, hint) from error
    model = static_shapes(model, options.dimensions, options.batch)
    model = replace(model, metadata={**model.metadata, "source": f"keras {keras.__version__} export"})
    return verify(model, f"keras {keras.__version__}", _runner(other, model), feeds_for(model)).on(model)


def _zeros(other: Any) -> Any:
    """Inputs to call a loaded model with once: its export refuses one that was never called."""
    arrays = [np.zeros([s or 1 for s in i.shape], str(i.dtype)) for i in other.inputs]
    return arrays[0] if len(arrays) == 1 else arrays


def _holds_code(config: Any) -> bool:
    """Whether a configuration carries marshalled Python."""
    if isinstance(config, Mapping):
        return config.get("class_name") in ("Lambda", "__lambda__") or any(_holds_code(v) for v in config.values())
    return isinstance(config, list) and any(_holds_code(v) for v in config)


def _sniff(head: bytes) -> bool:
    archive = head.startswith(b"PK") and (b"metadata.json" in head or b"config.json" in head)
    return head.startswith(_HDF5) or archive


IMPORTER = Importer(name="keras", suffixes=(".keras", ".h5", ".hdf5"), sniff=_sniff, load=read)

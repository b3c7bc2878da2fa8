"""ONNX files of opset 7 and later: dimensions are fixed, constants folded, declared state pairs kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from limen.errors import LimenError, ModelError
from limen.importers import Importer, ImportOptions
from limen.model import Model, StatePair, dtype_of, evaluate, load, random_feeds, shape_of, static_shapes
from limen.model.graph import Array
from limen.registry import suggest


def read(path: Path, options: ImportOptions) -> Model:
    """Read an ONNX file.

    Args:
        path: the file; external data lies beside it.
        options: symbolic dimensions, batch, and state pairs.

    Raises:
        ModelError: the file is not valid, or a dimension stays unknown: the message names it.
        MissingExtra: as reading raises.
    """
    try:
        return _read(path, options)
    except RuntimeError as error:  # from onnx_ir, which cannot copy a graph whose values do not fit together
        reason = str(error.__cause__ or error)[:160]
        raise ModelError(f"{path.name}: the graph is not consistent: {reason}") from error


def _read(path: Path, options: ImportOptions) -> Model:
    source = load(path)
    declared = source.with_states(tuple(StatePair(given, result) for given, result in options.states))
    constants = {name: _constant(source, name, value) for name, value in options.constants.items()}
    model = static_shapes(declared, options.dimensions, options.batch, constants)
    return replace(model, metadata={**model.metadata, "verified": _verified(source, model, constants)})


def _constant(source: Model, name: str, number: float) -> Array:
    """The number as a value of the input, in its shape and element type.

    Raises:
        ModelError: the model has no such input, or its shape is not static.
    """
    value = next((v for v in source.ir.graph.inputs if v.name == name), None)
    if value is None:
        known = [str(v.name) for v in source.ir.graph.inputs]
        raise ModelError(f"--set {name}: the model has no such input", suggest(name, known))
    shape, dtype = shape_of(value), dtype_of(value)
    if shape is None or dtype is None:
        raise ModelError(f"--set {name}: its shape is not static")
    return np.full(shape, number, dtype)


def _verified(source: Model, model: Model, constants: Mapping[str, Array]) -> str:
    """Largest difference between the file as it is and the imported Model, on onnxruntime."""
    try:
        feeds = random_feeds(model)
        wanted = evaluate(source, {**feeds, **constants})
        seen = evaluate(model, feeds)
    except LimenError as error:
        return f"not verified: {error.message}"
    worst = 0.0
    for name, value in wanted.items():
        if value.size and value.dtype.kind == "f":
            worst = max(worst, float(np.abs(value.astype(np.float64) - seen[name]).max()))
    return f"max difference {worst:.3g} from the file as it is, on onnxruntime"


def _sniff(head: bytes) -> bool:
    """An ONNX ModelProto starts with ir_version (field 1, varint) below 128."""
    return len(head) > 2 and head[0] == 0x08 and head[1] < 0x80 and head[2] in (0x12, 0x1A, 0x22, 0x2A, 0x3A, 0x42)


IMPORTER = Importer(name="onnx", suffixes=(".onnx",), sniff=_sniff, load=read)

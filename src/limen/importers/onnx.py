"""ONNX files of opset 7 and later: dimensions are fixed, constants folded, declared state pairs kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from limen.errors import LimenError
from limen.importers import Importer, ImportOptions
from limen.model import Model, StatePair, evaluate, load, random_feeds, static_shapes


def read(path: Path, options: ImportOptions) -> Model:
    """Read an ONNX file.

    Args:
        path: the file; external data lies beside it.
        options: symbolic dimensions, batch, and state pairs.

    Raises:
        ModelError: the file is not valid, or a dimension stays unknown: the message names it.
        MissingExtra: as reading raises.
    """
    source = load(path)
    declared = source.with_states(tuple(StatePair(given, result) for given, result in options.states))
    model = static_shapes(declared, options.dimensions, options.batch)
    return replace(model, metadata={**model.metadata, "verified": _verified(source, model)})


def _verified(source: Model, model: Model) -> str:
    """Largest difference between the file as it is and the imported Model, on onnxruntime."""
    try:
        feeds = random_feeds(model)
        wanted = evaluate(source, feeds)
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

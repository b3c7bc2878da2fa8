"""The version before of a model, whose scales a new one keeps so that deltas stay small."""

from __future__ import annotations

from pathlib import Path

from limen.build.source import open_source
from limen.bundle import Bundle
from limen.errors import DataError
from limen.importers import tflite
from limen.optimize.parent import Parent, parent_of
from limen.program import binary


def read_parent(path: str | Path | None) -> Parent | None:
    """Scales of a bundle's Program, or of a quantised model file; None for no path.

    Raises:
        DataError: no scales are in it.
        LimenError: it cannot be read.
    """
    if path is None:
        return None
    path = Path(path)
    if path.suffix != ".limen":
        return parent_of(open_source(path).require_program(), path.name)
    bundle = Bundle.open(path)
    for kind, read in (("program", binary.from_bytes), ("tflite", tflite.read)):
        for entry in bundle.artifacts:
            if entry.kind == kind:
                return parent_of(read(bundle.blob(entry.blob)), path.name)
    raise DataError(f"{path.name}: holds neither a Program nor a .tflite, whose scales could be kept")

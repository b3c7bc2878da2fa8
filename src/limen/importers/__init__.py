"""Readers of trained models, one file per source; each names its reader in ``IMPORTER``.

``import_file`` chooses by content, then by suffix.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from limen.errors import ModelError, UsageError
from limen.program import Program
from limen.registry import Registry

if TYPE_CHECKING:
    from limen.model import Model

__all__ = ["IMPORTERS", "ImportOptions", "Importer", "import_file"]

_HEAD_BYTES = 4096


@dataclass(frozen=True)
class ImportOptions:
    """What a user says about a model beyond its file.

    Args:
        dimensions: name of a symbolic dimension -> its extent; for .tflite ``"input:axis"`` -> extent.
        states: (input, output) pairs that carry a value from one run to the next.
        batch: extent of a batch dimension that the file leaves open.
        signature: which of several signatures; None for the first of the main graph.
        trust_pickle: read pickles, which can run any code.
        constants: name of an input -> the number it always has; it is an input no longer.
    """

    dimensions: dict[str, int] = field(default_factory=dict)
    states: tuple[tuple[str, str], ...] = ()
    batch: int = 1
    signature: str | None = None
    trust_pickle: bool = False
    constants: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Importer:
    """One source format.

    Args:
        name: of the format, ``tflite``.
        suffixes: of its files, lower case with the dot.
        sniff: the first 4096 bytes of a file -> whether they are this format's.
        load: path, options -> the model. Raises ModelError, Unsupported, MissingExtra.
    """

    name: str
    suffixes: tuple[str, ...]
    sniff: Callable[[bytes], bool]
    load: Callable[[Path, ImportOptions], Model | Program]


IMPORTERS: Registry[Importer] = Registry("importer", "limen.importers", "IMPORTER")


def import_file(path: Path | str, options: ImportOptions | None = None) -> Model | Program:
    """Read a trained model.

    Raises:
        UsageError: there is no such file.
        ModelError: no importer knows the format, or its own finds the file damaged.
        UnsupportedOp: the model has an operator that limen does not know.
        MissingExtra: the format needs a package that is not installed.
    """
    path = Path(path)
    return _importer(path).load(path, options or ImportOptions())


def _importer(path: Path) -> Importer:
    if not path.exists():
        raise UsageError(f"{path}: there is no such file")
    head = b""
    if path.is_file():
        try:
            with path.open("rb") as file:
                head = file.read(_HEAD_BYTES)
        except OSError as error:
            raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
        if not head:
            raise ModelError(f"{path}: the file is empty")
    importers = IMPORTERS.values()
    by_content = [each for each in importers if head and each.sniff(head)]
    by_suffix = [each for each in importers if path.suffix.lower() in each.suffixes]
    both = [each for each in by_content if each in by_suffix]
    for candidates in (both, by_content, by_suffix):
        if candidates:
            return candidates[0]
    known = ", ".join(sorted({suffix for each in importers for suffix in each.suffixes}))
    raise ModelError(
        f"{path}: neither its first bytes nor its suffix is that of a known model format", f"known: {known}"
    )

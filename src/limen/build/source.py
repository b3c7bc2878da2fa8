"""From a file to what limen works on: a normalised Model where there is one, and a Program where it lowers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from limen.errors import ModelError, Unsupported
from limen.importers import ImportOptions, import_file
from limen.program import Program

if TYPE_CHECKING:
    from limen.model import Model


@dataclass(frozen=True, eq=False)
class Source:
    """An imported model.

    Args:
        path: the file.
        sha256: of the file's bytes.
        model: normalised float Model; None for a .tflite.
        program: what it lowers to; None where an operator has no Program form.
        blocker: why there is no Program.
        checks: what the importer found out, by name.
    """

    path: Path
    sha256: str
    model: Model | None
    program: Program | None
    blocker: Unsupported | None
    checks: dict[str, str]

    def require_program(self) -> Program:
        """The Program.

        Raises:
            Unsupported: the model has no Program form; names the node and the way out.
        """
        if self.program is None:
            assert self.blocker is not None
            raise self.blocker
        return self.program

    def require_model(self) -> Model:
        """The Model, raised from the Program where the source is a .tflite."""
        from limen.lower.raising import raise_program

        return self.model if self.model is not None else raise_program(self.require_program())

    def with_program(self, program: Program) -> Source:
        """A copy around another Program."""
        return replace(self, program=program)


def open_source(path: str | Path, options: ImportOptions | None = None, keep_layout: bool = False) -> Source:
    """Import, normalise and lower a model file.

    Raises:
        ModelError: the file is missing or not valid.
        Unsupported: its format is not known.
    """
    from limen.lower import LOWERINGS, lower
    from limen.lower.prepare import prepare

    path = Path(path)
    if path.suffix == ".limen":
        raise ModelError(f"{path}: is a bundle, not a model", "give the model it was built from")
    imported = import_file(path, options)
    digest = file_sha256(path)
    if isinstance(imported, Program):
        return Source(path, digest, None, imported, None, dict(imported.metadata))
    model = prepare(imported, LOWERINGS)
    checks = dict(imported.metadata)
    try:
        return Source(path, digest, model, lower(model, keep_layout=keep_layout), None, checks)
    except Unsupported as blocker:
        return Source(path, digest, model, None, blocker, checks)


def file_sha256(path: Path) -> str:
    """Hex digest of a file's bytes; of the names and bytes of all files of a folder."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    whole = hashlib.sha256()
    for each in sorted(p for p in path.rglob("*") if p.is_file()):
        whole.update(each.relative_to(path).as_posix().encode() + b"\0" + each.read_bytes())
    return whole.hexdigest()

"""Any exception as the LimenError that a person should read."""

from __future__ import annotations

from limen.cli._extras import extra_of
from limen.errors import BadInput, InternalError, LimenError, MissingExtra

REPORT = "this is a defect of limen; please report it with the output of LIMEN_TRACEBACK=1 and of limen doctor"

MOST = 300  # characters of a foreign message


def as_limen_error(problem: Exception) -> LimenError:
    """Limen's own errors as they are; a missing file or module as what the user can mend; the rest as a defect."""
    if isinstance(problem, LimenError):
        return problem
    if isinstance(problem, ModuleNotFoundError) and problem.name and (extra := extra_of(problem.name)):
        return MissingExtra(problem.name.partition(".")[0], extra)
    if isinstance(problem, OSError) and problem.filename is not None and problem.strerror:
        return BadInput(f"{problem.filename}: {problem.strerror.lower()}")
    return InternalError(f"{type(problem).__name__}: {str(problem)[:MOST]}", REPORT)

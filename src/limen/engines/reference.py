"""Engine reference: limen's own interpreter. Integer results are the definition: 0 LSB everywhere."""

from __future__ import annotations

from collections.abc import Mapping

from limen.bundle import ArtifactEntry
from limen.engines._engine import Array, Runner
from limen.errors import BundleError, ProgramError


class _Reference:
    def __init__(self, data: bytes) -> None:
        from limen.program import binary, initial_states

        try:
            self._program = binary.from_bytes(data)
        except ProgramError as error:
            raise BundleError(f"artifact: {error.message}", error.hint) from error
        self._fresh = initial_states
        self._states = initial_states(self._program)

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        from limen.program import run

        return run(self._program, feeds, self._states)

    def reset(self) -> None:
        self._states = self._fresh(self._program)

    def close(self) -> None:
        self._states = {}


class Reference:
    name = "reference"
    kind = "program"

    def version(self) -> str | None:
        from limen import __version__

        return __version__

    def open(
        self, data: bytes, entry: ArtifactEntry, initial: Mapping[str, Array], threads: int, exact: bool
    ) -> Runner:
        return _Reference(data)


ENGINE = Reference()

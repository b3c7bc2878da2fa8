"""Engine reference: limen's own interpreter. Integer results are the definition: 0 LSB everywhere."""

from __future__ import annotations

from collections.abc import Mapping

from limen.bundle import ArtifactEntry
from limen.engines._engine import Array, Runner
from limen.errors import BundleError, ProgramError


class _Reference:
    def __init__(self, data: bytes, entry: ArtifactEntry) -> None:
        from limen.program import binary, initial_states, run

        try:
            self._program = binary.from_bytes(data)
        except ProgramError as error:
            raise BundleError(f"artifact {entry.file}: {error.message}", error.hint) from error
        self._check(entry)
        self._initial = initial_states
        self._interpret = run
        self.reset()

    def _check(self, entry: ArtifactEntry) -> None:
        tensors, given, made = self._program.tensors, self._program.inputs, self._program.outputs
        for bindings, ports in ((entry.inputs, given), (entry.outputs, made)):
            names = {port.tensor for port in ports}
            for b in bindings:
                if b.tensor not in names or (tensors[b.tensor].shape, tensors[b.tensor].dtype) != (b.shape, b.dtype):
                    raise BundleError(f"artifact {entry.file}: no tensor {b.tensor!r} as the bundle describes it")

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        return self._interpret(self._program, feeds, self._states)

    def reset(self) -> None:
        self._states = self._initial(self._program)

    def close(self) -> None:
        self._states = {}


class Reference:
    """Runs Programs."""

    name = "reference"
    kind = "program"
    exactness = "exact"
    exact_kernels = True

    def version(self) -> str | None:
        from limen import __version__

        return __version__

    def open(
        self, data: bytes, entry: ArtifactEntry, initial: Mapping[str, Array], threads: int, exact: bool
    ) -> Runner:
        return _Reference(data, entry)


ENGINE = Reference()

"""What an engine is: opens one artifact and runs it on its own tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from numpy.typing import NDArray

from limen.bundle import ArtifactEntry
from limen.registry import Registry

Array = NDArray[Any]


class Runner(Protocol):
    """An opened artifact. Arrays are exactly of the bindings' shapes and dtypes, by artifact tensor name."""

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Run once; states carry on from the run before."""
        ...

    def reset(self) -> None:
        """States back to their initial values."""
        ...

    def close(self) -> None:
        """Free what the engine holds."""
        ...


class Engine(Protocol):
    """A runtime.

    ``name``; ``kind``: the artifact kind it runs; ``exactness`` of its integer results.
    """

    name: str
    kind: str

    def version(self) -> str | None:
        """Installed version; None where it is not installed."""
        ...

    def open(
        self, data: bytes, entry: ArtifactEntry, initial: Mapping[str, Array], threads: int, exact: bool
    ) -> Runner:
        """Open an artifact.

        Args:
            data: the artifact's bytes, made by limen.
            entry: its record.
            initial: input name -> initial value of the states that the Session threads.
            threads: how many.
            exact: use the engine's reference kernels where it has them.

        Raises:
            MissingExtra: the runtime is not installed.
            BundleError: the runtime refuses the artifact.
        """
        ...


ENGINES: Registry[Engine] = Registry("engine", "limen.engines", "ENGINE")


def distribution_version(name: str) -> str | None:
    """Version of an installed distribution, or None."""
    import importlib.metadata

    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None

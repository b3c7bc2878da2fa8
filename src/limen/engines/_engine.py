"""What an engine is: opens one artifact and runs it on its own tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from numpy.typing import NDArray

from limen.bundle import ArtifactEntry
from limen.errors import Unsupported
from limen.registry import Registry

Array = NDArray[Any]


class Runner(Protocol):
    """An opened artifact. Arrays are exactly of the bindings' shapes and dtypes, by artifact tensor name."""

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Run once; states carry on from the run before. The results are the caller's: the next run leaves them be."""
        ...

    def reset(self) -> None:
        """States back to their initial values."""
        ...

    def close(self) -> None:
        """Free what the engine holds."""
        ...


class Engine(Protocol):
    """A runtime.

    Attributes:
        name: as it is typed.
        kind: the artifact kind it runs.
        exactness: of the results of an integer artifact with the kernels it uses by default.
        exact_kernels: it can run an integer artifact to the bit, by default or when asked.
    """

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def exactness(self) -> str: ...

    @property
    def exact_kernels(self) -> bool: ...

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
            exact: use the kernels that are exact to the bit.

        Raises:
            MissingExtra: the runtime is not installed.
            BundleError: the runtime refuses the artifact.
            Unsupported: it has no exact kernels.
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


def refuse_exact(engine: str, exact: bool) -> None:
    """Raise Unsupported where exact kernels are asked of an engine without them."""
    if exact:
        able = [e.name for e in ENGINES.values() if e.exact_kernels]
        raise Unsupported(f"engine {engine}: has no exact kernels", f"use {' or '.join(able)}")

"""Compiler back ends: a Program or a Model in, an Artifact out; one folder per target.

A target's folder names it in ``TARGET``. A target that emits operator by operator has a registry of emitters, one file
per operator; ``python -m limen.targets.table`` prints which operator each target takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from limen.devices import Device
from limen.errors import BudgetError
from limen.program import Program
from limen.registry import Registry
from limen.targets._artifact import Artifact, Binding, bindings

if TYPE_CHECKING:
    from limen.model import Model

__all__ = ["TARGETS", "Artifact", "Binding", "CompileOptions", "Target", "bindings", "within_limits"]


@dataclass(frozen=True)
class CompileOptions:
    """What a user asks of a compilation.

    Args:
        device: the board; None for any.
        ram: bytes the artifact may need at run time; None for no limit.
        flash: bytes of code and constants it may take; None for no limit.
        slow_ram: target c: bytes of a second, slower memory for what ``ram`` cannot hold; None for the device's.
        stream: ``auto`` lets target c run layers row by row where that makes the arena smaller, ``push`` has the caller
            hand in the rows; with ``off`` it still does so where a RAM limit is not kept otherwise.
        small: prefer flash over speed.
        pack: target c: a form in which weights are packed wherever it takes less flash (``limen.targets.c.encodings``);
            ``auto`` packs where a flash limit is not kept otherwise, ``none`` never.
        name: of the files and symbols.
    """

    device: Device | None = None
    ram: int | None = None
    flash: int | None = None
    stream: Literal["off", "auto", "push"] = "off"
    small: bool = False
    pack: str = "auto"
    name: str = "model"
    slow_ram: int | None = None


class Target(Protocol):
    """One compiler back end.

    Attributes:
        name: as it is typed.
        consumes: which of the two graphs it takes.
        emitters: operator -> emitter, for a target that emits operator by operator; None otherwise.
        explained: operator -> why it has no emitter and what the target does instead.
    """

    @property
    def name(self) -> str: ...

    @property
    def consumes(self) -> Literal["program", "model"]: ...

    @property
    def emitters(self) -> Registry[Any] | None: ...

    @property
    def explained(self) -> Mapping[str, str]: ...

    def compile(self, source: Program | Model, options: CompileOptions) -> Artifact:
        """Make the artifact.

        Raises:
            UnsupportedOp: names the node, the operator and the targets that can.
            BudgetError: the artifact needs more than ``options`` or their device allow.
        """
        ...


TARGETS: Registry[Target] = Registry("target", "limen.targets", "TARGET")


def within_limits(artifact: Artifact, options: CompileOptions) -> Artifact:
    """The artifact, if it keeps the limits of the options and of their device.

    Raises:
        BudgetError: names the figure, the limit and who set it.
    """
    device = options.device
    for what, figure, asked, held in (
        ("RAM", artifact.ram, options.ram, device.ram if device else None),
        ("slow RAM", artifact.slow_ram, options.slow_ram, device.slow_ram if device else None),
        ("flash", artifact.flash, options.flash, device.flash if device else None),
    ):
        limits = [(asked, "asked for"), (held, f"held by {device.name}" if device else "")]
        for limit, who in limits:
            if limit is not None and figure is not None and figure > limit:
                need = f"{figure} bytes of {what}{' with packed weights' if artifact.packed else ''}"
                raise BudgetError(
                    f"{options.name}: target {artifact.target} needs {need}, {limit} are {who}",
                    "the nearest of what was tried; quantise, or choose a smaller model or a larger device",
                )
    return artifact

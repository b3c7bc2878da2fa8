"""Everything that is known before the text of a compiled Program is written."""

from __future__ import annotations

from dataclasses import dataclass

from limen.devices import Device
from limen.program import Program
from limen.targets.c._isa import Isa
from limen.targets.c._memory import Layout
from limen.targets.c._plan import ArenaPlan
from limen.targets.c._stages import Stage
from limen.targets.c._storage import Storage


@dataclass(frozen=True, eq=False)
class Unit:
    """A Program with its kernels chosen and its memory planned."""

    name: str
    program: Program
    device: Device
    isa: Isa
    storage: Storage
    layout: Layout

    @property
    def stages(self) -> tuple[Stage, ...]:
        return self.layout.stages

    @property
    def plan(self) -> ArenaPlan:
        return self.layout.plan

    def offset(self, tensor: str) -> int:
        """Of a computed tensor in the arena."""
        return self.plan.offsets[self.storage.root(tensor)]

    def at(self, tensor: str) -> str:
        """C expression for the address of a computed tensor."""
        return self.plan.at(self.storage.root(tensor))

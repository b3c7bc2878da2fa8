"""The target object: legalise, write, and plan the arena."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from limen.errors import UsageError
from limen.program import Program
from limen.registry import Registry
from limen.targets import CompileOptions, within_limits
from limen.targets._artifact import Artifact, bindings
from limen.targets._memory import plan, state_bytes
from limen.targets.tflite._emit import EMITTERS, Emitter
from limen.targets.tflite._legalize import legalize
from limen.targets.tflite._writer import write as write_legal

if TYPE_CHECKING:
    from limen.model import Model

_RAM_NOTE = (
    "arena of {arena} bytes (greedy by size over tensor lifetimes; no plan can be below {bound}) and {states} bytes of "
    "states; an interpreter's own bookkeeping and kernel scratch are not in it"
)


def write(program: Program) -> bytes:
    """The .tflite file of a Program; the same Program gives the same bytes.

    Raises:
        UnsupportedOp: an operator, or the case at hand, has no TFLite kernel.
        Unsupported: the file would be larger than a flatbuffer can be (2 GiB).
    """
    return write_legal(legalize(program))


@dataclass(frozen=True)
class TfliteTarget:
    """Program -> model.tflite."""

    name: str = "tflite"
    consumes: Literal["program", "model"] = "program"

    @property
    def emitters(self) -> Registry[Emitter]:
        return EMITTERS

    @property
    def explained(self) -> Mapping[str, str]:
        return {}

    def compile(self, source: Program | Model, options: CompileOptions) -> Artifact:
        """The artifact of a Program: one file, whose RAM figure is planned and whose flash figure is its size.

        Raises:
            UsageError: the source is a Model.
            UnsupportedOp: an operator has no TFLite kernel.
            BudgetError: a limit of the options is not kept.
        """
        if not isinstance(source, Program):
            raise UsageError(f"target {self.name} compiles a Program", "lower the Model first")
        legal = legalize(source)
        data = write_legal(legal)
        arena, states = plan(legal), state_bytes(legal)
        notes = {"ram": _RAM_NOTE.format(arena=arena.size, bound=arena.bound, states=states)}
        return within_limits(
            Artifact(
                target=self.name,
                files={f"{options.name}.tflite": data},
                ram=arena.size + states,
                flash=len(data),
                inputs=bindings(legal, legal.inputs),
                outputs=bindings(legal, legal.outputs),
                notes=notes,
            ),
            options,
        )


TARGET = TfliteTarget()

"""The target object: legalise, write, and plan the arena."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from limen.errors import UsageError
from limen.program import Program
from limen.registry import Registry
from limen.targets import CompileOptions, within_limits
from limen.targets._artifact import Artifact, bindings
from limen.targets._memory import plan, state_bytes
from limen.targets.tflite._emit import EMITTERS, Emitter
from limen.targets.tflite._int4 import asked_int4
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


def _packed(program: Program, int4: frozenset[str], size: int) -> Mapping[str, Any]:
    """Figures before and after, where weights are packed."""
    if not int4:
        return {}
    sizes = ((name, program.tensors[name].nbytes) for name in sorted(int4))
    layers = [{"layer": name, "form": "int4", "before": n, "after": -(-n // 2)} for name, n in sizes]
    return {"layers": layers, "flash": {"before": len(write_legal(program)), "after": size}}


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
            Unsupported: a form of weights is asked for that a .tflite file has not, or that no weights fit.
            BudgetError: a limit of the options is not kept.
        """
        if not isinstance(source, Program):
            raise UsageError(f"target {self.name} compiles a Program", "lower the Model first")
        legal = legalize(source)
        int4 = asked_int4(legal, options.pack)
        data = write_legal(legal, int4)
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
                packed=_packed(legal, int4, len(data)),
            ),
            options,
        )


TARGET = TfliteTarget()

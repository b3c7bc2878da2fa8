"""The target object: generate, and keep the limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from limen.devices import Device
from limen.errors import UsageError
from limen.program import Program
from limen.registry import Registry
from limen.targets import CompileOptions, within_limits
from limen.targets._artifact import Artifact, bindings
from limen.targets.c._emit import generate
from limen.targets.c._emitters import BY_CORE, EMITTERS
from limen.targets.c.encodings import asked_forms

if TYPE_CHECKING:
    from limen.model import Model


@dataclass(frozen=True)
class CTarget:
    """Program -> model.c, model.h and, where there is assembler, model_kernels.S."""

    name: str = "c"
    consumes: Literal["program", "model"] = "program"

    @property
    def emitters(self) -> Registry[Any]:
        return EMITTERS

    @property
    def explained(self) -> Mapping[str, str]:
        return BY_CORE

    def compile(self, source: Program | Model, options: CompileOptions) -> Artifact:
        """The artifact of a Program.

        Raises:
            UsageError: the source is a Model, or no device is named.
            Unsupported: the form that is asked for packs nothing.
            UnsupportedOp: an operator, or the case at hand, has no C kernel.
            BudgetError: a limit of the options is not kept.
        """
        if not isinstance(source, Program):
            raise UsageError(f"target {self.name} compiles a Program", "lower the Model first")
        if options.device is None:
            raise UsageError("target c needs a device", "give --device, such as cortex-m4; see: limen devices")
        forms = asked_forms(source, options.device, options.pack)
        made = generate(source, options.device, options.name, small=options.small, stream=options.stream, forms=forms)
        limit = min((b for b in (options.ram, options.device.ram) if b is not None), default=None)
        if limit is not None and made.arena > limit and options.stream == "off":
            made = generate(source, options.device, options.name, small=options.small, stream="auto", forms=forms)
        fast = fast_limit(options.device, options.ram, options.slow_ram)
        if fast is not None and made.arena > fast:
            stream = "auto" if options.stream == "off" else options.stream
            made = generate(source, options.device, options.name, "auto", options.small, stream, forms, fast)
        return within_limits(
            Artifact(
                target=self.name,
                files=made.files,
                ram=made.arena + made.static_ram,
                flash=made.constants,
                inputs=bindings(made.program, made.program.inputs),
                outputs=bindings(made.program, made.program.outputs),
                notes=made.notes,
                slow_ram=made.slow,
            ),
            options,
        )


def fast_limit(device: Device, ram: int | None = None, slow_ram: int | None = None) -> int | None:
    """Bytes that the arena may have where the rest goes to a slower memory; None where there is none.

    Args:
        ram: asked for beside what the device holds.
        slow_ram: of the slower memory; None for the device's.
    """
    if not (device.slow_ram if slow_ram is None else slow_ram):
        return None
    return min((b for b in (ram, device.ram) if b is not None), default=None)


TARGET = CTarget()

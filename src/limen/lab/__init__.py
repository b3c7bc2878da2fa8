"""Virtual devices that run generated code with no hardware, and count what it executes.

``profile`` is the one way in, whatever runs the code: Arm and RV32 cores by unicorn, WebAssembly by wasmtime,
x86-64 by this machine.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace

from limen.devices import MACHINES
from limen.errors import DataError, NotMeasurable
from limen.lab._cores import VIRTUAL
from limen.lab._inputs import sample_inputs
from limen.lab._profile import LayerProfile, Profile
from limen.program import Array, Program
from limen.targets.c import Generated

__all__ = ["LayerProfile", "Profile", "profile", "sample_inputs"]


def profile(
    generated: Generated,
    feeds: Sequence[Mapping[str, Array]],
    *,
    compiler: str = "zig",
    judge: Program | None = None,
) -> Profile:
    """Run generated code on its device's virtual twin and compare it with the interpreter.

    Args:
        generated: what target c made for a device.
        feeds: Program tensor -> array, at least one; of a stateful model they are one sequence.
        compiler: ``zig``, or ``gcc`` for the GNU tool chain of the processor.
        judge: the Program that the outputs are compared with, where it is not the one after the compiler's own passes.

    Raises:
        NotMeasurable: nothing here executes the device's code; says what would.
        MissingExtra: a package or tool is not installed.
        InternalError: the generated code does not compile, faults or does not end.
    """
    if not feeds:
        raise DataError(f"{generated.program.name}: a profile needs at least one input")
    isa = generated.device.isa
    if generated.pushed_rows and isa not in VIRTUAL:
        raise NotMeasurable(
            f"device {generated.device.name}: rows are pushed on virtual microcontrollers only",
            "leave out --stream push, or profile for a microcontroller",
        )
    if isa == "wasm":
        from limen.lab._wasm import profile_wasm

        return profile_wasm(generated, feeds, judge)
    here = isa == MACHINES.get(platform.machine().lower())
    if isa in VIRTUAL:
        from limen.lab._virtual import profile_virtual

        found = profile_virtual(generated, feeds, compiler, judge)
        timed = here and not generated.pushed_rows
        return replace(found, latency_us=host_latency(generated, feeds[0])) if timed else found
    if here:
        from limen.lab._native import profile_native

        return profile_native(generated, feeds, judge)
    raise NotMeasurable(
        f"device {generated.device.name}: this machine is no {isa}, and has no virtual one",
        f"profile on an {isa} machine, or reach one by --on ssh://user@host",
    )


def host_latency(generated: Generated, feed: Mapping[str, Array]) -> dict[str, float] | None:
    """Time on this machine of code for its instruction set; None where it lacks an extension that the code uses."""
    from limen.lab._native import measure_latency, require_host

    try:
        require_host(generated)
    except NotMeasurable:
        return None
    return measure_latency(generated, feed)

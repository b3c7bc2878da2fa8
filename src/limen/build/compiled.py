"""Target c with its figures: RAM is the arena, variables and the stack bound; flash is code and constants, linked."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

from limen.errors import MissingExtra, NotMeasurable
from limen.program import Program
from limen.targets import Artifact, CompileOptions, bindings, within_limits
from limen.targets.c import Generated, generate

Stream = Literal["off", "auto", "push"]

_ESTIMATED = "constants alone: {why}"
_LINKED = "code and constants as {compiler} links them for {core}"


def compile_c(program: Program, options: CompileOptions) -> Artifact:
    """The C of a Program, measured where a compiler for the device is installed.

    The fastest kernels with whole tensors come first. Where a limit is not kept, layers stream (RAM), or code is made
    smaller (flash), or both.

    Raises:
        UnsupportedOp: an operator, or the case at hand, has no C kernel.
        BudgetError: no schedule keeps the limits; the message tells the figures of the nearest.
    """
    return within_limits(scheduled(program, options)[0], options)


def scheduled(program: Program, options: CompileOptions) -> tuple[Artifact, Generated]:
    """The first schedule that keeps the limits, or the nearest to them; and its code.

    Raises:
        UnsupportedOp: an operator, or the case at hand, has no C kernel.
    """
    assert options.device is not None
    ram, flash = (_limit(options, name) for name in ("ram", "flash"))
    tried: list[Artifact] = []
    codes: list[Generated] = []
    for small, stream in _schedules(options):
        if tried and not _promising(tried, ram, flash, small, stream):
            continue
        made = generate(program, options.device, options.name, small=small, stream=stream)
        tried.append(_measured(made))
        codes.append(made)
        if _excess(tried[-1], ram, flash) <= 1.0:
            break
    return min(zip(tried, codes, strict=True), key=lambda pair: _excess(pair[0], ram, flash))


def _schedules(options: CompileOptions) -> list[tuple[bool, Stream]]:
    """(small, stream), the fastest first."""
    streams: tuple[Stream, ...] = ("off", "auto") if options.stream == "off" else (options.stream,)
    return [(small, stream) for small in ((True,) if options.small else (False, True)) for stream in streams]


def _promising(tried: list[Artifact], ram: float, flash: float, small: bool, stream: Stream) -> bool:
    """Whether a slower schedule can help: streaming where RAM was missed, small code where flash was."""
    first = tried[0]
    return ((first.ram or 0) > ram or stream != "auto") and ((first.flash or 0) > flash or not small)


def _limit(options: CompileOptions, name: Literal["ram", "flash"]) -> float:
    """The smaller of what is asked for and what the device holds."""
    limits = (getattr(options, name), getattr(options.device, name))
    return min((float(limit) for limit in limits if limit is not None), default=math.inf)


def _excess(artifact: Artifact, ram: float, flash: float) -> float:
    """How many times the worse of the two limits is needed."""
    return max((artifact.ram or 0) / max(ram, 1.0), (artifact.flash or 0) / max(flash, 1.0))


def _measured(made: Generated) -> Artifact:
    plain = Artifact(
        target="c",
        files=made.files,
        ram=made.arena + made.static_ram,
        flash=made.constants,
        inputs=bindings(made.program, made.program.inputs),
        outputs=bindings(made.program, made.program.outputs),
        notes=dict(made.notes),
    )
    if made.pushed_rows:
        return replace(plain, notes={**plain.notes, "flash": _ESTIMATED.format(why="rows are pushed")})
    try:
        from limen.lab._build import build_image
        from limen.lab._stack import stack_bound

        built = build_image(made)
        stack = stack_bound(built).bytes
    except (MissingExtra, NotMeasurable) as error:
        return replace(plain, notes={**plain.notes, "flash": _ESTIMATED.format(why=error.message)})
    notes = {
        **plain.notes,
        "flash": _LINKED.format(compiler=built.compiler, core=built.core.name),
        "ram": f"arena {made.arena}, variables {built.static_bytes}, stack at most {stack}",
    }
    ram = made.arena + built.static_bytes + (stack or 0)
    return replace(plain, ram=ram, flash=built.code_bytes + built.weight_bytes, notes=notes)

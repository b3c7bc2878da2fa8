"""Target c with its figures: RAM is the arena, variables and the stack bound; flash is code and constants, linked."""

from __future__ import annotations

from dataclasses import replace

from limen.errors import LimenError, MissingExtra, NotMeasurable
from limen.program import Program
from limen.targets import Artifact, CompileOptions, bindings, within_limits
from limen.targets.c import Generated, generate

_ESTIMATED = "constants alone: {why}"
_LINKED = "code and constants as {compiler} links them for {core}"


def compile_c(program: Program, options: CompileOptions) -> Artifact:
    """The C of a Program, measured where a compiler for the device is installed.

    Where the limits are not kept with whole tensors, layers stream.

    Raises:
        UnsupportedOp: an operator, or the case at hand, has no C kernel.
        BudgetError: no schedule keeps the limits; the message tells the smallest.
    """
    found: Artifact | None = None
    for stream in ("off", "auto") if options.stream == "off" else (options.stream,):
        assert options.device is not None
        made = generate(program, options.device, options.name, small=options.small, stream=stream)
        artifact = _measured(made)
        if found is None or (artifact.ram or 0) < (found.ram or 0):
            found = artifact
        try:
            return within_limits(artifact, options)
        except LimenError:
            continue
    assert found is not None
    return within_limits(found, options)


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

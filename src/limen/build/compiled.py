"""Target c with its figures: RAM is the arena, variables and the stack bound; flash is code and constants, linked."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from limen.devices import Device
from limen.errors import MissingExtra, NotMeasurable, UsageError
from limen.program import Program
from limen.targets import Artifact, CompileOptions, bindings, within_limits
from limen.targets.c import Generated, fast_limit, generate
from limen.targets.c.encodings import Choice, choose, enough, forms_of

Stream = Literal["off", "auto", "push"]

_DIVISIONS = 3
"""What the stack takes is known when the code is linked, and another division can have another stack."""
_ESTIMATED = "constants alone: {why}"
_LINKED = "code and constants as {compiler} links them for {core}"


def compile_c(program: Program, options: CompileOptions) -> Artifact:
    """The C of a Program, measured where a compiler for the device is installed.

    The fastest kernels with whole tensors come first. Where a limit is not kept, layers stream (RAM), or code is made
    smaller (flash), or both; then what RAM cannot hold goes to a slower memory, if there is one; as a last resort
    weights are packed (flash), of as few layers as it takes.

    Raises:
        UnsupportedOp: an operator, or the case at hand, has no C kernel.
        BudgetError: no schedule keeps the limits; the message tells the figures of the nearest.
    """
    best = _search(program, options)
    artifact = best.artifact
    if best.plain is not None:
        counted = {"before": _counted(best.plain), "after": _counted(best.code)}
        packed = {**artifact.packed, "instructions": counted}
        artifact = replace(artifact, packed=packed, notes={**artifact.notes, "packed": _told(packed)})
    return within_limits(artifact, options)


def fast_arena(device: Device, ram: int | None, slow_ram: int | None) -> int | None:
    """``fast_limit`` for verbs that keep no limits but this.

    Raises:
        UsageError: a limit where the device has no second memory.
    """
    fast = fast_limit(device, ram, slow_ram)
    if fast is None and ram is not None:
        raise UsageError(
            f"--ram: {device.name} has no second memory for the rest", "give --slow-ram B; limits are kept by: compile"
        )
    return fast


def scheduled(program: Program, options: CompileOptions) -> tuple[Artifact, Generated]:
    """The first schedule that keeps the limits, or the nearest to them; and its code.

    Raises:
        UnsupportedOp: an operator, or the case at hand, has no C kernel.
    """
    best = _search(program, options)
    return best.artifact, best.code


@dataclass(frozen=True, eq=False)
class Trial:
    """One schedule and what it came to; ``plain`` is its code without packed weights, where they are packed."""

    small: bool
    stream: Stream
    artifact: Artifact
    code: Generated
    plain: Generated | None = None


def _search(program: Program, options: CompileOptions) -> Trial:
    assert options.device is not None
    ram, flash = (_limit(options, name) for name in ("ram", "flash"))
    asked = choose(program, options.device, options.pack) if options.pack not in ("auto", "none") else ()
    tried: list[Trial] = []
    for small, stream in _schedules(options):
        if tried and not _promising(tried[0].artifact, ram, flash, small, stream):
            continue
        tried.append(_trial(program, options, small, stream, asked))
        if _excess(tried[-1].artifact, ram, flash) <= 1.0:
            break
    best = min(tried, key=lambda trial: _excess(trial.artifact, ram, flash))
    if asked:
        return _beside(best, _trial(program, options, best.small, best.stream, ()), asked)
    return _packed(program, options, tried, best, ram, flash) if options.pack == "auto" else best


def _trial(
    program: Program, options: CompileOptions, small: bool, stream: Stream, choices: tuple[Choice, ...]
) -> Trial:
    assert options.device is not None
    forms = forms_of(choices)
    last = stream == _schedules(options)[-1][1]
    fast = fast_limit(options.device, options.ram, options.slow_ram) if last else None
    if fast is None:
        made = generate(program, options.device, options.name, small=small, stream=stream, forms=forms)
        return Trial(small, stream, _measured(made), made)
    room = fast
    for _ in range(_DIVISIONS):
        made = generate(program, options.device, options.name, "auto", small, stream, forms, room)
        artifact = _measured(made)
        if (artifact.ram or 0) <= fast:
            break
        room = fast - (artifact.ram or 0) + made.arena
    return Trial(small, stream, artifact, made)


def _packed(
    program: Program, options: CompileOptions, tried: list[Trial], best: Trial, ram: float, flash: float
) -> Trial:
    """The best schedule with packed weights, where flash is what it misses: as many layers as it takes."""
    assert options.device is not None
    plain = min(tried, key=lambda t: ((t.artifact.ram or 0) > ram, t.artifact.flash))
    if _excess(best.artifact, ram, flash) <= 1.0 or plain.artifact.flash <= flash:
        return best
    needed = math.ceil(plain.artifact.flash - flash)
    cheap = choose(program, options.device, "auto")
    small = choose(program, options.device, "smallest") if cheap else ()
    part: tuple[Choice, ...] = ()
    while part != small:
        part = enough(cheap, needed) if part != cheap else small
        trial = _beside(_trial(program, options, plain.small, plain.stream, part), plain, part)
        if _excess(trial.artifact, ram, flash) < _excess(best.artifact, ram, flash):
            best = trial
        if trial.artifact.flash <= flash:
            break
        needed = sum(c.saved for c in part) + math.ceil(trial.artifact.flash - flash)
    return best


def _beside(trial: Trial, plain: Trial, choices: tuple[Choice, ...]) -> Trial:
    """A trial with packed weights, with what it would be without."""
    layers = [{"layer": c.layer, "form": c.form, "before": c.plain, "after": c.packed} for c in choices]
    packed: dict[str, Any] = {"layers": layers}
    for name in ("flash", "ram"):
        packed[name] = {"before": getattr(plain.artifact, name), "after": getattr(trial.artifact, name)}
    return replace(trial, artifact=replace(trial.artifact, packed=packed), plain=plain.code)


def _counted(code: Generated) -> int | None:
    """Instructions of one inference, the most of three; None where they cannot be counted here."""
    from limen.lab import profile, sample_inputs

    try:
        return profile(code, sample_inputs(code.program, 1)).instructions
    except (MissingExtra, NotMeasurable):
        return None


def _told(packed: Mapping[str, Any]) -> str:
    """For a person."""
    forms = Counter(str(layer["form"]) for layer in packed["layers"])
    layers = ", ".join(f"{count} as {form}" for form, count in sorted(forms.items()))
    figures = [(name, packed[name]["before"], packed[name]["after"]) for name in ("flash", "ram", "instructions")]
    changes = [f"{name} {before:,} -> {after:,}" for name, before, after in figures if None not in (before, after)]
    return f"weights of {layers}: {'; '.join(changes)}"


def _schedules(options: CompileOptions) -> list[tuple[bool, Stream]]:
    """(small, stream), the fastest first."""
    streams: tuple[Stream, ...] = ("off", "auto") if options.stream == "off" else (options.stream,)
    return [(small, stream) for small in ((True,) if options.small else (False, True)) for stream in streams]


def _promising(first: Artifact, ram: float, flash: float, small: bool, stream: Stream) -> bool:
    """Whether a slower schedule can help: streaming where RAM was missed, small code where flash was."""
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
        slow_ram=made.slow,
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

"""``limen profile``: compile for a device, run on its virtual twin, count, compare with the interpreter."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Literal

from limen import devices
from limen.build.artifact import quantised_source
from limen.build.compiled import fast_arena
from limen.build.samples import program_feeds, read_data
from limen.build.source import open_source
from limen.errors import UsageError
from limen.importers import ImportOptions
from limen.lab import Profile, profile, sample_inputs
from limen.program import Array, Program
from limen.steps import Chain
from limen.targets.c import generate
from limen.targets.c.encodings import asked_forms


def profile_model(
    model: str | Path,
    device: str | None = None,
    data: str | Path | None = None,
    pre: str | None = None,
    quantize: str | None = None,
    compiler: str = "zig",
    inputs: int = 8,
    kernels: Literal["auto", "portable"] = "auto",
    stream: Literal["off", "auto", "push"] = "off",
    small: bool = False,
    pack: str = "none",
    ram: int | None = None,
    slow_ram: int | None = None,
    keep_layout: bool = False,
    on: str | None = None,
    options: ImportOptions | None = None,
) -> Profile:
    """Import, quantise, generate C, and profile it.

    Args:
        model: a model file.
        device: a board or processor; a board is profiled on the virtual twin of its processor. None asks the board
            that ``on`` names.
        data: samples: they calibrate, and the first ``inputs`` of them are run before the extremes.
        pre: steps that decode the files of a data folder.
        quantize: a recipe or its shorthand; with data and none, int8.
        compiler: ``zig`` or ``gcc``.
        inputs: samples to run, beside the two extremes (all lowest, all highest).
        kernels: ``portable`` leaves the processor's own kernels out.
        stream: ``auto``: run layers row by row where it saves RAM; ``push``: and the caller hands in the input's rows.
        small: prefer flash over speed.
        pack: form of the weights in flash, for every layer that it makes smaller.
        ram: bytes that the arena may have at most where a slower memory holds the rest.
        slow_ram: bytes of that memory; None for the device's.
        keep_layout: keep the source layout at the border.
        on: a real device, ``ssh://user@host`` or ``serial:/dev/NAME``, instead of the virtual one.
        options: how the model is read.

    Raises:
        UsageError: an unknown device, recipe or compiler; neither a device nor a place.
        ModelError, DataError: bad input.
        Unsupported: an operator has no C kernel.
        NotMeasurable: nothing here executes the device's code, or the place is not reached.
        MissingExtra: a package or tool is not installed.
    """
    if inputs < 0:
        raise UsageError(f"{inputs} inputs: not a count")
    board = devices.get(device) if device is not None else None
    place = None
    if on is not None:
        from limen.lab.remote import connect

        place = connect(on, board)
        board = place.device
    if board is None:
        raise UsageError("which device?", "give --device, such as cortex-m4; see: limen devices")
    if place is not None and stream == "push":
        raise UsageError("--stream push: a real device is sent whole inputs", "use --stream auto")
    source = open_source(model, options, keep_layout)
    samples = None if data is None else read_data(data, Chain.parse(pre) if pre else Chain())
    prepared = quantised_source(source, samples, quantize)
    program = prepared.require_program()
    forms = asked_forms(program, board, pack)
    fast = fast_arena(board, ram, slow_ram)
    generated = generate(program, board, kernels=kernels, stream=stream, small=small, forms=forms, fast=fast)
    feeds = _feeds(program, None if samples is None else list(islice(program_feeds(program, samples), inputs)), inputs)
    if place is None:
        found = profile(generated, feeds, compiler=compiler, judge=program)
    else:
        from limen.lab.remote import profile_there

        found = profile_there(place, generated, feeds, program)
    return replace(found, model=str(model), recipe=prepared.recipe.name)


def _feeds(program: Program, samples: list[dict[str, Array]] | None, count: int) -> list[dict[str, Array]]:
    """The user's samples, or made-up ones, then the extremes."""
    made = sample_inputs(program, 0 if samples is not None else count)
    return made if samples is None else [*samples, *made]

"""``limen package``: a model or bundle becomes what a tool chain, an operating system or a browser takes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from limen import devices
from limen.build.artifact import CALIBRATION_SAMPLES, write_tree
from limen.build.binaries import BINARIES, Wanted, accept_system
from limen.build.bundled import BUNDLED, Request, package_bundle
from limen.build.compiled import fast_arena
from limen.build.make import read_around
from limen.build.pack import Around
from limen.build.results import Packaged
from limen.build.samples import read_data
from limen.build.source import open_source
from limen.build.variants import is_quantised, prepare_variant
from limen.bundle import Bundle
from limen.bundle.file import write_atomically
from limen.devices import Device
from limen.errors import Unsupported, UsageError
from limen.importers import ImportOptions
from limen.optimize import decode
from limen.program import Program, binary
from limen.registry import suggest
from limen.targets.c import generate
from limen.targets.c.encodings import asked_forms
from limen.targets.c.packages import PACKAGES, PackageSource

_EPOCH = (1980, 1, 1, 0, 0, 0)


def formats() -> dict[str, str]:
    """Every format with its title."""
    known = {p.name: p.title for p in PACKAGES.values()} | {name: b.title for name, b in BINARIES.items()}
    return dict(sorted((known | dict(BUNDLED)).items()))


def package_model(
    source: str | Path,
    format: str,
    output: str | Path,
    device: str = "host",
    name: str | None = None,
    system: Literal["linux", "windows", "macos"] = "linux",
    data: str | Path | None = None,
    quantize: str | None = None,
    pre: str | None = None,
    post: str | None = None,
    labels: str | Path | None = None,
    stream: Literal["off", "auto"] = "off",
    small: bool = False,
    pack: str = "none",
    ram: int | None = None,
    slow_ram: int | None = None,
    options: ImportOptions | None = None,
    python: str | None = None,
    wheels: str | Path | None = None,
    engine: str | None = None,
) -> Packaged:
    """Make a package.

    Args:
        source: a model file, or a bundle, whose steps and labels are taken along.
        format: one of ``formats()``.
        output: a folder, or a file for formats that are one file.
        device: whose kernels are used.
        name: of files and symbols; the source's by default.
        system: of executables and libraries.
        data, quantize: as for ``compile``; for a model file.
        pre, post, labels: processing around a model file, as for ``build``.
        stream: let layers run row by row where that saves RAM.
        small: prefer flash over speed.
        pack: form of the weights in flash, for every layer that it makes smaller.
        ram: bytes that the arena may have at most where a slower memory holds the rest.
        slow_ram: bytes of that memory; None for the device's.
        options: how a model file is read.
        python, wheels, engine: of a Python file: the interpreter's version, a folder of wheels, the engine.

    Raises:
        UsageError: an unknown format or device.
        Unsupported: the model, or a step of an executable, has no C form.
        MissingExtra: the format needs a compiler that is not installed.
    """
    if format not in formats():
        raise UsageError(f"package format {format!r} is not known", suggest(format, formats()))
    board = devices.get("wasm" if format == "web" else device)
    if format in BUNDLED:
        build = {"data": data, "recipe": quantize, "pre": pre, "post": post, "labels": labels, "options": options}
        place = None if wheels is None else Path(wheels)
        return package_bundle(Request(Path(source), board, name, build, python, place, engine), format, Path(output))
    if format in PACKAGES:
        PACKAGES.get(format).accept(board)
    else:
        accept_system(format, board, system)
    program, around = _opened(Path(source), data, quantize, (pre, post, labels), options)
    prefix = name or Path(source).stem
    forms = asked_forms(program, board, pack)
    fast = _fast(format, board, ram, slow_ram)
    made = generate(program, board, prefix, small=small, stream=stream, forms=forms, fast=fast)
    if format in PACKAGES:
        kind = PACKAGES.get(format)
        files: Mapping[str, bytes] = kind.make(PackageSource(made, f"{prefix}, a model compiled by limen"))
        archive = kind.archive
    else:
        files = BINARIES[format].make(Wanted(made, around, system))
        archive = False
    paths = _write_zip(files, Path(output), made.name) if archive else write_tree(files, Path(output))
    if format == "executable":
        paths[0].chmod(0o755)
    size = sum(p.stat().st_size for p in paths)
    return Packaged(format, board.name, tuple(str(p) for p in paths), size, made.arena, slow_ram=made.slow)


def _fast(format: str, board: Device, ram: int | None, slow_ram: int | None) -> int | None:
    """Limit of the first arena, where the rest goes to slower memory."""
    if format in PACKAGES:
        return fast_arena(board, ram, slow_ram)
    if ram or slow_ram:
        raise UsageError(f"--ram: {format} has one memory", "package for a tool chain, such as --as esp-idf")
    return None


def _opened(
    source: Path,
    data: str | Path | None,
    quantize: str | None,
    steps: tuple[str | None, str | None, str | Path | None],
    options: ImportOptions | None,
) -> tuple[Program, Around]:
    """The Program to compile and what stands around it."""
    if source.suffix == ".limen":
        if data is not None or quantize is not None:
            raise UsageError(f"{source.name}: a bundle is quantised already", "leave out --data and --quantize")
        return _from_bundle(Bundle.open(source), steps)
    around = read_around(*steps)
    opened = open_source(source, options)
    samples = None if data is None else read_data(data, around.pre)
    done = opened.program is not None and is_quantised(opened.program)
    recipe = quantize or ("int8" if samples is not None and not done else "none")
    return prepare_variant(opened, decode(recipe), samples, CALIBRATION_SAMPLES).require_program(), around


def _from_bundle(bundle: Bundle, steps: tuple[str | None, str | None, str | Path | None]) -> tuple[Program, Around]:
    if any(step is not None for step in steps):
        raise UsageError("a bundle has its own steps and labels", "leave out --pre, --post and --labels")
    entry = next((e for e in bundle.artifacts if e.kind == "program"), None)
    if entry is None:
        raise Unsupported("the bundle holds no Program", "package the model file itself")
    around = Around(bundle.chain("pre"), bundle.chain("post"), bundle.labels)
    return binary.from_bytes(bundle.blob(entry.blob)).check(), around


def _write_zip(files: Mapping[str, bytes], output: Path, name: str) -> list[Path]:
    """One .zip with fixed times, so that the same sources give the same bytes."""
    path = output if output.suffix == ".zip" else output / f"{name}.zip"
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, content in files.items():
            entry = zipfile.ZipInfo(file, _EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    write_atomically(path, buffer.getvalue())
    return [path]

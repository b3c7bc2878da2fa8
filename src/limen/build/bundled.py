"""Package formats that hold a whole bundle: one Python file, or an OCI image layout."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from limen.build.oci import PLATFORMS, layout
from limen.build.pyz import MACHINES, Place, python_file, this_python
from limen.build.results import Packaged
from limen.bundle import Bundle
from limen.bundle.file import write_atomically
from limen.devices import Device
from limen.errors import MissingExtra, Unsupported, UsageError
from limen.program import binary

BUNDLED: Mapping[str, str] = {
    "oci": "OCI image layout: a ModelPack artifact and a container image",
    "python": "one file for Python on Linux: files in, answers out",
}


@dataclass(frozen=True)
class Request:
    """What is to be packaged.

    Args:
        source: a bundle, or a model file, which is built first by ``build``.
        board: for whose processor.
        name: of files; the source's by default.
        build: settings of ``limen build`` for a model file.
        python: version of the interpreter, ``3.11``; this one by default.
        wheels: folder to take wheels from.
        engine: whose runtime a Python file takes along.
    """

    source: Path
    board: Device
    name: str | None
    build: Mapping[str, Any]
    python: str | None = None
    wheels: Path | None = None
    engine: str | None = None


def package_bundle(request: Request, format: str, output: Path) -> Packaged:
    """Make the package.

    Raises:
        UsageError: settings for a model file beside a bundle.
        Unsupported: the device runs no Linux, or the bundle has no such engine.
    """
    name = request.name or request.source.stem
    data = _bundle_bytes(request, name)
    bundle = Bundle.open(data)
    notes: tuple[str, ...] = ()
    if format == "python":
        made, suffix = _python(request, bundle, data, name), ".pyz"
    else:
        (made, notes), suffix = _oci(request, bundle, data, name), ".tar"
    path = output if output.suffix else output / f"{name}{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, made)
    if format == "python":
        path.chmod(0o755)
    return Packaged(format, request.board.name, (str(path),), len(made), 0, notes)


def _bundle_bytes(request: Request, name: str) -> bytes:
    settings = {key: value for key, value in request.build.items() if value is not None}
    if request.source.suffix == ".limen":
        if settings.keys() - {"options"}:
            raise UsageError("a bundle is built already", f"leave out {', '.join(sorted(settings))}")
        return request.source.read_bytes()
    from limen.build.make import build_bundle

    with tempfile.TemporaryDirectory(prefix="limen-package-") as folder:
        output = Path(folder) / f"{name}.limen"
        build_bundle(request.source, output, request.board.name, unsigned=True, **settings)
        return output.read_bytes()


def _python(request: Request, bundle: Bundle, data: bytes, name: str) -> bytes:
    machine = MACHINES.get(request.board.isa)
    if machine is None:
        raise Unsupported(f"{request.board.name}: no Python runs on {request.board.isa}", "use --as executable or c")
    place = Place(machine, request.python or this_python(), request.wheels)
    return python_file(bundle, data, name, place, request.engine)


def _oci(request: Request, bundle: Bundle, data: bytes, name: str) -> tuple[bytes, tuple[str, ...]]:
    platform = PLATFORMS.get(request.board.isa)
    if platform is None:
        return layout(bundle, data, name), (f"no container image: {request.board.isa} runs no Linux",)
    try:
        program = _program(request, bundle)
    except (Unsupported, MissingExtra) as error:
        return layout(bundle, data, name), (f"no container image: {error}",)
    return layout(bundle, data, name, program, platform), ()


def _program(request: Request, bundle: Bundle) -> bytes:
    """The static program.

    Raises:
        Unsupported: the model, or a step, has no C.
        MissingExtra: no compiler is installed.
    """
    from limen.build.binaries import Wanted, executable
    from limen.build.pack import Around
    from limen.targets.c import generate

    entry = next((e for e in bundle.artifacts if e.kind == "program"), None)
    if entry is None:
        raise Unsupported("the bundle holds no Program")
    around = Around(bundle.chain("pre"), bundle.chain("post"), bundle.labels)
    made = generate(binary.from_bytes(bundle.blob(entry.blob)).check(), request.board, "model")
    return next(iter(executable(Wanted(made, around)).values()))

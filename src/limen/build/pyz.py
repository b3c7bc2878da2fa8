"""One file that runs a bundle wherever Python is: limen's device half and the wheels that it needs, as a zipapp.

For this machine the installed distributions are taken; for another one, or where ``--wheels`` names a folder, wheels
are (``pip download``). Deterministic: sorted names, one date, no bytecode. PEP 441, PEP 427.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import json
import platform
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from limen.bundle import Bundle
from limen.errors import BadInput, MissingExtra, Unsupported

SHEBANG = b"#!/usr/bin/env python3\n"
BASE = ("numpy", "msgspec")
ENGINES = {"litert": ("ai-edge-litert",), "ort": ("onnxruntime",), "reference": (), "native": ()}
STEPS = {"decode_image": ("Pillow",), "micro_frontend": ("pymicro-features",)}
BUILD_ROOMS = (
    "build", "deliver", "importers", "lab", "learn", "lower", "measure", "model", "optimize", "targets", "testing",
)  # fmt: skip
MACHINES = {"x86-64": "x86_64", "aarch64": "aarch64", "armv7": "armv7l"}
_TAGS = ("manylinux_2_35", "manylinux_2_31", "manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014")
_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Place:
    """Where the package runs.

    Args:
        machine: as the kernel calls it, ``aarch64``.
        python: ``3.11``.
        wheels: a folder to take wheels from instead of the package index.
    """

    machine: str
    python: str
    wheels: Path | None = None

    @property
    def is_here(self) -> bool:
        return (self.machine, self.python) == (platform.machine(), this_python()) and sys.platform == "linux"


def this_python() -> str:
    """``3.11``."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def python_file(bundle: Bundle, data: bytes, name: str, place: Place, engine: str | None = None) -> bytes:
    """The package.

    Args:
        bundle, data: opened, and its bytes.
        engine: whose runtime is taken along; the bundle's first by default.

    Raises:
        Unsupported: the bundle has no such engine.
        MissingExtra: a distribution that is needed is not installed here.
        BadInput: wheels cannot be found for the place.
    """
    chosen = engine or bundle.engines[0]
    if chosen not in bundle.engines or chosen not in ENGINES:
        raise Unsupported(f"engine {chosen}: not in this bundle", f"it has {', '.join(bundle.engines)}")
    wanted = (*BASE, *ENGINES[chosen], *_for_steps(bundle))
    files = {f"site/{path}": content for path, content in _limen()}
    found = _installed(wanted) if place.is_here and place.wheels is None else _wheels(wanted, place)
    files |= {f"site/{path}": content for path, content in found}
    files[f"{name}.limen"] = data
    facts = {"name": name, "bundle": f"{name}.limen", "python": place.python, "machine": place.machine}
    hashed = hashlib.sha256()
    for path in sorted(files):
        hashed.update(f"{path}\0{len(files[path])}\0".encode() + files[path])
    files["package.json"] = json.dumps({**facts, "digest": hashed.hexdigest()}, sort_keys=True).encode()
    files["__main__.py"] = resources.files("limen.build").joinpath("_start.py").read_bytes()
    return SHEBANG + _zip(files)


def _for_steps(bundle: Bundle) -> Iterator[str]:
    for kind in ("pre", "post"):
        for step in bundle.chain(kind).steps:
            yield from STEPS.get(step.name, ())


def _limen() -> Iterator[tuple[str, bytes]]:
    """limen without its build half."""
    root = Path(str(resources.files("limen")))
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if path.is_file() and inside.parts[0] not in BUILD_ROOMS and "__pycache__" not in inside.parts:
            yield f"limen/{inside.as_posix()}", path.read_bytes()


def _installed(names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Files of installed distributions and of all that they require."""
    for distribution in _closure(names):
        for file in distribution.files or ():
            if not file.as_posix().startswith("..") and "__pycache__" not in file.parts and file.suffix != ".pyc":
                yield file.as_posix(), Path(str(file.locate())).read_bytes()


def _closure(names: Iterable[str]) -> list[importlib.metadata.Distribution]:
    from packaging.requirements import Requirement

    found: dict[str, importlib.metadata.Distribution] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        key = name.lower().replace("_", "-").replace(".", "-")
        if key in found:
            continue
        try:
            found[key] = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            raise MissingExtra(name, hint=f"pip install {name}, or name a folder by --wheels") from None
        needs = (Requirement(text) for text in found[key].requires or ())
        waiting += [need.name for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})]
    return [found[key] for key in sorted(found)]


def _wheels(names: Iterable[str], place: Place) -> Iterator[tuple[str, bytes]]:
    """Files of wheels for another machine or Python, closure included."""
    with tempfile.TemporaryDirectory(prefix="limen-wheels-") as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--dest", folder]
        command += ["--only-binary=:all:", "--python-version", place.python, "--implementation", "cp"]
        for tag in _TAGS:
            command += ["--platform", f"{tag}_{place.machine}"]
        if place.wheels is not None:
            command += ["--no-index", "--find-links", str(place.wheels)]
        done = subprocess.run([*command, *names], capture_output=True, text=True, check=False)
        if done.returncode:
            errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["ERROR: pip failed"]
            raise BadInput(f"wheels for Python {place.python} on {place.machine}: {errors[0].removeprefix('ERROR: ')}")
        for file in sorted(Path(folder).glob("*.whl")):
            yield from _unpacked(file)


def _unpacked(wheel: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.namelist():
            head, _, rest = entry.partition("/")
            if head.endswith(".data"):  # PEP 427: purelib and platlib belong on the path, scripts do not
                kind, _, inside = rest.partition("/")
                if kind not in ("purelib", "platlib") or not inside:
                    continue
                yield inside, archive.read(entry)
            elif not entry.endswith("/"):
                yield entry, archive.read(entry)


def _zip(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, _DATE)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_STORED if path.endswith(".limen") else zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[path])
    return buffer.getvalue()

"""One file for a USB stick: a .limenpack, a ZIP file (stored) of the public files under their own names.

It holds the metadata as published, so that a device checks it as it checks a server: signatures, versions, expiry.
Files are read once and written in sorted order with one fixed date: the same repository gives the same bytes.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from limen.deliver import formats
from limen.deliver.repository import metadata as md
from limen.deliver.repository.director import assignments
from limen.deliver.repository.envelope import age_encrypt
from limen.deliver.repository.storage import write_synced
from limen.deliver.repository.workspace import Workspace
from limen.errors import BadInput

SUFFIX = ".limenpack"
_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Exported:
    """``targets``: how many files of targets are in it; ``bytes``: of the file written."""

    file: Path
    devices: tuple[str, ...]
    targets: int
    bytes: int


def export(
    ws: Workspace, output: Path, devices: Sequence[str] = (), deltas: bool = True, recipients: Sequence[str] = ()
) -> Exported:
    """Write what the devices need to update without a network.

    Args:
        devices: all that the director knows, if none is named.
        deltas: with the deltas of their releases; without them every device takes the full file.
        recipients: age recipients that the whole file is encrypted for; none: not encrypted.

    Raises:
        BadInput: a device has no assignment, or the file cannot be written.
    """
    chosen = tuple(devices) or tuple(sorted(ws.public.folders("director")))
    if not chosen:
        raise BadInput(f"{ws.path}: no device has an assignment", "limen repo assign DIR DEVICE LINE")
    image = md.load(ws.public, md.IMAGE, md.load_root(ws.public, md.IMAGE))
    root = md.load_root(ws.public, md.director(""))
    wanted: set[tuple[str, int]] = set()
    names = [*_chain(ws, "image/metadata", image.root.signed.version), *_roles(image)]
    names += _chain(ws, "director", root.signed.version)
    for device in chosen:
        current = md.load(ws.public, md.director(device), root)
        if not current.targets:
            raise BadInput(f"device {device!r}: has no assignment", "limen repo assign DIR DEVICE LINE")
        names += _roles(current)
        wanted |= set(assignments(current.top).items())
    files = [name for line, counter in sorted(wanted) for name in _targets(image, line, counter, deltas)]
    packed = _pack(ws, [*names, *files])
    write_synced(output, age_encrypt(packed, recipients) if recipients else packed, mode=0o644)
    return Exported(output, chosen, len(files), output.stat().st_size)


def _chain(ws: Workspace, folder: str, newest: int) -> list[str]:
    """Every root: a device may be many versions behind."""
    return [f"{folder}/{version}.root.json" for version in range(1, newest + 1)]


def _roles(current: md.Current) -> Iterator[str]:
    folder = current.place.folder
    if current.snapshot is not None:
        yield f"{folder}/{current.snapshot.signed.version}.snapshot.json"
    for role, metadata in current.targets.items():
        yield f"{folder}/{metadata.signed.version}.{role}.json"
    yield f"{folder}/timestamp.json"


def _targets(image: md.Current, line: str, counter: int, deltas: bool) -> Iterator[str]:
    for path, target in sorted(image.targets[line].signed.targets.items()):
        _, number, name = path.split("/")
        if int(number) == counter and (deltas or not name.startswith("from-")):
            yield f"image/targets/{formats.file_name(path, target.hashes['sha256'])}"


def _pack(ws: Workspace, names: Sequence[str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as pack:
        for name in sorted(set(names)):
            data = ws.public.read(name)
            if data is None:
                raise BadInput(f"{name}: is missing")
            pack.writestr(zipfile.ZipInfo(name, _DATE), data)
    return out.getvalue()

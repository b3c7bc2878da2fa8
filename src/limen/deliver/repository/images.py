"""Targets for boards beside a release: ``mcuboot.bin``, and ``mcuboot.from-<image>`` for each older image.

``<image>`` is the first 16 hex digits of the older image's sha256. What was published is kept in
``private/images/<line>/<counter>.bin``, to make the next patches from.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from limen.deliver.repository import keys
from limen.deliver.repository.mcuboot import NAME, Slot, firmware, name_of_patch, patch, read, sign
from limen.deliver.repository.workspace import Workspace
from limen.errors import BadInput, VerificationError


@dataclass(frozen=True)
class Wanted:
    """An image to publish.

    Args:
        code: linked firmware, flat or ELF.
        version: as MCUboot counts, ``1.2.3``.
        key: Ed25519 key file, whose public half the boot loader holds; made if there is none.
    """

    code: bytes
    version: str
    slot: Slot
    key: Path


@dataclass(frozen=True)
class PatchFile:
    """One patch that was tried: bytes; ``why`` it is not published, or empty."""

    base: int
    bytes: int
    why: str = ""


def make(
    ws: Workspace, line: str, counter: int, wanted: Wanted, most: int
) -> tuple[dict[str, bytes], tuple[PatchFile, ...]]:
    """Name of target -> bytes, and what became of each patch.

    Args:
        most: from how many older images, the newest first.

    Raises:
        BadInput: imgtool refuses the image, or the key cannot be used.
    """
    if not wanted.key.exists():
        keys.generate(wanted.key)
    public = keys.load_private(wanted.key).public_key()
    image = sign(firmware(wanted.code), wanted.version, wanted.slot, wanted.key)
    read(image, public)
    files, tried = {NAME: image}, []
    for base in sorted(_older(ws, line), reverse=True)[:most]:
        old = ws.kept(f"images/{line}/{base}.bin")
        if old is None or old == image:
            continue
        made, why = _patch(old, image, wanted.slot)
        tried.append(PatchFile(base, len(made), why))
        if not why:
            files[name_of_patch(old)] = made
    ws.keep(f"images/{line}/{counter}.bin", image)
    return files, tuple(tried)


def _patch(old: bytes, new: bytes, slot: Slot) -> tuple[bytes, str]:
    try:
        made = patch(old, new, slot)
    except (BadInput, VerificationError) as error:
        return b"", error.message
    return made, "" if len(made) < len(new) else "not smaller than the image"


def _older(ws: Workspace, line: str) -> list[int]:
    files = (ws.private / "images" / line).glob("*.bin")
    return [int(file.stem) for file in files if file.stem.isdigit()]

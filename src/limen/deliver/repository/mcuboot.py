"""C artifacts for boards: linked firmware as a MCUboot image, with patches that a board applies in place.

The image has MCUboot's format (docs.mcuboot.com/design.html: header, payload, protected and plain TLVs), signed by
``imgtool`` with Ed25519. A patch is detools' in-place format, made for a slot of the flash that holds the old image;
:mod:`.inplace` says how a board applies it and survives a power cut at any time. A slot of its own for the model
(MCUboot's multiple images) keeps the application running while the slot is rewritten.
"""

from __future__ import annotations

import hashlib
import io
import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from limen.errors import BadInput, MissingExtra, UsageError, VerificationError

NAME = "mcuboot.bin"
MAGIC, TLV_INFO, PROTECTED_INFO = 0x96F3B83D, 0x6907, 0x6908
KEY_HASH, SHA256, ED25519 = 0x01, 0x10, 0x24
_HEADER = struct.Struct("<IIHHIIBBHII")
_INFO = struct.Struct("<HH")
MAX_IMAGE = 1 << 26


@dataclass(frozen=True)
class Slot:
    """Where a board keeps the image: bytes of flash.

    Args:
        size: of the slot, a multiple of ``segment``.
        header: in front of the code, as the linker script leaves it.
        align: smallest write.
        segment: what is erased at once: a flash sector, or several.
    """

    size: int
    header: int = 512
    align: int = 8
    segment: int = 4096

    def __post_init__(self) -> None:
        if self.segment <= 0 or self.size <= 0 or self.size % self.segment or self.size > MAX_IMAGE:
            raise UsageError(f"slot of {self.size} bytes: is no multiple of its segments of {self.segment}")


@dataclass(frozen=True)
class Image:
    """What a signed image says of itself, checked."""

    version: tuple[int, int, int, int]
    header: int
    payload: bytes
    sha256: str


def name_of_patch(base: bytes) -> str:
    """Last part of the target path of the patch from that image."""
    return f"mcuboot.from-{hashlib.sha256(base).hexdigest()[:16]}"


def firmware(data: bytes) -> bytes:
    """A flat image of the flash: as it is, or what an ELF file (32 or 64 bits, little endian) loads.

    Raises:
        BadInput: the ELF file is damaged, or loads nothing, or spreads over more than MAX_IMAGE.
    """
    if data[:4] != b"\x7fELF":
        return data
    try:
        loaded = list(_segments(data))
    except struct.error as error:
        raise BadInput(f"firmware: the ELF file is damaged: {error}") from error
    start, end = min((a for a, _ in loaded), default=0), max((a + len(d) for a, d in loaded), default=0)
    if not 0 < end - start <= MAX_IMAGE:
        raise BadInput(f"firmware: the ELF file loads {end - start} bytes; 1 to {MAX_IMAGE} can be")
    flat = bytearray(b"\xff" * (end - start))
    for address, part in loaded:
        flat[address - start : address - start + len(part)] = part
    return bytes(flat)


def _segments(data: bytes) -> list[tuple[int, bytes]]:
    """(load address, bytes) of what is in the file of each segment."""
    wide = data[4:5] == b"\2"
    if data[5:6] != b"\1":
        raise BadInput("firmware: the ELF file is not little endian")
    at, size, count = (
        (*struct.unpack_from("<Q", data, 32), *struct.unpack_from("<HH", data, 54))
        if wide
        else (*struct.unpack_from("<I", data, 28), *struct.unpack_from("<HH", data, 42))
    )
    found = []
    for i in range(count):
        entry = at + i * size
        if wide:
            kind, _, offset, _, physical, length = struct.unpack_from("<IIQQQQ", data, entry)
        else:
            kind, offset, _, physical, length = struct.unpack_from("<IIIII", data, entry)
        if kind == 1 and length:
            if offset + length > len(data):
                raise BadInput("firmware: the ELF file is cut short")
            found.append((physical, data[offset : offset + length]))
    return found


def sign(code: bytes, version: str, slot: Slot, key: Path) -> bytes:
    """The signed image.

    Args:
        code: without the header.
        version: ``1.2.3`` or ``1.2.3+4``.
        key: PEM of an Ed25519 private key, without a passphrase.

    Raises:
        MissingExtra: imgtool is not installed.
        BadInput: imgtool refuses: the image does not fit the slot, the version or key cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="limen-image-") as folder:
        source, output = Path(folder) / "code.bin", Path(folder) / "image.bin"
        source.write_bytes(code)
        command = [sys.executable, "-m", "imgtool.main", "sign", "--key", str(key), "--version", version]
        command += ["--header-size", str(slot.header), "--pad-header", "--align", str(slot.align)]
        command += ["--slot-size", str(slot.size), str(source), str(output)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            why = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            if "No module named" in done.stderr:
                raise MissingExtra("imgtool", "mcuboot")
            raise BadInput(f"image {version}: imgtool refuses: {why}")
        return output.read_bytes()


def read(image: bytes, public: Ed25519PublicKey) -> Image:
    """Check an image as MCUboot does: structure, hash, signature of the hash, and whose key that is.

    Raises:
        VerificationError: it is damaged, or signed by another key.
    """
    try:
        magic, _, header, protected, size, _, *version, _ = _HEADER.unpack_from(image)
        if magic != MAGIC or header < _HEADER.size:
            raise VerificationError("image: is not in MCUboot's format")
        end = header + size
        if protected and _INFO.unpack_from(image, end) != (PROTECTED_INFO, protected):
            raise VerificationError("image: its protected part is damaged")
        tlvs = _tlvs(image, end + protected)
    except struct.error as error:
        raise VerificationError(f"image: is cut short: {error}") from error
    digest = hashlib.sha256(image[: end + protected]).digest()
    if tlvs.get(SHA256) != digest:
        raise VerificationError("image: its hash does not match")
    spki = public.public_bytes(s.Encoding.DER, s.PublicFormat.SubjectPublicKeyInfo)
    if tlvs.get(KEY_HASH) != hashlib.sha256(spki).digest():
        raise VerificationError("image: is signed by another key")
    try:
        public.verify(tlvs.get(ED25519, b""), digest)
    except InvalidSignature as error:
        raise VerificationError("image: its signature does not hold") from error
    major, minor, revision, build = version
    return Image((major, minor, revision, build), header, image[header:end], digest.hex())


def _tlvs(image: bytes, at: int) -> dict[int, bytes]:
    magic, total = _INFO.unpack_from(image, at)
    if magic != TLV_INFO or at + total > len(image):
        raise VerificationError("image: its trailer is damaged")
    found, end = {}, at + total
    at += _INFO.size
    while at < end:
        kind, length = _INFO.unpack_from(image, at)
        found[kind] = image[at + _INFO.size : at + _INFO.size + length]
        at += _INFO.size + length
    if at != end:
        raise VerificationError("image: its trailer is damaged")
    return found


def patch(old: bytes, new: bytes, slot: Slot) -> bytes:
    """The patch that turns one signed image into another within its slot; applied here before it is returned.

    Raises:
        MissingExtra: detools is not installed.
        BadInput: an image does not fit the slot.
        VerificationError: the patch does not rebuild the new image.
    """
    try:
        import detools
    except ImportError as error:
        raise MissingExtra("detools", "mcuboot") from error
    from limen.deliver.repository.inplace import Memory, apply

    if max(len(old), len(new)) > slot.size - 2 * slot.segment:
        raise BadInput(f"image: two segments of the slot of {slot.size} bytes must stay free for patches")
    made = io.BytesIO()
    detools.create_patch(
        io.BytesIO(old),
        io.BytesIO(new),
        made,
        compression="heatshrink",
        patch_type="in-place",
        memory_size=slot.size,
        segment_size=slot.segment,
    )
    memory = Memory.holding(old, slot.size, slot.segment)
    apply(memory, made.getvalue())
    if memory.read(0, len(new)) != new:
        raise VerificationError("patch: does not rebuild the image")
    return made.getvalue()

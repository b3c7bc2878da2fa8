"""Images are MCUboot's, as imgtool verifies them; patches rewrite a slot, whenever the power goes."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import io
import struct
import subprocess
import sys
from pathlib import Path

import detools
import numpy as np
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from delta_reader import unseal
from limen import devices
from limen.deliver.repository import images as images_of
from limen.deliver.repository import keys, mcuboot
from limen.deliver.repository.envelope import content_key
from limen.deliver.repository.inplace import Memory, apply, plan_of
from limen.deliver.repository.mcuboot import Slot
from limen.errors import BadInput, UsageError, VerificationError
from limen.lab._build import build_image
from limen.program import binary
from limen.targets.c import generate
from small_bundles import classifier
from small_repository import Client, new_repository, small_bundle

SLOT = Slot(32 * 256, segment=256)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("keys") / "image.pem"
    keys.generate(file)
    return file


def public(key: Path) -> Ed25519PublicKey:
    return keys.load_private(key).public_key()


@functools.cache
def linked(seed: int) -> bytes:
    """The classifier with other weights, compiled for a Cortex-M4 and linked: an ELF file."""
    program = binary.from_bytes(classifier().artifacts["program"][0])
    random = np.random.default_rng(seed)
    tensors = {
        name: dataclasses.replace(t, data=random.integers(-127, 128, t.data.shape).astype(t.data.dtype))
        if t.data is not None and t.data.dtype == np.int8
        else t
        for name, t in program.tensors.items()
    }
    made = generate(dataclasses.replace(program, tensors=tensors).check(), devices.get("cortex-m4"), "model")
    return build_image(made).elf


@pytest.fixture(scope="module")
def images(key: Path) -> list[bytes]:
    return [mcuboot.sign(mcuboot.firmware(linked(i)), f"1.{i}.0", SLOT, key) for i in (0, 1)]


def verify_by_imgtool(image: bytes, key: Path, folder: Path) -> bool:
    (folder / "image.bin").write_bytes(image)
    command = [sys.executable, "-m", "imgtool.main", "verify", "--key", str(key), str(folder / "image.bin")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode == 0 and "Image was correctly validated" in done.stdout


def verify_by_hand(image: bytes, key: Ed25519PublicKey) -> bytes:
    """The payload, by the format's description: header, payload, TLVs."""
    magic, load, header, protected, size, flags = struct.unpack_from("<IIHHII", image)
    assert (magic, load, protected, flags) == (0x96F3B83D, 0, 0, 0)
    trailer = image[header + size :]
    info, total = struct.unpack_from("<HH", trailer)
    assert (info, total) == (0x6907, len(trailer))
    tlvs, at = {}, 4
    while at < total:
        kind, length = struct.unpack_from("<HH", trailer, at)
        tlvs[kind] = trailer[at + 4 : at + 4 + length]
        at += 4 + length
    digest = hashlib.sha256(image[: header + size]).digest()
    assert tlvs[0x10] == digest
    key.verify(tlvs[0x24], digest)
    spki = key.public_bytes(s.Encoding.DER, s.PublicFormat.SubjectPublicKeyInfo)
    assert tlvs[0x01] == hashlib.sha256(spki).digest()
    return image[header : header + size]


def test_the_linked_model_becomes_a_signed_image(images: list[bytes], key: Path, tmp_path: Path) -> None:
    for i, image in enumerate(images):
        flat = mcuboot.firmware(linked(i))
        assert verify_by_imgtool(image, key, tmp_path)
        assert verify_by_hand(image, public(key)) == flat
        found = mcuboot.read(image, public(key))
        assert (found.version, found.header, found.payload) == ((1, i, 0, 0), 512, flat)


def test_every_changed_byte_of_an_image_is_found(images: list[bytes], key: Path, tmp_path: Path) -> None:
    image = images[0]
    for at in [*range(40), *range(500, len(image), 97), *range(len(image) - 160, len(image))]:
        damaged = bytearray(image)
        damaged[at] ^= 0x10
        with pytest.raises(VerificationError):
            mcuboot.read(bytes(damaged), public(key))
    damaged = bytearray(image)
    damaged[600] ^= 1
    assert not verify_by_imgtool(bytes(damaged), key, tmp_path)
    with pytest.raises((InvalidSignature, AssertionError)):
        verify_by_hand(bytes(damaged), public(key))


@given(st.binary(max_size=200), st.integers(0, 700))
def test_junk_is_no_image(junk: bytes, at: int) -> None:
    key = Ed25519PublicKey.from_public_bytes(bytes(32))
    for data in (junk, struct.pack("<I", 0x96F3B83D) + junk):
        with pytest.raises(VerificationError):
            mcuboot.read(data, key)


def test_an_image_of_another_key_is_refused(images: list[bytes], tmp_path: Path) -> None:
    other = keys.generate(tmp_path / "other.pem")
    assert other
    with pytest.raises(VerificationError, match="another key"):
        mcuboot.read(images[0], public(tmp_path / "other.pem"))


def test_a_patch_gives_the_image_also_by_detools(images: list[bytes], key: Path, tmp_path: Path) -> None:
    old, new = images
    patch = mcuboot.patch(old, new, SLOT)
    assert len(patch) < 0.5 * len(new)
    memory = io.BytesIO(old.ljust(SLOT.size, b"\xff"))
    assert detools.apply_patch_in_place(memory, io.BytesIO(patch)) == len(new)
    assert memory.getvalue()[: len(new)] == new
    assert verify_by_imgtool(memory.getvalue()[: len(new)], key, tmp_path)


class Cut(Exception):
    """The power went."""


@dataclasses.dataclass
class Unsteady(Memory):
    """Flash whose power goes at the n-th operation, which it leaves half done."""

    left: int = -1

    def _tick(self) -> bool:
        self.left -= 1
        return self.left == -1

    def erase(self, offset: int, length: int) -> None:
        if self._tick():
            half = length // 2
            self.slot[offset : offset + half] = bytes([0xFF]) * half
            self.slot[offset + half : offset + length] = bytes([0x5A]) * (length - half)
            raise Cut
        super().erase(offset, length)

    def write(self, offset: int, data: bytes) -> None:
        if self._tick():
            super().write(offset, data[: len(data) // 2])
            raise Cut
        super().write(offset, data)

    def log(self) -> None:
        if self._tick():
            raise Cut
        super().log()


def operations(old: bytes, patch: bytes, slot: Slot) -> int:
    memory = Unsteady.holding(old, slot.size, slot.segment)
    memory.left = 1 << 30
    apply(memory, patch)
    return (1 << 30) - memory.left


def patched(old: bytes, patch: bytes, slot: Slot, cuts: list[int]) -> bytes:
    """The slot after a patch during which the power goes at these operations, counted from each start."""
    memory = Unsteady.holding(old, slot.size, slot.segment)
    for cut in cuts:
        memory.left = cut
        try:
            apply(memory, patch)
        except Cut:
            continue
        break
    memory.left = -1
    apply(memory, patch)
    return bytes(memory.slot)


def test_the_power_may_go_at_every_operation(images: list[bytes]) -> None:
    old, new = images
    slot = Slot(-(-max(map(len, images)) // 256) * 256 + 512, segment=256)  # as tight as a slot may be
    patch = mcuboot.patch(old, new, slot)
    count = operations(old, patch, slot)
    assert count > 50
    for cut in range(count):
        assert patched(old, patch, slot, [cut])[: len(new)] == new, cut


def test_the_power_may_go_again_and_again(images: list[bytes]) -> None:
    old, new = images
    patch = mcuboot.patch(old, new, SLOT)
    random = np.random.default_rng(3)
    count = operations(old, patch, SLOT)
    for _ in range(20):
        cuts = [int(n) for n in random.integers(0, count, 8)]
        assert patched(old, patch, SLOT, cuts)[: len(new)] == new
    assert patched(old, patch, SLOT, [0] * 50 + [3] * 50)[: len(new)] == new


def test_without_the_log_a_cut_destroys_the_image(images: list[bytes]) -> None:
    old, new = images
    patch = mcuboot.patch(old, new, SLOT)
    lost = 0
    for cut in range(1, operations(old, patch, SLOT), 7):
        memory = Unsteady.holding(old, SLOT.size, SLOT.segment)
        memory.left = cut
        with pytest.raises(Cut):
            apply(memory, patch)
        memory.left, memory.entries = -1, 0
        apply(memory, patch)
        lost += bytes(memory.slot[: len(new)]) != new
    assert lost > 0


@given(st.binary(min_size=1, max_size=6000), st.binary(min_size=1, max_size=6000), st.integers(0, 400))
def test_any_two_images(old: bytes, new: bytes, cut: int) -> None:
    slot = Slot(16 * 512, segment=512)
    if max(len(old), len(new)) <= slot.size - 1024:
        patch = mcuboot.patch(old, new, slot)
        assert patched(old, patch, slot, [cut])[: len(new)] == new


@given(st.data())
def test_a_damaged_patch_is_refused_or_its_image_is(images: list[bytes], data: st.DataObject) -> None:
    old, new = images
    patch = bytearray(mcuboot.patch(old, new, SLOT))
    patch[data.draw(st.integers(0, len(patch) - 1))] ^= data.draw(st.integers(1, 255))
    memory = Memory.holding(old, SLOT.size, SLOT.segment)
    try:
        plan = plan_of(bytes(patch))
        if plan.memory != SLOT.size or plan.segment != SLOT.segment:
            return
        apply(memory, bytes(patch))
    except BadInput:
        return
    assert len(memory.slot) == SLOT.size


def test_flash_only_clears_bits_until_it_is_erased() -> None:
    memory = Memory.holding(b"\x0f", 2048, 1024)
    memory.write(0, b"\xf5")
    assert memory.read(0, 2) == b"\x05\xff"
    memory.erase(0, 1024)
    assert memory.read(0, 1) == b"\xff"
    with pytest.raises(ValueError, match="whole segments"):
        memory.erase(1, 1024)


@pytest.mark.parametrize("settings", [{"size": 1000}, {"size": 0}, {"size": 4096, "segment": 0}, {"size": 1 << 30}])
def test_a_slot_that_cannot_be_is_refused(settings: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="slot"):
        Slot(**settings)


def test_what_does_not_fit_is_told(key: Path) -> None:
    with pytest.raises(BadInput, match="imgtool refuses"):
        mcuboot.sign(bytes(9000), "1.0.0", Slot(8192), key)
    with pytest.raises(BadInput, match="imgtool refuses"):
        mcuboot.sign(bytes(90), "one", SLOT, key)
    with pytest.raises(BadInput, match="must stay free"):
        mcuboot.patch(bytes(SLOT.size), bytes(10), SLOT)


@given(st.binary(max_size=300))
def test_a_damaged_elf_file_is_told(junk: bytes) -> None:
    with contextlib.suppress(BadInput):
        assert isinstance(mcuboot.firmware(b"\x7fELF\1\1" + junk), bytes)


def test_a_release_brings_images_and_patches_for_boards(key: Path, tmp_path: Path) -> None:
    repository = new_repository(tmp_path / "repo")
    for i in (0, 1):
        wanted = images_of.Wanted(linked(i), f"1.{i}.0", SLOT, key)
        done = repository.publish(small_bundle(tmp_path / f"v{i}.limen", i), image=wanted)
    assert [(p.base, p.why) for p in done.patches] == [(1, "")]
    client = Client(tmp_path / "device", repository)
    old, new = (client.download(f"kws/{counter}/mcuboot.bin") for counter in (1, 2))
    assert verify_by_imgtool(new, key, tmp_path)
    memory = Memory.holding(old, SLOT.size, SLOT.segment)
    apply(memory, client.download(f"kws/2/mcuboot.from-{hashlib.sha256(old).hexdigest()[:16]}"))
    assert memory.read(0, len(new)) == new


def test_images_of_a_sealed_release_are_sealed(key: Path, tmp_path: Path) -> None:
    repository = new_repository(tmp_path / "repo")
    wanted = images_of.Wanted(linked(0), "1.0.0", SLOT, key)
    repository.publish(small_bundle(tmp_path / "v1.limen"), image=wanted, seal=True)
    sealed = Client(tmp_path / "device", repository).download("kws/1/mcuboot.bin")
    path = "kws/1/mcuboot.bin"
    assert verify_by_imgtool(unseal(sealed, content_key(repository.ws, "kws", 1), path), key, tmp_path)
    assert not verify_by_imgtool(sealed, key, tmp_path)

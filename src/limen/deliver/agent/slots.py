"""Slots: releases that are whole on this device, as payloads and bundles; what is sealed is opened in memory only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from limen.bundle import Bundle
from limen.deliver import reading, seal
from limen.deliver.agent.durable import Disk
from limen.deliver.agent.keys import Keys
from limen.deliver.agent.records import Slot
from limen.deliver.agent.store import BLOBS, SLOT_KEY, Store
from limen.deliver.reading import Reading
from limen.errors import StoreError, VerificationError


@dataclass(frozen=True)
class Blob:
    """A blob of the store, read where it lies; not checked against its name."""

    disk: Disk
    digest: str

    @property
    def size(self) -> int:
        size = self.disk.size(f"{BLOBS}/{self.digest}")
        if size is None:
            raise VerificationError(f"blob {self.digest[:16]}: is lost")
        return size

    def read_at(self, offset: int, length: int) -> bytes:
        try:
            found = self.disk.read_at(f"{BLOBS}/{self.digest}", offset, length)
        except StoreError as error:
            raise VerificationError(f"blob {self.digest[:16]}: {error.message}") from error
        return reading.whole(found, offset, length)


def rest_context(payload_sha256: str) -> str:
    """What a payload at rest is sealed for."""
    return f"rest/{payload_sha256}"


def keep_slot_key(store: Store, blob: str, key: bytes, keys: Keys) -> None:
    """Keep the key of a sealed blob; it goes when the blob goes."""
    store.keep_secret(SLOT_KEY + blob, keys.protect(key, f"slot {blob}"))


def payload(store: Store, slot: Slot, keys: Keys) -> Reading:
    """The plain payload of a slot.

    Raises:
        VerificationError: the blob or its key is lost, was changed, or is another device's.
    """
    blob = Blob(store.disk, slot.blob)
    if not slot.sealed:
        return blob
    kept = store.secret(SLOT_KEY + slot.blob)
    if kept is None:
        raise VerificationError(f"blob {slot.blob[:16]}: its key was erased")
    return seal.Opened(blob, keys.reveal(kept, f"slot {slot.blob}"), rest_context(slot.payload_sha256))


def open_bundle(store: Store, slot: Slot, keys: Keys) -> Bundle:
    """The bundle of a slot, every hash checked; mapped where it is not sealed and the store is in a folder.

    Raises:
        VerificationError: it is not what was installed.
        BundleError: the payload is no bundle.
    """
    if not slot.sealed and store.path is not None:
        bundle = Bundle.open(store.file(slot.blob))
    else:
        bundle = Bundle.open(b"".join(reading.pieces(payload(store, slot, keys))))
    if bundle.core_digest != slot.core_digest:
        raise VerificationError(f"{slot.counter}: its core is {bundle.core_digest[:16]}, not {slot.core_digest[:16]}")
    return bundle


@contextmanager
def lent(store: Store, slot: Slot, keys: Keys) -> Iterator[tuple[str, int | None]]:
    """A path under which a child process opens the payload, and the descriptor that it must inherit.

    A sealed payload is lent as anonymous memory: it never is in a file.
    """
    if not slot.sealed and store.path is not None:
        yield str(store.file(slot.blob)), None
        return
    file = os.memfd_create("limen", os.MFD_CLOEXEC)
    try:
        for piece in reading.pieces(payload(store, slot, keys)):
            view = memoryview(piece)
            while view:
                view = view[os.write(file, view) :]
        yield f"/proc/self/fd/{file}", file
    finally:
        os.close(file)

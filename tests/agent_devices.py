"""Devices for tests: a store with a key, offers as the trust core makes them, slots without a download."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from limen.bundle import Bundle
from limen.deliver import formats
from limen.deliver.agent import slots
from limen.deliver.agent import store as stores
from limen.deliver.agent.keys import FileKeys, new_secret
from limen.deliver.agent.records import Slot, State
from limen.deliver.agent.trust import Offer, Source
from limen.deliver.formats import Limits
from limen.deliver.repository import metadata as md
from small_repository import Repository

DEVICE, HARDWARE = "dev-1", "rpi4"


def new_device(path: Path) -> tuple[stores.Store, FileKeys]:
    """An empty store, and the device's keys."""
    return stores.create(path, State()), FileKeys(new_secret())


def plain_slot(store: stores.Store, bundle: Bundle, counter: int = 1, limits: Limits = Limits()) -> Slot:  # noqa: B008
    """A bundle put into the store as it is."""
    data = bundle.to_bytes()
    blob = store.put(data)
    return Slot(counter, blob, len(data), bundle.core_digest, blob, limits=limits)


def offer(repository: Repository, line: str, counter: int, have: Sequence[Slot] = (), device: str = DEVICE) -> Offer:
    """What both repositories say of a release; unchecked."""
    public = repository.ws.public
    image = md.load(public, md.IMAGE, md.load_root(public, md.IMAGE)).targets[line].signed.targets
    place = md.director(device)
    said = md.load(public, place, md.load_root(public, place)).targets["targets"].signed.targets
    path = formats.full_path(line, counter)
    assignment = formats.from_custom(said[path].unrecognized_fields["custom"], formats.Assignment, path)
    bases = [formats.delta_path(line, counter, slot.payload_sha256) for slot in have]
    deltas = [source(image[name], name) for name in bases if name in image]
    return Offer(assignment, source(image[path], path), tuple(sorted(deltas, key=lambda d: d.length)))


def source(target: object, path: str) -> Source:
    sha256 = target.hashes["sha256"]  # type: ignore[attr-defined]
    release = formats.from_custom(target.unrecognized_fields["custom"], formats.Release, path)  # type: ignore[attr-defined]
    name = f"image/targets/{formats.file_name(path, sha256)}"
    return Source(path, name, target.length, sha256, release)  # type: ignore[attr-defined]


def opened(store: stores.Store, slot: Slot, keys: FileKeys) -> bytes:
    """The payload of a slot."""
    payload = slots.payload(store, slot, keys)
    data = payload.read_at(0, payload.size)
    assert hashlib.sha256(data).hexdigest() == slot.payload_sha256
    return data


def folder_of(store: stores.Store) -> Path:
    """Where a store is."""
    assert store.path is not None
    return store.path

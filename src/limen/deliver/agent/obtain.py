"""Bring a release onto the device: the smallest delta that fits, else the full file; downloaded, rebuilt, sealed, kept.

Whatever goes wrong with a delta (it is not there, is for another base, was changed, is a bomb) the full file is taken.
The payload's sha256 is checked when it is whole, the core digest when its bundle is opened; nothing is used before.
A process that ends on the way goes on with the bytes that came in.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence

from limen.deliver import delta, seal
from limen.deliver.agent import slots
from limen.deliver.agent.durable import Full
from limen.deliver.agent.keys import KEY_BYTES, Keys, wrap_info
from limen.deliver.agent.places import Place, first_that, part_name
from limen.deliver.agent.records import Slot
from limen.deliver.agent.store import Store
from limen.deliver.agent.trust import Offer, Source
from limen.deliver.delta import Expected
from limen.deliver.reading import Reading
from limen.errors import BundleError, LimenError, Refused, Unreachable, VerificationError

MARGIN = 1 << 20
"""Bytes that stay free on the disk: for the record, and for others."""
Say = Callable[[str], None]


class Unsound(VerificationError):
    """What came is what was signed, and is no such release: another download would bring the same."""


def obtain(store: Store, places: Sequence[Place], offer: Offer, have: Sequence[Slot], keys: Keys, say: Say) -> Slot:
    """The release as a slot, whole, verified and durable. The record does not name it yet.

    Args:
        places: in the order they are asked.
        have: payloads that a delta may start from.
        say: called with a line for a person.

    Raises:
        Unreachable, Refused: no place gives it now.
        Unsound: it is not what was announced, and never will be.
        VerificationError: the content key is not for this device, or no place gives the right bytes.
        durable.Full: no room; nothing was begun.
        StoreError: the disk fails.
    """
    content_key = _content_key(offer, keys) if offer.release.sealed else None
    bases = {slot.payload_sha256: slot for slot in have}
    for source in offer.deltas:
        base = source.release.base
        slot = None if base is None else bases.get(base.payload_sha256)
        if slot is None:
            continue
        try:
            return _from(store, places, source, offer, slot, content_key, keys, say)
        except (Unreachable, Refused, VerificationError, BundleError) as error:
            say(f"{offer.line} {offer.counter}: the delta is of no use, taking the full file: {error.message}")
    try:
        return _from(store, places, offer.full, offer, None, content_key, keys, say)
    except BundleError as error:
        raise Unsound(error.message) from error


def _from(
    store: Store,
    places: Sequence[Place],
    source: Source,
    offer: Offer,
    base: Slot | None,
    content_key: bytes | None,
    keys: Keys,
    say: Say,
) -> Slot:
    _require_room(store, source, offer)
    _download(store, places, source)
    share = 100 * source.length / max(offer.release.payload_size, 1)
    kind = "full file" if base is None else f"delta from {base.counter}"
    say(f"{offer.line} {offer.counter}: {kind}, {source.length} bytes, {share:.1f} % of the payload")
    served: Reading = slots.Blob(store.disk, source.sha256)
    if content_key is not None:
        served = seal.Opened(served, content_key, source.path)
    expected = Expected(offer.release.payload_size, offer.release.payload_sha256)
    if base is None:
        pieces = delta.unpack(served, expected)
    else:
        pieces = delta.apply(slots.payload(store, base, keys), base.payload_sha256, served, expected)
    try:
        return _kept(store, pieces, offer, keys)
    except VerificationError as error:
        if base is None:
            raise Unsound(error.message) from error
        raise


def _require_room(store: Store, source: Source, offer: Offer) -> None:
    here = store.size(source.sha256) or store.part(part_name(source)).size
    need = max(source.length - here, 0) + _at_rest(offer) + MARGIN
    free = store.free()
    if need > free:
        raise Full(f"{offer.line} {offer.counter}: {need} bytes are needed, {free} are free")


def _at_rest(offer: Offer) -> int:
    size = offer.release.payload_size
    return size + (seal.HEADER + seal.TAG * (size // seal.CHUNK + 1) if offer.release.sealed else 0)


def _download(store: Store, places: Sequence[Place], source: Source) -> None:
    if store.has(source.sha256):
        return
    part = store.part(part_name(source))

    def bring(place: Place) -> None:
        place.fetch(source.file, source.length, part)
        part.finish(source.sha256)

    first_that(places, bring)


def _kept(store: Store, pieces: Iterator[bytes], offer: Offer, keys: Keys) -> Slot:
    """The payload as a blob, sealed with a key of its own where the release is."""
    release = offer.release
    key = os.urandom(KEY_BYTES) if release.sealed else None
    if key is not None:
        pieces = seal.seal(pieces, release.payload_size, key, slots.rest_context(release.payload_sha256))
    part, digest = store.part(f"new-{release.payload_sha256[:40]}"), hashlib.sha256()
    part.restart()
    try:
        for piece in pieces:
            part.append(piece)
            digest.update(piece)
    except LimenError:
        part.restart()
        raise
    blob = digest.hexdigest()
    if key is not None:
        slots.keep_slot_key(store, blob, key, keys)
    part.finish(blob)
    slot = Slot(
        counter=offer.counter,
        payload_sha256=release.payload_sha256,
        payload_size=release.payload_size,
        core_digest=release.core_digest,
        blob=blob,
        sealed=release.sealed,
        version=release.version,
        limits=release.limits,
        deployment=offer.assignment.deployment,
        not_before=offer.assignment.not_before,
    )
    slots.open_bundle(store, slot, keys)
    return slot


def _content_key(offer: Offer, keys: Keys) -> bytes:
    said = offer.assignment
    try:
        wrapped = base64.b64decode(said.wrap, validate=True)
    except binascii.Error as error:
        raise VerificationError(f"{said.line} {said.counter}: its content key cannot be read") from error
    key = keys.open_wrap(wrapped, wrap_info(said.device, said.line, said.counter))
    if len(key) != KEY_BYTES:
        raise VerificationError(f"{said.line} {said.counter}: its content key has {len(key)} bytes")
    return key

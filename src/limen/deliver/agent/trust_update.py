"""The trust core on the store: memory and files come from the record and the blobs, and go back there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

from limen.deliver.agent import trust_uptane
from limen.deliver.agent.clock import Clock
from limen.deliver.agent.records import Memory, State, slots
from limen.deliver.agent.store import Store
from limen.deliver.agent.trust import Fetch, Identity, Keep, Known, Plan, run
from limen.deliver.agent.trust_tuf import enrolled
from limen.errors import StoreError


def first_state(image_root: bytes, director_root: bytes) -> State:
    """The record of a device that is enrolled with these roots, brought by a way that is trusted.

    Raises:
        Refused: one is no root, or is not signed by its own keys.
    """
    return State(image=enrolled(image_root), director=enrolled(director_root))


def update(store: Store, identity: Identity, fetch: Fetch, clock: Clock) -> Plan:
    """Check both repositories; what is learnt is durable on return, and where it refuses.

    Raises:
        Refused: nothing is to be installed.
        StoreError: nothing could be remembered.
        LimenError: what ``fetch`` raises.
    """
    state = store.state
    floors = {name: line.floor for name, line in state.lines.items()}
    bases = {name: {slot.payload_sha256 for slot in slots(line)} for name, line in state.lines.items()}
    image, director = known(store, state.image), known(store, state.director)
    steps = trust_uptane.check(identity, image, director, floors, bases, clock)
    try:
        return run(steps, fetch, lambda step: keep(store, step), clock)
    finally:
        now = {*store.state.image.files.values(), *store.state.director.files.values()}
        for digest in {*state.image.files.values(), *state.director.files.values()} - now:
            with contextlib.suppress(StoreError):
                store.drop(digest)


def known(store: Store, memory: Memory) -> Known:
    """What the store knows of a repository."""
    return Known(memory, _Files(store, memory))


def keep(store: Store, step: Keep) -> None:
    """Make a step durable: the files, then the record that names them.

    Raises:
        StoreError: it is not remembered.
    """
    for data in step.files.values():
        store.put(data)
    store.change(**{step.repository: step.memory})


class _Files(Mapping[str, bytes]):
    """role -> bytes of a metadata file that is whole, read when it is asked for."""

    def __init__(self, store: Store, memory: Memory) -> None:
        self._store, self._digests = store, memory.files

    def __getitem__(self, role: str) -> bytes:
        data = self._store.get(self._digests[role])
        if data is None:
            raise KeyError(role)
        return data

    def __iter__(self) -> Iterator[str]:
        return iter(self._digests)

    def __len__(self) -> int:
        return len(self._digests)

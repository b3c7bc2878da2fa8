"""The trust core on the store: memory and files come from the record and the blobs, and go back there."""

from __future__ import annotations

from limen.deliver.agent.clock import Clock
from limen.deliver.agent.records import Memory
from limen.deliver.agent.store import Store
from limen.deliver.agent.trust import Fetch, Identity, Plan


def enrolled(root: bytes) -> Memory:
    """The memory to begin with, of a root that was brought by a way that is trusted.

    Raises:
        Refused: it is no root, or is not signed by its own keys.
    """
    raise NotImplementedError


def update(store: Store, identity: Identity, fetch: Fetch, clock: Clock) -> Plan:
    """Check both repositories; what is learnt is durable on return, and where it refuses.

    Raises:
        Refused: nothing is to be installed.
        StoreError: nothing could be remembered.
    """
    raise NotImplementedError

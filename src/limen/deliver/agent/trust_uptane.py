"""Both repositories together (Uptane, full verification): what this device is to install, and may."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from limen.deliver.agent.clock import Clock
from limen.deliver.agent.trust import Identity, Known, Plan, Steps


def check(
    identity: Identity,
    image: Known,
    director: Known,
    floors: Mapping[str, int],
    bases: Mapping[str, Collection[str]],
    clock: Clock,
) -> Steps[Plan]:
    """Bring both repositories up to date and judge every assignment.

    Args:
        floors: line -> lowest counter that may be installed.
        bases: line -> sha256 of the payloads that are whole on this device: deltas from them are offered.

    Raises:
        Refused: one of the repositories is not trusted; nothing is offered then.
    """
    raise NotImplementedError

"""Which nodes to leave in float so that the error at every output keeps a limit, at the least cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Saving(Protocol):
    """Noise that is gone once all of some nodes are in float."""

    @property
    def shares(self) -> NDArray[np.float64]: ...

    @property
    def nodes(self) -> frozenset[str]: ...


def islands(savings: Sequence[Saving], costs: Mapping[str, float], limit: float) -> frozenset[str]:
    """Keys of the nodes to leave in float.

    A knapsack whose items share their weight: a tensor stays real only with all nodes around it, and nodes serve
    several tensors. Taken by the most excess noise gone per cost, then what turned out not to be needed is put back.

    Args:
        savings: every source of noise.
        costs: of each node.
        limit: noise over signal that each output may have; as far as the nodes can help.
    """
    chosen: frozenset[str] = frozenset()
    while _excess(savings, chosen, limit) > 0:
        best, rate = chosen, 0.0
        for saving in savings:
            more = chosen | saving.nodes
            if more == chosen:
                continue
            gone = _excess(savings, chosen, limit) - _excess(savings, more, limit)
            gain = gone / sum(costs.get(n, 1.0) for n in more - chosen)
            if gain > rate:
                best, rate = more, gain
        if best == chosen:
            break
        chosen = best
    return _without_needless(savings, costs, limit, chosen)


def noise(savings: Sequence[Saving], chosen: frozenset[str]) -> NDArray[np.float64]:
    """Predicted noise over signal of each output with the chosen nodes in float."""
    left = [s.shares for s in savings if not s.nodes <= chosen]
    return np.sum(left, axis=0) if left else np.zeros(len(savings[0].shares) if savings else 0)


def _excess(savings: Sequence[Saving], chosen: frozenset[str], limit: float) -> float:
    return float(np.maximum(noise(savings, chosen) - limit, 0.0).sum())


def _without_needless(
    savings: Sequence[Saving], costs: Mapping[str, float], limit: float, chosen: frozenset[str]
) -> frozenset[str]:
    """Nodes back to integers, dearest first, where the limit is still kept."""
    for node in sorted(chosen, key=lambda n: (-costs.get(n, 1.0), n)):
        fewer = chosen - {node}
        if _excess(savings, fewer, limit) <= _excess(savings, chosen, limit):
            chosen = fewer
    return chosen

"""Scatter with constant indices: each round places at most one update per element of the data.

Round k takes the k-th update of every element that has one, gathers those updates into the data's shape and merges
them under a constant mask.
"""

from __future__ import annotations

import numpy as np

from limen.lower.builder import Value
from limen.lower.call import Call
from limen.program import Array

MAX_ROUNDS = 64
_MERGE = {"add": "Add", "mul": "Mul", "max": "Maximum", "min": "Minimum"}


def scatter(call: Call, data: Value, places: Array, updates: Value) -> None:
    """Bind data with updates[i] merged at ``places[i]``.

    Args:
        call: the node.
        data: what is updated.
        places: [n, rank], one full index per update in the updates' flat order.
        updates: n elements.
    """
    reduction = call.attribute("reduction", "none")
    if reduction not in ("none", *_MERGE):
        call.refuse(f"reduction {reduction!r}")
    rounds = _rounds(np.ravel_multi_index(tuple(places.T), data.shape) if len(places) else places[:, 0], reduction)
    if len(rounds) > MAX_ROUNDS:
        call.refuse(f"{len(rounds)} updates of one element")
    size = int(np.prod(updates.shape))
    flat = call.emit("Reshape", call.builder.get(updates), shape=(size,))
    result = call.builder.get(data)
    for targets, sources in rounds:
        mask = np.zeros(int(np.prod(data.shape)), np.bool_)
        index = np.zeros(mask.size, np.int32)
        mask[targets], index[targets] = True, sources
        taken = call.emit("Gather", flat, call.builder.constant(index.reshape(data.shape), "indices"), axis=0)
        if reduction != "none":
            taken = call.emit(_MERGE[reduction], result, taken)
        result = call.emit("Select", call.builder.constant(mask.reshape(data.shape), "mask"), taken, result)
    if not rounds:
        result = call.emit("Reshape", result, shape=data.shape)
    call.bind(result)


def _rounds(flat: Array, reduction: str) -> list[tuple[Array, Array]]:
    """(targets, update numbers) per round; without a reduction the last update of an element counts."""
    seen: dict[int, list[int]] = {}
    for number, target in enumerate(flat.tolist()):
        seen.setdefault(target, []).append(number)
    if reduction == "none":
        seen = {target: numbers[-1:] for target, numbers in seen.items()}
    count = max(map(len, seen.values()), default=0)
    rounds = []
    for k in range(count):
        pairs = [(target, numbers[k]) for target, numbers in seen.items() if len(numbers) > k]
        rounds.append((np.asarray([p[0] for p in pairs]), np.asarray([p[1] for p in pairs])))
    return rounds

"""How arrays with more samples than one run takes become runs, and how the results are joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from limen.engines._engine import Array
from limen.errors import DataError

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """How one array becomes runs.

    Args:
        kind: ``once``: it is the input; ``rows``: its first axis is the batch, repeated; ``stack``: whole inputs.
        count: samples along the first axis.
        batch: of these, how many one run takes.
    """

    kind: Literal["once", "rows", "stack"]
    count: int = 1
    batch: int = 1

    @property
    def runs(self) -> int:
        """How many runs it makes; the last one may be filled up."""
        return -(-self.count // self.batch)


ONCE = Plan("once")


def plan(name: str, array: Array, shape: Shape) -> Plan:
    """The plan of an array for an input of that shape.

    Raises:
        DataError: the shapes do not fit; says what was expected and seen.
    """
    if array.shape == shape:
        return ONCE
    if shape and array.ndim == len(shape) and array.shape[1:] == shape[1:] and len(array) and shape[0]:
        return Plan("rows", len(array), shape[0])
    if array.ndim == len(shape) + 1 and array.shape[1:] == shape and len(array):
        return Plan("stack", len(array), 1)
    if shape and shape[0] == 1 and array.shape == shape[1:]:
        return ONCE
    raise DataError(
        f"input {name!r}: has shape {list(array.shape)}, expected {list(shape)}",
        "or more samples of it along the first axis",
    )


def take(array: Array, index: int, own: Plan) -> Array:
    """The part of one run; a part that is too short repeats its last sample."""
    if own.kind == "once":
        return array
    if own.kind == "stack":
        return np.asarray(array[index])
    part: Array = array[index * own.batch : (index + 1) * own.batch]
    if len(part) < own.batch:
        part = np.concatenate([part, np.repeat(part[-1:], own.batch - len(part), axis=0)])
    return part


def join(parts: Sequence[Array], shared: Plan) -> Array:
    """Results of the runs: one row per sample; an output without the batch axis is repeated for each of its samples."""
    if shared.kind == "stack":
        return np.stack(parts)
    rows = [p if p.ndim and len(p) == shared.batch else p[None].repeat(shared.batch, 0) for p in parts]
    return np.concatenate(rows)[: shared.count]


def count_problem(given: Mapping[str, Shape], wanted: Mapping[str, Shape]) -> str:
    """Inputs that ask for different numbers of runs, in words."""
    seen = ", ".join(f"{name} {list(shape)} for {list(wanted[name])}" for name, shape in given.items())
    return f"inputs disagree on the number of samples: {seen}"

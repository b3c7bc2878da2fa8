"""Scales of the version before, kept where new values fit them: equal scales keep the codes alike, and deltas small.

A weight channel keeps its scale where rounding to it costs at most ERROR times the squared error of a scale of its own;
an activation where its range grew or shrank by no more than SPAN. ``limen.optimize.inherit`` judges the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from limen.errors import DataError
from limen.optimize.groups import Groups
from limen.optimize.ranges import Range
from limen.optimize.schemes import activation_quant, dequantize, limits, quantize
from limen.program import Array, DType, Program, Quant

ERROR = 1.25
SPAN = 0.1


@dataclass(frozen=True)
class Parent:
    """How the version before stores its tensors.

    Args:
        name: of the file, for messages.
        tensors: tensor name -> element type and parameters.
        activations: whether those of computed tensors may be kept.
    """

    name: str = ""
    tensors: Mapping[str, tuple[DType, Quant]] = field(default_factory=dict)
    activations: bool = True

    def quant(self, name: str, dtype: DType) -> Quant | None:
        """Parameters of a tensor that has this element type there."""
        found = self.tensors.get(name)
        return None if found is None or found[0] != dtype else found[1]


NOBODY = Parent()


def parent_of(program: Program, name: str) -> Parent:
    """The parameters of a quantised Program.

    Raises:
        DataError: it has none.
    """
    tensors = {t.name: (t.dtype, t.quant) for t in program.tensors.values() if t.quant is not None}
    if not tensors:
        raise DataError(f"{name}: is not quantised, there are no scales to keep", "give the version that devices have")
    return Parent(name, tensors)


def keep_activations(groups: Groups, names: Iterable[str], parent: Parent, dtype: DType) -> dict[str, Quant]:
    """Group -> the parent's parameters, where all its members had the same and its range fits them.

    The groups' ranges become the intervals of what is kept.
    """
    had: dict[str, set[Quant]] = {}
    for name in names:
        quant = parent.quant(name, dtype) if parent.activations else None
        if quant is not None and quant.axis is None:
            had.setdefault(groups.find(name), set()).add(quant)
    kept = {root: quants.pop() for root, quants in had.items() if len(quants) == 1}
    kept = {root: quant for root, quant in kept.items() if fits(quant, groups.range(root), dtype)}
    for root, quant in kept.items():
        groups.settle(root, interval_of(quant, dtype))
    return kept


def interval_of(quant: Quant, dtype: DType) -> Range:
    """Real values of the smallest and the largest code."""
    bottom, top = limits(dtype)
    bottom = -top if dtype == "int16" else bottom
    scale, zero = float(np.float32(quant.scale[0])), quant.zero_point[0]
    return Range((bottom - zero) * scale, (top - zero) * scale)


def fits(quant: Quant, interval: Range, dtype: DType) -> bool:
    """Whether the steps are at most SPAN wider than its own, and each end lacks at most half of SPAN."""
    own, had = activation_quant(interval, dtype), interval_of(quant, dtype)
    missing = SPAN / 2 * (interval.high - interval.low)
    near = had.low <= interval.low + missing and interval.high - missing <= had.high
    return near and quant.scale[0] <= (1 + SPAN) * own.scale[0]


def keep_weights(data: Array, own: Quant, had: Quant | None, dtype: DType) -> Quant:
    """Per channel the parent's scale where it costs little, else its own.

    Args:
        data: real weights.
        own: their parameters by their own values; symmetric.
        had: the parent's; None where it has no such tensor.
        dtype: of the codes.
    """
    if had is None or had.axis != own.axis or len(had.scale) != len(own.scale) or any(had.zero_point):
        return own
    mine, other = (_errors(data, quant, dtype) for quant in (own, had))
    rounding = np.square(own.scales.astype(np.float64)) / 12
    keep = other <= ERROR * np.maximum(mine, rounding)
    return replace(own, scale=tuple(b if k else a for a, b, k in zip(own.scale, had.scale, keep, strict=True)))


def _errors(data: Array, quant: Quant, dtype: DType) -> NDArray[np.float64]:
    """Mean squared error of each channel; one value where there is one scale."""
    error = np.square(data.astype(np.float64) - dequantize(quantize(data, quant, dtype), quant))
    axes = None if quant.axis is None else tuple(i for i in range(data.ndim) if i != quant.axis)
    return np.atleast_1d(error.mean(axis=axes))

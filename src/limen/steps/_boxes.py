"""What the detection steps share: tensors as rows, priors, overlap."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from limen.errors import DataError
from limen.steps._base import Step, Value
from limen.steps._values import Array, array

Floats = NDArray[np.float32]

_REFERENCE = re.compile(r"(?P<name>.*?)(?:\[(?P<first>\d*):(?P<last>\d*)\])?", re.DOTALL)


def squashed(x: Array) -> NDArray[np.float64]:
    """1 / (1 + exp(-x)) in float64, without overflow."""
    wide = x.astype(np.float64)
    small = np.exp(-np.abs(wide))
    return np.where(wide >= 0, 1.0, small) / (1.0 + small)


def columns(reference: str) -> tuple[str, slice]:
    """A reference ``name[first:last]`` as the tensor's name and its channels; without brackets, all of them."""
    match = _REFERENCE.fullmatch(reference)
    assert match is not None
    first, last = match["first"], match["last"]
    return match["name"], slice(int(first) if first else None, int(last) if last else None)


def rows(step: Step, value: Value, reference: str, channels_first: bool, count: int | None) -> Floats:
    """One output tensor as [boxes, channels].

    Args:
        step: who asks.
        value: the tensor, or the model's outputs by name.
        reference: ``name[first:last]``; without a name, the only tensor.
        channels_first: the channels come before the cells.
        count: how many boxes there must be; None takes what comes. Several boxes per cell are split off the channels.

    Raises:
        DataError: no such tensor, a batch, or a shape that does not hold that many boxes.
    """
    name, part = columns(reference)
    tensor = array(step, _tensor(step, value, name), "the output tensors of one picture", (2, 3, 4))
    if tensor.shape[0] == 1:
        tensor = tensor[0]
    elif tensor.ndim == 4 or (tensor.ndim == 3 and count is None):
        step.fail(f"tensor {name!r} has shape {tensor.shape}", "run one picture at a time")
    tensor = tensor[:, None] if tensor.ndim == 1 else tensor
    tensor = np.moveaxis(tensor, 0, -1) if channels_first else tensor
    cells, channels = tensor.size // tensor.shape[-1], tensor.shape[-1]
    per_cell, odd = (1, 0) if count is None else divmod(count, cells)
    if odd or not per_cell or channels % per_cell:
        step.fail(f"tensor {name!r} of shape {tensor.shape} does not hold {count} boxes", "check size, strides, priors")
    found = tensor.reshape(cells * per_cell, channels // per_cell)[:, part]
    if not found.shape[1]:
        step.fail(f"tensor {name!r} has {channels // per_cell} channels, none in {reference!r}", "check the channels")
    return found.astype(np.float32)


def _tensor(step: Step, value: Value, name: str) -> Value:
    if not isinstance(value, Mapping):
        return value
    if name in value:
        return value[name]
    if not name and len(value) == 1:
        return next(iter(value.values()))
    raise DataError(f"{step.name}: the model has no output {name!r}", f"it has {', '.join(map(str, value))}")


def grid(size: tuple[int, int], stride: int) -> tuple[int, int]:
    """Cells across and down at that stride, the last ones perhaps partly outside."""
    return -(-size[0] // stride), -(-size[1] // stride)


def priors(
    size: tuple[int, int], strides: tuple[int, ...], sides: tuple[tuple[float, ...], ...], cells: str, at: float
) -> Floats:
    """Prior boxes in pixels of the model input: [boxes, 5] of centre x, centre y, width, height, stride.

    Row by row, cell by cell, prior by prior, level by level.

    Args:
        size: width and height of the model input.
        strides: pixels per cell, per level.
        sides: per level, width and height of each prior of a cell, one after the other.
        cells: ``stride`` pixels wide each, or parting the input ``even``ly.
        at: where in its cell a prior has its centre, 0 to 1.
    """
    levels = []
    for stride, pairs in zip(strides, sides, strict=True):
        across, down = grid(size, stride)
        y, x = np.mgrid[0:down, 0:across]
        cell = np.array([size[0] / across, size[1] / down]) if cells == "even" else float(stride)
        centre = (np.stack([x, y], axis=-1) + at) * cell
        shape = np.array(pairs).reshape(-1, 2)
        level = np.empty((down, across, len(shape), 5))
        level[..., :2], level[..., 2:4], level[..., 4] = centre[:, :, None], shape, stride
        levels.append(level.reshape(-1, 5))
    return np.concatenate(levels).astype(np.float32)


def overlap(box: Floats, others: Floats) -> Floats:
    """Intersection over union of one box [4] with others [n, 4]; 0 where both are empty. Corners x1, y1, x2, y2."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    shared = sides.clip(0).prod(axis=1)
    union = (box[2:] - box[:2]).clip(0).prod() + (others[:, 2:] - others[:, :2]).clip(0).prod(axis=1) - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(shared), where=union > 0))

"""Checks of what a step is handed; every failure is a DataError that names the step and the way out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limen.steps._base import Step, Value

Array = NDArray[Any]


def array(step: Step, value: Value, what: str, ranks: tuple[int, ...] = (), empty: bool = False) -> Array:
    """The value as a real numeric array without NaN or infinity.

    Args:
        step: who asks.
        value: an array or something array-like.
        what: what the step takes, in words.
        ranks: accepted ranks; any if empty.
        empty: accept an array without elements.

    Raises:
        DataError: not numeric, wrong rank, empty, or not finite.
    """
    try:
        found = np.asarray(value)
    except ValueError:
        step.fail("the input is ragged", f"give {what}")
    if found.dtype.kind not in "iufb":
        step.fail(f"the input has dtype {found.dtype}", f"give {what}")
    if ranks and found.ndim not in ranks:
        step.fail(f"the input has shape {found.shape}", f"give {what}")
    if not found.size and not empty:
        step.fail(f"the input of shape {found.shape} is empty", f"give {what}")
    if found.dtype.kind == "f" and not np.isfinite(found).all():
        bad = int(np.argmax(~np.isfinite(found.ravel())))
        step.fail(f"the input is {found.ravel()[bad]} at element {bad}", "give finite numbers only")
    return found


def picture(step: Step, value: Value) -> Array:
    """The value as one picture, height x width x channels; a grey one may leave out the channels.

    Returns:
        uint8 as it is, every other dtype as float32; rank 3.
    """
    found = array(step, value, "one picture, height x width x channels, uint8 or float32", (2, 3))
    if found.ndim == 2:
        found = found[:, :, None]
    return found if found.dtype == np.uint8 else found.astype(np.float32)


def single(step: Step, value: Value) -> Value:
    """The only tensor of a mapping of model outputs, or the value itself.

    Raises:
        DataError: the mapping holds several tensors.
    """
    if not isinstance(value, Mapping):
        return value
    if len(value) != 1:
        step.fail(f"the model has {len(value)} outputs: {', '.join(map(str, value))}", "pick one before this step")
    return next(iter(value.values()))


def floats(values: object) -> NDArray[np.float32]:
    """float32 copy of a parameter list."""
    return np.asarray(values, np.float32)

"""The passes that every consumer profits from, repeated until nothing changes."""

from __future__ import annotations

from collections.abc import Callable

from limen.model.graph import Model
from limen.model.infer import infer
from limen.model.passes.drop_no_ops import drop_no_ops
from limen.model.passes.fold_batch_norm import fold_batch_norm
from limen.model.passes.fold_constants import fold_constants
from limen.model.passes.fuse_activations import fuse_activations
from limen.model.passes.fuse_layer_norm import fuse_layer_norm
from limen.model.passes.inline_if import inline_if
from limen.model.passes.sink_transposes import sink_transposes
from limen.model.passes.unflatten_softmax import unflatten_softmax

CLEANING: tuple[Callable[[Model], Model], ...] = (
    fold_constants,
    inline_if,
    drop_no_ops,
    sink_transposes,
    unflatten_softmax,
)
FUSING: tuple[Callable[[Model], Model], ...] = (fuse_activations, fuse_layer_norm, fold_batch_norm)
_MAX_ROUNDS = 16


def simplify(model: Model) -> Model:
    """Fold constants and affine steps, drop what does nothing, recognise decomposed activations and norms.

    Args:
        model: with static shapes.

    Returns:
        An equal Model; surviving values keep their names. The same object if nothing was to be done.
    """
    for _ in range(_MAX_ROUNDS):
        before = model
        model = _settle(model, CLEANING)
        model = _settle(model, FUSING)
        if model is before:
            break
        model = infer(model)
    return model


def _settle(model: Model, passes: tuple[Callable[[Model], Model], ...]) -> Model:
    for _ in range(_MAX_ROUNDS):
        before = model
        for one in passes:
            model = one(model)
        if model is before:
            break
    return model

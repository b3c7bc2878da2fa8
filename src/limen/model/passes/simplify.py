"""The passes that every consumer profits from, repeated until nothing changes."""

from __future__ import annotations

from limen.model.edit import settled
from limen.model.graph import Model
from limen.model.infer import infer
from limen.model.passes.drop_no_ops import drop_no_ops_in
from limen.model.passes.fold_batch_norm import fold_batch_norm_in
from limen.model.passes.fold_constants import fold_constants_in
from limen.model.passes.fuse_activations import fuse_activations_in
from limen.model.passes.fuse_layer_norm import fuse_layer_norm_in
from limen.model.passes.inline_if import inline_if_in
from limen.model.passes.sink_scales import sink_scales_in
from limen.model.passes.sink_transposes import sink_transposes_in
from limen.model.passes.unflatten_softmax import unflatten_softmax_in

CLEANING = (fold_constants_in, inline_if_in, drop_no_ops_in, sink_transposes_in, unflatten_softmax_in)
FUSING = (fuse_activations_in, fuse_layer_norm_in, sink_scales_in, fold_batch_norm_in)
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
        model = settled(settled(model, *CLEANING), *FUSING)
        if model is before:
            break
        model = infer(model)
    return model

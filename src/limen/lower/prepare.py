"""Bring a Model to the form that lowering starts from; the same Model if it has it already."""

from __future__ import annotations

from collections.abc import Container

from limen.model.graph import Model
from limen.model.passes.expand_functions import expand_functions
from limen.model.passes.simplify import simplify
from limen.model.passes.unroll_recurrent import unroll_recurrent
from limen.model.shapes import settle_shapes

_MAX_ROUNDS = 16


def prepare(model: Model, known: Container[str]) -> Model:
    """Simplify, and replace operators that no lowering knows but that ONNX defines by a function body.

    Args:
        model: with static shapes.
        known: operator types that have a lowering.
    """
    for _ in range(_MAX_ROUNDS):
        before = model
        model = simplify(model)
        model = expand_functions(unroll_recurrent(model), known)
        if model is before:
            break
        model = settle_shapes(model)
    return model

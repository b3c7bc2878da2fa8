"""Run a Model on the workstation, to verify what was imported or rewritten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx_ir as ir

from limen.errors import DataError, MissingExtra, ModelError
from limen.model.files import to_bytes
from limen.model.graph import Array, Model, dtype_of, shape_of


def evaluate(
    model: Model, feeds: Mapping[str, Array], outputs: Sequence[str] | None = None, optimised: bool = True
) -> dict[str, Array]:
    """Run once on onnxruntime, one thread.

    Args:
        model: any Model; states are plain inputs and outputs here.
        feeds: input name -> array.
        outputs: names of any values of the graph; None for the graph's outputs.
        optimised: let the engine rewrite the graph first.

    Returns:
        value name -> array.

    Raises:
        DataError: the engine refuses the feeds.
        ModelError: the engine refuses the model.
        MissingExtra: onnxruntime is not installed.
    """
    try:
        import onnxruntime as ort
    except ImportError as error:
        raise MissingExtra("onnxruntime", "build") from error
    if outputs is not None:
        model = with_outputs(model, outputs)
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    level = ort.GraphOptimizationLevel
    options.graph_optimization_level = level.ORT_ENABLE_ALL if optimised else level.ORT_DISABLE_ALL
    try:
        session = ort.InferenceSession(to_bytes(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ModelError(f"{model.name}: onnxruntime refuses it: {error}") from error
    names = [output.name for output in session.get_outputs()]
    try:
        return dict(zip(names, session.run(names, dict(feeds)), strict=True))
    except Exception as error:
        raise DataError(f"{model.name}: onnxruntime refuses the inputs: {error}") from error


def with_outputs(model: Model, names: Sequence[str]) -> Model:
    """A copy whose outputs are these values.

    Raises:
        ModelError: the graph has no such value.
    """
    copy = model.ir.clone()
    table = {v.name: v for v in copy.graph.inputs} | {v.name: v for node in copy.graph for v in node.outputs}
    table |= {v.name: v for v in copy.graph.initializers.values()}
    missing = [name for name in names if name not in table]
    if missing:
        raise ModelError(f"{model.name}: has no value {missing[0]!r}")
    copy.graph.outputs.clear()
    copy.graph.outputs.extend(table[name] for name in names)
    return Model(copy, metadata=model.metadata)


def random_feeds(model: Model, seed: int = 0) -> dict[str, Array]:
    """Feeds for every input: floats in [0, 1), integers in {0, 1}, booleans.

    Raises:
        ModelError: an input has no static shape.
    """
    generator = np.random.default_rng(seed)
    return {str(v.name): _random(v, generator) for v in model.ir.graph.inputs}


def _random(value: ir.Value, generator: np.random.Generator) -> Array:
    shape, dtype = shape_of(value), dtype_of(value)
    if shape is None or dtype is None:
        raise ModelError(f"input {value.name}: its shape is not static")
    if dtype.kind == "f":
        return generator.random(shape, np.float32).astype(dtype)
    return generator.integers(0, 2, shape).astype(dtype)

"""Weights of a Model as float16 initialisers behind a Cast: half the file, the same float32 arithmetic."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from limen.model import Model
from limen.model.edit import constant, fresh_name, rewritten
from limen.model.graph import constant_of

MIN_ELEMENTS = 64


def emit_float16(model: Model) -> Model:
    """The Model whose float32 initialisers of at least MIN_ELEMENTS are stored as float16, where they fit its range."""

    def rewrite(graph: ir.Graph) -> int:
        changed = 0
        for value in list(graph.initializers.values()):
            data = constant_of(value)
            if data is None or data.dtype != np.float32 or data.size < MIN_ELEMENTS or value.is_graph_output():
                continue
            if np.abs(data).max() > np.finfo(np.float16).max:
                continue
            stored = constant(graph, f"{value.name}/float16", data.astype(np.float16))
            cast = ir.node("Cast", [stored], {"to": int(ir.DataType.FLOAT)})
            cast.name = cast.outputs[0].name = fresh_name(graph, f"{value.name}/float32")
            cast.outputs[0].shape, cast.outputs[0].type = value.shape, value.type
            graph.insert_before(graph[0], cast)
            value.replace_all_uses_with(cast.outputs[0])
            changed += 1
        return changed

    return rewritten(model, rewrite)

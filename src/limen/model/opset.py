"""Bring a graph of opset 7 and newer to one opset, so that passes and lowerings know one form of each operator.

After ``modernise``: opset 21 (or the model's own if newer), axes, sizes, limits and ratios as inputs, Softmax with one
axis, Resize instead of Upsample, local functions inlined, Constants as initialisers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx_ir as ir
from onnx_ir.passes import common

from limen.errors import ModelError
from limen.model.edit import attribute, constant, insert, remove_unused, substitute
from limen.model.graph import Array, Model, constant_of, shape_of

OPSET = 21
_INT64 = np.dtype(np.int64)


def modernise(model: Model) -> Model:
    """The same computation in opset ``OPSET`` or newer.

    Raises:
        ModelError: an operator of an old opset has no counterpart; names the node.
    """
    copy = model.ir.clone()
    try:
        if copy.functions:
            common.InlinePass()(copy)
            common.RemoveUnusedFunctionsPass()(copy)  # type: ignore[no-untyped-call]
        for graph in (copy.graph, *copy.graph.subgraphs()):
            graph.meta.pop("limen_names", None)
            lift_constants(graph)
            _adapt(graph, model.opset)
    except (ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:
        raise ModelError(f"{model.name}: opset {model.opset} cannot be read: {error}") from error
    initialisers = copy.graph.initializers
    kept = [value for value in copy.graph.inputs if value.name not in initialisers]
    copy.graph.inputs.clear()
    copy.graph.inputs.extend(kept)
    copy.graph.opset_imports[""] = max(OPSET, model.opset)
    copy.ir_version = max(copy.ir_version or 10, 10)
    remove_unused(copy.graph)
    return model.with_ir(copy)


def lift_constants(graph: ir.Graph) -> None:
    """Turn Constant nodes into initialisers."""
    for node in list(graph):
        if node.op_type != "Constant" or node.domain not in ("", "ai.onnx"):
            continue
        array = _constant_array(node)
        if array is None:
            continue
        value, name = node.outputs[0], node.outputs[0].name
        new = constant(graph, f"{name}/value", array)
        if value.is_graph_output():
            substitute(value, new)
            graph.remove(node, safe=True)
            continue
        value.replace_all_uses_with(new)
        graph.remove(node, safe=True)
        del graph.initializers[str(new.name)]
        new.name = name
        graph.register_initializer(new)


def _constant_array(node: ir.Node) -> Array | None:
    for name, attr in node.attributes.items():
        if not isinstance(attr, ir.Attr) or attr.is_ref():
            return None
        if name == "value":
            tensor = attr.as_tensor()
            return None if tensor.dtype == ir.DataType.STRING else np.array(tensor.numpy(), copy=True)
        if name in ("value_float", "value_floats"):
            return np.asarray(attr.value, np.float32)
        if name in ("value_int", "value_ints"):
            return np.asarray(attr.value, np.int64)
    return None


def _adapt(graph: ir.Graph, opset: int) -> None:
    for node in list(graph):
        if node.domain not in ("", "ai.onnx"):
            continue
        for before, adapter in _ADAPTERS.get(node.op_type, ()):
            if opset < before:
                adapter(node, graph)


def _to_input(position: int, name: str, dtype: type = np.int64, scalar: bool = False) -> Callable[..., None]:
    """An adapter that turns an attribute into an input."""

    def adapt(node: ir.Node, graph: ir.Graph) -> None:
        attr = node.attributes.pop(name, None)
        if attr is None or (len(node.inputs) > position and node.inputs[position] is not None):
            return
        array: Array = np.asarray(attr.value, dtype)
        array = array.reshape(()) if scalar else array
        if len(node.inputs) <= position:
            node.resize_inputs(position + 1)
        node.replace_input_with(position, constant(graph, f"{node.outputs[0].name}/{name}", array))

    return adapt


def _split_parts(node: ir.Node, graph: ir.Graph) -> None:
    """Before 18 the number of outputs says how many equal parts there are."""
    del graph
    if len(node.inputs) < 2 or node.inputs[1] is None:
        node.attributes["num_outputs"] = ir.AttrInt64("num_outputs", len(node.outputs))


def _softmax(node: ir.Node, graph: ir.Graph) -> None:
    """Before 13 the axes from ``axis`` on are one flattened axis."""
    axis = attribute(node, "axis", 1)
    shape = node.inputs[0].shape if node.inputs[0] is not None else None
    rank = len(shape) if shape is not None else None
    if axis == -1 or (rank is not None and axis == rank - 1):
        node.attributes["axis"] = ir.AttrInt64("axis", -1)
        return
    source, old = node.inputs[0], node.outputs[0]
    flat = insert(node, "Flatten", [source], {"axis": axis})
    soft = insert(node, node.op_type, [flat], {"axis": -1})
    dims = insert(node, "Shape", [source])
    substitute(old, insert(node, "Reshape", [soft, dims], like=old))
    graph.remove(node, safe=True)


def _upsample(node: ir.Node, graph: ir.Graph) -> None:
    mode = attribute(node, "mode", "nearest")
    scales = node.inputs[1] if len(node.inputs) > 1 else None
    if scales is None:
        values = np.asarray(attribute(node, "scales", ()), np.float32)
        scales = constant(graph, f"{node.outputs[0].name}/scales", values)
    _replace_resize(node, graph, [node.inputs[0], None, scales], mode)


def _resize(node: ir.Node, graph: ir.Graph) -> None:
    _replace_resize(node, graph, [node.inputs[0], None, node.inputs[1]], attribute(node, "mode", "nearest"))


def _replace_resize(node: ir.Node, graph: ir.Graph, inputs: list[ir.Value | None], mode: str) -> None:
    settings = {
        "mode": "linear" if mode == "bilinear" else mode,
        "coordinate_transformation_mode": "asymmetric",
        "nearest_mode": "floor",
    }
    old = node.outputs[0]
    substitute(old, insert(node, "Resize", inputs, settings, like=old))
    graph.remove(node, safe=True)


def _scatter(node: ir.Node, graph: ir.Graph) -> None:
    old = node.outputs[0]
    settings = {"axis": attribute(node, "axis", 0)}
    substitute(old, insert(node, "ScatterElements", list(node.inputs), settings, like=old))
    graph.remove(node, safe=True)


def _dft(node: ir.Node, graph: ir.Graph) -> None:
    """Before 20 the axis is an attribute, 1 by default."""
    node.attributes.setdefault("axis", ir.AttrInt64("axis", 1))
    _to_input(2, "axis", scalar=True)(node, graph)


def _grid_sample(node: ir.Node, graph: ir.Graph) -> None:
    del graph
    mode = attribute(node, "mode", "bilinear")
    renamed = {"bilinear": "linear", "bicubic": "cubic"}.get(mode, mode)
    node.attributes["mode"] = ir.AttrString("mode", renamed)


def _roi_align(node: ir.Node, graph: ir.Graph) -> None:
    del graph
    name = "coordinate_transformation_mode"
    node.attributes.setdefault(name, ir.AttrString(name, "output_half_pixel"))


def _group_norm(node: ir.Node, graph: ir.Graph) -> None:
    """Before 21 scale and bias are per group, from 21 on per channel."""
    shape = shape_of(node.inputs[0])
    groups = attribute(node, "num_groups", 1)
    for index in (1, 2):
        array = constant_of(node.inputs[index])
        if array is None or shape is None:
            raise ModelError(f"{node.name or node.op_type}: GroupNormalization of opset < 21 needs constant scales")
        wide = np.repeat(array, shape[1] // groups)
        node.replace_input_with(index, constant(graph, f"{node.outputs[0].name}/{index}", wide))


_REDUCTIONS = ("L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "SumSquare")
_Adapter = Callable[[ir.Node, ir.Graph], None]
# op -> (adapt where the model's opset is below this, how)
_ADAPTERS: dict[str, tuple[tuple[int, _Adapter], ...]] = {
    "Squeeze": ((13, _to_input(1, "axes")),),
    "Unsqueeze": ((13, _to_input(1, "axes")),),
    "ReduceSum": ((13, _to_input(1, "axes")),),
    **{f"Reduce{name}": ((18, _to_input(1, "axes")),) for name in _REDUCTIONS},
    "Clip": ((11, _to_input(1, "min", np.float32, True)), (11, _to_input(2, "max", np.float32, True))),
    "Pad": ((11, _to_input(1, "pads")), (11, _to_input(2, "value", np.float32, True))),
    "Slice": ((10, _to_input(1, "starts")), (10, _to_input(2, "ends")), (10, _to_input(3, "axes"))),
    "Dropout": ((12, _to_input(1, "ratio", np.float32, True)),),
    "TopK": ((10, _to_input(1, "k")),),
    "Split": ((13, _to_input(1, "split")), (18, _split_parts)),
    "Softmax": ((13, _softmax),),
    "LogSoftmax": ((13, _softmax),),
    "Hardmax": ((13, _softmax),),
    "Upsample": ((10, _upsample),),
    "Resize": ((11, _resize),),
    "Scatter": ((11, _scatter),),
    "DFT": ((20, _dft),),
    "GridSample": ((20, _grid_sample),),
    "RoiAlign": ((16, _roi_align),),
    "GroupNormalization": ((21, _group_norm),),
}

"""Read and write ONNX files.

Nothing in a file is trusted: protobuf errors, tensors whose bytes do not fit their shape, external data outside the
model's folder and graphs that the ONNX checker refuses all end in a ModelError.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir

from limen.errors import ModelError
from limen.model.checks import check
from limen.model.graph import Model
from limen.model.infer import infer
from limen.model.opset import modernise

# What onnx_ir warns of on standard error ends in a ModelError here.
logging.getLogger("onnx_ir").setLevel(logging.ERROR)

MAX_BYTES = 4 << 30
_STRINGS = onnx.TensorProto.STRING


def load(path: str | Path) -> Model:
    """Read an ONNX file of opset 7 to 26 and bring it to the one opset that limen's passes know.

    Args:
        path: the .onnx file; external data is read from its folder.

    Returns:
        A checked Model: opset 21 or newer, no local functions, Constants as initialisers, no initialiser that is
        also an input.

    Raises:
        ModelError: the file cannot be read or is not a valid ONNX model.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ModelError(f"{path}: larger than {MAX_BYTES >> 30} GiB")
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
    return from_bytes(data, path.name, path.parent)


def from_bytes(data: bytes, name: str = "model", folder: Path | None = None) -> Model:
    """Like ``load``, from bytes.

    Args:
        data: a serialised ModelProto.
        name: names the model in errors.
        folder: where external data lies; None forbids it.

    Raises:
        ModelError: as for ``load``.
    """
    proto = onnx.ModelProto()
    try:
        proto.ParseFromString(data)
    except Exception as error:
        raise ModelError(f"{name}: not an ONNX file: {error}") from error
    if not proto.HasField("graph") or not (proto.graph.node or proto.graph.output):
        raise ModelError(f"{name}: not an ONNX file: it holds no graph")
    return from_proto(proto, name, folder)


def from_proto(proto: onnx.ModelProto, name: str = "model", folder: Path | None = None) -> Model:
    """Like ``load``, from a parsed protobuf, which is not changed apart from external data read into it.

    Raises:
        ModelError: as for ``load``.
    """
    for tensor in _tensors(proto):
        _read_external(tensor, folder, name)
        _check_tensor(tensor, name)
    model = Model.from_proto(proto)
    try:
        model.ir.graph.sort()
        for graph in (model.ir.graph, *model.ir.graph.subgraphs()):
            _own_tensors(graph)
    except (ValueError, TypeError, RuntimeError) as error:
        raise ModelError(f"{name}: the graph is not valid: {error}") from error
    return modernise(infer(check(model)))


def save(model: Model, path: str | Path) -> None:
    """Write an ONNX file, weights inside; the same Model gives the same bytes.

    Raises:
        ModelError: the file cannot be written.
    """
    try:
        Path(path).write_bytes(to_bytes(model))
    except OSError as error:
        raise ModelError(f"{path}: cannot be written: {error.strerror}") from error


def to_bytes(model: Model) -> bytes:
    """Serialise deterministically."""
    return bytes(model.to_proto().SerializeToString(deterministic=True))


def _tensors(proto: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """Every tensor of the model: initialisers and attributes, in subgraphs and functions too."""
    graphs: list[onnx.GraphProto] = [proto.graph]
    nodes = [node for function in proto.functions for node in function.node]
    while graphs or nodes:
        if graphs:
            graph = graphs.pop()
            yield from graph.initializer
            if graph.sparse_initializer:
                raise ModelError("sparse initialisers are not supported", "store them dense")
            nodes.extend(graph.node)
        while nodes:
            for attribute in nodes.pop().attribute:
                if attribute.HasField("t"):
                    yield attribute.t
                yield from attribute.tensors
                graphs.extend([attribute.g] if attribute.HasField("g") else [])
                graphs.extend(attribute.graphs)


def _check_tensor(tensor: onnx.TensorProto, name: str) -> None:
    where = f"{name}: tensor {tensor.name or '(unnamed)'}"
    if any(extent < 0 for extent in tensor.dims) or math.prod(tensor.dims) > MAX_BYTES:
        raise ModelError(f"{where}: shape {list(tensor.dims)} is not possible")
    if tensor.data_type == _STRINGS:
        return
    try:
        array = onnx.numpy_helper.to_array(tensor)
    except Exception as error:
        raise ModelError(f"{where}: its bytes do not fit {list(tensor.dims)}: {error}") from error
    if array.shape != tuple(tensor.dims):
        raise ModelError(f"{where}: its bytes do not fit {list(tensor.dims)}")


def _read_external(tensor: onnx.TensorProto, folder: Path | None, name: str) -> None:
    if tensor.data_location != onnx.TensorProto.EXTERNAL:
        return
    entries = {entry.key: entry.value for entry in tensor.external_data}
    where = f"{name}: tensor {tensor.name}"
    if folder is None:
        raise ModelError(f"{where}: refers to external data, and no folder was given")
    path = (folder / entries.get("location", "")).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ModelError(f"{where}: external data {entries.get('location')!r} lies outside the model's folder")
    try:
        offset, length = int(entries.get("offset", 0)), int(entries.get("length", -1))
        size = path.stat().st_size
        length = size - offset if length < 0 else length
        if not 0 <= offset <= offset + length <= size:
            raise ModelError(f"{where}: bytes {offset}+{length} lie outside {path.name} of {size} bytes")
        with path.open("rb") as file:
            file.seek(offset)
            tensor.raw_data = file.read(length)
    except (OSError, ValueError) as error:
        raise ModelError(f"{where}: external data cannot be read: {error}") from error
    tensor.data_location = onnx.TensorProto.DEFAULT
    del tensor.external_data[:]


def _own_tensors(graph: ir.Graph) -> None:
    """Decode every initialiser once, so that passes read numpy arrays and not protobuf."""
    for value in graph.initializers.values():
        if value.const_value is not None and value.const_value.dtype != ir.DataType.STRING:
            value.const_value = plain_tensor(value.const_value, str(value.name))


def plain_tensor(tensor: ir.TensorProtocol, name: str) -> ir.TensorProtocol:
    """The tensor held as one numpy array."""
    array = np.array(tensor.numpy(), order="C", copy=True)
    array.setflags(write=False)
    return ir.Tensor(array, dtype=tensor.dtype, shape=ir.Shape(array.shape), name=name)

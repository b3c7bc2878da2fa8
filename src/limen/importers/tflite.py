"""Import of .tflite files, straight into a Program and without loss.

Float32, float16 constants, int8, uint8, int16 activations with int8 weights, hybrid operators, and states kept in
variables. Names come from the file's signature where it has one, else from its tensors. A file may be damaged or
hostile: it gives ModelError or UnsupportedOp, or a Program that passes ``check()``.

Source: TFLite's schema, version 3.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from limen.errors import ModelError, ProgramError, Unsupported, UsageError
from limen.importers import Importer, ImportOptions
from limen.importers._tflite_file import IDENTIFIER, RawFile, RawSignature, RawSubgraph, RawTensor, parse, unique
from limen.importers._tflite_graph import Graph, convert, start
from limen.importers._tflite_labels import appended_labels
from limen.program import Node, Port, Program, Shape
from limen.program.types import DTYPES
from limen.registry import suggest

MAX_FILE_BYTES = 2**31 - 1


def read(source: bytes | Path, options: ImportOptions | None = None, name: str = "") -> Program:
    """The Program of a .tflite file.

    Args:
        source: the file's bytes, or its path.
        options: extents of open dimensions, which signature.
        name: of the Program; the file's stem, or its subgraph's name, by default.

    Raises:
        ModelError: the file is damaged or its graph is not valid.
        UnsupportedOp: an operator, or a case of it, that limen does not know.
        UsageError: an option names what the file does not have.
    """
    if isinstance(source, Path):
        try:
            if source.stat().st_size > MAX_FILE_BYTES:
                raise Unsupported(f"{source}: a .tflite file above 2 GiB is not supported")
            content = source.read_bytes()
        except OSError as error:
            raise ModelError(f"{source}: cannot be read: {error.strerror}") from error
        name = name or source.stem
    else:
        content = bytes(source)
    try:
        return _program(parse(content, name or "model"), options or ImportOptions(), name)
    except (MemoryError, RecursionError) as error:
        raise ModelError(f"{name or 'model'}: the file asks for more than this machine can hold") from error


def _program(file: RawFile, options: ImportOptions, name: str) -> Program:
    if options.states:
        raise UsageError("a .tflite file keeps its states as variables; states cannot be declared for it")
    signature = _signature(file, options)
    index = signature.subgraph if signature else 0
    raw = file.subgraphs[index]
    inputs = _port_names(raw, raw.inputs, signature.inputs if signature else {}, "input")
    outputs = _port_names(raw, raw.outputs, signature.outputs if signature else {}, "output")
    graph = start(file, index, _input_shapes(raw, inputs, options))
    convert(graph)
    name = _text(file.interface.get("name")) or name or raw.name or "model"
    ports_in, ports_out = _ports(graph, raw.inputs, inputs), _ports(graph, raw.outputs, outputs)
    program = Program(
        name,
        graph.tensors,
        tuple(graph.nodes),
        _as_written(ports_in, file.interface.get("inputs"), graph),
        _as_written(ports_out, file.interface.get("outputs"), graph),
        tuple(state for state in graph.states.values() if state is not None),
        _metadata(
            file, {graph.tensors[port.tensor].shape[-1] for port in ports_out if graph.tensors[port.tensor].shape}
        ),
    )
    try:
        return _without_unused(program).check()
    except ProgramError as error:
        raise ModelError(error.message, error.hint) from error


def _signature(file: RawFile, options: ImportOptions) -> RawSignature | None:
    """The signature asked for, or the first of the main graph; None where the file has none that is whole."""
    whole = [s for s in file.signatures if s.subgraph < len(file.subgraphs)]
    if options.signature is not None:
        for each in whole:
            if each.key == options.signature:
                return each
        raise UsageError(
            f"signature {options.signature!r} does not exist in the file",
            suggest(options.signature, [s.key for s in whole]),
        )
    return next((s for s in whole if s.subgraph == 0), None)


def _port_names(raw: RawSubgraph, indices: Sequence[int], given: dict[int, str], kind: str) -> list[str]:
    """Names of ports: the signature's, else the tensors'; those that repeat are made unique."""
    return unique((given.get(i) or raw.tensors[i].name for i in indices), kind)


def _input_shapes(raw: RawSubgraph, names: list[str], options: ImportOptions) -> dict[int, Shape]:
    """Static shapes of the inputs: open dimensions get the extents that the options say, else the file's."""
    if len(set(raw.inputs)) != len(raw.inputs):
        raise ModelError("two inputs are the same tensor")
    open_dimensions = set()
    shapes = {}
    for index, name in zip(raw.inputs, names, strict=True):
        tensor = raw.tensors[index]
        extents = list(tensor.shape)
        for axis in _open_axes(tensor):
            key = f"{name}:{axis}"
            open_dimensions.add(key)
            fallback = options.batch if axis == 0 else max(extents[axis], 1)
            extents[axis] = options.dimensions.get(key, fallback)
        shapes[index] = tuple(extents)
    for key in set(options.dimensions) - open_dimensions:
        raise UsageError(f"{key}: the file has no such open dimension", suggest(key, open_dimensions))
    if options.batch != 1 and not any(key.endswith(":0") for key in open_dimensions):
        raise UsageError(f"batch {options.batch}: the file fixes its batch")
    return shapes


def _open_axes(tensor: RawTensor) -> list[int]:
    signature = tensor.signature if len(tensor.signature) == len(tensor.shape) else tensor.shape
    return [axis for axis, extent in enumerate(signature) if extent == -1]


def _ports(graph: Graph, indices: Sequence[int], names: list[str]) -> tuple[Port, ...]:
    ports = []
    for index, name in zip(indices, names, strict=True):
        tensor = graph.tensors.get(graph.name(index))
        if tensor is None:
            raise ModelError(f"{name}: tensor {graph.name(index)} is never written")
        ports.append(Port(name, tensor.name, None, "float32" if tensor.quant else tensor.dtype))
    return tuple(ports)


def _as_written(ports: tuple[Port, ...], entries: Any, graph: Graph) -> tuple[Port, ...]:
    """The ports with the layout and element types that our own writer noted; unchanged where the note does not fit."""
    if not isinstance(entries, list) or [_entry(e, "name") for e in entries] != [p.name for p in ports]:
        return ports
    result = []
    for port, entry in zip(ports, entries, strict=True):
        axes, dtype = _entry(entry, "permutation"), _entry(entry, "dtype")
        rank = len(graph.tensors[port.tensor].shape)
        fits = isinstance(axes, list) and all(type(a) is int for a in axes) and sorted(axes) == list(range(rank))
        if dtype not in DTYPES or not (axes is None or fits):
            return ports
        result.append(replace(port, permutation=None if axes is None else tuple(axes), dtype=dtype))
    return tuple(result)


def _entry(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _metadata(file: RawFile, classes: set[int]) -> dict[str, str]:
    """Our own writer's pairs, else the file's description and the labels appended to it (as a JSON list)."""
    noted = file.interface.get("metadata")
    if isinstance(noted, dict):
        return {str(key): _text(value) for key, value in noted.items()}
    labels = appended_labels(file.data.content, classes)
    found = {"description": file.description, "labels": json.dumps(labels) if labels else ""}
    return {key: value for key, value in found.items() if value}


def _without_unused(program: Program) -> Program:
    """Without nodes whose results nothing reads, and without tensors that nothing touches."""
    used = {port.tensor for port in program.outputs}
    kept: list[Node] = []
    for node in reversed(program.nodes):
        if node.op.effect == "assign" or used.intersection(node.outputs):
            kept.append(node)
            used.update(node.inputs)
    return program.with_nodes(reversed(kept))


IMPORTER = Importer(
    name="tflite",
    suffixes=(".tflite", ".lite"),
    sniff=lambda head: head[4:8] == IDENTIFIER,
    load=lambda path, options: read(path, options),
)

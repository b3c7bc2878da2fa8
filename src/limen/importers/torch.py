"""PyTorch models: a module with example inputs (``from_torch``), and exported programs (``.pt2``).

TorchScript and pickled weights are refused: the first has no stable graph, the second no graph at all, and reading a
pickle can run any code. The exporter is torch.onnx with torch.export; torch is imported only when it is needed.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from limen.errors import LimenError, MissingExtra, ModelError, Unsupported
from limen.importers import Importer, ImportOptions
from limen.importers._torch_archive import check_exported
from limen.importers._verification import Verification, feeds_for, verify
from limen.model import Model, StatePair, from_proto, static_shapes
from limen.model.graph import Array

_SCRIPT = (
    "export the module instead: torch.export.save(torch.export.export(module, (example,)), 'model.pt2'), "
    "torch.onnx.export(module, (example,), 'model.onnx'), or limen's from_torch(module, (example,))"
)


def from_torch(
    module: Any,
    example_inputs: Any,
    *,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    options: ImportOptions | None = None,
) -> Model:
    """Import a module as it computes in evaluation mode; its mode is the same afterwards.

    Args:
        module: a torch.nn.Module.
        example_inputs: a tensor or a tuple of tensors; their shapes become the Model's.
        input_names: one per input; by default the parameters of ``forward``.
        output_names: one per output.
        options: states and open dimensions.

    Raises:
        MissingExtra: torch or onnxscript is not installed.
        ModelError: the module cannot be exported.
        VerificationError: the result differs from what the module computes.
    """
    torch = _torch()
    arguments = tuple(example_inputs) if isinstance(example_inputs, tuple | list) else (example_inputs,)
    training = module.training
    module.eval()
    try:
        names = {"input_names": input_names, "output_names": output_names}
        proto = _export(torch, module, arguments, {k: list(v) for k, v in names.items() if v is not None})
        return _imported(torch, proto, type(module).__name__, module, options or ImportOptions(), arguments)
    finally:
        module.train(training)


def read(path: Path, options: ImportOptions) -> Model:
    """Read an exported program.

    Raises:
        Unsupported: the file is TorchScript or a pickle, or needs pickle inside.
        ModelError: the file is damaged or cannot be exported.
        MissingExtra: torch or onnxscript is not installed.
    """
    with path.open("rb") as file:
        head = file.read(4)
    if path.suffix.lower() != ".pt2" or not head.startswith(b"PK"):
        raise Unsupported(f"{path}: TorchScript and pickled PyTorch files are not read: they can run any code", _SCRIPT)
    torch = _torch()
    if not options.trust_pickle:
        check_exported(path)
    try:
        program = torch.export.load(str(path))
        module = program.module()
    except Exception as error:
        raise ModelError(f"{path}: torch cannot load the exported program: {_first_line(error)}") from error
    example = program.example_inputs
    arguments = tuple(example[0]) if example else ()
    if example and example[1]:
        raise Unsupported(f"{path}: keyword inputs are not supported", "export with positional inputs")
    proto = _export(torch, program, (), {})
    return _imported(torch, proto, path.stem, module, options, arguments)


def _torch() -> Any:
    for name in ("torch", "onnxscript"):
        if importlib.util.find_spec(name) is None:
            raise MissingExtra(name, "torch")
    import torch

    return torch


def _export(torch: Any, module: Any, arguments: tuple[Any, ...], names: Mapping[str, list[str]]) -> onnx.ModelProto:
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        try:
            given = (arguments,) if arguments else ()
            program = torch.onnx.export(module, *given, dynamo=True, external_data=False, verbose=False, **names)
            proto: onnx.ModelProto = program.model_proto
            return proto
        except Exception as error:
            raise ModelError(f"torch cannot export the module: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:300] if lines else ''}"


def _imported(
    torch: Any, proto: onnx.ModelProto, name: str, module: Any, options: ImportOptions, arguments: tuple[Any, ...]
) -> Model:
    model = from_proto(proto, name).with_states(tuple(StatePair(i, o) for i, o in options.states))
    model = static_shapes(model, options.dimensions, options.batch)
    model = replace(model, metadata={"source": f"torch {torch.__version__}"})
    feeds = [*_example_feed(model, arguments), *feeds_for(model)]
    try:
        record = verify(model, f"torch {torch.__version__}", _runner(torch, module), feeds)
    except LimenError:
        raise
    except Exception as error:
        record = Verification(None, reason=f"torch cannot run the module: {_first_line(error)}")
    return record.on(model)


def _example_feed(model: Model, arguments: tuple[Any, ...]) -> list[dict[str, Array]]:
    """The example inputs where they are plain tensors of the Model's shapes."""
    inputs = model.ir.graph.inputs
    if len(inputs) != len(arguments) or not all(hasattr(a, "numpy") for a in arguments):
        return []
    arrays = [np.asarray(a.detach().cpu().numpy()) for a in arguments]
    if any(a.shape != tuple(v.shape or ()) for a, v in zip(arrays, inputs, strict=True)):
        return []
    return [{str(v.name): a for v, a in zip(inputs, arrays, strict=True)}]


def _runner(torch: Any, module: Any) -> Callable[[Mapping[str, Array]], Sequence[Array]]:
    def run(feed: Mapping[str, Array]) -> Sequence[Array]:
        with torch.no_grad():
            result = module(*(torch.from_numpy(np.ascontiguousarray(a)) for a in feed.values()))
        return [tensor.numpy() for tensor in _tensors(result)]

    return run


def _tensors(result: Any) -> list[Any]:
    """The tensors of nested results, in order."""
    if isinstance(result, Mapping):
        return [t for item in result.values() for t in _tensors(item)]
    if isinstance(result, list | tuple):
        return [t for item in result for t in _tensors(item)]
    return [result]


def _sniff(head: bytes) -> bool:
    zipped = head.startswith(b"PK") and any(
        mark in head for mark in (b"/data/weights/", b"/archive_format", b"/data.pkl")
    )
    return zipped or head.startswith(b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.")


IMPORTER = Importer(name="torch", suffixes=(".pt2", ".pt", ".pth"), sniff=_sniff, load=read)

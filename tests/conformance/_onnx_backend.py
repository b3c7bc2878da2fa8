"""The onnx package's backend node cases, bound and run as limen runs a model: shared by the test and the bench.

The data input of a case is its first float32 input of rank 1 to 5 that is not empty; every other input becomes an
initialiser with the case's own values.
"""

from __future__ import annotations

import functools
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from limen.errors import LimenError
from limen.lower import LOWERINGS, lower
from limen.model import from_proto, static_shapes
from limen.program import Program, run

Array = NDArray[Any]

FAILURES = Path(__file__).parent / "onnx_backend_failures.txt"
# Not operators of a Program: they disappear when shapes are static, constants folded, sequences unrolled.
FOLDED = {"Constant", "ConstantOfShape", "Shape", "Size", "Range", "EyeLike", "If", "LSTM", "GRU", "RNN"}
ATOL = 1e-5


@dataclass(frozen=True)
class Case:
    """One case: model, data sets of (inputs, expected outputs), relative tolerance."""

    name: str
    model: onnx.ModelProto
    data: list[tuple[list[Array], list[Array]]]
    rtol: float


@functools.cache
def cases() -> dict[str, Case]:
    """Name -> case, for all cases with a float32 data input whose operators limen lowers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.loader import load_model_tests

        loaded = load_model_tests(kind="node")
    found = [Case(c.name, c.model, c.data_sets, c.rtol) for c in loaded if c.model is not None and c.data_sets]
    return {c.name: c for c in found if _plain(c) and all(is_lowered(o, opset(c.model)) for o in operators(c.model))}


def opset(model: onnx.ModelProto) -> int:
    return max((i.version for i in model.opset_import if i.domain == ""), default=0)


def operators(model: onnx.ModelProto) -> set[tuple[str, str]]:
    """(domain, type) of the nodes, also of those in branches."""
    found: set[tuple[str, str]] = set()
    graphs = [model.graph]
    while graphs:
        for node in graphs.pop().node:
            found.add((node.domain, node.op_type))
            graphs.extend(a.g for a in node.attribute if a.HasField("g"))
    return found


@functools.cache
def is_lowered(operator: tuple[str, str], version: int) -> bool:
    """Whether limen has a lowering, folds it away, or takes the function body that ONNX gives it."""
    domain, name = operator
    if domain not in ("", "ai.onnx"):
        return False
    if name in LOWERINGS or name in FOLDED:
        return True
    try:
        schema = onnx.defs.get_schema(name, max(version, 1), "")
    except onnx.defs.SchemaError:
        return False
    return bool(schema.has_function or schema.has_context_dependent_function)  # type: ignore[attr-defined]


def _plain(case: Case) -> bool:
    def numeric(value: object) -> bool:
        return isinstance(value, np.ndarray) and value.dtype.kind in "fiub"

    for inputs, outputs in case.data:
        if not all(map(numeric, inputs)) or not all(map(numeric, outputs)) or data_input(inputs) is None:
            return False
    return True


def data_input(inputs: list[Array]) -> int | None:
    """Index of the data input."""
    fits = (i for i, a in enumerate(inputs) if a.dtype == np.float32 and 1 <= a.ndim <= 5 and a.size)
    return next(fits, None)


def outcome(case: Case) -> str | None:
    """None if all data sets give the expected outputs, else what went wrong in one line."""
    try:
        for inputs, outputs in case.data:
            _check(case, inputs, outputs)
    except LimenError as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())}"
    except AssertionError as error:
        return " ".join(str(error).split())[:300]
    return None


def _check(case: Case, inputs: list[Array], outputs: list[Array]) -> None:
    names = [v.name for v in case.model.graph.input]
    place = data_input(inputs)
    assert place is not None
    proto = onnx.ModelProto()
    proto.CopyFrom(case.model)
    shape = proto.graph.input[place].type.tensor_type.shape
    del shape.dim[:]
    for extent in inputs[place].shape:
        shape.dim.add().dim_value = extent
    bound = {n: a for i, (n, a) in enumerate(zip(names, inputs, strict=True)) if i != place}
    program = lower(static_shapes(from_proto(proto, case.name), constants=bound))
    seen = run_by_name(program, {names[place]: inputs[place]})
    for value, expected in zip(case.model.graph.output, outputs, strict=True):
        found = seen[value.name]
        assert found.shape == expected.shape, f"{value.name}: {found.shape}, expected {expected.shape}"
        np.testing.assert_allclose(found, expected, rtol=case.rtol, atol=ATOL)


def run_by_name(program: Program, feeds: dict[str, Array], states: dict[str, Array] | None = None) -> dict[str, Array]:
    """Run with source names, layouts and types at the border."""
    given = {}
    for port in program.inputs:
        source = feeds[port.name]
        source = source if port.permutation is None else np.transpose(source, port.permutation)
        given[port.tensor] = np.ascontiguousarray(source.astype(program.tensors[port.tensor].dtype))
    with np.errstate(all="ignore"):
        results = run(program, given, states)
    named = {}
    for port in program.outputs:
        value = results[port.tensor]
        named[port.name] = value if port.permutation is None else np.transpose(value, np.argsort(port.permutation))
    return named


def known_failures() -> dict[str, str]:
    """Case -> reviewed reason."""
    lines = [line for line in FAILURES.read_text().splitlines() if line and not line.startswith("#")]
    return {name.strip(): reason.strip() for name, _, reason in (line.partition(":") for line in lines)}

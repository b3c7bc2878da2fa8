"""Every layer the Keras importer knows, in both file formats, against ``keras.predict``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest

from frameworks.keras_cases import CASES, OPERATIONS
from limen.importers._keras.file import open_model
from limen.importers._keras.walk import convert

TOLERANCE = 1e-4


def randomise(model: Any, rng: np.random.Generator) -> None:
    """Every variable gets values that show: biases not 0, variances positive."""
    for variable in model.variables:
        if "int" in str(variable.dtype):
            continue
        values = rng.normal(0, 0.3, variable.shape)
        if "variance" in variable.path or "gamma" in variable.path:
            values = rng.uniform(0.5, 1.5, variable.shape)
        variable.assign(values.astype(np.float32))


def example(model: Any, rng: np.random.Generator, batch: int = 2) -> dict[str, np.ndarray]:
    found = {}
    for tensor in model.inputs:
        shape = (batch, *(11 if s is None else s for s in tensor.shape[1:]))
        if "int" in str(tensor.dtype):
            found[tensor.name] = rng.integers(0, 10, shape).astype(tensor.dtype)
        else:
            found[tensor.name] = rng.normal(0, 1, shape).astype(np.float32)
    return found


def expected(model: Any, inputs: dict[str, np.ndarray], names: list[str]) -> list[np.ndarray]:
    """What Keras computes, in the order of the imported model's outputs."""
    given = list(inputs.values())
    result = model.predict(given[0] if len(given) == 1 else given, verbose=0)
    result = [result[name] for name in names] if isinstance(result, dict) else result
    return [np.asarray(r) for r in (result if isinstance(result, list | tuple) else [result])]


def check(path: Path, model: Any, inputs: dict[str, np.ndarray]) -> None:
    graph = convert(open_model(path))
    session = ort.InferenceSession(graph.proto.SerializeToString(), providers=["CPUExecutionProvider"])
    given = dict(zip([i.name for i in session.get_inputs()], inputs.values(), strict=True))
    found = session.run(None, given)
    wanted = expected(model, inputs, [o.name for o in session.get_outputs()])
    assert len(found) == len(wanted)
    for a, b in zip(found, wanted, strict=True):
        assert a.shape == b.shape
        assert np.abs(a - b).max() <= TOLERANCE * max(1.0, np.abs(b).max())


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore")
def test_a_layer_is_read_as_keras_computes_it(name: str, suffix: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    model = CASES[name]()
    randomise(model, rng)
    path = tmp_path / f"model{suffix}"
    model.save(path)
    check(path, model, example(model, rng))


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.filterwarnings("ignore")
def test_an_operation_is_read_as_keras_computes_it(name: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    model = OPERATIONS[name]()
    randomise(model, rng)
    model.save(tmp_path / "model.keras")
    check(tmp_path / "model.keras", model, example(model, rng))

"""Outputs of the int8 MLPerf Tiny models by LiteRT's reference kernels, kept as digests.

They hold without LiteRT: the interpreter must give the same bits on every machine. ``LIMEN_GOLDEN=write`` makes them
again from the pinned LiteRT.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from conformance._models import INT8, content, digest, inputs, output, program

GOLDEN = Path(__file__).with_name("model_outputs.json")


@pytest.mark.parametrize("name", INT8)
def test_the_outputs_of_a_model_are_the_golden_ones(shared: Path, name: str) -> None:
    made = program(shared, name)
    values = list(inputs(made.input_tensors()[0]))
    if os.environ.get("LIMEN_GOLDEN") == "write":
        from conformance.test_models_litert import reference, run

        judge = reference(content(shared, name))
        golden = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
        golden[name] = {"inputs": len(values), "sha256": digest(run(judge, value) for value in values)}
        GOLDEN.write_text(json.dumps(dict(sorted(golden.items())), indent=1) + "\n")
    expected = json.loads(GOLDEN.read_text())[name]
    assert {"inputs": len(values), "sha256": digest(output(made, value) for value in values)} == expected

"""What raise_program makes of every operator computes what the operator computes, on ONNX Runtime, in float32."""

from __future__ import annotations

import numpy as np
import pytest

from conformance._ops_harness import draw_case, families, feeds_of, reference
from limen.errors import UnsupportedOp
from limen.lower.raising import RAISE, raise_program
from limen.model import to_bytes

DRAWS = 24
CASES = sorted(name for name, family in families().items() if name in RAISE and "float32" in family.dtypes)


@pytest.mark.parametrize("name", CASES)
def test_a_raised_operator_computes_the_same(name: str) -> None:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    computed = 0
    for seed in range(DRAWS):
        case = draw_case(families()[name], "float32", seed)
        try:
            model = raise_program(case.program)
        except UnsupportedOp:
            continue
        computed += 1
        session = ort.InferenceSession(to_bytes(model), options, ["CPUExecutionProvider"])
        feeds = next(iter(feeds_of(case, seed)))
        by_name = {port.name: np.asarray(feeds[port.tensor]) for port in case.program.inputs}
        got = session.run([port.name for port in case.program.outputs], by_name)
        for seen, wanted in zip(got, reference(case.program, feeds), strict=True):
            scale = float(np.abs(wanted[np.isfinite(wanted)]).max(initial=1.0)) if wanted.dtype.kind == "f" else 0.0
            np.testing.assert_allclose(seen, wanted, rtol=1e-4, atol=1e-5 * scale, err_msg=f"{name}, seed {seed}")
    assert computed >= DRAWS // 4

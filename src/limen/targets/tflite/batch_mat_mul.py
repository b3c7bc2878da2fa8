"""BatchMatMul as BATCH_MATMUL."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site, is_hybrid


def emit(op: Any, site: Site) -> Emission:
    hybrid = 4 if op.asymmetric_quantize_inputs and is_hybrid(site) else 1
    return site.emission(
        "BATCH_MATMUL",
        options="BatchMatMulOptions",
        version=site.version(int8=2, int16=3, float32=hybrid),
        adj_x=op.adj_x,
        adj_y=op.adj_y,
        asymmetric_quantize_inputs=op.asymmetric_quantize_inputs,
    )


EMIT = Emitter("BatchMatMul", emit)

"""Between the model's outputs and the post steps: the axes of the source model, and real values where no step asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from limen.targets.c.steps._border import Border
from limen.targets.c.steps._kernel import Flow, StepKernel, StepSite, looped, times
from limen.targets.c.steps._pointwise import nest


def restored(site: StepSite, outputs: Sequence[Border]) -> StepKernel:
    """Every tensor with the axes of the source model; codes stay codes."""
    ports = tuple(replace(p, shape=b.source_shape) for p, b in zip(site.flow.ports, outputs, strict=True))
    kernel = StepKernel("", Flow(ports))
    parts = []
    for port, border, x, y in zip(ports, outputs, site.flow.arguments("x"), kernel.result.arguments("y"), strict=True):
        seen = np.empty(border.shape, np.int8).transpose(border.inverse)
        loops = nest(port.shape, [seen.strides, np.empty(port.shape, np.int8).strides], False)
        bounds = list(zip("ijklmnop", map(str, loops.extents), strict=False))
        parts.append(looped(f"{y}[{loops.index(1)}] = {x}[{loops.index(0)}];\n", bounds))
    return site.write(kernel, "".join(parts))


def copied(site: StepSite) -> StepKernel:
    """Every tensor in real values."""
    ports = tuple(replace(p, dtype="float32" if p.scale else p.dtype, scale=0.0, zero_point=0) for p in site.flow.ports)
    kernel = StepKernel("", Flow(ports, site.flow.varies))
    parts = []
    for port, seen, x, y in zip(
        ports, site.flow.ports, site.flow.arguments("x"), kernel.result.arguments("y"), strict=True
    ):
        value = site.read(seen, x, "i") if seen.scale else f"{x}[i]"
        bound = times("count", port.row) if site.flow.varies else str(port.size)
        parts.append(looped(f"{y}[i] = {value};\n", [("i", bound)]))
    counted = "    *counted = count;\n" if site.flow.varies else ""
    return site.write(kernel, counted + "".join(parts))

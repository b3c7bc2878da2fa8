"""Cepstral coefficients: log-mel frames times a cosine basis computed offline, liftering included."""

from __future__ import annotations

import math

import numpy as np

from limen.steps.mfcc import Mfcc, _basis
from limen.targets.c._kernel import Constant
from limen.targets.c.steps._kernel import StepKernel, StepSite, fill, looped, one, times

_BODY = """\
const @t@ *mels = &x[i * @mels@];

for (int32_t k = 0; k < @count@; k++) {
    const @real@ *basis = &@s@_basis[k * @mels@];
    @real@ sum = 0;

    for (int32_t m = 0; m < @mels@; m++) {
        sum += basis[m] * (@real@)mels[m];
    }
    y[i * @count@ + k] = @sum@;
}
"""


def EMIT(site: StepSite) -> StepKernel:
    """[..., mels] -> float32 [..., count]."""
    step = site.step
    assert isinstance(step, Mfcc)
    port = site.single("log-mel frames [..., mels]", (1, 2, 3))
    mels = port.shape[-1]
    if mels < step.count or port.scale or (site.flow.varies and len(port.shape) == 1):
        site.refuse(f"with count={step.count} on the shape {list(port.shape)}", "give frames of at least count mels")
    basis = _basis(mels, step.count, step.norm)
    if step.lifter:
        basis = basis * (1.0 + step.lifter / 2.0 * np.sin(np.pi * np.arange(step.count) / step.lifter))
    dtype = np.float64 if site.real == "double" else np.float32
    constant = Constant(
        site.local("basis"), np.ascontiguousarray(basis.T).astype(dtype), comment="cosines, per coefficient"
    )
    kernel = StepKernel("", one("float32", (*port.shape[:-1], step.count), site.flow.varies), (constant,))
    rows = math.prod(port.shape[:-1])
    bound = times("count", rows // port.shape[0]) if site.flow.varies else str(rows)
    body = fill(
        _BODY,
        t=port.ctype,
        mels=mels,
        count=step.count,
        real=site.real,
        s=site.symbol,
        sum="sum" if site.real == "float" else "(float)sum",
    )
    counted = "    *counted = count;\n" if site.flow.varies else ""
    return site.write(kernel, counted + looped(body, [("i", bound)]))

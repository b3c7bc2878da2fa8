"""Threshold: yes where a score, or its mean over the last answers of a stream, exceeds a limit.

For one answer the comparison is exact: the limit becomes the largest float that is not above it. A mean is computed in
``real`` from scores kept in float.
"""

from __future__ import annotations

import numpy as np

from limen.steps.threshold import Threshold
from limen.targets.c.steps._kernel import Flow, Port, StepKernel, StepSite, fill, number, times

_ONE = """\
    for (int32_t i = 0; i < @n@; i++) {
        y0[i] = @score@;
        y1[i] = y0[i] > @at@;
    }
"""

_MEAN = """\
    int32_t *const seen = (int32_t *)state;
    float *const kept = (float *)(void *)((uint8_t *)state + 16);
    float *const newest = &kept[(*seen % @average@) * @n@];

    *seen = *seen + 1 < @wrap@ ? *seen + 1 : @average@;
    for (int32_t i = 0; i < @n@; i++) {
        @real@ sum = 0;

        newest[i] = @score@;
        for (int32_t k = 0; k < @average@; k++) {
            sum += kept[k * @n@ + i];
        }
        const @real@ mean = sum / @average@;
        const int32_t whole = *seen >= @average@;
        y0[i] = whole != 0 ? (float)mean : 0.0f;
        y1[i] = whole != 0 && mean > @at@;
    }
"""


def EMIT(site: StepSite) -> StepKernel:
    """Scores -> ``scores`` float32 and ``passed`` bool."""
    step = site.step
    assert isinstance(step, Threshold)
    port = site.single("scores")
    ports = (Port("float32", port.shape, "scores"), Port("bool", port.shape, "passed"))
    score = site.read(port, "x", "i")
    score = f"(float){score}" if port.dtype == "float64" else score
    if step.average == 1:
        n = times("count", port.row) if site.flow.varies else port.size
        kernel = StepKernel("", Flow(ports, site.flow.varies))
        body = fill(_ONE, n=n, score=score, at=number(below(step.at)))
        return site.write(kernel, ("    *counted = count;\n" if site.flow.varies else "") + body)
    if site.flow.varies:
        site.refuse("with an average over a counted value", "give scores of one shape")
    kernel = StepKernel("", Flow(ports), state=16 + 4 * step.average * port.size)
    at = number(step.at, "double") if site.real == "double" else number(below(step.at))
    wrap = (2**30 // step.average) * step.average
    body = fill(_MEAN, n=port.size, score=score, average=step.average, at=at, real=site.real, wrap=wrap)
    return site.write(kernel, body)


def below(limit: float) -> float:
    """The largest float32 that is not above a limit; a float32 exceeds both or none."""
    near = np.float32(min(max(limit, -3.4e38), 3.4e38))
    return float(near if float(near) <= limit else np.nextafter(near, np.float32(-np.inf)))

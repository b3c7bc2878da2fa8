"""Softmax: exp(x - max) / sum along one axis, in float."""

from __future__ import annotations

import math

from limen.steps.softmax import Softmax
from limen.targets.c.ops._math import EXP
from limen.targets.c.steps._kernel import StepKernel, StepSite, fill, looped, number, one, times

_BODY = """\
const int32_t at = @at@;
float most = @first@;
float sum = 0.0f;

for (int32_t k = 1; k < @classes@; k++) {
    const float logit = @logit@;
    most = logit > most ? logit : most;
}
for (int32_t k = 0; k < @classes@; k++) {
    const float logit = @logit@;
    y[@place@] = exp_f32(@power@);
    sum += y[@place@];
}
for (int32_t k = 0; k < @classes@; k++) {
    y[@place@] /= sum;
}
"""


def EMIT(site: StepSite) -> StepKernel:
    """[..., classes] numbers or codes -> float32."""
    step = site.step
    assert isinstance(step, Softmax)
    port = site.single("logits with an axis of classes")
    rank = len(port.shape)
    if not -rank <= step.axis < rank:
        site.refuse(f"along axis {step.axis} of {rank}", "set axis")
    axis = step.axis % rank
    if site.flow.varies and axis == 0:
        site.refuse("along the counted axis", "set axis")
    classes, inner = port.shape[axis], math.prod(port.shape[axis + 1 :])
    kernel = StepKernel("", one("float32", port.shape, site.flow.varies), helpers=(EXP,))
    outer = math.prod(port.shape[:axis])
    place = "at + k" if inner == 1 else f"at + k * {inner}"
    bounds = [("i", times("count", outer // port.shape[0]) if site.flow.varies else str(outer)), ("j", str(inner))]
    bounds = [(v, bound) for v, bound in bounds if bound != "1"]
    starts = {"i": f"i * {classes * inner}", "j": "j"}
    body = fill(
        _BODY,
        at=" + ".join(starts[v] for v, _ in bounds) or "0",
        first=site.read(port, "x", "at"),
        logit=site.read(port, "x", place),
        place=place,
        power="logit - most" if step.temperature == 1 else f"(logit - most) / {number(step.temperature)}",
        classes=classes,
    )
    counted = "    *counted = count;\n" if site.flow.varies else ""
    return site.write(kernel, counted + looped(body, bounds))

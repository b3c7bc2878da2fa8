"""Top k: the best classes and their scores, best first, the lower class first among equals."""

from __future__ import annotations

import math

from limen.steps.top_k import TopK
from limen.targets.c.steps._kernel import Flow, Port, StepKernel, StepSite, fill, times

_BODY = """\
    for (int32_t i = 0; i < @rows@; i++) {
        int32_t *classes = &y0[i * @k@];
        float *scores = &y1[i * @k@];
        int32_t found = 0;

        for (int32_t c = 0; c < @classes@; c++) {
            const float score = @score@;
            int32_t place = found;

            while (place > 0 && scores[place - 1] < score) {
                place--;
            }
            if (place == @k@) {
                continue;
            }
            found += found < @k@ ? 1 : 0;
            for (int32_t k = found - 1; k > place; k--) {
                classes[k] = classes[k - 1];
                scores[k] = scores[k - 1];
            }
            classes[place] = c;
            scores[place] = score;
        }
    }
"""


def EMIT(site: StepSite) -> StepKernel:
    """[..., classes] numbers or codes -> ``classes`` int32 and ``scores`` float32 [..., k]."""
    step = site.step
    assert isinstance(step, TopK)
    port = site.single("scores with the classes on the last axis")
    if not port.shape or (site.flow.varies and len(port.shape) == 1):
        site.refuse(f"on the shape {list(port.shape)}", "give scores with the classes on the last axis")
    classes = port.shape[-1]
    labels = step.labels or site.labels
    if labels and len(labels) != classes:
        site.refuse(f"with {len(labels)} labels for {classes} classes", "give one label per class")
    k = min(step.k, classes)
    shape = (*port.shape[:-1], k)
    result = Flow((Port("int32", shape, "classes"), Port("float32", shape, "scores")), site.flow.varies)
    rows = math.prod(port.shape[:-1])
    score = site.read(port, "x", f"i * {classes} + c")
    score = f"(float){score}" if port.dtype == "float64" else score
    body = fill(_BODY, rows=_rows(site, rows, port), k=k, classes=classes, score=score)
    return site.write(StepKernel("", result), ("    *counted = count;\n" if site.flow.varies else "") + body)


def _rows(site: StepSite, rows: int, port: Port) -> str:
    return times("count", rows // port.shape[0]) if site.flow.varies else str(rows)

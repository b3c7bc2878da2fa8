"""Greedy non-maximum suppression: candidates sorted as they come, then kept one by one, best first."""

from __future__ import annotations

from limen.steps.nms import Nms
from limen.targets.c._kernel import Helper
from limen.targets.c.steps._kernel import Flow, Port, StepKernel, StepSite, fill, number

OVERLAP = Helper(
    "overlap_of",
    """\
/* Intersection over union of two boxes x1, y1, x2, y2; 0 where both are empty. */
static inline float overlap_of(const float *a, const float *b)
{
    float sides[3][2];

    for (int32_t i = 0; i < 2; i++) {
        const float end = a[2 + i] < b[2 + i] ? a[2 + i] : b[2 + i];
        const float begin = a[i] > b[i] ? a[i] : b[i];
        sides[0][i] = end - begin;
        sides[1][i] = a[2 + i] - a[i];
        sides[2][i] = b[2 + i] - b[i];
    }
    for (int32_t k = 0; k < 3; k++) {
        const float wide = sides[k][0] > 0.0f ? sides[k][0] : 0.0f;
        const float high = sides[k][1] > 0.0f ? sides[k][1] : 0.0f;
        sides[k][0] = wide * high;
    }
    const float both = sides[1][0] + sides[2][0];
    const float whole = both - sides[0][0];
    return whole > 0.0f ? sides[0][0] / whole : 0.0f;
}
""",
)

_ADD = """\
/* One more candidate in its place: best score first, equal ones in the order they came. */
static int32_t @s@_add(float score, int32_t row, int32_t category, int32_t found, float *scores, \
int32_t *rows, int32_t *categories)
{
    int32_t place = found < @most@ ? found : @most@ - 1;

    if (found == @most@ && !(scores[place] < score)) {
        return found;
    }
    for (; place > 0 && scores[place - 1] < score; place--) {
        scores[place] = scores[place - 1];
        rows[place] = rows[place - 1];
        categories[place] = categories[place - 1];
    }
    scores[place] = score;
    rows[place] = row;
    categories[place] = category;
    return found < @most@ ? found + 1 : found;
}
"""

_BEST = """\
        int32_t best = 0;
        for (int32_t c = 1; c < @classes@; c++) {
            best = @score_c@ > @score_best@ ? c : best;
        }
        if (@score_best@ >= @least@) {
            found = @s@_add(@score_best@, row, best, found, scores, rows, categories);
        }
"""

_ALL = """\
        for (int32_t c = 0; c < @classes@; c++) {
            if (@score_c@ >= @least@) {
                found = @s@_add(@score_c@, row, c, found, scores, rows, categories);
            }
        }
"""

_BODY = """\
    float *const scores = (float *)scratch;
    int32_t *const rows = (int32_t *)(void *)&scores[@most@];
    int32_t *const categories = &rows[@most@];
    int32_t found = 0;
    int32_t kept = 0;

    for (int32_t row = 0; row < @n@; row++) {
@candidates@    }
    for (int32_t i = 0; i < found && kept < @limit@; i++) {
        const float *box = &@boxes@[4 * rows[i]];

        if (rows[i] < 0) {
            continue;
        }
        memcpy(&@to_boxes@[4 * kept], box, 4 * sizeof(float));
        @to_scores@[kept] = scores[i];
        @to_classes@[kept] = categories[i];
@points@        kept++;
        for (int32_t k = i + 1; k < found; k++) {
            if (rows[k] >= 0@same@ && overlap_of(box, &@boxes@[4 * rows[k]]) > @iou@) {
                rows[k] = -1;
            }
        }
    }
    *counted = kept;
"""

_POINTS = """\
        memcpy(&@to@[kept * @row@], &@from@[rows[i] * @row@], @row@ * sizeof(float));
"""


def EMIT(site: StepSite) -> StepKernel:
    """``boxes`` [n, 4], ``scores`` [n, classes], perhaps ``points`` -> those kept, with their ``classes``."""
    step = site.step
    assert isinstance(step, Nms)
    boxes, scores, points = (site.flow.port(name) for name in ("boxes", "scores", "points"))
    if boxes is None or scores is None:
        site.refuse("without boxes and scores", "put box_decode before it")
    _check(site, boxes, scores, points)
    classes = scores.shape[1]
    if site.labels and len(site.labels) != classes:
        site.refuse(f"with {len(site.labels)} labels for {classes} classes", "give one label per class")
    most = min(step.candidates, boxes.shape[0] * (classes if step.classes == "all" else 1))
    limit = min(step.limit, most)
    ports = [
        Port("float32", (limit, 4), "boxes"),
        Port("float32", (limit,), "scores"),
        Port("int32", (limit,), "classes"),
    ]
    if points is not None:
        ports.append(Port("float32", (limit, *points.shape[1:]), "points"))
    result = Flow(tuple(ports), "count")
    kernel = StepKernel("", result, helpers=(OVERLAP,), scratch=12 * most)
    names = dict(zip((p.name for p in site.flow.ports), site.flow.arguments("x"), strict=True))
    body = fill(
        _BODY,
        candidates=_candidates(step, site, scores, names["scores"]),
        n="count" if site.flow.varies else boxes.shape[0],
        most=most,
        limit=limit,
        boxes=names["boxes"],
        to_boxes="y0",
        to_scores="y1",
        to_classes="y2",
        points=fill(_POINTS, to="y3", row=points.row, **{"from": names["points"]}) if points else "",
        same=" && categories[k] == categories[i]" if step.per_class else "",
        iou=number(step.iou),
    )
    return site.write(kernel, body, fill(_ADD, s=site.symbol, most=most))


def _check(site: StepSite, boxes: Port, scores: Port, points: Port | None) -> None:
    if boxes.shape[1:] != (4,) or len(scores.shape) != 2 or scores.shape[0] != boxes.shape[0] or not scores.size:
        site.refuse(f"on boxes {list(boxes.shape)}, scores {list(scores.shape)}", "give [n, 4] and [n, classes]")
    if points is not None and (len(points.shape) != 3 or points.shape[0] != boxes.shape[0]):
        site.refuse(f"on boxes {list(boxes.shape)}, points {list(points.shape)}", "give one row of points per box")
    for port in (boxes, scores, points):
        if port is not None and (port.dtype != "float32" or (port.scale and port is not scores)):
            site.refuse(f"on {port.name} of {port.dtype}", "put box_decode before it")


def _candidates(step: Nms, site: StepSite, scores: Port, pointer: str) -> str:
    classes = scores.shape[1]

    def at(place: str) -> str:
        return site.read(scores, pointer, f"row * {classes} + {place}")

    return fill(
        _BEST if step.classes == "best" else _ALL,
        score_c=at("c"),
        score_best=at("best"),
        classes=classes,
        least=number(step.score),
        s=site.symbol,
    )

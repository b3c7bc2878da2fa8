"""NMS against brute force, box decoding against scalar formulas."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from limen.errors import DataError, UsageError
from limen.steps import Context
from limen.steps.box_decode import BoxDecode
from limen.steps.nms import Nms


def _iou(a: NDArray[Any], b: NDArray[Any]) -> float:
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - width * height
    return width * height / union if union > 0 else 0.0


def _brute_force(boxes: Any, scores: Any, step: Nms) -> list[tuple[int, int]]:
    candidates = []
    for row, values in enumerate(scores):
        classes = range(len(values)) if step.classes == "all" else [max(range(len(values)), key=lambda c: values[c])]
        candidates += [(row, c) for c in classes if values[c] >= step.score]
    candidates.sort(key=lambda rc: (-scores[rc[0]][rc[1]], rc))
    kept: list[tuple[int, int]] = []
    for row, c in candidates[: step.candidates]:
        rivals = [r for r, other in kept if other == c or not step.per_class]
        if len(kept) < step.limit and all(_iou(boxes[r], boxes[row]) <= step.iou for r in rivals):
            kept.append((row, c))
    return kept


@given(
    st.integers(0, 10_000), st.integers(0, 30), st.integers(1, 3), st.booleans(), st.sampled_from(["best", "all"]),
    st.sampled_from([0.0, 0.3, 0.5, 1.0]), st.integers(1, 12), st.integers(1, 40),
)  # fmt: skip
def test_nms_is_the_greedy_algorithm(
    seed: int, n: int, classes: int, per_class: bool, mode: Any, iou: float, limit: int, candidates: int
) -> None:
    """Small whole coordinates and few score levels, so that ties and equal overlaps are common."""
    random = np.random.default_rng(seed)
    corner = random.integers(0, 6, (n, 2))
    boxes = np.concatenate([corner, corner + random.integers(0, 5, (n, 2))], axis=1).astype(np.float32)
    scores = (random.integers(0, 5, (n, classes)) / 4).astype(np.float32)
    step = Nms(0.25, iou, per_class, mode, candidates, limit)
    found = step.run({"boxes": boxes, "scores": scores}, Context())
    expected = _brute_force(boxes, scores, step)
    assert found["classes"].tolist() == [c for _, c in expected]
    np.testing.assert_array_equal(found["boxes"], boxes[[r for r, _ in expected]].reshape(-1, 4))
    np.testing.assert_array_equal(found["scores"], np.array([scores[r, c] for r, c in expected], np.float32))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.zeros((2, 4)), "the input is not boxes and scores"),
        ({"boxes": np.zeros((2, 5)), "scores": np.zeros((2, 1))}, r"boxes are \(2, 5\)"),
        ({"boxes": np.zeros((2, 4)), "scores": np.zeros((3, 1))}, r"scores \(3, 1\)"),
        ({"boxes": np.zeros((2, 4)), "scores": np.full((2, 1), np.nan)}, "the input is nan"),
        ({"boxes": np.zeros((2, 4)), "scores": np.ones((2, 1)), "points": np.zeros((1, 1, 2))}, "one row of points"),
    ],
)
def test_nms_refuses_what_does_not_fit(value: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Nms().run(value, Context())


@given(st.integers(0, 10_000), st.sampled_from([(16, 16), (20, 12), (33, 47)]), st.integers(1, 3))
def test_offset_boxes_of_several_levels_and_priors(seed: int, size: tuple[int, int], per_cell: int) -> None:
    random = np.random.default_rng(seed)
    strides = (4, 8)
    priors = tuple(tuple(float(v) for v in random.integers(1, 9, 2 * per_cell)) for _ in strides)
    step = BoxDecode(
        size, boxes=("b4", "b8"), scores=("s4", "s8"), strides=strides, priors=priors, centre_scale=0.1,
        centre_unit="prior", side="exp", side_scale=0.2, side_unit="prior", score="sigmoid",
    )  # fmt: skip
    outputs, expected, scores = {}, [], []
    for stride, sides in zip(strides, priors, strict=True):
        across, down = math.ceil(size[0] / stride), math.ceil(size[1] / stride)
        t = random.normal(0, 2, (down, across, per_cell, 4)).astype(np.float32)
        s = random.normal(0, 2, (down, across, per_cell, 2)).astype(np.float32)
        outputs[f"b{stride}"] = t.reshape(1, down, across, per_cell * 4)
        outputs[f"s{stride}"] = s.reshape(1, down * across * per_cell, 2)
        for j, i, a in np.ndindex(down, across, per_cell):
            w, h = sides[2 * a], sides[2 * a + 1]
            tx, ty, tw, th = (float(v) for v in t[j, i, a])
            cx, cy = (i + 0.5) * stride + 0.1 * tx * w, (j + 0.5) * stride + 0.1 * ty * h
            bw, bh = w * math.exp(0.2 * tw), h * math.exp(0.2 * th)
            expected.append([cx - bw / 2, cy - bh / 2, cx + bw / 2, cy + bh / 2])
            scores.append([1 / (1 + math.exp(-float(v))) for v in s[j, i, a]])
    found = step.run(outputs, Context())
    np.testing.assert_allclose(found["boxes"], expected, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(found["scores"], scores, rtol=1e-5, atol=1e-6)


def test_channels_first_with_several_priors_per_cell() -> None:
    """[1, priors * channels, height, width], the layout of convolution heads."""
    random = np.random.default_rng(0)
    raw = random.normal(size=(1, 3 * 5, 2, 4)).astype(np.float32)
    step = BoxDecode(
        (32, 16), boxes=("[0:4]",), scores=("[4:5]",), strides=(8,), per_cell=(3,), channels="first", at=0.0
    )
    found = step.run({"head": raw}, Context())
    row = (1 * 4 + 2) * 3 + 1
    tx, ty, tw, th, score = raw[0, 5:10, 1, 2]
    middle, half = np.array([2 + tx, 1 + ty]) * 8, np.array([tw, th]) * 4
    np.testing.assert_allclose(found["boxes"][row], np.concatenate([middle - half, middle + half]), rtol=1e-5)
    assert found["scores"][row] == score


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"form": "offset"}, "strides=none is not valid"),
        ({"strides": (8, 16), "priors": ((1.0, 1.0),)}, "priors="),
        ({"strides": (8,), "priors": ((1.0, 1.0, 1.0),)}, "priors="),
        ({"strides": (8,), "per_cell": (1, 2)}, "per_cell="),
        ({"form": "corner"}, "side_unit=stride is not valid"),
        ({"form": "centre", "side_unit": "pixel"}, "centre_unit=stride is not valid"),
        ({"strides": (8, 16), "boxes": ("a", "b", "c")}, "boxes=a/b/c"),
        ({"strides": (8,), "score_power": 0.0}, "score_power=0"),
    ],
)
def test_parameters_that_contradict_each_other_are_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=f"box_decode: {message}"):
        BoxDecode((32, 32), **parameters)


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ({"boxes": np.zeros((1, 16, 4))}, r"the model has no output 'scores' \(it has boxes\)"),
        ({"boxes": np.zeros((1, 15, 4)), "scores": np.zeros((1, 16, 1))}, "does not hold 16 boxes"),
        ({"boxes": np.zeros((2, 16, 4)), "scores": np.zeros((1, 16, 1))}, "does not hold 16 boxes"),
        ({"boxes": np.zeros((1, 16, 5)), "scores": np.zeros((1, 16, 1))}, "have 5 channels"),
        ({"boxes": np.full((1, 16, 4), np.inf), "scores": np.zeros((1, 16, 1))}, "the input is inf at element 0"),
    ],
)
def test_outputs_that_do_not_fit_are_refused(outputs: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        BoxDecode((32, 32), strides=(8,)).run(outputs, Context())

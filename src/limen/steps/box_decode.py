"""Output tensors of a detector to boxes and scores.

Every box starts at a prior: a centre, a width and height, and a stride, all in pixels of the model input.

======== ======================================================================================================
form     box from four numbers t (after activation and scale)
======== ======================================================================================================
offset   centre = prior centre + t01 * centre_unit; width and height = t23 * side_unit
distance left, top, right, bottom edge = prior centre -/+ t0123 * side_unit
centre   centre = t01 * centre_unit; width and height = t23 * side_unit; no priors
corner   left, top, right, bottom edge = t0123 * side_unit; no priors
======== ======================================================================================================

Units are ``prior`` (the prior's width and height), ``stride``, ``input`` (width and height of the model input) or
``pixel``. The known families:

* SSD (Liu et al. 2016, arXiv:1512.02325): offset:centre_unit=prior:centre_scale=0.1:side=exp:side_scale=0.2 with
  side_unit=prior and ``priors``. A graph that ends in decoded corners from 0 to 1: corner:side_unit=input.
* BlazeFace (arXiv:1907.05047): offset:centre_unit=pixel:side_unit=pixel:strides=8/16:per_cell=2/6:score=sigmoid.
* YuNet, YOLOX (arXiv:2107.08430): offset:centre_unit=stride:side=exp:side_unit=stride:at=0, objectness given.
* FastestDet: offset:centre=tanh:centre_unit=stride:side=sigmoid:side_unit=input:at=0:channels=first.
* FCOS (arXiv:1904.01355): distance:side_unit=stride. YOLOv5, YOLOv8 exports: centre:centre_unit=pixel:side_unit=pixel.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np

from limen.steps import _boxes
from limen.steps._base import Context, Step, Value
from limen.steps._boxes import Floats
from limen.steps._values import Array
from limen.steps._vectors import Vector

Unit = Literal["prior", "stride", "input", "pixel"]

_LARGEST_EXPONENT = 20.0


@dataclasses.dataclass(frozen=True)
class BoxDecode(Step):
    """Outputs of one picture, by name -> ``boxes`` float32 [n, 4] (x1, y1, x2, y2 in pixels of the model input),
    ``scores`` float32 [n, classes], and ``points`` float32 [n, k, 2] if the model has them.

    Tensors are [1, cells ..., channels] and are named ``name``, or ``name[first:last]`` for a range of channels;
    without a name, the only output. One name, or one per level.

    Args:
        size: width and height of the model input, pixels.
        form: see the module's table.
        boxes: tensors of box numbers, 4 channels.
        scores: tensors of class scores.
        objectness: tensors of 1 channel that the scores are multiplied with; ``none`` if the model has none.
        points: tensors of key points, 2 channels each, decoded like a centre (scale and unit, no activation).
        strides: pixels per cell, per level; for the forms with priors.
        priors: per level, width and height of every prior of a cell, pixels, like 10x10x16x16/32x32x48x48; ``none``
            means stride by stride.
        per_cell: priors per cell, per level, when ``priors`` is ``none``; ``none`` means 1.
        cells: ``stride``: every cell is stride pixels wide, the last ones perhaps partly outside; ``even``: the cells
            part the input evenly.
        at: where in its cell a prior's centre lies, 0 to 1.
        clip_priors: whether a prior's centre, width and height are cut to the input size.
        axes: whether x or y comes first in the box and point numbers.
        channels: whether the channels are the ``last`` axis or the ``first`` after the batch.
        centre: activation of centre numbers.
        centre_scale: factor (the first SSD variance, 0.1).
        centre_unit: unit of centre numbers.
        side: activation of sides, and of the four edges of distance and corner; the exponent is limited to 20.
        side_scale: factor inside the activation when it is exp (the second SSD variance, 0.2), else after it.
        side_unit: unit of sides and edges.
        score: activation of the class scores.
        object_score: activation of objectness.
        background: a class to leave out of the scores.
        score_power: exponent of the class score where there is objectness; both are cut to 0 to 1 first.
        object_power: exponent of objectness.
    """

    name = "box_decode"
    kind = "post"

    size: tuple[int, int]
    form: Literal["offset", "distance", "centre", "corner"] = "offset"
    boxes: tuple[str, ...] = ("boxes",)
    scores: tuple[str, ...] = ("scores",)
    objectness: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    strides: tuple[int, ...] = ()
    priors: tuple[tuple[float, ...], ...] = ()
    per_cell: tuple[int, ...] = ()
    cells: Literal["stride", "even"] = "stride"
    at: float = 0.5
    clip_priors: bool = False
    axes: Literal["xy", "yx"] = "xy"
    channels: Literal["last", "first"] = "last"
    centre: Literal["none", "sigmoid", "tanh"] = "none"
    centre_scale: float = 1.0
    centre_unit: Unit = "stride"
    side: Literal["none", "exp", "sigmoid"] = "none"
    side_scale: float = 1.0
    side_unit: Unit = "stride"
    score: Literal["none", "sigmoid", "softmax"] = "none"
    object_score: Literal["none", "sigmoid"] = "none"
    background: Literal["none", "first", "last"] = "none"
    score_power: float = 1.0
    object_power: float = 1.0

    def check(self) -> None:
        if not all(1 <= side <= 32768 for side in self.size):
            self.refuse("size", "give width x height from 1x1 to 32768x32768")
        if self.strides and not all(1 <= stride <= max(self.size) for stride in self.strides):
            self.refuse("strides", "give pixels per cell from 1 to the input size")
        if self._has_priors():
            self._check_priors()
        for parameter in () if self._has_priors() else self._units_in_use():
            if getattr(self, parameter) in ("prior", "stride"):
                self.refuse(parameter, f"form={self.form} has no priors: give input or pixel")
        levels = len(self.strides) or 1
        for parameter in ("boxes", "scores", "objectness", "points"):
            optional = parameter in ("objectness", "points")
            if len(getattr(self, parameter)) not in ({0, 1, levels} if optional else {1, levels}):
                self.refuse(parameter, f"give one tensor, or {levels}, one per level")
        for parameter in ("score_power", "object_power"):
            if getattr(self, parameter) <= 0:
                self.refuse(parameter, "give a number above 0")

    def run(self, value: Value, context: Context) -> dict[str, Array]:
        priors = self._priors() if self._has_priors() else None
        raw = self._gather(value, self.boxes, priors)
        if raw.shape[1] != 4:
            self.fail(f"the box tensors have {raw.shape[1]} channels", "pick four, as in name[0:4]")
        scores = self._scores(value, priors)
        if len(scores) != len(raw):
            self.fail(f"{len(raw)} boxes but {len(scores)} rows of scores", "check boxes and scores")
        found: dict[str, Array] = {"boxes": self._corners(raw, priors), "scores": scores}
        if self.points:
            found["points"] = self._points(self._gather(value, self.points, priors), priors)
        return found

    def _has_priors(self) -> bool:
        return self.form in ("offset", "distance")

    def _units_in_use(self) -> tuple[str, ...]:
        return ("side_unit", "centre_unit") if self.form == "centre" or self.points else ("side_unit",)

    def _check_priors(self) -> None:
        levels = len(self.strides)
        if not levels:
            self.refuse("strides", f"form={self.form} needs the pixels per cell of each level, like 8/16/32")
        if self.priors and (len(self.priors) != levels or any(len(p) % 2 or not p or min(p) <= 0 for p in self.priors)):
            self.refuse("priors", f"give width and height pairs above 0 for each of the {levels} levels")
        if self.per_cell and (self.priors or len(self.per_cell) != levels or min(self.per_cell) < 1):
            self.refuse("per_cell", f"give {levels} whole numbers from 1 on, and no priors")

    def _sides(self) -> tuple[tuple[float, ...], ...]:
        if self.priors:
            return self.priors
        counts = self.per_cell or (1,) * len(self.strides)
        return tuple((float(stride),) * (2 * count) for stride, count in zip(self.strides, counts, strict=True))

    def _priors(self) -> Floats:
        found = _boxes.priors(self.size, self.strides, self._sides(), self.cells, self.at)
        if self.clip_priors:
            found[:, :4] = found[:, :4].clip(0, np.array([*self.size, *self.size], np.float32))
        return found

    def _gather(self, value: Value, names: tuple[str, ...], priors: Floats | None) -> Floats:
        first = self.channels == "first"
        if len(names) == 1:
            return _boxes.rows(self, value, names[0], first, None if priors is None else len(priors))
        levels = zip(names, self.strides, self._sides(), strict=True)
        parts = []
        for name, stride, sides in levels:
            across, down = _boxes.grid(self.size, stride)
            parts.append(_boxes.rows(self, value, name, first, across * down * len(sides) // 2))
        if len({part.shape[1] for part in parts}) != 1:
            self.fail(f"the tensors {', '.join(names)} differ in channels", "name tensors of one kind")
        return np.concatenate(parts)

    def _unit(self, unit: str, priors: Floats | None) -> Floats:
        """[1 or n, 2], in the order x, y."""
        if unit == "input":
            return np.array([self.size], np.float32)
        if unit == "pixel" or priors is None:
            return np.ones((1, 2), np.float32)
        return priors[:, 2:4] if unit == "prior" else priors[:, 4:5].repeat(2, axis=1)

    def _shift(self, t: Floats, activation: str, priors: Floats | None) -> Floats:
        """Centre numbers [n, 2] to pixels from the prior's centre, or from the corner of the input."""
        if activation != "none":
            t = (np.tanh(t.astype(np.float64)) if activation == "tanh" else _boxes.squashed(t)).astype(np.float32)
        moved = t * np.float32(self.centre_scale) * self._unit(self.centre_unit, priors)
        return np.asarray(moved if priors is None else priors[:, :2] + moved)

    def _length(self, t: Floats, priors: Floats | None) -> Floats:
        """Side or edge numbers [n, 2] to pixels."""
        scale = np.float32(self.side_scale)
        if self.side == "exp":
            long = np.exp((t * scale).astype(np.float64).clip(max=_LARGEST_EXPONENT)).astype(np.float32)
        else:
            long = (_boxes.squashed(t).astype(np.float32) if self.side == "sigmoid" else t) * scale
        return np.asarray(long * self._unit(self.side_unit, priors))

    def _corners(self, raw: Floats, priors: Floats | None) -> Floats:
        one, two = raw[:, :2], raw[:, 2:]
        if self.axes == "yx":
            one, two = one[:, ::-1], two[:, ::-1]
        if self.form in ("offset", "centre"):
            middle, half = self._shift(one, self.centre, priors), self._length(two, priors) / np.float32(2)
            return np.concatenate([middle - half, middle + half], axis=1)
        one, two = self._length(one, priors), self._length(two, priors)
        if priors is None:
            return np.concatenate([one, two], axis=1)
        return np.concatenate([priors[:, :2] - one, priors[:, :2] + two], axis=1)

    def _points(self, raw: Floats, priors: Floats | None) -> Floats:
        if raw.shape[1] % 2:
            self.fail(f"the point tensors have {raw.shape[1]} channels", "pick two per point, as in name[4:16]")
        pairs = raw.reshape(len(raw), -1, 2)
        pairs = pairs[:, :, ::-1] if self.axes == "yx" else pairs
        return np.stack([self._shift(pairs[:, k], "none", priors) for k in range(pairs.shape[1])], axis=1)

    def _scores(self, value: Value, priors: Floats | None) -> Floats:
        scores = self._gather(value, self.scores, priors)
        if self.score == "sigmoid":
            scores = _boxes.squashed(scores).astype(np.float32)
        elif self.score == "softmax":
            powers = np.exp(scores.astype(np.float64) - scores.max(axis=1, keepdims=True))
            scores = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
        kept = {"none": slice(None), "first": slice(1, None), "last": slice(0, -1)}[self.background]
        scores = scores[:, kept]
        if not scores.shape[1]:
            self.fail("no class is left without the background", "set background=none")
        return self._with_objectness(scores, value, priors) if self.objectness else scores

    def _with_objectness(self, scores: Floats, value: Value, priors: Floats | None) -> Floats:
        found = self._gather(value, self.objectness, priors)
        if found.shape != (len(scores), 1):
            self.fail(f"objectness is {found.shape} beside scores {scores.shape}", "pick one channel, as in name[4:5]")
        if self.object_score == "sigmoid":
            found = _boxes.squashed(found).astype(np.float32)
        sure = found.clip(0, 1).astype(np.float64) ** self.object_power
        return np.asarray(scores.clip(0, 1).astype(np.float64) ** self.score_power * sure).astype(np.float32)


STEP = BoxDecode

_E = 2.7182818284590452


def _f32(values: object) -> Array:
    return np.array(values, np.float32)


def _found(boxes: object, scores: object, **more: object) -> dict[str, Array]:
    return {"boxes": _f32(boxes), "scores": _f32(scores), **{name: _f32(value) for name, value in more.items()}}


VECTORS = (
    Vector(
        BoxDecode((40, 20), "corner", side_unit="input", background="first"),
        {"boxes": _f32([[[0.25, 0.5, 0.5, 1.0]]]), "scores": _f32([[[0.25, 0.625, 0.125]]])},
        _found([[10, 10, 20, 20]], [[0.625, 0.125]]),
    ),
    Vector(
        BoxDecode(
            (4, 2),
            strides=(2,),
            priors=((2.0, 2.0),),
            centre_scale=0.1,
            centre_unit="prior",
            side="exp",
            side_scale=0.2,
            side_unit="prior",
            score="softmax",
            background="last",
        ),
        {"boxes": _f32([[[0, 0, 0, 0], [5, -10, 5, 0]]]), "scores": _f32([[[0, 0], [1, 0]]])},
        _found([[0, 0, 2, 2], [4 - _E, -2, 4 + _E, 0]], [[0.5], [_E / (1 + _E)]]),
        tolerance=1e-5,
    ),
    Vector(
        BoxDecode(
            (4, 4),
            boxes=("b2", "b4"),
            scores=("c2", "c4"),
            objectness=("o2", "o4"),
            points=("p2", "p4"),
            strides=(2, 4),
            at=0.0,
            side="exp",
            score_power=0.5,
            object_power=0.5,
        ),
        {
            "b2": _f32([[[0.5, 0.5, 0, 0]] * 4]),
            "c2": _f32([[[0.25], [1.0], [-0.5], [4.0]]]),
            "o2": _f32([[[1.0], [0.25], [0.5], [1.0]]]),
            "p2": _f32([[[1.0, 0.0]] * 4]),
            "b4": _f32([[[0.5, 0.25, 0, 50]]]),
            "c4": _f32([[[1.0]]]),
            "o4": _f32([[[1.0]]]),
            "p4": _f32([[[0.5, 1.0]]]),
        },
        _found(
            [[0, 0, 2, 2], [2, 0, 4, 2], [0, 2, 2, 4], [2, 2, 4, 4], [0, 1 - 2 * _E**20, 4, 1 + 2 * _E**20]],
            [[0.5], [0.5], [0.0], [1.0], [1.0]],
            points=[[[2, 0]], [[4, 0]], [[2, 2]], [[4, 2]], [[2, 4]]],
        ),
        tolerance=1e-5,
    ),
    Vector(
        BoxDecode(
            (4, 2),
            boxes=("[1:5]",),
            scores=("[5:]",),
            objectness=("[0:1]",),
            strides=(2,),
            at=0.0,
            channels="first",
            centre="tanh",
            side="sigmoid",
            side_unit="input",
            score_power=0.4,
            object_power=0.6,
        ),
        _f32([[[[0.5, 1]], [[0, 0]], [[0, 1000]], [[0, 1000]], [[-1000, 0]], [[0.5, 0]], [[0.25, 1]]]]),
        _found([[-1, 0, 1, 0], [0, 1.5, 4, 2.5]], [[0.5, 0.5 * 2**-0.4], [0, 1]]),
        tolerance=1e-5,
    ),
    Vector(
        BoxDecode((4, 2), "distance", strides=(2,), per_cell=(2,), score="sigmoid", axes="yx"),
        {
            "boxes": _f32([[[[0.5, 1, 1.5, 2, 0, 0, 0, 0], [1, 1, 1, 1, 0, 0.5, 0, 0.5]]]]),
            "scores": _f32([[[[0, 1000], [-1000, 0]]]]),
        },
        _found([[-1, 0, 5, 4], [1, 1, 1, 1], [1, -1, 5, 3], [2, 1, 4, 1]], [[0.5], [1], [0], [0.5]]),
    ),
    Vector(
        BoxDecode((8, 8), "centre", ("o[:4]",), ("o[4:5]",), points=("o[5:]",), centre_unit="pixel", side_unit="pixel"),
        {"o": _f32([[[4, 3, 2, 4, 0.75, 1, 2, 3, 4]]])},
        _found([[3, 1, 5, 5]], [[0.75]], points=[[[1, 2], [3, 4]]]),
    ),
)

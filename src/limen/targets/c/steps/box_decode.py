"""Box decode: output tensors of a detector to boxes, scores and points, level by level, cell by cell.

Codes are dequantised as they are read; priors are computed from the cell, or read from a table per axis where float
cannot reproduce them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from limen.program import Array
from limen.steps import _boxes
from limen.steps.box_decode import BoxDecode
from limen.targets.c._kernel import Constant
from limen.targets.c.steps import _box_text as text
from limen.targets.c.steps._kernel import Flow, Port, StepKernel, StepSite, bracketed, fill, indented, number


@dataclass(frozen=True)
class Rows:
    """A tensor seen as [boxes, channels].

    Args:
        port: the tensor.
        pointer: its C name.
        cells, channels: of the tensor.
        per_cell: boxes of a cell.
        first, count: channels of a box that are meant.
        channels_first: the channels come before the cells.
    """

    port: Port
    pointer: str
    cells: int
    channels: int
    per_cell: int
    first: int
    count: int
    channels_first: bool

    def value(self, site: StepSite, box: str, channel: str) -> str:
        """The real value of a box's channel, C expressions."""
        own = self.channels // self.per_cell
        place = channel
        if self.first:
            place = str(self.first) if channel == "0" else f"{self.first} + {channel}"
        if not self.channels_first:
            return site.read(self.port, self.pointer, f"{box} * {own} + {place}")
        if self.per_cell == 1:
            return site.read(self.port, self.pointer, f"{bracketed(place)} * {self.cells} + {box}")
        inner = f"({box} % {self.per_cell} * {own} + {place}) * {self.cells}"
        return site.read(self.port, self.pointer, f"{inner} + {box} / {self.per_cell}")


@dataclass(frozen=True, eq=False)
class Level:
    """One level of priors, or all boxes where there are none.

    Args:
        boxes: how many.
        start: number of its first box.
        grid: cells across and down; None without priors.
        priors: [boxes, 5] as ``limen.steps._boxes.priors``.
        names: tensor of each role.
        whole: whether its tensors hold the boxes of all levels.
    """

    boxes: int
    start: int
    grid: tuple[int, int] | None
    priors: Array
    rows: dict[str, tuple[Rows, bool]]


def EMIT(site: StepSite) -> StepKernel:
    """Output tensors by name -> ``boxes`` [n, 4], ``scores`` [n, classes], ``points`` [n, k, 2]."""
    step = site.step
    assert isinstance(step, BoxDecode)
    levels = _levels(step, site)
    total = sum(level.boxes for level in levels)
    scores, points = levels[0].rows["scores"][0], levels[0].rows.get("points")
    skip, end = {"none": (0, 0), "first": (1, 0), "last": (0, 1)}[step.background]
    classes = scores.count - skip - end
    if classes < 1:
        site.refuse("with no class left without the background", "set background=none")
    ports = [Port("float32", (total, 4), "boxes"), Port("float32", (total, classes), "scores")]
    if points is not None:
        if points[0].count % 2:
            site.refuse(f"with {points[0].count} point channels", "pick two per point, as in name[4:16]")
        ports.append(Port("float32", (total, points[0].count // 2, 2), "points"))
    constants: list[Constant] = []
    parts = [_level(step, site, level, place, classes, skip, constants) for place, level in enumerate(levels)]
    before = text.corners(step, site.symbol)
    if points is not None:
        before += "\n" + text.shift(step, site.symbol, "point", "none")
    kernel = StepKernel("", Flow(tuple(ports)), tuple(constants), text.helpers(step))
    return site.write(kernel, "\n".join(parts), before)


def _levels(step: BoxDecode, site: StepSite) -> list[Level]:
    roles = {"boxes": step.boxes, "scores": step.scores, "objectness": step.objectness, "points": step.points}
    if not step._has_priors():
        rows = {role: (_rows(step, site, names[0], None), False) for role, names in roles.items() if names}
        boxes = rows["boxes"][0].cells * rows["boxes"][0].per_cell
        return _checked(site, [Level(boxes, 0, None, np.zeros((0, 5)), rows)])
    priors, found, start = step._priors(), [], 0
    for place, (stride, sides) in enumerate(zip(step.strides, step._sides(), strict=True)):
        across, down = _boxes.grid(step.size, stride)
        count = across * down * len(sides) // 2
        rows = {}
        for role, names in roles.items():
            if names:
                whole = len(names) == 1
                name, wanted = (names[0], len(priors)) if whole else (names[place], count)
                rows[role] = (_rows(step, site, name, wanted), whole)
        found.append(Level(count, start, (across, down), priors[start : start + count], rows))
        start += count
    return _checked(site, found)


def _checked(site: StepSite, levels: list[Level]) -> list[Level]:
    for level in levels:
        for role, (rows, _) in level.rows.items():
            if rows.count != levels[0].rows[role][0].count:
                site.refuse(f"on {role} that differ in channels", "name tensors of one kind")
            if level.grid is None and rows.cells * rows.per_cell != level.boxes:
                site.refuse(f"on {rows.cells} rows of {role} for {level.boxes} boxes", "check the tensors")
        if level.rows["boxes"][0].count != 4:
            site.refuse(f"on {level.rows['boxes'][0].count} box channels", "pick four, as in name[0:4]")
        if "objectness" in level.rows and level.rows["objectness"][0].count != 1:
            site.refuse("on objectness of several channels", "pick one channel, as in name[4:5]")
    return levels


def _rows(step: BoxDecode, site: StepSite, reference: str, count: int | None) -> Rows:
    """As ``limen.steps._boxes.rows``, on the shape alone."""
    name, part = _boxes.columns(reference)
    ports = dict(zip((p.name for p in site.flow.ports), site.flow.arguments("x"), strict=True))
    if name not in ports and not (not name and len(ports) == 1) and not (len(ports) == 1 and "" in ports):
        site.refuse(f"without an output {name!r}", f"the model has {', '.join(ports)}")
    place = name if name in ports else next(iter(ports))
    port = site.flow.port(place)
    assert port is not None
    shape = port.shape
    if len(shape) not in (2, 3, 4) or site.flow.varies:
        site.refuse(f"on {name!r} of shape {list(shape)}", "give the output tensors of one picture")
    if shape[0] == 1:
        shape = shape[1:]
    elif len(shape) == 4 or (len(shape) == 3 and count is None):
        site.refuse(f"on {name!r} of shape {list(shape)}", "run one picture at a time")
    shape = (*shape, 1) if len(shape) == 1 else shape
    first = step.channels == "first"
    channels = shape[0] if first else shape[-1]
    cells = port.size // channels
    per_cell, odd = (1, 0) if count is None else divmod(count, cells)
    if odd or not per_cell or channels % per_cell:
        site.refuse(f"on {name!r} of shape {list(shape)} for {count} boxes", "check size, strides, priors")
    start, stop, _ = part.indices(channels // per_cell)
    if stop <= start:
        site.refuse(f"on {name!r} without channels in {reference!r}", "check the channels")
    return Rows(port, ports[place], cells, channels, per_cell, start, stop - start, first)


_LEVEL = """\
@loops@@declare@const int32_t box = @box@;
float *const score = &y1[box * @classes@];
float t[4];

for (int32_t k = 0; k < 4; k++) {
    t[k] = @number@;
}
@s@_corners(t, &prior, &y0[4 * box]);
@scores@@points@"""

_POINTS = """\
for (int32_t k = 0; k < @channels@; k++) {
    y2[box * @channels@ + k] = @s@_point(@value@, &prior, k & 1);
}
"""


def _level(
    step: BoxDecode, site: StepSite, level: Level, place: int, classes: int, skip: int, constants: list[Constant]
) -> str:
    box = f"i + {level.start}" if level.start else "i"

    def value(role: str, channel: str) -> str:
        rows, whole = level.rows[role]
        return rows.value(site, "box" if whole else "i", channel)

    points = ""
    if "points" in level.rows:
        channels = level.rows["points"][0].count
        seen = value("points", "(k ^ 1)" if step.axes == "yx" else "k")
        points = fill(_POINTS, channels=channels, s=site.symbol, value=seen)
    declare = _prior(site, level, place, constants)
    inner = fill(
        _LEVEL,
        loops="",
        declare=declare,
        box="i" if box == "i" else box,
        classes=classes,
        number=value("boxes", "k"),
        s=site.symbol,
        scores=_scores(step, level, classes, skip, value),
        points=points,
    )
    return f"    for (int32_t i = 0; i < {level.boxes}; i++) {{\n{indented(inner, 2)}    }}\n"


def _scores(step: BoxDecode, level: Level, classes: int, skip: int, value: object) -> str:
    assert callable(value)
    shifted = f"k + {skip}" if skip else "k"
    if step.score == "softmax":
        found = (
            fill(
                text.SOFTMAX,
                first=value("scores", "0"),
                logit=value("scores", "k"),
                all=level.rows["scores"][0].count,
                skip=skip,
                end=skip + classes,
                classes=classes,
            )
            .replace("k >= 0 && ", "")
            .replace("k - 0", "k")
        )
    else:
        score = value("scores", shifted)
        found = fill(text.PLAIN, classes=classes, score=f"sigmoid_f32({score})" if step.score == "sigmoid" else score)
    if not step.objectness:
        return found
    sure = value("objectness", "0")
    return found + fill(
        text.OBJECTNESS,
        object=f"sigmoid_f32({sure})" if step.object_score == "sigmoid" else sure,
        **{"raise": f"sure = {text.raised('sure', step.object_power)};\n" if step.object_power != 1 else ""},
        part=text.raised("part", step.score_power),
        classes=classes,
    )


def _prior(site: StepSite, level: Level, place: int, constants: list[Constant]) -> str:
    """The declaration of ``prior``, the prior of box i."""
    if level.grid is None:
        return "const struct box_prior prior = {{0.0f, 0.0f}, {1.0f, 1.0f}, 1.0f};\n"
    across, down = level.grid
    cells = level.priors.reshape(down, across, -1, 5)
    per = cells.shape[2]
    axes = [
        _axis(site, cells[0, :, 0, 0], f"x{place}", constants),
        _axis(site, cells[:, 0, 0, 1], f"y{place}", constants),
    ]
    cell = "i" if per == 1 else f"i / {per}"
    centre = ", ".join(axis.replace("@", f"{cell} {'%' if n == 0 else '/'} {across}") for n, axis in enumerate(axes))
    sides = cells[0, 0, :, 2:4]
    if (sides == sides[0]).all():
        side = ", ".join(number(float(v)) for v in sides[0])
    else:
        symbol = site.local(f"sides{place}")
        constants.append(Constant(symbol, sides.astype(np.float32), comment="width and height of a cell's priors"))
        side = f"{symbol}[2 * (i % {per})], {symbol}[2 * (i % {per}) + 1]"
    stride = number(float(cells[0, 0, 0, 4]))
    return f"const struct box_prior prior = {{{{{centre}}}, {{{side}}}, {stride}}};\n"


def _axis(site: StepSite, centres: Array, name: str, constants: list[Constant]) -> str:
    """The centre of a cell along one axis, a C expression of its number ``@``."""
    step = float(centres[1] - centres[0]) if len(centres) > 1 else 1.0
    start, cells = np.float32(centres[0]), np.arange(len(centres), dtype=np.float32)
    if np.array_equal(cells * np.float32(step) + start, centres):
        moved = f" + {number(float(start))}" if start else ""
        return f"(float)(@) * {number(step)}{moved}"
    symbol = site.local(name)
    constants.append(Constant(symbol, centres.astype(np.float32), comment="centres of the cells"))
    return f"{symbol}[@]"

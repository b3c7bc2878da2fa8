"""Resampling in C: rows are drawn across once, kept in a ring, and summed down.

Tables of taps come from ``limen.steps._resample`` where the picture's size is known at compile time; else C computes
the same ones in double. A row that is drawn across is kept for as long as a later target row still reads it, so a step
needs memory for a few rows and computes nothing twice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from limen.program import Array
from limen.steps import _resample
from limen.targets.c._kernel import C_TYPES, Constant, Helper
from limen.targets.c.steps._kernel import Port, Real, StepSite, fill, looped

_TAPS = """\
/* Per target line: its first source line, how many it reads, and from i * pitch on their weights. */
struct taps_@k@ {
    int32_t lines;
    int32_t pitch;
    const uint16_t *first;
    const uint16_t *count;
    const @w@ *weight;
};
"""

_ACROSS = """\
/* One row resampled across. */
static inline void across_@k@(const @t@ *x, int32_t channels, const struct taps_@k@ *taps, @row@ *y)
{
    for (int32_t i = 0; i < taps->lines; i++) {
        const @w@ *weight = &taps->weight[i * taps->pitch];
        const @t@ *from = &x[taps->first[i] * channels];
        const int32_t count = taps->count[i];

        for (int32_t c = 0; c < channels; c++) {
            @acc@ sum = @across@;
            for (int32_t k = 0; k < count; k++) {
                const @acc@ part = @product@from[k * channels + c];
                sum += part;
            }
            *y++ = @across_end@;
        }
    }
}
"""

_ACROSS_TWO = """\
/* One row resampled across by two taps. */
static inline void across_joint(const uint8_t *x, int32_t channels, const struct taps_joint *taps, int32_t *y)
{
    for (int32_t i = 0; i < taps->lines; i++) {
        const int32_t left = taps->weight[2 * i];
        const int32_t right = taps->weight[2 * i + 1];
        const uint8_t *a = &x[taps->first[i] * channels];
        const uint8_t *b = &a[(taps->count[i] - 1) * channels];

        for (int32_t c = 0; c < channels; c++) {
            *y++ = left * a[c] + right * b[c];
        }
    }
}
"""

_DOWN_TWO = """\
/* One target row summed down from two rows of a ring of two. */
static inline void down_joint(const int32_t *ring, int32_t rows, int32_t line, int32_t place, const int16_t *weight,
                              int32_t count, uint8_t *y)
{
    const int32_t *a = &ring[place * line];
    const int32_t *b = &ring[(place + count - 1) % rows * line];

    for (int32_t i = 0; i < line; i++) {
        y[i] = (uint8_t)((weight[0] * a[i] + weight[1] * b[i] + (1 << 21)) >> 22);
    }
}
"""

_DOWN = """\
/* One target row summed down from a ring of rows, of which the first one to read is at place. */
static inline void down_@k@(const @from@ *ring, int32_t rows, int32_t line, int32_t place, const @w@ *weight,
                            int32_t count, @t@ *y)
{
    for (int32_t i = 0; i < line; i++) {
        int32_t row = place;
        @acc@ sum = @down@;
        for (int32_t k = 0; k < count; k++) {
            const @acc@ part = @product@ring[row * line + i];
            sum += part;
            row = row + 1 < rows ? row + 1 : 0;
        }
        y[i] = @down_end@;
    }
}
"""

_RESIZE = """\
/* A picture resampled: first across, then down; width is the source's, pitch the target's row in elements. */
static inline void resize_@k@(const @t@ *x, int32_t width, int32_t channels, const struct taps_@k@ *across,
                              const struct taps_@k@ *down, @t@ *y, int32_t pitch, @row@ *ring, int32_t rows)
{
    const int32_t line = across->lines * channels;
    int32_t ready = 0;

    for (int32_t i = 0; i < down->lines; i++) {
        const int32_t first = down->first[i];
        const int32_t count = down->count[i];

        ready = ready < first ? first : ready;
        for (; ready < first + count; ready++) {
            across_@k@(&x[ready * width * channels], channels, across, &ring[ready % rows * line]);
        }
        down_@k@(ring, rows, line, first % rows, &down->weight[i * down->pitch], count, &y[i * pitch]);
    }
}
"""

_RESIZE_DOWN_FIRST = """\
/* A picture resampled: first down, then across. */
static inline void resize_down_first_@k@(const @t@ *x, int32_t height, int32_t width, int32_t channels,
                                         const struct taps_@k@ *across, const struct taps_@k@ *down, @t@ *y,
                                         int32_t pitch, @row@ *row)
{
    for (int32_t i = 0; i < down->lines; i++) {
        down_@k@(x, height, width * channels, down->first[i], &down->weight[i * down->pitch], down->count[i], row);
        across_@k@(row, channels, across, &y[i * pitch]);
    }
}
"""

_NEAREST = """\
/* The source pixel under the centre of each target pixel; width is the source's, pitch the target's row. */
static inline void resize_nearest_@t@(const @t@ *x, int32_t height, int32_t width, int32_t channels, int32_t high,
                                      int32_t wide, @t@ *y, int32_t pitch)
{
    int32_t row = height / (2 * high);
    int32_t row_rest = height % (2 * high);

    for (int32_t i = 0; i < high; i++) {
        const @t@ *from = &x[row * width * channels];
        @t@ *to = &y[i * pitch];
        int32_t column = width / (2 * wide);
        int32_t rest = width % (2 * wide);

        for (int32_t j = 0; j < wide; j++) {
            for (int32_t c = 0; c < channels; c++) {
                *to++ = from[column * channels + c];
            }
            column += width / wide;
            rest += 2 * (width % wide);
            if (rest >= 2 * wide) {
                rest -= 2 * wide;
                column++;
            }
        }
        row += height / high;
        row_rest += 2 * (height % high);
        if (row_rest >= 2 * high) {
            row_rest -= 2 * high;
            row++;
        }
    }
}
"""

_PIXEL = Helper(
    "pixel_of_sum",
    """\
/* A pixel from a sum of weights in 22 fractional bits. */
static inline uint8_t pixel_of_sum(int32_t sum)
{
    return (uint8_t)(sum < 0 ? 0 : sum >= 255 << 22 ? 255 : sum >> 22);
}
""",
)


@dataclass(frozen=True)
class Kind:
    """One arithmetic of resampling.

    Args:
        key: suffix of its functions.
        pixel: dtype of pixels.
        row: dtype of a row between the passes.
        weight: dtype of weights.
        scale: what a weight of 1 becomes; 0 for real weights.
    """

    key: str
    pixel: str
    row: str
    weight: str
    scale: int = 0

    def holes(self) -> dict[str, str]:
        acc = "int32_t" if self.scale else C_TYPES[self.weight]
        half, real = f"{1 << 21}", self.pixel == "float32"
        return {
            "k": self.key,
            "t": C_TYPES[self.pixel],
            "row": C_TYPES[self.row],
            "w": C_TYPES[self.weight],
            "acc": acc,
            "across": "0" if real else half,
            "down": "0" if real else half,
            "across_end": "sum" if real else "pixel_of_sum(sum)",
            "down_end": "(float)sum" if self.weight == "float64" else "sum" if real else "pixel_of_sum(sum)",
        }


PASSES = Kind("u8", "uint8", "uint8", "int32", 1 << _resample.PASS_BITS)
JOINT = Kind("joint", "uint8", "int32", "int16", 1 << _resample.JOINT_BITS)
REAL = {
    "float": Kind("f32", "float32", "float32", "float32"),
    "double": Kind("f64", "float32", "float64", "float64"),
}


def kind_of(dtype: str, method: str, real: Real) -> Kind:
    """The arithmetic of a method on pixels of a type."""
    if dtype == "float32":
        return REAL[real]
    return JOINT if method == "bilinear" else PASSES


def helper(kind: Kind, down_first: bool = False) -> Helper:
    """The function ``resize_K`` or ``resize_down_first_K``."""
    holes = kind.holes()

    def make(template: str, name: str, needs: tuple[Helper, ...], **more: str) -> Helper:
        text = fill(template.replace("@product@", "weight[k] * "), **{**holes, **more})
        return Helper(f"{name}_{kind.key}", text, needs)

    pixel = () if kind.pixel == "float32" else (_PIXEL,)
    taps = make(_TAPS, "taps", ())
    two = kind is JOINT
    across = make(_ACROSS_TWO if two else _ACROSS, "across", (taps,) if two else (taps, *pixel))
    down = make(_DOWN_TWO if two else _DOWN, "down", () if two else pixel, **{"from": holes["row"]})
    if down_first:
        return make(_RESIZE_DOWN_FIRST, "resize_down_first", (across, down))
    return make(_RESIZE, "resize", (across, down))


def nearest_helper(dtype: str) -> Helper:
    """The function ``resize_nearest_T``."""
    ctype = C_TYPES[dtype]
    return Helper(f"resize_nearest_{ctype}", fill(_NEAREST, t=ctype))


def taps_of(source: int, target: int, method: str) -> _resample.Taps:
    """The numpy step's taps."""
    if method == "bilinear":
        return _resample.linear(source, target)
    return _resample.area(source, target) if method == "area" else _resample.smooth(source, target, method)


@dataclass(frozen=True, eq=False)
class Table:
    """Taps of one axis for C: first source line, count and weights per target line."""

    first: Array
    count: Array
    weight: Array

    def constants(self, symbol: str, axis: str) -> tuple[Constant, ...]:
        return (
            Constant(f"{symbol}_first", self.first, comment=f"{axis}: first source line of each target line"),
            Constant(f"{symbol}_count", self.count, comment=f"{axis}: how many lines it reads"),
            Constant(f"{symbol}_weight", self.weight, comment=f"{axis}: their weights, {self.pitch} per line"),
        )

    def initialiser(self, symbol: str) -> str:
        return f"{{{len(self.first)}, {self.pitch}, {symbol}_first, {symbol}_count, {symbol}_weight}}"

    @property
    def pitch(self) -> int:
        return int(self.weight.shape[1])

    @property
    def most(self) -> int:
        """The largest number of lines that one target line reads."""
        return int(self.count.max())


def table(kind: Kind, source: int, target: int, method: str) -> Table:
    """The taps of one axis, taps on one and the same line added up."""
    index, weight = taps_of(source, target, method)
    if kind.scale == 1 << _resample.JOINT_BITS:
        numbers: Array = _resample._two_integers(weight).astype(np.int64)
    elif kind.scale:
        scaled = weight * kind.scale
        numbers = np.trunc(scaled + np.copysign(0.5, scaled)).astype(np.int64)
    else:
        numbers = weight
    count = index[:, -1] - index[:, 0] + 1
    width = 2 if kind is JOINT else int(count.max())
    found = np.zeros((target, width), numbers.dtype)
    rows = np.arange(target)
    for tap in range(index.shape[1]):
        found[rows, np.minimum(index[:, tap] - index[:, 0], width - 1)] += numbers[:, tap]
    return Table(index[:, 0].astype(np.uint16), count.astype(np.uint16), found.astype(kind.weight))


def goes_down_first(kind: Kind, source: tuple[int, int], target: tuple[int, int]) -> bool:
    """Whether the vertical pass comes first (sizes are width, height): see ``limen.steps._resample.passes``."""
    return kind is PASSES and source[1] - target[1] > max(0, 2 * (source[0] - target[0]))


@dataclass(frozen=True, eq=False)
class Resized:
    """The statement that resamples one picture of known size, and what it needs."""

    text: str
    constants: tuple[Constant, ...] = ()
    helpers: tuple[Helper, ...] = ()
    scratch: int = 0


_CALL = """\
    const struct taps_@k@ across = @across@;
    const struct taps_@k@ down = @down@;

    resize@first@_@k@(x, @height@@width@, @channels@, &across, &down, @to@, @pitch@, (@row@ *)scratch@rows@);
"""


def resized(site: StepSite, port: Port, target: tuple[int, int], method: str, start: int, pitch: int) -> Resized:
    """A picture of known size to a width and height.

    Args:
        site: the step.
        port: [height, width, channels].
        target: width and height.
        method: of the step resize.
        start: elements before the target's first pixel.
        pitch: elements from one target row to the next.
    """
    height, width, channels = port.shape
    to = f"&y[{start}]" if start else "y"
    if (width, height) == target:
        return _copied(port, start, pitch)
    if method == "nearest":
        sizes = f"{height}, {width}, {channels}, {target[1]}, {target[0]}"
        call = f"    resize_nearest_{port.ctype}(x, {sizes}, {to}, {pitch});\n"
        return Resized(call, helpers=(nearest_helper(port.dtype),))
    kind = kind_of(port.dtype, method, site.real)
    across, down = table(kind, width, target[0], method), table(kind, height, target[1], method)
    first = goes_down_first(kind, (width, height), target)
    names = site.local("across"), site.local("down")
    text = fill(
        _CALL,
        k=kind.key,
        across=across.initialiser(names[0]),
        down=down.initialiser(names[1]),
        first="_down_first" if first else "",
        height=f"{height}, " if first else "",
        width=width,
        channels=channels,
        to=to,
        pitch=pitch,
        row=C_TYPES[kind.row],
        rows="" if first else f", {down.most}",
    )
    line = (width if first else target[0] * down.most) * channels
    return Resized(
        text,
        (*across.constants(names[0], "across"), *down.constants(names[1], "down")),
        (helper(kind, first),),
        line * np.dtype(kind.row).itemsize,
    )


def _copied(port: Port, start: int, pitch: int) -> Resized:
    """The size stays: rows are copied."""
    height, width, channels = port.shape
    line, size = width * channels, np.dtype(port.dtype).itemsize
    if pitch == line:
        return Resized(f"    memcpy(&y[{start}], x, {math.prod(port.shape) * size}u);\n")
    return Resized(
        looped(f"memcpy(&y[{start} + i * {pitch}], &x[i * {line}], {line * size}u);\n", [("i", str(height))])
    )

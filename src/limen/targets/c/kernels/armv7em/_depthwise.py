"""The assembler routine of 3x3 depthwise convolutions: one output row, four channels at a time.

First the rows are turned into pairs of int16, four channels at once: for two neighbouring columns and one channel, the
words ``(top, middle)`` of the left column, ``(left, right)`` of the bottom row, ``(top, middle)`` of the right column.
Then one channel after the other walks along its columns with all its weights in registers: of every column each of the
three outputs that it belongs to takes one SMLAD for two rows; the bottom row costs two instructions for three taps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from limen.targets.c._kernel import Helper
from limen.targets.c.kernels.armv7em._routines import Form, head, text_of

BLOCK = 48
_UNROLLED_OUTPUTS = 12
_UNROLLED_CHANNELS = 6
_ACCUMULATORS = ("r12", "lr")
_BUSY = 4096


_WIDEN = Helper(
    "limen_widen",
    """\
/* Bytes of four channels at two columns (r7, r4, r8: top, middle, bottom of the left one; r9, r6, r5: of the right one)
 * become three words a channel: top and middle of the left column, bottom of both, top and middle of the right. */
    .macro widen
    pkhtb   r10, r4, r7, asr #16
    pkhbt   r7, r7, r4, lsl #16
    pkhtb   r11, r5, r8, asr #16
    pkhbt   r8, r8, r5, lsl #16
    pkhtb   lr, r6, r9, asr #16
    pkhbt   r9, r9, r6, lsl #16
    sxtb16  r4, r7
    sxtb16  r5, r8
    sxtb16  r6, r9
    sxtb16  r7, r7, ror #8
    sxtb16  r8, r8, ror #8
    sxtb16  r9, r9, ror #8
    stm     r3!, {r4-r9}
    sxtb16  r4, r10
    sxtb16  r5, r11
    sxtb16  r6, lr
    sxtb16  r7, r10, ror #8
    sxtb16  r8, r11, ror #8
    sxtb16  r9, lr, ror #8
    stm     r3!, {r4-r9}
    .endm
""",
)


@dataclass(frozen=True)
class Shape:
    """Of a 3x3 depthwise convolution along a row.

    Args:
        channels: of the input and the output.
        width_in, width: positions of an input row and of an output row.
        stride, left: along x.
        zero: code of the padding.
    """

    channels: int
    width_in: int
    width: int
    stride: int
    left: int
    zero: int

    @property
    def columns(self) -> int:
        """That the windows cover, padding included."""
        return (self.width - 1) * self.stride + 3

    @property
    def blocks(self) -> int:
        """Pairs of columns."""
        return -(-self.columns // 2)

    @property
    def fill(self) -> int:
        """Four codes of the padding."""
        return (self.zero & 255) * 0x01010101

    @property
    def pairs(self) -> list[tuple[int | None, int | None]]:
        """Input positions of the columns, by blocks."""
        return [(self.source(2 * b), self.source(2 * b + 1)) for b in range(self.blocks)]

    @property
    def inner(self) -> list[int]:
        """Blocks without padding."""
        return [b for b, pair in enumerate(self.pairs) if None not in pair]

    @property
    def walks(self) -> bool:
        """Whether the rows are too long for offsets from their beginnings."""
        return self.width_in * self.channels >= _BUSY or self.blocks > _UNROLLED_OUTPUTS

    @property
    def fits(self) -> bool:
        """Whether the offsets of the instructions reach."""
        return self.channels < _BUSY and (not self.walks or bool(self.inner))

    def source(self, column: int) -> int | None:
        """The input position of a column; None for padding."""
        at = column - self.left
        return at if 0 <= at < self.width_in else None


def depthwise_row(shape: Shape, form: Form) -> tuple[Helper, Helper]:
    """The routine, and its declaration."""
    name = (
        f"limen_depthwise_{shape.channels}x{shape.width_in}to{shape.width}_{shape.stride}_{shape.left}"
        f"_{form.name}_z{shape.zero & 255}"
    )
    what = f"A row of a 3x3 depthwise convolution, {shape.width} positions, four channels a group."
    lines = [
        f"/* void {name}(const int8_t *const *rows, const void *stream, int8_t *out, void *scratch,",
        " *     int32_t groups)",
        f" * {what} */",
        *head(name),
        *_prologue(),
        *_pad(shape),
        "1:",
        *_widen(shape),
        *_channels(shape, form),
        f".size {name}, .-{name}",
    ]
    declaration = f"/* {what} */\nextern void {name}(const int8_t *const *rows, const void *stream,\n"
    declaration += "    int8_t *out, void *scratch, int32_t groups);\n"
    return Helper(name, text_of(lines), (_WIDEN,)), Helper(name, declaration)


def _prologue() -> list[str]:
    """Frame: scratch, out, stream, three row pointers, groups, a loop's end, the end of the first block."""
    return [
        "push    {r4-r11, lr}",
        "ldr     r12, [sp, #36]",
        "sub     sp, sp, #36",
        f"add     r4, r3, #{BLOCK}",
        "str     r3, [sp]",
        "str     r4, [sp, #32]",
        "strd    r2, r1, [sp, #4]",
        "ldm     r0, {r4-r6}",
        "strd    r4, r5, [sp, #12]",
        "strd    r6, r12, [sp, #20]",
    ]


def _pad(shape: Shape) -> list[str]:
    """Blocks that are all padding, once for all groups."""
    empty = [b for b, pair in enumerate(shape.pairs) if pair == (None, None)]
    if not empty:
        return []
    lines = [f"mov     r4, #0x{shape.fill:08x}", "sxtb16  r4, r4", *(f"mov     r{r}, r4" for r in (5, 6, 7))]
    for block in empty:
        lines += [f"add     r12, r3, #{block * BLOCK}", *["stm     r12!, {r4-r7}"] * (BLOCK // 16)]
    return lines


def _widen(shape: Shape) -> list[str]:
    """r0, r1, r2 walk along the rows, r3 along the pairs."""
    lines = ["ldrd    r0, r1, [sp, #12]", "ldr     r2, [sp, #20]", "ldr     r3, [sp]"]
    pairs, inner = shape.pairs, shape.inner
    if not shape.walks:
        return [*lines, *(line for pair in pairs for line in _widen_pair(shape, *pair))]
    begin, end = inner[0], inner[-1] + 1
    first = pairs[begin][0] or 0
    base = first + 2 * (end - begin)
    for pair in pairs[:begin]:
        lines += _widen_pair(shape, *pair)
    if first:
        lines += _advance(first * shape.channels)
    rounds = end - begin
    lines += [f"movs    r12, #{rounds}" if rounds < 256 else f"movw    r12, #{rounds}", "2:"]
    lines += _widen_pair(shape, 0, 1)
    lines += [*_advance(2 * shape.channels), "subs    r12, r12, #1", "bne     2b"]
    for pair in pairs[end:]:
        lines += _widen_pair(shape, *(None if at is None else at - base for at in pair))
    return lines


def _advance(step: int) -> list[str]:
    if step < 4096:
        return [f"add     r{r}, r{r}, #{step}" for r in (0, 1, 2)]
    return [f"movw    r4, #{step}", *(f"add     r{r}, r{r}, r4" for r in (0, 1, 2))]


def _widen_pair(shape: Shape, left: int | None, right: int | None) -> list[str]:
    """Two columns of four channels; None is padding."""
    if left is None and right is None:
        return [f"add     r3, r3, #{BLOCK}"]
    lines = []
    for at, registers in ((left, ("r7", "r4", "r8")), (right, ("r9", "r6", "r5"))):
        for row, register in enumerate(registers):
            if at is None:
                lines.append(f"mov     {register}, #0x{shape.fill:08x}")
            else:
                lines.append(f"ldr     {register}, [r{row}, #{at * shape.channels}]")
    return [*lines, "widen"]


def _next_group(unrolled: int) -> list[str]:
    """Rows four channels on; scratch, output and stream where the next group begins.

    Args:
        unrolled: bytes of the stream that four copies have read; 0 after a loop.
    """
    moved = ["ldrd    r1, r12, [sp, #4]", "adds    r1, r1, #4"]
    moved += [f"add     r12, r12, #{unrolled}", "strd    r1, r12, [sp, #4]"]
    back = ["ldr     r12, [sp]", f"sub     r12, r12, #{BLOCK}", "str     r12, [sp]"]
    return [
        *(moved if unrolled else back),
        "ldrd    r0, r1, [sp, #12]",
        "ldrd    r2, r3, [sp, #20]",
        "adds    r0, r0, #4",
        "adds    r1, r1, #4",
        "adds    r2, r2, #4",
        "subs    r3, r3, #1",
        "strd    r0, r1, [sp, #12]",
        "strd    r2, r3, [sp, #20]",
        "bne     1b",
        "add     sp, sp, #36",
        "pop     {r4-r11, pc}",
    ]


def _channels(shape: Shape, form: Form) -> list[str]:
    """One channel after the other: four copies for short rows, else a loop; then on to the next group."""
    words = 9 if form.bent else 8
    registers = f"{{r2-r{words + 1}}}"
    if shape.width <= _UNROLLED_CHANNELS and shape.width * shape.channels < _BUSY - 4:
        lines = []
        for channel in range(4):
            lines += ["ldm     sp, {r0, r1, r12}"]
            lines += [f"add     r12, r12, #{4 * words * channel}"] if channel else []
            lines += [f"ldm     r12, {registers}"]
            lines += _Walk(shape, form, 12 * channel, channel).all()
        return lines + _next_group(16 * words)
    walk = _Walk(shape, form, 0, None)
    return [
        "3:",
        "ldm     sp, {r0, r1, r12}",
        f"ldm     r12!, {registers}",
        "str     r12, [sp, #8]",
        *walk.all(),
        "ldrd    r0, r1, [sp]",
        "ldr     r12, [sp, #32]",
        "adds    r0, r0, #12",
        "adds    r1, r1, #1",
        "strd    r0, r1, [sp]",
        "cmp     r0, r12",
        "bne     3b",
        *_next_group(0),
    ]


@dataclass(frozen=True)
class _Walk:
    """One channel along its columns: r0 the pairs, r1 the output, r2 to r6 weights, r7 bias, r8 and r9 rescaling.

    Args:
        source: bytes from r0 to the channel's first pair.
        target: bytes from r1 to the channel's first output; None: r1 moves from output to output.
    """

    shape: Shape
    form: Form
    source: int
    target: int | None

    def all(self) -> list[str]:
        """Every output: unrolled for short rows, else a loop over the middle."""
        width, stride = self.shape.width, self.shape.stride
        if width <= _UNROLLED_OUTPUTS:
            return self._part(0, self.shape.blocks, width, 0)
        group = 8 if width >= 20 else 4
        blocks = group * stride // 2
        begin = 0 if self.form.bent else 1
        started = 0 if self.form.bent else -(-2 // stride)
        rounds = (width - started) // group
        step = rounds * blocks * BLOCK
        count = [f"add     r12, r0, #{step}"] if step < 4096 else [f"movw    r12, #{step}", "add     r12, r12, r0"]
        body = self._part(begin, begin + blocks, 1 << 30, 0, group)
        rest = self._part(begin + rounds * blocks, self.shape.blocks, width, rounds * blocks, 0, rounds * group)
        return [
            *count, "str     r12, [sp, #28]",
            *(self._part(0, begin, width, 0) if begin else ()),
            "4:", *body, f"add     r0, r0, #{blocks * BLOCK}",
            "ldr     r11, [sp, #28]", "cmp     r0, r11", "bne     4b",
            *rest,
        ]  # fmt: skip

    def _part(self, begin: int, end: int, width: int, base: int, outputs: int = 0, done: int = 0) -> list[str]:
        """Blocks [begin, end), at r0 less ``base`` blocks. The bent form goes output by output.

        Args:
            outputs: of the bent form's loop; 0 for all that are left.
            done: outputs of the bent form before these.
        """
        if self.form.bent:
            last = outputs or width
            return [line for o in range(done, last) for line in self._output(o, base)]
        return [line for block in range(begin, end) for line in self._block(block, base, width)]

    def _block(self, block: int, base: int, width: int) -> Iterator[str]:
        """Both columns of a block, for all outputs that they belong to, the oldest first."""
        at = self.source + (block - base) * BLOCK
        stride = self.shape.stride
        for column in (2 * block, 2 * block + 1):
            touched = [o for o in range(-(-(column - 2) // stride), column // stride + 1) if 0 <= o < width]
            left = column % 2 == 0
            later = [o for o in range(-(-(column - 1) // stride), (column + 1) // stride + 1) if 0 <= o < width]
            if not touched and not (left and later):
                continue
            yield f"ldrd    r10, r11, [r0, #{at}]" if left else f"ldr     r10, [r0, #{at + 8}]"
            for o in touched:
                tap, accumulator = column - o * stride, _ACCUMULATORS[o % 2]
                yield f"smlad   {accumulator}, r10, r{2 + tap}, {'r7' if tap == 0 else accumulator}"
                yield from self._bottom(o * stride - 2 * block, left, accumulator)
                if tap == 2:
                    yield from self._finish(o, accumulator)

    @staticmethod
    def _bottom(offset: int, left: bool, accumulator: str) -> Iterator[str]:
        """The bottom row's share of a block, for an output whose first column lies ``offset`` from the block's."""
        found = {
            (-2, True): "smlabt  {0}, r11, r6, {0}",
            (-1, True): "smlad   {0}, r11, r6, {0}",
            (0, True): "smlad   {0}, r11, r5, {0}",
            (1, False): "smlatb  {0}, r11, r5, {0}",
        }.get((offset, left))
        if found:
            yield found.format(accumulator)

    def _output(self, output: int, base: int) -> Iterator[str]:
        """The bent form: one output with loads of its own; r10 is the bend."""
        first = output * self.shape.stride
        at = self.source + (first // 2 - base) * BLOCK
        if first % 2 == 0:
            yield f"ldrd    r11, r12, [r0, #{at}]"
            yield from ("smlad   lr, r11, r2, r7", "smlad   lr, r12, r5, lr", f"ldr     r11, [r0, #{at + 8}]")
            yield from ("smlad   lr, r11, r3, lr", f"ldrd    r11, r12, [r0, #{at + BLOCK}]")
            yield from ("smlad   lr, r11, r4, lr", "smlabt  lr, r12, r6, lr")
        else:
            yield f"ldrd    r11, r12, [r0, #{at + 4}]"
            yield from ("smlad   lr, r12, r2, r7", "smlatb  lr, r11, r5, lr", f"ldrd    r11, r12, [r0, #{at + BLOCK}]")
            yield from ("smlad   lr, r11, r3, lr", "smlad   lr, r12, r6, lr", f"ldr     r11, [r0, #{at + BLOCK + 8}]")
            yield "smlad   lr, r11, r4, lr"
        yield "and     r11, r10, lr, asr #31"
        yield from self._finish(output, "lr")

    def _finish(self, output: int, accumulator: str) -> Iterator[str]:
        yield f"smmla   {accumulator}, {accumulator}, r8, r9"
        if self.form.bent:
            yield f"add     {accumulator}, {accumulator}, r11"
        yield f"ssat    {accumulator}, #8, {accumulator}, asr #{self.form.shift}"
        channels = self.shape.channels
        if self.target is not None:
            yield f"strb    {accumulator}, [r1, #{self.target + output * channels}]"
        elif channels < 256:
            yield f"strb    {accumulator}, [r1], #{channels}"
        else:
            yield f"strb    {accumulator}, [r1]"
            yield f"add     r1, r1, #{channels}" if channels < 4096 else f"addw    r1, r1, #{channels}"

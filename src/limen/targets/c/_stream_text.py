"""The C of a streaming region: one step function per layer, and the loop that runs the last layer that can."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from limen.errors import InternalError
from limen.program import Tensor
from limen.targets.c._kernel import Constant, Reach, c_type
from limen.targets.c._plan import ArenaPlan
from limen.targets.c._stages import Stage, leaves, row_layout
from limen.targets.c._stream import Feed, Link, Region
from limen.targets.c._text import constant_definition


@dataclass(frozen=True)
class StreamText:
    """A region with everything placed.

    Args:
        region: what streams.
        stages: all stages by index.
        name: prefix of its functions, ``model_stream_0``.
        plan: where blocks and rows lie; None before that is known.
        pushed: the caller hands in the rows of the source.
        kept_source: somebody reads the source after the region.
    """

    region: Region
    stages: dict[int, Stage]
    name: str
    plan: ArenaPlan | None
    pushed: bool = False
    kept_source: bool = False

    def in_one_piece(self, tensor: str) -> bool:
        """Whether the rows of a tensor follow each other in memory."""
        if tensor == self.region.source:
            return not self.pushed
        return tensor in self.region.whole or tensor not in self.region.lives

    def table_name(self, tensor: str) -> str:
        """C name of the table of a tensor's row addresses."""
        producers = {link.result: f"layer_{link.stage}" for link in self.region.links}
        return f"{self.name}_rows_of_{producers.get(tensor, 'input')}"

    @property
    def arenas(self) -> ArenaPlan:
        """The plan, which must be there."""
        if self.plan is None:
            raise InternalError(f"{self.name}: its text is asked for before the arena is planned")
        return self.plan

    @property
    def counters(self) -> str:
        """Name of the block of row counters: one per layer, then one for the source."""
        return f"{self.name}:made"


ROW_UNIT = 4
"""Row addresses are stored in units of so many bytes."""


def row_block(tensor: str, row: int) -> str:
    """Name of the block of one row of a streaming tensor."""
    return f"{tensor}#{row}"


def tables(text: StreamText) -> list[Constant]:
    """Where each row lies that is no part of a whole tensor."""
    found = []
    for tensor, lives in text.region.lives.items():
        if not text.in_one_piece(tensor):
            units = np.array([text.arenas.offsets[row_block(tensor, row)] // ROW_UNIT for row in range(len(lives))])
            data = units.astype(np.uint16 if units.max(initial=0) < 2**16 else np.uint32)
            what = f"where each row lies, in units of {ROW_UNIT} bytes"
            found.append(Constant(text.table_name(tensor), data, comment=what))
    return found


def padding_rows(text: StreamText) -> list[Constant]:
    """One row of padding per code, of the longest row that needs it."""
    rows: dict[str, Constant] = {}
    for stage, feed in pads(text):
        tensor = stage.site.input(feed.argument)
        name = pad_name(text, tensor, feed.reach)
        elements = row_layout(tensor).elements
        if name not in rows or rows[name].data.size < elements:
            data = np.full(elements, feed.reach.fill, tensor.dtype)
            rows[name] = Constant(name, data, align=16, comment="a row of padding")
    return list(rows.values())


def pad_name(text: StreamText, tensor: Tensor, reach: Reach) -> str:
    """C name of a padding row."""
    fill = f"{reach.fill}".replace("-", "m").replace(".", "p")
    return f"{text.name}_padding_{tensor.dtype}_{fill}"


def counter_count(region: Region) -> int:
    return len(region.links) + 1


def stream_functions(text: StreamText) -> str:
    """The step functions, ``NAME_start`` and ``NAME_advance``, and, unless rows are pushed, ``NAME``."""
    links = text.region.links
    parts = [constant_definition(c) + "\n" for c in (*tables(text), *padding_rows(text))]
    parts += [_step(text, position, link) for position, link in enumerate(links)]
    calls = [f"{text.stages[link.stage].site.symbol}_step({text.arenas.arguments})" for link in reversed(links)]
    condition = "\n           || ".join(calls)
    advance = (
        "/* Makes every row that can be made, the last layer first, so that the rings stay short. */\n"
        f"static void {text.name}_advance({text.arenas.parameters})\n{{\n    while ({condition}) {{\n    }}\n}}\n\n"
    )
    return "".join([*parts, _start(text), advance, "" if text.pushed else _run(text)])


def _run(text: StreamText) -> str:
    counter = len(text.region.links)
    return (
        f"/* Layers {text.region.first} to {text.region.last}, row by row. */\n"
        f"LIMEN_LAYER static void {text.name}({text.arenas.parameters})\n{{\n"
        f"    int32_t *const made = {text.arenas.at(text.counters)};\n"
        f"    {text.name}_start({text.arenas.arguments});\n"
        f"    for (int32_t row = 1; row <= {text.region.rows}; ++row) {{\n"
        f"        made[{counter}] = row;\n        {text.name}_advance({text.arenas.arguments});\n    }}\n}}\n\n"
    )


def _start(text: StreamText) -> str:
    lines = [f"    memset({text.arenas.at(text.counters)}, 0, {4 * counter_count(text.region)}u);\n"]
    for link in text.region.links:
        stage = text.stages[link.stage]
        kernel, site = stage.kernel, stage.site
        assert kernel is not None
        if kernel.prepare and not link.fold:
            lines.append(f"    {site.symbol}_begin({text.arenas.at(scratch_block(text.name, link))});\n")
    head = f"/* Nothing is made yet. */\nstatic void {text.name}_start({text.arenas.parameters})\n"
    body = "".join(lines)
    return f"{head}{{\n{text.arenas.unused(body)}{body}}}\n\n"


def pads(text: StreamText) -> list[tuple[Stage, Feed]]:
    """Every feed whose windows leave its tensor above or below."""
    return [
        (text.stages[link.stage], feed)
        for link in text.region.links
        for feed in link.feeds
        if not link.fold and leaves(feed.reach, feed.rows, link.steps)
    ]


def scratch_block(name: str, link: Link) -> str:
    """Name of the block of a layer's scratch memory."""
    return f"{name}:scratch:{link.stage}"


def _step(text: StreamText, position: int, link: Link) -> str:
    stage = text.stages[link.stage]
    site = stage.site
    verb = "Takes in one row" if link.fold else "Makes one row"
    ready = [_ready(text, link, feed) for feed in link.feeds]
    conditions = " || ".join([f"y >= {link.steps}", *filter(None, ready)])
    body = [f"    if ({conditions}) {{\n        return 0;\n    }}\n"]
    body += _fold_body(text, link) if link.fold else _row_body(text, link)
    head = (
        f"/* {verb} of layer {link.stage}, if its operands are there. */\n"
        f"static int32_t {site.symbol}_step({text.arenas.parameters})\n{{\n"
        f"{text.arenas.unused('arena' + ''.join(body))}"
        f"    int32_t *const made = {text.arenas.at(text.counters)};\n    const int32_t y = made[{position}];\n"
    )
    tail = f"    made[{position}] = y + 1;\n    return 1;\n}}\n\n"
    return head + "".join(body) + tail


def _ready(text: StreamText, link: Link, feed: Feed) -> str:
    """C condition under which a feed lacks rows; empty for a tensor from outside."""
    counter = _counter(text, feed.tensor)
    if counter is None:
        return ""
    reach = feed.reach
    base = "y" if reach.stride == 1 else f"y * {reach.stride}"
    offset = (reach.taps - 1) * reach.dilation - reach.before + 1
    end = f"{base} + {offset}" if offset > 0 else f"{base} - {-offset}" if offset < 0 else base
    highest = (link.steps - 1) * reach.stride + offset
    if highest > feed.rows:
        return f"({end} < {feed.rows} ? {end} : {feed.rows}) > made[{counter}]"
    return f"{end} > made[{counter}]"


def _counter(text: StreamText, tensor: str) -> int | None:
    if tensor == text.region.source:
        return len(text.region.links)
    return next((p for p, link in enumerate(text.region.links) if link.result == tensor and not link.fold), None)


def _row_at(text: StreamText, tensor: str, row: str, layout_elements: int, ctype: str) -> str:
    """C expression for the address of a row."""
    if text.in_one_piece(tensor):
        return f"({ctype} *){text.arenas.at(tensor)} + {row} * {layout_elements}"
    return f"({ctype} *)AT({text.table_name(tensor)}[{row}] * {ROW_UNIT})"


def _row_body(text: StreamText, link: Link) -> list[str]:
    stage = text.stages[link.stage]
    site, kernel = stage.site, stage.kernel
    assert kernel is not None
    lines = [_gather(text, link, feed) for feed in link.feeds]
    output = site.operands.outputs[0]
    layout = row_layout(output)
    target = _row_at(text, link.result, "y", layout.elements, c_type(output))
    arguments = [f"rows{feed.argument}" for feed in link.feeds] + [target]
    if kernel.scratch:
        arguments.append(text.arenas.at(scratch_block(text.name, link)))
    return [*lines, f"    {site.symbol}_row({', '.join(arguments)});\n"]


def _gather(text: StreamText, link: Link, feed: Feed) -> str:
    """Declares the row pointers of one feed."""
    tensor = text.stages[link.stage].site.input(feed.argument)
    layout, ctype, reach = row_layout(tensor), c_type(tensor), feed.reach
    outside = leaves(reach, feed.rows, link.steps)
    first = "y" if reach.stride == 1 else f"y * {reach.stride}"
    first = f"{first} - {reach.before}" if reach.before else first
    if reach.taps == 1 and not outside:
        at = _row_at(text, feed.tensor, first if first == "y" else f"({first})", layout.elements, f"const {ctype}")
        return f"    const {ctype} *const rows{feed.argument}[1] = {{{at}}};\n"
    inside = _row_at(text, feed.tensor, "r", layout.elements, f"const {ctype}")
    step = "i" if reach.dilation == 1 else f"i * {reach.dilation}"
    value = inside
    if outside:
        value = f"(r >= 0 && r < {feed.rows}) ? {inside} : {pad_name(text, tensor, reach)}"
    return (
        f"    const {ctype} *rows{feed.argument}[{reach.taps}];\n"
        f"    for (int32_t i = 0; i < {reach.taps}; ++i) {{\n"
        f"        const int32_t r = {first} + {step};\n        rows{feed.argument}[i] = {value};\n    }}\n"
    )


def _fold_body(text: StreamText, link: Link) -> list[str]:
    stage = text.stages[link.stage]
    site, feed = stage.site, link.feeds[0]
    tensor = site.input(feed.argument)
    layout = row_layout(tensor)
    scratch = text.arenas.at(scratch_block(text.name, link))
    row = _row_at(text, feed.tensor, "y", layout.elements, f"const {c_type(tensor)}")
    finish = f"{site.symbol}_finish({text.arenas.at(link.result)}, {scratch});"
    return [
        f"    if (y == 0) {{\n        {site.symbol}_start({scratch});\n    }}\n",
        f"    {site.symbol}_add({row}, {scratch});\n",
        f"    if (y == {link.steps - 1}) {{\n        {finish}\n    }}\n",
    ]

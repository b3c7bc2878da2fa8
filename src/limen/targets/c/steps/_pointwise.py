"""Steps that map each element alone, and steps that only move elements, fused into one loop.

The order of reading is followed as strides: transposing, reversing or reshaping a value changes strides only, and where
no strides describe the result a new loop begins. Values of 8 bits are mapped by a table that the numpy steps computed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limen.targets.c._kernel import C_TYPES, Constant, Helper
from limen.targets.c.steps._kernel import Flow, StepKernel, StepSite, bracketed, fill, less, looped, one, times

Array = NDArray[Any]
Strides = NDArray[np.int8]

TABLE_FROM = 256
"""A table of 256 entries pays from this many elements on."""


@dataclass(frozen=True, eq=False)
class Point:
    """What one step does to one element.

    Args:
        dtype: of the result.
        lines: C statements that define ``@y@`` from ``@x@``; ``@c@`` is the channel.
        apply: the same in numpy, on [..., channels].
        channels: how many channels its parameters have; 0 when all elements are treated alike.
        constants, helpers: what the lines use.
    """

    dtype: str
    lines: str
    apply: Callable[[Array], Array]
    channels: int = 0
    constants: tuple[Constant, ...] = ()
    helpers: tuple[Helper, ...] = ()


@dataclass(frozen=True, eq=False)
class Fusion:
    """A loop in the making: how its elements are read, and what happens to each.

    Args:
        source: what flows in.
        view: stands for the elements in the order of the result; only its shape and strides count.
        base: the memory that ``view`` looks at.
        points: in order.
        channels: per point with channels, a view of the channel numbers.
        row: elements of the source per count; 0 when the count is known.
        conditions: C expressions over ``total``, the elements there are, under which the value is refused.
        varies: whether the first axis is counted at run time.
    """

    source: Flow
    view: Strides
    base: Strides
    points: tuple[Point, ...] = ()
    channels: tuple[tuple[Strides, Strides], ...] = ()
    row: int = 0
    conditions: tuple[str, ...] = ()
    varies: bool = False

    @property
    def dtype(self) -> str:
        port = self.source.ports[0]
        return self.points[-1].dtype if self.points else ("float32" if port.scale else port.dtype)

    def moved(self, move: Callable[[Strides], Strides]) -> Fusion | None:
        """The same elements in another order; None where strides cannot say it."""
        view = move(self.view)
        channels = tuple((move(seen), base) for seen, base in self.channels)
        if not all(np.may_share_memory(seen, base) for seen, base in ((view, self.base), *channels)):
            return None
        return replace(self, view=view, channels=channels)

    def reversed(self) -> Fusion:
        """The last axis from its end."""
        found = self.moved(lambda view: view[..., ::-1])
        assert found is not None
        return found

    def then(self, point: Point) -> Fusion:
        """One more point, on the elements in their present shape."""
        seen: tuple[tuple[Strides, Strides], ...] = ()
        if point.channels:
            base = np.empty(point.channels, np.int8)
            seen = ((np.broadcast_to(base, self.view.shape), base),)
        return replace(self, points=(*self.points, point), channels=self.channels + seen)

    def reshaped(self, site: StepSite, shape: tuple[int, ...]) -> Fusion | None:
        """Another shape, of which one axis may be -1; a count stays on the first axis, or becomes a condition."""
        if not self.varies:
            return self.moved(lambda view: view.reshape(shape))
        if -1 in shape[1:]:
            site.refuse("with -1 behind the first axis of a counted value", "put -1 first")
        row, total = math.prod(shape[1:]), self.view.size
        need = total // row * row if shape[0] == -1 else math.prod(shape)
        if need > total or not need:
            site.refuse(f"of {need or row} elements from at most {total}", "give longer input, or another shape")
        found = self.moved(lambda view: view.reshape(-1)[:need].reshape(shape))
        if found is None:
            return None
        kept = shape[0] == -1
        condition = (f"total % {row} != 0" if self.row % row else "") if kept else f"total != {need}"
        return replace(found, varies=kept, conditions=self.conditions + (condition,) * bool(condition))

    def result(self) -> Flow:
        return one(self.dtype, self.view.shape, "count" if self.varies else "")


def begin(flow: Flow) -> Fusion:
    """A loop over a value as it lies in memory."""
    port = flow.ports[0]
    base = np.empty(port.size, np.int8)
    counted = flow.varies == "count"
    return Fusion(flow, base.reshape(port.shape), base, row=port.row if counted else 0, varies=counted)


def offset(view: Strides, base: Strides) -> int:
    """Where a view begins."""
    return int(view.__array_interface__["data"][0]) - int(base.__array_interface__["data"][0])


@dataclass(frozen=True)
class Nest:
    """Loops: extents, and per view its strides."""

    extents: tuple[int, ...]
    strides: tuple[tuple[int, ...], ...]

    def index(self, view: int, start: int = 0) -> str:
        """The C index of a view's element."""
        terms = [_times("ijklmnop"[k], s) for k, s in enumerate(self.strides[view]) if s]
        text = " + ".join(([str(start)] if start else []) + terms) or "0"
        return text.replace("+ -", "- ")


def _times(variable: str, stride: int) -> str:
    return variable if stride == 1 else f"-{variable}" if stride == -1 else f"{variable} * {stride}"


def nest(shape: tuple[int, ...], views: list[tuple[int, ...]], keep_first: bool) -> Nest:
    """As few loops as the strides of all views allow."""
    dims: list[tuple[int, tuple[int, ...]]] = []
    for axis, extent in enumerate(shape):
        steps = tuple(view[axis] for view in views)
        if extent == 1 and not (keep_first and axis == 0):
            continue
        if dims and all(before == step * extent for before, step in zip(dims[-1][1], steps, strict=True)):
            dims[-1] = (dims[-1][0] * extent, steps)
        else:
            dims.append((extent, steps))
    if not dims:
        dims = [(1, (1,) * len(views))]
    return Nest(tuple(e for e, _ in dims), tuple(zip(*(s for _, s in dims), strict=True)))


def write(site: StepSite, fusion: Fusion) -> StepKernel:
    """The loop's kernel."""
    port, shape = fusion.source.ports[0], fusion.view.shape
    own = np.empty(shape, np.int8).strides
    views = [fusion.view.strides, own, *(seen.strides for seen, _ in fusion.channels)]
    loops = nest(shape, views, fusion.varies)
    plain = fusion.view.strides == own and not offset(fusion.view, fusion.base)
    kernel = StepKernel(
        "",
        fusion.result(),
        fails=bool(fusion.conditions),
        in_place=plain and np.dtype(fusion.dtype).itemsize <= np.dtype(port.dtype).itemsize,
    )
    table = _table(site, fusion, loops) if port.dtype in ("int8", "uint8") and fusion.points else None
    kernel = replace(kernel, **(table or _computed(site, fusion, loops)))
    return site.write(kernel, _body(site, fusion, loops, kernel.text))


def _body(site: StepSite, fusion: Fusion, loops: Nest, inner: str) -> str:
    bounds = list(map(str, loops.extents))
    lines = []
    if fusion.conditions:
        lines.append(f"    const int32_t total = count * {fusion.row};\n\n")
        lines += [f"    if ({' || '.join(fusion.conditions)}) {{\n        return -1;\n    }}\n"]
    if fusion.varies:
        bounds[0] = _bound(site, fusion, loops)
        lines.append(f"    *counted = {_counted(fusion)};\n")
    elif fusion.row and not fusion.conditions:
        lines.append("    (void)count;\n")
    lines.append(looped(inner, list(zip("ijklmnop", bounds, strict=False))))
    return "".join(lines) + ("    return 0;\n" if fusion.conditions else "")


def _bound(site: StepSite, fusion: Fusion, loops: Nest) -> str:
    unit, rest = divmod(fusion.view.size, loops.extents[0])
    if rest or loops.strides[0][0] != unit:
        site.refuse("that moves the counted axis", "give a value of known length")
    if fusion.row % unit:
        return f"total / {unit}"
    return times("count", fusion.row // unit)


def _counted(fusion: Fusion) -> str:
    row = fusion.view.size // fusion.view.shape[0]
    if fusion.row % row:
        return f"total / {row}"
    return times("count", fusion.row // row)


def _computed(site: StepSite, fusion: Fusion, loops: Nest) -> dict[str, Any]:
    """Each element by the points' own arithmetic."""
    port = fusion.source.ports[0]
    at = loops.index(0, offset(fusion.view, fusion.base))
    ctype = "float" if port.scale else port.ctype
    value = site.read(port, "x", at) if port.scale else f"x[{at}]"
    if not fusion.points:
        return {"text": f"y[{loops.index(1)}] = {value};\n"}
    lines, channel = [f"const {ctype} v0 = {value};\n"], 2
    for place, point in enumerate(fusion.points):
        c = ""
        if point.channels:
            c, channel = loops.index(channel), channel + 1
        lines.append(fill(point.lines, x=f"v{place}", y=f"v{place + 1}", c=c))
    lines.append(f"y[{loops.index(1)}] = v{len(fusion.points)};\n")
    return {
        "text": "".join(lines),
        "constants": tuple(c for point in fusion.points for c in point.constants),
        "helpers": tuple(h for point in fusion.points for h in point.helpers),
    }


def _table(site: StepSite, fusion: Fusion, loops: Nest) -> dict[str, Any] | None:
    """Each element of 8 bits by a table; None where it would not pay."""
    port = fusion.source.ports[0]
    counts = {point.channels for point in fusion.points if point.channels}
    if len(counts) > 1 or fusion.view.size < TABLE_FROM * max(1, *counts, 0) or len(set(loops.strides[2:])) > 1:
        return None
    channels = counts.pop() if counts else 1
    codes = np.arange(256, dtype=np.uint8).view(port.dtype).reshape(256, 1, 1)
    values: Array = np.broadcast_to(codes, (256, 1, channels))
    if port.scale:
        values = (values.astype(np.float32) - np.float32(port.zero_point)) * np.float32(port.scale)
    for point in fusion.points:
        values = point.apply(values)
    table = np.ascontiguousarray(values.reshape(256, channels).T)
    if (table == table[:1]).all():
        table, channels = table[:1], 1
    at, to = loops.index(0, offset(fusion.view, fusion.base)), loops.index(1)
    shift = _shift(table, codes.reshape(256)) if channels == 1 else None
    if shift is not None:
        return {"text": f"y[{to}] = ({C_TYPES[fusion.dtype]}){bracketed(less(f'x[{at}]', -shift))};\n"}
    symbol = site.local("table")
    element = f"x[{at}]" if port.dtype == "uint8" else f"(uint8_t)x[{at}]"
    first = f"{bracketed(loops.index(2))} * 256 + " if channels > 1 else ""
    comment = "the result of every code" + (", per channel" if channels > 1 else "")
    return {
        "text": f"y[{to}] = {symbol}[{first}{element}];\n",
        "constants": (Constant(symbol, table, comment=comment),),
    }


def _shift(table: Array, codes: Array) -> int | None:
    """The number that every code is moved by, where that is all."""
    if table.dtype.kind not in "iu":
        return None
    apart = table.reshape(-1).astype(np.int64) - codes.astype(np.int64)
    return int(apart[0]) if (apart == apart[0]).all() else None

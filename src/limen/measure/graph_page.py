"""One self-contained HTML page that draws a graph: no script from elsewhere, no network, opens offline.

Layout: a node stands one row below the lowest of what it reads; rows are ordered by the mean column of their readers'
sources (one sweep of the barycentre method of Sugiyama, Tagawa and Toda, 1981).
"""

from __future__ import annotations

import html
from collections.abc import Sequence

from limen.measure.inspection import Inspection, OpEntry, PortEntry

_BOX_WIDTH, _BOX_HEIGHT, _GAP_X, _GAP_Y = 190, 44, 24, 34
_COLOURS = {
    "Conv": "#2f6f9f", "Depthwise": "#3f8f8f", "Fully": "#7a4f9f", "BatchMatMul": "#7a4f9f", "Gemm": "#7a4f9f",
    "MatMul": "#7a4f9f", "Add": "#8f6f2f", "Mul": "#8f6f2f", "Pool": "#4f7f4f", "Quantize": "#9f3f4f",
    "Dequantize": "#9f3f4f", "Softmax": "#5f5f8f",
}  # fmt: skip
_STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 80rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; }
th, td { text-align: left; padding: .15rem .8rem .15rem 0; border-bottom: 1px solid #8884; }
td.n { text-align: right; font-variant-numeric: tabular-nums; }
.graph { overflow: auto; border: 1px solid #8884; max-height: 85vh; }
rect { rx: 6; } text { fill: #fff; font: 12px system-ui, sans-serif; }
text.s { fill: #ffffffc0; font-size: 10px; } path { stroke: #888; fill: none; }
"""


def graph_page(inspection: Inspection, title: str) -> str:
    """The page as text.

    Args:
        inspection: what to show.
        title: heading, usually the file's name.
    """
    facts = [("kind", inspection.kind), ("operators", len(inspection.ops)), ("MACs", f"{inspection.macs:,}")]
    facts += [("weights", f"{inspection.bytes:,} bytes")]
    facts += [(str(k), v) for k, v in inspection.details.items() if isinstance(v, str | int | float) and v != ""]
    rows = "".join(f"<tr><th>{_text(k)}</th><td>{_text(v)}</td></tr>" for k, v in facts)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{_text(title)}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{_text(title)}</h1><table>{rows}</table>"
        f"<h2>Inputs</h2>{_ports(inspection.inputs)}<h2>Outputs</h2>{_ports(inspection.outputs)}"
        f'<h2>Graph</h2><div class="graph">{graph_svg(inspection)}</div>'
        f"<h2>Operators</h2>{_operators(inspection.ops)}</body></html>\n"
    )


def graph_svg(inspection: Inspection) -> str:
    """The drawing: boxes and curves."""
    places, width, height = _layout(inspection.ops)
    writers = {name: i for i, op in enumerate(inspection.ops) for name in op.writes}
    shapes = []
    for index, op in enumerate(inspection.ops):
        for name in op.reads:
            if name in writers:
                shapes.append(_curve(places[writers[name]], places[index]))
    shapes += [_box(op, *places[i]) for i, op in enumerate(inspection.ops)]
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(shapes)}</svg>'


def _layout(ops: Sequence[OpEntry]) -> tuple[list[tuple[int, int]], int, int]:
    writers: dict[str, int] = {}
    depth: list[int] = []
    for index, op in enumerate(ops):
        above = [depth[writers[name]] for name in op.reads if name in writers]
        depth.append(1 + max(above, default=-1))
        writers.update(dict.fromkeys(op.writes, index))
    column: list[float] = [0.0] * len(ops)
    rows: dict[int, list[int]] = {}
    for index, level in enumerate(depth):
        rows.setdefault(level, []).append(index)
    for level in sorted(rows):
        order = sorted(
            rows[level], key=lambda i: (_mean([column[writers[n]] for n in ops[i].reads if n in writers]), i)
        )
        for place, index in enumerate(order):
            column[index] = place - (len(order) - 1) / 2
    left = min(column, default=0.0)
    step_x, step_y = _BOX_WIDTH + _GAP_X, _BOX_HEIGHT + _GAP_Y
    places = [(int((c - left) * step_x) + _GAP_X, d * step_y + _GAP_Y) for c, d in zip(column, depth, strict=True)]
    width = max((x for x, _ in places), default=0) + step_x
    return places, width, (max(depth, default=0) + 1) * step_y + _GAP_Y


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _curve(start: tuple[int, int], end: tuple[int, int]) -> str:
    x1, y1 = start[0] + _BOX_WIDTH // 2, start[1] + _BOX_HEIGHT
    x2, y2 = end[0] + _BOX_WIDTH // 2, end[1]
    middle = (y1 + y2) // 2
    return f'<path d="M{x1} {y1} C{x1} {middle} {x2} {middle} {x2} {y2}"/>'


def _box(op: OpEntry, x: int, y: int) -> str:
    colour = next((c for key, c in _COLOURS.items() if key in op.op), "#5a6470")
    label = op.result if len(op.result) <= 30 else op.result[:29] + "…"
    return (
        f'<g><title>{_text(op.name)}\n{op.macs:,} MACs</title><rect x="{x}" y="{y}" width="{_BOX_WIDTH}" '
        f'height="{_BOX_HEIGHT}" fill="{colour}"/><text x="{x + 8}" y="{y + 18}">{_text(op.op)}</text>'
        f'<text class="s" x="{x + 8}" y="{y + 34}">{_text(label)}</text></g>'
    )


def _ports(ports: Sequence[PortEntry]) -> str:
    head = "<tr><th>name</th><th>shape</th><th>type</th><th>scale</th><th>zero point</th><th>permutation</th></tr>"
    cells = ((p.name, list(p.shape), p.dtype, p.scale, p.zero_point, p.permutation) for p in ports)
    body = "".join(
        "<tr>" + "".join(f"<td>{_text('–' if c is None else c)}</td>" for c in row) + "</tr>" for row in cells
    )
    return f"<table>{head}{body}</table>"


def _operators(ops: Sequence[OpEntry]) -> str:
    body = "".join(
        f"<tr><td>{_text(o.name)}</td><td>{_text(o.op)}</td>"
        f'<td class="n">{o.macs:,}</td>'
        f"<td>{_text(o.result)}</td></tr>"
        for o in ops
    )
    return f"<table><tr><th>name</th><th>operator</th><th>MACs</th><th>result</th></tr>{body}</table>"


def _text(value: object) -> str:
    return html.escape(str(value))

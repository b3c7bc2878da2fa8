"""Loss of the metric over cost, as an SVG drawing without a library."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

WIDTH, HEIGHT = 860, 380
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 36, 48
COLOURS = ("#0b6fa4", "#b4531a", "#3d7a2e", "#7a4aa0", "#8a6d00", "#a02f55")
LEGEND = 96
COSTS = ("latency_ms", "instructions", "size_bytes")


def cost_of(rows: Sequence[Mapping[str, Any]]) -> str:
    """The first cost that is known of the judged candidates."""
    judged = [r for r in rows if r["drop"] is not None]
    return next((c for c in COSTS if judged and all(r[c] is not None for r in judged)), "size_bytes")


def scatter(
    rows: Sequence[Mapping[str, Any]],
    front: Sequence[Mapping[str, Any]],
    limits: Mapping[str, float | None],
    words: Mapping[str, str],
) -> str:
    """The drawing; empty where nothing was judged.

    Args:
        rows: every candidate: recipe, engine, costs, drop, ci95, chosen.
        front: those on the front.
        limits: ``max_drop`` and the cost's limit by the cost's name; None for none.
        words: ``drop`` and the costs' names.
    """
    judged = [r for r in rows if r["drop"] is not None]
    if not judged:
        return ""
    cost = cost_of(judged)
    allowed = limits.get(cost)
    xs = [float(r[cost]) for r in judged] + ([allowed] if allowed else [])
    ys = [v for r in judged for v in (*r["ci95"], r["drop"])]
    ys += [limits["max_drop"]] if limits.get("max_drop") is not None else []
    across, up = _log_axis(xs), _axis([v for v in ys if v is not None and math.isfinite(v)])
    engines = list(dict.fromkeys(r["engine"] for r in judged))
    best = {(r["recipe"], r["engine"]) for r in front}
    parts = [_frame(across, up, words[cost], words["drop"])]
    parts += _limits(across, up, allowed, limits.get("max_drop"))
    parts += [_point(r, cost, across, up, COLOURS[engines.index(r["engine"]) % len(COLOURS)], best) for r in judged]
    parts += [
        f'<circle cx="{LEFT + 12 + LEGEND * i}" cy="14" r="4" fill="{COLOURS[i % len(COLOURS)]}"/>'
        f'<text x="{LEFT + 22 + LEGEND * i}" y="18">{html.escape(e)}</text>'
        for i, e in enumerate(engines)
    ]
    label = html.escape(words["front"])
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


class _Scale:
    """Values to pixels, with ticks."""

    def __init__(self, low: float, high: float, start: float, end: float, log: bool) -> None:
        self.low, self.high, self.start, self.end, self.log = low, high, start, end, log

    def __call__(self, value: float) -> float:
        given, low, high = (math.log(v) if self.log else v for v in (value, self.low, self.high))
        return self.start + (given - low) / (high - low) * (self.end - self.start)

    @property
    def ticks(self) -> list[float]:
        if not self.log:
            step = _round_step((self.high - self.low) / 5)
            first = math.ceil(self.low / step)
            return [step * i for i in range(first, math.floor(self.high / step) + 1)]
        marks = [m * 10.0**e for e in range(-9, 13) for m in (1, 2, 5)]
        return [m for m in marks if self.low <= m <= self.high]


def _round_step(rough: float) -> float:
    base = 10.0 ** math.floor(math.log10(rough))
    return next(base * m for m in (1, 2, 5, 10) if base * m >= rough * 0.999)


def _log_axis(values: Sequence[float]) -> _Scale:
    positive = [v for v in values if v > 0] or [1.0]
    return _Scale(min(positive) / 1.4, max(positive) * 1.4, LEFT, WIDTH - RIGHT, True)


def _axis(values: Sequence[float]) -> _Scale:
    low, high = min([*values, 0.0]), max([*values, 0.0])
    pad = 0.08 * (high - low) or 1.0
    return _Scale(low - pad, high + pad, HEIGHT - BOTTOM, TOP, False)


def _frame(across: _Scale, up: _Scale, x_name: str, y_name: str) -> str:
    parts = [f'<path d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}" class="axis"/>']
    for tick in across.ticks:
        x = across(tick)
        parts.append(f'<path d="M{x:.1f} {HEIGHT - BOTTOM}v5" class="axis"/>')
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{_short(tick)}</text>')
    for tick in up.ticks:
        y = up(tick)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" class="grid"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tick:.3g}</text>')
    parts.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 8}" text-anchor="end">{html.escape(x_name)}</text>')
    middle = (TOP + HEIGHT - BOTTOM) / 2
    turned = f'transform="rotate(-90 14 {middle})" text-anchor="middle"'
    parts.append(f'<text x="14" y="{middle}" {turned}>{html.escape(y_name)}</text>')
    return "".join(parts)


def _limits(across: _Scale, up: _Scale, cost: float | None, drop: float | None) -> list[str]:
    parts = []
    if cost:
        parts.append(f'<path d="M{across(cost):.1f} {TOP}V{HEIGHT - BOTTOM}" class="limit"/>')
    if drop is not None:
        parts.append(f'<path d="M{LEFT} {up(drop):.1f}H{WIDTH - RIGHT}" class="limit"/>')
    return parts


def _point(
    row: Mapping[str, Any], cost: str, across: _Scale, up: _Scale, colour: str, best: set[tuple[str, str]]
) -> str:
    x, y = across(float(row[cost])), up(row["drop"])
    low, high = (up(v) if math.isfinite(v) else y for v in row["ci95"])
    on_front = (row["recipe"], row["engine"]) in best
    fill = colour if on_front else "none"
    title = html.escape(f"{row['recipe']}, {row['engine']}: {_short(row[cost])}, {row['drop']:.3g}")
    ring = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="9" fill="none" stroke="{colour}"/>' if row["chosen"] else ""
    return (
        f'<g><title>{title}</title><path d="M{x:.1f} {low:.1f}V{high:.1f}" stroke="{colour}" opacity=".5"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{fill}" stroke="{colour}"/>{ring}</g>'
    )


def _short(value: float) -> str:
    for factor, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= factor:
            return f"{value / factor:.4g}{suffix}"
    return f"{value:.4g}"

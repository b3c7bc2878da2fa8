"""The summary of a search for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

COLUMNS = ("latency_ms", "instructions", "size_bytes", "ram_bytes", "flash_bytes")
HEADS = ("ms", "instructions", "size", "RAM", "flash")


def summary(result: Mapping[str, Any]) -> str:
    """The verdict, then every candidate with its figures and why it was not chosen."""
    rows = [["", "recipe", "engine", *HEADS, "drop", "95 %", "why"]]
    shown = [i for i, name in enumerate(COLUMNS) if any(r[name] is not None for r in result["tried"])]
    for r in result["tried"]:
        figures = [number(r[COLUMNS[i]]) if i in shown else "" for i in range(len(COLUMNS))]
        interval = "" if r["ci95"] is None else f"{r['ci95'][0]:.2f} to {r['ci95'][1]:.2f}"
        mark = "*" if r["chosen"] else ""
        rows.append([mark, r["recipe"], r["engine"], *figures, number(r["drop"]), interval, r["why"]])
    kept = [i for i in range(len(rows[0])) if any(row[i] for row in rows[1:])]
    widths = {i: max(len(row[i]) for row in rows) for i in kept[:-1]}
    lines = ["  ".join(f"{row[i]:<{widths.get(i, 0)}}" for i in kept).rstrip() for row in rows]
    return "\n".join([verdict(result), "", *lines])


def verdict(result: Mapping[str, Any]) -> str:
    """What was found, in one or two lines."""
    if not result["passed"]:
        nearest = result["nearest_miss"]
        if nearest is None:
            return "no candidate runs"
        missed = "; ".join(m["reason"] for m in nearest["missed"])
        return f"no candidate keeps the budget; nearest is {nearest['recipe']} on {nearest['engine']}: {missed}"
    metric = result["metric"]
    text = f"{result['path']}: {result['recipe']} on {result['engine']}"
    if metric is None:
        return text
    unit = f" {metric['unit']}" if metric["unit"] else ""
    low, high = metric["ci95"]
    text += f"\n{metric['metric']} {metric['float']:.4g} -> {metric['result']:.4g}, drop {metric['drop']:.3g}{unit}"
    return f"{text} (95 %: {low:.3g} to {high:.3g}; {metric['n']} samples)"


def number(value: float | int | None) -> str:
    """A figure, short; empty for none."""
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"

"""The report as one HTML page: no script, no file beside it."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from limen.optimize.budget import LIMITS
from limen.optimize.report.plot import cost_of, scatter
from limen.optimize.report.summary import number
from limen.optimize.report.words import LIMIT_WORDS, OBJECTIVES, WORDS

STYLE = """
:root{color-scheme:light dark;--ink:#1b2228;--soft:#5c6770;--line:#d5dbe0;--paper:#fff;--good:#1f6b34;--bad:#a32020}
@media(prefers-color-scheme:dark){:root{--ink:#e4e8eb;--soft:#9aa5ad;--line:#3a434a;--paper:#15191c;--good:#7fce93;--bad:#f08f8f}}
body{font:15px/1.5 system-ui,"Noto Sans","Noto Sans CJK SC","WenQuanYi Zen Hei",sans-serif;color:var(--ink);
background:var(--paper);max-width:1240px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2.2rem 0 .5rem;border-bottom:1px solid var(--line)}
table{border-collapse:collapse;font-size:.86rem}.wide{overflow-x:auto}
th,td{padding:.2rem .6rem;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--soft);font-weight:500}td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.s{white-space:nowrap}td.l{min-width:15rem;overflow-wrap:anywhere}td.l:first-child{min-width:18rem}th.n{text-align:right}
tr.best{font-weight:600}.good{color:var(--good)}.bad{color:var(--bad)}.soft,p.note{color:var(--soft)}
svg{width:100%;height:auto}svg text{font-size:12px;fill:var(--soft)}
.axis{stroke:var(--soft);fill:none}.grid{stroke:var(--line)}.limit{stroke:var(--bad);stroke-dasharray:5 4}
.two{display:flex;flex-wrap:wrap;gap:2rem}.heat td{text-align:right;padding:.1rem .45rem}
pre{white-space:pre-wrap;word-break:break-all;border:1px solid var(--line);padding:.6rem;font-size:.85rem}
"""
SHORT = 18


@dataclass(frozen=True)
class Layer:
    """One layer of the chosen model.

    Args:
        name, op: of the node.
        macs: multiply-accumulates.
        sqnr_db: of its output to float's; None where there is nothing to compare.
        integer: whether its output is codes.
    """

    name: str
    op: str
    macs: int
    sqnr_db: float | None
    integer: bool


@dataclass(frozen=True)
class Page:
    """What the page shows.

    Args:
        name: of the model.
        result: JSON of the search.
        layers: of the chosen model.
        before, after: confusion matrices; None where there are no classes.
        command: gives the same artifact again.
        language: ``en`` or ``zh``.
    """

    name: str
    result: Mapping[str, Any]
    layers: Sequence[Layer] = ()
    before: Sequence[Sequence[int]] | None = None
    after: Sequence[Sequence[int]] | None = None
    command: str = ""
    language: str = "en"
    words: Mapping[str, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", WORDS[self.language])


def render(page: Page) -> str:
    """The HTML; the same page gives the same text."""
    words, result = page.words, page.result
    title = html.escape(words["title"].format(name=page.name))
    limits = {**{cost: result["budget"][limit] for cost, limit in LIMITS.items()}}
    limits["max_drop"] = result["budget"]["max_drop"]
    drawing = scatter(result["tried"], result["front"], limits, words)
    sections = [
        _verdict(page),
        _section(words["front"], drawing, words["front_note"]) if drawing else "",
        _section(words["tried"], _tried(page)),
        _layers(page),
        _coverage(page),
        _confusions(page),
        _passes(page),
        _again(page),
    ]
    return (
        f'<!doctype html>\n<html lang="{page.language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{STYLE}</style></head>'
        f"<body><h1>{title}</h1>\n{''.join(sections)}</body></html>\n"
    )


def _section(head: str, body: str, note: str = "") -> str:
    told = f'<p class="note">{html.escape(note)}</p>' if note else ""
    return f"<section><h2>{html.escape(head)}</h2>{told}{body}</section>\n"


def table(head: Iterable[str], rows: Sequence[Sequence[Any]], marked: Iterable[bool] = ()) -> str:
    """Numbers to the right, None empty; ``marked`` rows are bold."""
    marks = list(marked)
    lines = []
    for i, row in enumerate(rows):
        cells = "".join(_cell(value) for value in row)
        lines.append(f'<tr class="best">{cells}</tr>' if i < len(marks) and marks[i] else f"<tr>{cells}</tr>")
    numbers = {i for row in rows for i, value in enumerate(row) if isinstance(value, int | float)}
    heads = "".join(f"<th{' class=n' if i in numbers else ''}>{html.escape(h)}</th>" for i, h in enumerate(head))
    return f'<div class="wide"><table><tr>{heads}</tr>{"".join(lines)}</table></div>'


def _cell(value: Any) -> str:
    if value is None or isinstance(value, int | float):
        return f'<td class="n">{number(value)}</td>'
    text = str(value)
    return f'<td class="{"s" if len(text) <= SHORT else "l"}">{html.escape(text)}</td>'


def _verdict(page: Page) -> str:
    words, result = page.words, page.result
    good = result["passed"]
    head = f'<p class="{"good" if good else "bad"}"><strong>{words["passed" if good else "refused"]}</strong></p>'
    names = LIMIT_WORDS[page.language]
    limits = ", ".join(f"{names[k]} &le; {number(v)}" for k, v in result["budget"].items() if v is not None)
    rows = [(words["budget"], limits or words["none"])]
    rows.append((words["objective"], OBJECTIVES[page.language][result["objective"]]))
    best = next((r for r in result["tried"] if r["chosen"]), None)
    if best is not None:
        rows.append((words["recipe"], f"<code>{html.escape(best['recipe'])}</code>, {html.escape(best['engine'])}"))
        rows += [(words[c], number(best[c])) for c in LIMITS if best[c] is not None]
    elif result["nearest_miss"]:
        near = result["nearest_miss"]
        missed = "; ".join(html.escape(m["reason"]) for m in near["missed"])
        rows.append((words["nearest"], f"<code>{html.escape(near['recipe'])}</code>, {near['engine']}: {missed}"))
    rows += _metric_rows(page)
    lines = "".join(f"<tr><th>{a}</th><td>{b}</td></tr>" for a, b in rows)
    return f"{head}<table>{lines}</table>"


def _metric_rows(page: Page) -> list[tuple[str, str]]:
    words, metric = page.words, page.result["metric"]
    if metric is None:
        return [(words["metric"], words["no_data"])] if page.result["passed"] else []
    unit = f" {metric['unit']}" if metric["unit"] else ""
    low, high = metric["ci95"]
    rows = [
        (
            html.escape(metric["metric"]),
            f"{words['float']} {metric['float']:.4g}, {words['result']} {metric['result']:.4g}",
        ),
        (words["drop"], f"{metric['drop']:.3g}{unit}; {words['interval']} {low:.3g} &ndash; {high:.3g}"),
        (words["samples"], number(metric["n"])),
    ]
    if metric["worst_class"]:
        which, by = metric["worst_class"]
        rows.append((words["worst"], f"{words['class']} {which}: {by:.3g} pt"))
    return rows


def _tried(page: Page) -> str:
    words, rows = page.words, page.result["tried"]
    costs = [c for c in LIMITS if any(r[c] is not None for r in rows)]
    first = cost_of(rows)
    ordered = sorted(rows, key=lambda r: (r["drop"] is None, r[first] if r[first] is not None else math.inf))
    head = [words["recipe"], words["engine"], *(words[c] for c in costs), words["share"], words["drop"]]
    head += [words["interval"], words["why"]]
    lines = []
    for r in ordered:
        interval = "" if r["ci95"] is None else f"{r['ci95'][0]:.2f} – {r['ci95'][1]:.2f}"
        why = words["chosen"] if r["chosen"] else r["why"]
        share = f"{100 * r['integer_mac_share']:.0f} %" if r["size_bytes"] else ""
        lines.append((r["recipe"], r["engine"], *(r[c] for c in costs), share, r["drop"], interval, why))
    return table(head, lines, [r["chosen"] for r in ordered])


def _layers(page: Page) -> str:
    words = page.words
    if not page.layers:
        return ""
    head = [words["layer"], words["op"], words["macs"], words["kind"], words["error"]]
    rows = []
    for layer in page.layers:
        error: Any = words["exact"] if layer.sqnr_db == math.inf else layer.sqnr_db
        kind = words["integer" if layer.integer else "real"]
        rows.append((layer.name, layer.op, layer.macs, kind, error))
    return _section(words["layers"], table(head, rows))


def _coverage(page: Page) -> str:
    words = page.words
    best = next((r for r in page.result["tried"] if r["chosen"]), None)
    if best is None:
        return ""
    note = words["coverage_note"].format(share=f"{100 * best['integer_mac_share']:.1f} %")
    rows = sorted(best["islands"].items())
    return _section(words["coverage"], table([words["island"], ""], rows) if rows else "", note)


def _confusions(page: Page) -> str:
    words = page.words
    if page.before is None or page.after is None:
        return ""
    parts = [f"<div><p>{words[w]}</p>{_heat(m)}</div>" for w, m in (("before", page.before), ("after", page.after))]
    return _section(words["confusion"], f'<div class="two">{"".join(parts)}</div>', words["confusion_note"])


def _heat(matrix: Sequence[Sequence[int]]) -> str:
    lines = []
    for i, row in enumerate(matrix):
        total = max(sum(row), 1)
        cells = ""
        for j, count in enumerate(row):
            colour = "60,140,80" if i == j else "190,60,50"
            tint = 0.0 if not count else 0.1 + 0.5 * count / total
            cells += f'<td style="background:rgba({colour},{tint:.2f})">{count or ""}</td>'
        lines.append(f"<tr><th>{i}</th>{cells}</tr>")
    head = "".join(f"<th>{j}</th>" for j in range(len(matrix[0])))
    return f'<table class="heat"><tr><th></th>{head}</tr>{"".join(lines)}</table>'


def _passes(page: Page) -> str:
    seen: dict[str, list[str]] = {}
    for row in page.result["tried"]:
        if row["passes"]:
            seen.setdefault(row["recipe"], row["passes"])
    if not seen:
        return ""
    blocks = ""
    for recipe, lines in sorted(seen.items()):
        items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
        blocks += f"<p><code>{html.escape(recipe)}</code></p><ul>{items}</ul>"
    return _section(page.words["passes"], blocks)


def _again(page: Page) -> str:
    if not page.command:
        return ""
    return _section(page.words["again"], f"<pre>{html.escape(page.command)}</pre>", page.words["again_note"])

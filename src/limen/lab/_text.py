"""A profile for people: one table of layers, then the totals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from limen.lab._profile import LayerProfile, Profile

HEAD = ("layer", "op", "kernel", "MACs", "instructions", "per MAC", "share", "est. cycles", "code B", "weights B")
WORDS = 3  # columns of words; numbers follow
NAME_WIDTH = 32


def profile_text(profile: Profile) -> str:
    """Table and totals."""
    rows = [HEAD, *(_row(layer, profile.instructions) for layer in profile.layers)]
    if profile.outside:
        rows.append(("(calls, copies)", "", "", "", f"{profile.outside:,}", "", "", "", "", ""))
    return "\n".join([*_aligned(rows), "", *_totals(profile)])


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [f"{c:<{w}}" if i < WORDS else f"{c:>{w}}" for i, (c, w) in enumerate(zip(row, widths, strict=True))]
        yield "  ".join(cells).rstrip()


def _row(layer: LayerProfile, total: int | None) -> tuple[str, ...]:
    count = layer.instructions
    per_mac = f"{count / layer.macs:.2f}" if count and layer.macs else ""
    share = f"{100 * count / total:.1f} %" if count and total else ""
    sizes = _count(layer.code), _count(layer.weights)
    numbers = [_count(layer.macs), _count(count), per_mac, share, _count(layer.cycles), *sizes]
    return (_short(layer.name), layer.op, layer.kernel, *numbers)


def _count(number: int | None) -> str:
    return f"{number:,}" if number else ""


def _short(name: str) -> str:
    """The end of a long name: frameworks put what differs there."""
    return name if len(name) <= NAME_WIDTH else "..." + name[3 - NAME_WIDTH :]


def _totals(profile: Profile) -> Iterator[str]:
    core = "" if profile.core == profile.device else f" (as {profile.core})"
    yield f"{profile.device}{core}, {profile.compiler}, kernels {profile.kernels}"
    if profile.instructions is not None:
        per_mac = f", {profile.instructions / profile.macs:.2f} per MAC" if profile.macs else ""
        yield f"instructions  {profile.instructions:,} for {profile.macs:,} MACs{per_mac}"
    if profile.cycles_estimate is not None:
        low, middle, high = (profile.cycles_estimate[key] for key in ("low", "estimate", "high"))
        yield f"cycles        {middle:,} estimated, not measured; between {low:,} and {high:,}"
        yield f"              {profile.cycles_estimate['model']}"
    if profile.latency_us is not None:
        yield "time          " + ", ".join(f"{key} {value:.1f} us" for key, value in profile.latency_us.items())
    yield "flash         " + _sizes(profile.flash)
    yield "RAM           " + _sizes(profile.ram)
    if profile.exact is not None:
        yield f"integers      {_lsb(profile.exact['max_lsb'])} on {profile.exact['inputs']} inputs"
    if profile.approximate is not None:
        apart = f"{profile.approximate['max_abs']:.3g} at most from the interpreter"
        yield f"floats        {apart} on {profile.approximate['inputs']} inputs"
    if profile.differs_first is not None:
        yield f"differs first {profile.differs_first}"
    yield from (f"{key}: {text}" for key, text in profile.notes.items())


def _lsb(worst: int) -> str:
    return "equal to the interpreter, 0 LSB apart," if worst == 0 else f"{worst} LSB from the interpreter"


def _sizes(parts: Mapping[str, int | None]) -> str:
    """``code 1,234 B, weights 5,678 B``; what is not known is left out."""
    return ", ".join(f"{name.replace('_', ' ')} {size:,} B" for name, size in parts.items() if size is not None)

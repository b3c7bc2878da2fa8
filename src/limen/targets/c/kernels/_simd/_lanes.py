"""Runs of a dense layer, sixteen bytes of each position at a time; the products name the lane that they take.

The rest of a run, fewer than four groups, takes each group from memory into every lane.
"""

from __future__ import annotations

from dataclasses import dataclass

from limen.targets.c.kernels._simd._vectors import Vectors

_BLOCK = 4
"""Groups in sixteen bytes."""


def run_by_lanes(vectors: Vectors, names: list[list[str]], groups: int, position_step: int) -> list[str]:
    """C lines that add a run to accumulators; they move ``w`` on and leave ``p``.

    Args:
        names: accumulators of each position.
        groups: of the run.
        position_step: bytes between positions.
    """
    blocks, rest = divmod(groups, _BLOCK)
    lines: list[str] = []
    if blocks:
        at = "k" if blocks > 1 else "0"
        body = [
            f"const {vectors.operand} v{i} = {vectors.call('load')}(p + {_plus(i * position_step, at)});"
            for i in range(len(names))
        ]
        for lane in range(_BLOCK):
            body += _group(vectors, names, lane, [_lane(vectors, i, lane) for i in range(len(names))])
        body.append(f"w += {_BLOCK * len(names[0]) * vectors.span};")
        lines += _block(f"for (int32_t k = 0; k < {16 * blocks}; k += 16) ", body) if blocks > 1 else _block("", body)
    for group in range(rest):
        taken = []
        for i in range(len(names)):
            at = _plus(i * position_step, str(16 * blocks + 4 * group))
            taken.append(_Taken([f"const {_wide(vectors)} x{i} = {vectors.call('broadcast')}(p + {at});"], f"x{i}"))
        lines += _block("", [*_group(vectors, names, 0, taken), f"w += {len(names[0]) * vectors.span};"])
    return lines


@dataclass(frozen=True)
class _Taken:
    """A position's group: lines that get it ready, and the argument of the product."""

    lines: list[str]
    argument: str


def _lane(vectors: Vectors, position: int, lane: int) -> _Taken:
    if vectors.products == "lanes":
        return _Taken([], f"v{position}, {lane}")
    name = f"x{position}_{lane}"
    call = vectors.call("by_lanes")
    return _Taken([f"const {_wide(vectors)} {name} = {call}(v{position}, {lane});"], name)


def _group(vectors: Vectors, names: list[list[str]], lane: int, taken: list[_Taken]) -> list[str]:
    """One group of every position with all weights."""
    load, accumulators = vectors.call("load_weights"), len(names[0])
    tag = f"{lane}_"
    lines = [
        f"const {vectors.operand} w{tag}{j} = {load}(w + {(lane * accumulators + j) * vectors.span});"
        for j in range(accumulators)
    ]
    for row, each in zip(names, taken, strict=True):
        by_lane = vectors.products == "lanes" and "," in each.argument
        dot = vectors.call("by_lanes") if by_lane else vectors.product.name
        lines += each.lines
        lines += [f"{a} = {dot}({a}, w{tag}{j}, {each.argument});" for j, a in enumerate(row)]
    return lines


def _wide(vectors: Vectors) -> str:
    """C type of a group in every lane."""
    return "limen_halves" if vectors.products == "halves" else vectors.operand


def _plus(step: int, at: str) -> str:
    return at if not step else str(step) if at == "0" else f"{step} + {at}"


def _block(head: str, body: list[str]) -> list[str]:
    return [f"{head}{{", *("    " + line for line in body), "}"]

"""8-bit functions of one code: a table of the reference's answers to all 256 codes, made at compile time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from limen.errors import DataError
from limen.program import Array, Operands, Tensor
from limen.targets.c._kernel import Constant, Kernel, Site, c_type
from limen.targets.c.ops._elementwise import Element, elementwise, is_uniform
from limen.targets.c.ops._requantize import CLAMP

BYTES = ("int8", "uint8", "bool")


def is_byte_function(site: Site) -> bool:
    """The output is one byte wide and depends on one live input of one byte; the other operands are one number each."""
    if len(site.live) != 1 or len(site.operands.outputs) != 1:
        return False
    x, y = site.input(site.live[0]), site.output()
    others = [t for t in site.operands.inputs if t is not None and t.data is not None]
    plain = all(t.data is not None and is_uniform(t.data) for t in others)
    return plain and x.shape == y.shape and x.dtype in ("int8", "uint8") and y.dtype in BYTES


def byte_function(site: Site) -> Kernel:
    """The kernel of an operator for which ``is_byte_function`` holds."""
    table = answers(site)
    codes = _codes(site.input(site.live[0]))
    place = f"{{{site.live[0]}}}"
    clip = _as_clip(codes, table)
    if clip is not None:
        return elementwise(site, Element((f"{{y}} = ({c_type(site.output())}){clip_text(place, clip)};",), (CLAMP,)))
    step = _as_step(codes, table)
    if step:
        return elementwise(site, Element((f"{{y}} = {place} {step};",)))
    symbol = site.local("table")
    comment = "The result of every code" + (", -128 ... -1 last." if codes.dtype == np.int8 else ".")
    index = f"(uint8_t){place}" if codes.dtype == np.int8 else place
    ordered = table[np.argsort(codes.view(np.uint8), kind="stable")]
    return elementwise(
        site, Element((f"{{y}} = {symbol}[{index}];",), constants=(Constant(symbol, ordered, 1, comment),))
    )


def clip_text(place: str, clip: tuple[int, int, int]) -> str:
    """clamp(x + shift, low, high)."""
    shift, low, high = clip
    moved = place if shift == 0 else f"{place} {'+' if shift > 0 else '-'} {abs(shift)}"
    return f"limen_clamp({moved}, {low}, {high})"


def answers(site: Site) -> Array:
    """The reference's output for every code of the live input, in ascending order of the codes.

    Codes that the reference refuses, which are the lowest ones (a square root of negative numbers), get the answer of
    the lowest code that it takes.
    """
    codes = _codes(site.input(site.live[0]))
    low, high = 0, len(codes) - 1
    while low < high:
        middle = (low + high) // 2
        if _is_taken(site, codes[middle:]):
            high = middle
        else:
            low = middle + 1
    taken = _ask(site, codes[low:])
    return np.concatenate([np.repeat(taken[:1], low), taken])


def _is_taken(site: Site, codes: Array) -> bool:
    try:
        _ask(site, codes)
    except DataError:
        return False
    return True


def _ask(site: Site, codes: Array) -> Array:
    shape = codes.shape
    live = site.live[0]
    tensors: list[Tensor | None] = []
    values: list[Array | None] = []
    for index, tensor in enumerate(site.operands.inputs):
        if tensor is None or tensor.data is None:
            tensors.append(tensor and replace(tensor, shape=shape))
            values.append(codes if index == live else None)
        else:
            one = tensor.data.reshape(-1)[:1]
            tensors.append(replace(tensor, shape=(1,), data=one))
            values.append(one)
    operands = Operands(tuple(tensors), (replace(site.output(), shape=shape),))
    return np.asarray(site.op.reference(values, operands)[0])


def _codes(tensor: Tensor) -> Array:
    info = np.iinfo(tensor.dtype)
    return np.arange(info.min, info.max + 1).astype(tensor.dtype)


def _as_clip(codes: Array, table: Array) -> tuple[int, int, int] | None:
    """(shift, low, high) where the table is clamp(x + shift, low, high)."""
    if table.dtype == np.bool_:
        return None
    wide, answer = codes.astype(np.int64), table.astype(np.int64)
    low, high = int(answer.min()), int(answer.max())
    inside = (answer > low) & (answer < high)
    if not inside.any():
        return None
    shifts = np.unique((answer - wide)[inside])
    if len(shifts) != 1:
        return None
    shift = int(shifts[0])
    return (shift, low, high) if np.array_equal(np.clip(wide + shift, low, high), answer) else None


def _as_step(codes: Array, table: Array) -> str:
    """The comparison that gives a table of truths with one change; empty where it is something else."""
    changes = np.flatnonzero(table[1:] != table[:-1]) + 1
    if table.dtype != np.bool_ or len(changes) != 1:
        return ""
    return f"{'<' if table[0] else '>='} {codes[changes[0]]}"

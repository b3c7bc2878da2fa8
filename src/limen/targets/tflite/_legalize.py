"""Rewrite a Program into one whose every node is a case that TFLite's kernels have, with the same results.

TFLite pads convolutions and pools by SAME or VALID only. Other paddings become a Pad before a convolution, a PadV2 with
the lowest value before a maximum, slices of the full result behind a transposed convolution, and for an average, whose
divisor differs at the border, one average per group of windows that are cut alike, put together again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby, zip_longest
from typing import Any

import numpy as np

from limen.ops.average_pool2d import AveragePool2D
from limen.ops.concatenation import Concatenation
from limen.ops.max_pool2d import MaxPool2D
from limen.ops.pad import Pad
from limen.ops.pad_v2 import PadV2
from limen.ops.reshape import Reshape
from limen.ops.slice import Slice
from limen.program import Array, Node, Op, Program, Quant, Shape, Tensor
from limen.targets.tflite._emit import Site
from limen.targets.tflite._padding import scheme_of, transposed_scheme

_MAX_PIECES = 64
_MAX_PAD_RANK = 5
_NONE = (0, 0, 0, 0)


def legalize(program: Program) -> Program:
    """The same object where there is nothing to do.

    Raises:
        UnsupportedOp: a case for which no exact rewriting exists.
    """
    draft = _Draft(program)
    for node in program.nodes:
        rule = _RULES.get(node.op.name)
        if rule is None or not rule(draft, Site(node, program.operands(node)), node.op):
            draft.nodes.append(node)
    if all(new is old for new, old in zip_longest(draft.nodes, program.nodes)):
        return program
    return program.with_nodes(draft.nodes, draft.tensors.values()).check()


@dataclass
class _Draft:
    """The nodes so far, and the tensors they need beyond the Program's."""

    program: Program
    nodes: list[Node] = field(default_factory=list)
    tensors: dict[str, Tensor] = field(default_factory=dict)

    def name(self, stem: str) -> str:
        free, number = stem, 1
        while free in self.program.tensors or free in self.tensors:
            number += 1
            free = f"{stem}_{number}"
        return free

    def constant(self, stem: str, data: Array, quant: Quant | None) -> str:
        tensor = Tensor.constant(self.name(stem), data, quant)
        self.tensors[tensor.name] = tensor
        return tensor.name

    def apply(self, op: Op, inputs: tuple[str, ...], like: Tensor, output: str = "", stem: str = "part") -> str:
        """Append a node whose output is quantised like ``like``; ``output`` names an existing tensor."""
        operands = [{**self.program.tensors, **self.tensors}[name] if name else None for name in inputs]
        if not output:
            (kind,) = op.infer(operands)
            output = self.name(f"{like.name}/{stem}")
            self.tensors[output] = Tensor(output, kind.shape, kind.dtype, like.quant)
        self.nodes.append(Node(op, inputs, (output,), output))
        return output


def _lowest(tensor: Tensor) -> Any:
    return -np.inf if tensor.dtype == "float32" else np.iinfo(tensor.dtype).min


def _sides(padding: tuple[int, int, int, int]) -> tuple[tuple[int, int], ...]:
    return ((0, 0), padding[:2], padding[2:], (0, 0))


def _convolution(draft: _Draft, site: Site, op: Any) -> bool:
    """Pad with the zero point, then convolve without padding; a bias of zeros, on which CONV_2D's kernels insist."""
    x, filter_size, positions = site.input(), site.input(1).shape[1:3], site.output.shape[1:3]
    data, weights, *bias = site.node.inputs
    if not any(bias):
        bias = [_zero_bias(draft, site)]
    if scheme_of(x.shape[1:3], filter_size, op.stride, op.dilation, op.padding, positions):
        if tuple(bias) == site.node.inputs[2:]:
            return False
        draft.nodes.append(replace(site.node, inputs=(data, weights, *bias)))
        return True
    padded = draft.apply(Pad(_sides(op.padding)), (x.name,), x, stem="padded")
    draft.nodes.append(replace(site.node, op=replace(op, padding=_NONE), inputs=(padded, weights, *bias)))
    return True


def _zero_bias(draft: _Draft, site: Site) -> str:
    """Zeros of the type and scales that a bias has beside these inputs."""
    x, weights, channels = site.input(0), site.input(1), site.output.shape[3]
    name = f"{site.output.name}/bias"
    if x.dtype == "float32":
        return draft.constant(name, np.zeros(channels, np.float32), None)
    scales = np.float32(x.scale) * (weights.quant.scales if weights.quant else np.ones(1, np.float32))
    quant = Quant(tuple(float(s) for s in scales), (0,) * len(scales), 0 if len(scales) > 1 else None)
    return draft.constant(name, np.zeros(channels, np.int64 if x.dtype == "int16" else np.int32), quant)


def _maximum(draft: _Draft, site: Site, op: MaxPool2D) -> bool:
    """Pad with the lowest value, then pool without padding."""
    x = site.input()
    if scheme_of(x.shape[1:3], op.filter, op.stride, (1, 1), op.padding, site.output.shape[1:3]):
        return False
    lowest = draft.constant(f"{site.output.name}/lowest", np.asarray(_lowest(x), x.dtype), x.quant)
    padded = draft.apply(PadV2(_sides(op.padding)), (x.name, lowest), x, stem="padded")
    draft.nodes.append(replace(site.node, op=replace(op, padding=_NONE), inputs=(padded,)))
    return True


def _average(draft: _Draft, site: Site, op: AveragePool2D) -> bool:
    """One average per group of windows that the border cuts alike, put together again."""
    x, out = site.input(), site.output
    if scheme_of(x.shape[1:3], op.filter, op.stride, (1, 1), op.padding, out.shape[1:3]):
        return False
    rows = list(_strips(x.shape[1], op.filter[0], op.stride[0], op.padding[0], out.shape[1]))
    columns = list(_strips(x.shape[2], op.filter[1], op.stride[1], op.padding[2], out.shape[2]))
    if len(rows) * len(columns) > _MAX_PIECES:
        raise site.refuse(f"padding {op.padding} cuts {len(rows) * len(columns)} kinds of window", "use target c")
    bands = []
    for row in rows:
        pieces = [_piece(draft, op, x, out, row, column) for column in columns]
        bands.append(_join(draft, pieces, 2, out))
    _join(draft, bands, 1, out, out.name)
    return True


@dataclass(frozen=True)
class _Strip:
    """Windows along one axis that hold the same number of elements: the elements they span, and their width."""

    begin: int
    size: int
    width: int


def _strips(size: int, filter_size: int, stride: int, before: int, positions: int) -> Iterator[_Strip]:
    """Runs of windows of one width that are ``stride`` apart once they are cut."""
    cut = []
    for position in range(positions):
        start = position * stride - before
        cut.append((max(start, 0), min(start + filter_size, size)))
    for _, run in groupby(enumerate(cut), key=lambda item: (item[1][1] - item[1][0], item[1][0] - item[0] * stride)):
        windows = [window for _, window in run]
        begin, end = windows[0][0], windows[-1][1]
        yield _Strip(begin, end - begin, windows[0][1] - windows[0][0])


def _piece(draft: _Draft, op: AveragePool2D, x: Tensor, out: Tensor, row: _Strip, column: _Strip) -> str:
    begin = (0, row.begin, column.begin, 0)
    size = (x.shape[0], row.size, column.size, x.shape[3])
    part = x.name
    if size != x.shape:
        part = draft.apply(Slice(begin, size), (x.name,), replace(out, quant=x.quant), stem="slice")
    pool = replace(op, filter=(row.width, column.width), padding=_NONE)
    return draft.apply(pool, (part,), out, stem="pooled")


def _join(draft: _Draft, parts: list[str], axis: int, out: Tensor, output: str = "") -> str:
    if len(parts) == 1 and not output:
        return parts[0]
    return draft.apply(Concatenation(axis), tuple(parts), out, output, "band")


def _transposed(draft: _Draft, site: Site, op: Any) -> bool:
    """The full result, then the slice of it that the padding leaves."""
    x, out, filter_size = site.input(), site.output, site.input(1).shape[1:3]
    if transposed_scheme(x.shape, filter_size, op.stride, op.padding, out.shape):
        return False
    before = (op.padding[0], op.padding[2])
    reach = [(n - 1) * s + k for n, s, k in zip(x.shape[1:3], op.stride, filter_size, strict=True)]
    full: Shape = tuple(max(r, b + o) for r, b, o in zip(reach, before, op.output_size, strict=True))
    if not transposed_scheme(x.shape, filter_size, op.stride, _NONE, (1, *full, 1)):
        raise site.refuse(f"output size {op.output_size} with padding {op.padding}", "use target c")
    whole = draft.apply(replace(op, padding=_NONE, output_size=full), site.node.inputs, out, stem="full")
    draft.apply(Slice((0, *before, 0), out.shape), (whole,), out, out.name)
    return True


def _pad(draft: _Draft, site: Site, op: Any) -> bool:
    """Dimensions side by side that stay as they are become one, where there are more than the kernels take."""
    x, out = site.input(), site.output
    if len(x.shape) <= _MAX_PAD_RANK:
        return False
    shape: list[int] = []
    paddings: list[tuple[int, int]] = []
    for extent, sides in zip(x.shape, op.paddings, strict=True):
        if paddings and sides == paddings[-1] == (0, 0):
            shape[-1] *= extent
        else:
            shape.append(extent)
            paddings.append(sides)
    if len(shape) > _MAX_PAD_RANK:
        raise site.refuse(f"{len(x.shape)} dimensions", "use target c")
    folded = draft.apply(Reshape(tuple(shape)), (x.name,), x, stem="folded")
    padded = draft.apply(replace(op, paddings=tuple(paddings)), (folded, *site.node.inputs[1:]), out, stem="padded")
    draft.apply(Reshape(out.shape), (padded,), out, out.name)
    return True


_RULES: dict[str, Callable[[_Draft, Site, Any], bool]] = {
    "Conv2D": _convolution,
    "DepthwiseConv2D": _convolution,
    "MaxPool2D": _maximum,
    "AveragePool2D": _average,
    "Pad": _pad,
    "PadV2": _pad,
    "TransposeConv": _transposed,
}

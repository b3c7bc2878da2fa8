"""Operators that move elements: shapes, slices, padding, joining, indexing, resizing."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from conformance._cases.elementwise import ANY, OPTIMISED, whole_range
from conformance._ops_harness import Case, Draw, Family, op, single, tensor
from limen.program import Op, Program, Quant, Tensor

CODES = ("int8", "uint8", "int16")
PLAIN = ("int8 plain", "uint8 plain", "int16 plain")
NUMBERS = ("float32", *CODES, "int32", "int64")


@dataclass(frozen=True)
class Column:
    """One column's element type and a quantisation for it."""

    dtype: str
    quant: Quant | None


def column(draw: Draw, name: str) -> Column:
    kind = name.split()[0]
    return Column(kind, None if name.endswith("plain") else draw.quant(kind))


def case(program: Program, dtype: str, **more: Any) -> Case:
    return Case(program, integers=whole_range(dtype), special=True, **more)


def moved(
    name: str,
    dtypes: tuple[str, ...],
    draw_op: Callable[[Draw], tuple[Op, tuple[int, ...]]],
    judges: Mapping[str, str] | None = None,
) -> Family:
    """An operator of one input whose output has the input's quantisation."""

    def make(draw: Draw, dtype: str) -> Case:
        kind = column(draw, dtype)
        made, shape = draw_op(draw)
        program = single(made, (tensor("x", shape, kind.dtype, kind.quant),), kind.quant)
        return case(program, kind.dtype)

    return Family(name, dtypes, make, judges or {})


def axis_of(draw: Draw, shape: tuple[int, ...]) -> int:
    return draw.integer(0, len(shape) - 1)


def permuted(draw: Draw, count: int) -> tuple[int, ...]:
    return tuple(int(a) for a in draw.rng.permutation(count))


def reshape(draw: Draw) -> tuple[Op, tuple[int, ...]]:
    shape = draw.shape(0, 5)
    total = int(np.prod(shape))
    target: list[int] = []
    while total > 1 and len(target) < 4:
        target.append(draw.choice([d for d in range(1, total + 1) if total % d == 0]))
        total //= target[-1]
    target += [total] if total > 1 else [1] * draw.integer(0, 2)
    return op("Reshape", shape=permuted_values(draw, target)), shape


def permuted_values(draw: Draw, values: list[int]) -> tuple[int, ...]:
    return tuple(values[i] for i in permuted(draw, len(values)))


def squeeze(draw: Draw) -> tuple[Op, tuple[int, ...]]:
    shape = tuple(1 if draw.chance() else d for d in draw.shape(1, 6))
    ones = [i for i, d in enumerate(shape) if d == 1]
    chosen = tuple(i for i in ones if draw.chance(0.7))
    return op("Squeeze", axes=chosen), shape


def expand_dims(draw: Draw) -> tuple[Op, tuple[int, ...]]:
    shape = draw.shape(0, 5)
    return op("ExpandDims", axis=draw.integer(0, len(shape))), shape


def transpose(draw: Draw) -> tuple[Op, tuple[int, ...]]:
    shape = draw.shape(1, 6, 4)
    return op("Transpose", permutation=permuted(draw, len(shape))), shape


def split(draw: Draw) -> tuple[Op, tuple[int, ...]]:
    shape = list(draw.shape(1, 5, 4))
    axis, parts = axis_of(draw, tuple(shape)), draw.integer(1, 4)
    shape[axis] = parts * draw.integer(1, 3)
    return op("Split", axis=axis, parts=parts), tuple(shape)


def split_v(draw: Draw) -> tuple[Op, tuple[int, ...]]:
    shape = list(draw.shape(1, 5, 4))
    axis = axis_of(draw, tuple(shape))
    sizes = tuple(draw.integer(1, 4) for _ in range(draw.integer(1, 4)))
    shape[axis] = sum(sizes)
    return op("SplitV", axis=axis, sizes=sizes), tuple(shape)


def slice_(draw: Draw) -> tuple[Op, tuple[int, ...]]:
    shape = draw.shape(1, 6, 5)
    begin = tuple(draw.integer(0, d - 1) for d in shape)
    size = tuple(draw.integer(1, d - b) for b, d in zip(begin, shape, strict=True))
    return op("Slice", begin=begin, size=size), shape


def strided_slice(draw: Draw) -> tuple[Op, tuple[int, ...]]:
    """All masks; positions inside, outside and negative; never an empty result."""
    while True:
        shape = draw.shape(1, 4, 6)
        count = draw.integer(1, len(shape) + draw.integer(0, 2))
        begin, end = (tuple(draw.integer(-8, 8) for _ in range(count)) for _ in range(2))
        strides = tuple(draw.choice((1, 1, 2, 3, -1, -2)) for _ in range(count))
        masks = {name: draw.integer(0, 2**count - 1) & draw.integer(0, 2**count - 1) for name in ("begin", "end")}
        ellipsis = 1 << draw.integer(0, count - 1) if draw.chance(0.3) else 0
        new = draw.integer(0, 2**count - 1) & draw.integer(0, 2**count - 1) if draw.chance(0.3) else 0
        shrink = draw.integer(0, 2**count - 1) & draw.integer(0, 2**count - 1) if draw.chance(0.4) else 0
        made = op(
            "StridedSlice",
            begin=begin,
            end=end,
            strides=strides,
            begin_mask=masks["begin"],
            end_mask=masks["end"],
            ellipsis_mask=ellipsis,
            new_axis_mask=new,
            shrink_axis_mask=shrink,
        )
        try:
            (result,) = made.infer((tensor("x", shape, "float32"),))
        except Exception:
            continue
        if np.prod(result.shape) > 0 and len(result.shape) <= 6:
            return made, shape


def paddings(draw: Draw, shape: tuple[int, ...], limit: int = 3) -> tuple[tuple[int, int], ...]:
    return tuple((draw.integer(0, limit), draw.integer(0, limit)) if draw.chance(0.7) else (0, 0) for _ in shape)


def pad(draw: Draw) -> tuple[Op, tuple[int, ...]]:
    shape = draw.shape(1, 5, 4)
    return op("Pad", paddings=paddings(draw, shape)), shape


def pad_v2(draw: Draw, dtype: str) -> Case:
    kind = column(draw, dtype)
    shape = draw.shape(1, 5, 4)
    x = tensor("x", shape, kind.dtype, kind.quant)
    data = draw.values((), kind.dtype, -100, 100)
    value = Tensor.constant("v", data, kind.quant) if draw.chance() else tensor("v", (), kind.dtype, kind.quant)
    return case(single(op("PadV2", paddings=paddings(draw, shape)), (x, value), kind.quant), kind.dtype)


def mirror_pad(draw: Draw) -> tuple[Op, tuple[int, ...]]:
    shape, mode = draw.shape(1, 5, 4), draw.choice(("reflect", "symmetric"))
    room = [d - (mode == "reflect") for d in shape]
    around = tuple((draw.integer(0, r), draw.integer(0, r)) for r in room)
    return op("MirrorPad", paddings=around, mode=mode), shape


def tile(draw: Draw) -> tuple[Op, tuple[int, ...]]:
    shape = draw.shape(1, 5, 3)
    return op("Tile", multiples=tuple(draw.integer(1, 3) for _ in shape)), shape


def broadcast_to(draw: Draw) -> tuple[Op, tuple[int, ...]]:
    target = draw.shape(1, 6, 4)
    source = tuple(1 if draw.chance(0.4) else d for d in target)[draw.integer(0, len(target)) :]
    return op("BroadcastTo", shape=target), source


def cum_sum(draw: Draw) -> tuple[Op, tuple[int, ...]]:
    shape = draw.shape(1, 5)
    return op("CumSum", axis=axis_of(draw, shape), exclusive=draw.chance(), reverse=draw.chance()), shape


def reverse(draw: Draw) -> tuple[Op, tuple[int, ...]]:
    shape = draw.shape(1, 5)
    first = axis_of(draw, shape)
    return op("Reverse", axes=tuple(range(first, draw.integer(first, len(shape) - 1) + 1))), shape


def unpack(draw: Draw) -> tuple[Op, tuple[int, ...]]:
    shape = draw.shape(1, 5, 4)
    axis = axis_of(draw, shape)
    return op("Unpack", axis=axis, count=shape[axis]), shape


def space_to_depth(draw: Draw) -> tuple[Op, tuple[int, ...]]:
    block = draw.integer(1, 3)
    shape = (draw.integer(1, 2), block * draw.integer(1, 3), block * draw.integer(1, 3), draw.integer(1, 4))
    return op("SpaceToDepth", block=block), shape


def depth_to_space(draw: Draw) -> tuple[Op, tuple[int, ...]]:
    block = draw.integer(1, 3)
    shape = (draw.integer(1, 2), draw.integer(1, 3), draw.integer(1, 3), block * block * draw.integer(1, 4))
    return op("DepthToSpace", block=block), shape


def space_to_batch_nd(draw: Draw) -> tuple[Op, tuple[int, ...]]:
    count = draw.integer(1, 2)
    block = tuple(draw.integer(1, 3) for _ in range(count))
    around = tuple((draw.integer(0, 3), draw.integer(0, 3)) for _ in range(count))
    padded = [k * draw.integer(1, 4) for k in block]
    spatial = [max(p - b - a, 0) for p, (b, a) in zip(padded, around, strict=True)]
    spatial = [s or k * -(-(b + a + 1) // k) - b - a for s, k, (b, a) in zip(spatial, block, around, strict=True)]
    return op("SpaceToBatchNd", block=block, paddings=around), (draw.integer(1, 2), *spatial, draw.integer(1, 3))


def batch_to_space_nd(draw: Draw) -> tuple[Op, tuple[int, ...]]:
    count = draw.integer(1, 2)
    block = tuple(draw.integer(1, 3) for _ in range(count))
    spatial = [draw.integer(1, 4) for _ in range(count)]
    crops = []
    for k, extent in zip(block, spatial, strict=True):
        before = draw.integer(0, k * extent - 1)
        crops.append((before, draw.integer(0, k * extent - 1 - before)))
    shape = (int(np.prod(block)) * draw.integer(1, 2), *spatial, draw.integer(1, 3))
    return op("BatchToSpaceNd", block=block, crops=tuple(crops)), shape


def resize(name: str, dtypes: tuple[str, ...]) -> Family:
    def make(draw: Draw, dtype: str) -> Case:
        kind = column(draw, dtype)
        extent = draw.choice((4, 12, 40))
        shape = (draw.integer(1, 2), draw.integer(1, extent), draw.integer(1, extent), draw.integer(1, 3))
        flags = draw.choice(((False, False), (True, False), (False, True), (True, name == "ResizeNearest")))
        made = op(
            name,
            size=(draw.integer(1, extent), draw.integer(1, extent)),
            align_corners=flags[0],
            half_pixel_centers=flags[1],
        )
        program = single(made, (tensor("x", shape, kind.dtype, kind.quant),), kind.quant)
        return Case(program, integers=whole_range(kind.dtype))

    return Family(name, dtypes, make)


def concatenation(draw: Draw, dtype: str) -> Case:
    kind = column(draw, dtype)
    shape = list(draw.shape(1, 5, 4))
    axis = axis_of(draw, tuple(shape))
    inputs = []
    for i in range(draw.integer(1, 5)):
        shape[axis] = draw.integer(1, 4)
        own = draw.quant("uint8") if dtype == "uint8" and draw.chance(0.7) else kind.quant
        inputs.append(tensor(f"x{i}", tuple(shape), kind.dtype, own))
    return case(single(op("Concatenation", axis=axis), tuple(inputs), kind.quant), kind.dtype)


def pack(draw: Draw, dtype: str) -> Case:
    kind = column(draw, dtype)
    shape = draw.shape(0, 4, 4)
    inputs = tuple(tensor(f"x{i}", shape, kind.dtype, kind.quant) for i in range(draw.integer(1, 4)))
    return case(single(op("Pack", axis=draw.integer(0, len(shape))), inputs, kind.quant), kind.dtype)


def indices(draw: Draw, shape: tuple[int, ...], extent: int) -> Tensor:
    data = draw.rng.integers(0, extent, shape).astype(draw.choice(("int32", "int64", "int16")))
    return Tensor.constant("i", data)


def gather(draw: Draw, dtype: str) -> Case:
    kind = column(draw, dtype)
    shape = draw.shape(1, 4, 5)
    axis = axis_of(draw, shape)
    batch_dims = draw.integer(0, axis) if draw.chance(0.4) else 0
    tail = draw.shape(0, 2, 4)
    places = indices(draw, (*shape[:batch_dims], *tail), shape[axis])
    made = op("Gather", axis=axis, batch_dims=batch_dims)
    return case(single(made, (tensor("x", shape, kind.dtype, kind.quant), places), kind.quant), kind.dtype)


def gather_nd(draw: Draw, dtype: str) -> Case:
    kind = column(draw, dtype)
    shape = draw.shape(1, 4, 5)
    depth = draw.integer(1, len(shape))
    lead = draw.shape(0, 2, 4)
    columns = [draw.rng.integers(0, d, lead) for d in shape[:depth]]
    data = np.stack(columns, -1).astype(draw.choice(("int32", "int64", "int16")))
    program = single(
        op("GatherNd"), (tensor("x", shape, kind.dtype, kind.quant), Tensor.constant("i", data)), kind.quant
    )
    return case(program, kind.dtype)


def extreme(name: str) -> Family:
    def make(draw: Draw, dtype: str) -> Case:
        shape = draw.shape(1, 4, 6)
        x = tensor("x", shape, dtype, draw.quant(dtype))
        made = op(name, axis=axis_of(draw, shape), dtype=draw.choice(("int32", "int64")))
        few = (0, 2) if dtype in CODES and draw.chance() else None
        integers = draw.choice(((0, 2), whole_range(dtype)))
        # Along the innermost axis the x86 kernel finds the extreme of four lanes at a time and gets nan wrong.
        special = math.prod(shape[made.attributes()["axis"] + 1 :]) > 1
        return Case(single(made, (x,)), code_range=few, integers=integers, special=special)

    return Family(name, ("float32", "int8", "uint8", "int32", "bool"), make, {"bool": OPTIMISED})


def one_hot(draw: Draw, dtype: str) -> Case:
    shape = draw.shape(0, 3, 4)
    depth = draw.integer(1, 6)
    quant = draw.quant(dtype)
    on, off = (tensor(n, (), dtype, quant) for n in ("on", "off"))
    made = op("OneHot", axis=draw.integer(0, len(shape)), depth=depth)
    program = single(made, (tensor("i", shape, draw.choice(("int32", "int64"))), on, off), quant)
    return Case(program, integers=(-1, depth))


def top_k(draw: Draw, dtype: str) -> Case:
    shape = draw.shape(1, 4, 8)
    quant = draw.quant(dtype)
    program = single(op("TopK", k=draw.integer(1, shape[-1])), (tensor("x", shape, dtype, quant),), quant, None)
    few = (0, 3) if draw.chance() else None
    return Case(program, code_range=few, integers=draw.choice(((0, 3), whole_range(dtype))), special=True)


JOINED = ("float32", "float16", *CODES, *PLAIN, "int32", "uint32", "int64", "bool")
PADDED = ("float32", "float16", *CODES, *PLAIN, "int32", "int64", "bool")
GATHERED = ("float32", "float16", *CODES, "int32", "int64", "bool")
BLOCKS = ("float32", "int8", "uint8", "int32", "int64")
RESIZED = ("float32", "float16", *CODES, "uint16", "int32", "uint32", "bool")

FAMILIES = (
    moved("Reshape", ANY, reshape),
    moved("Squeeze", ANY, squeeze),
    moved("ExpandDims", ANY, expand_dims),
    moved("Transpose", ANY, transpose),
    Family("Concatenation", JOINED, concatenation),
    moved("Split", NUMBERS, split),
    moved("SplitV", NUMBERS, split_v),
    moved("Slice", ANY, slice_),
    moved("StridedSlice", ANY, strided_slice, {"*": OPTIMISED}),
    moved("Pad", PADDED, pad),
    Family("PadV2", PADDED, pad_v2),
    moved("MirrorPad", ANY, mirror_pad),
    resize("ResizeNearest", RESIZED),
    resize("ResizeBilinear", ("float32", *CODES)),
    Family("Gather", GATHERED, gather),
    Family("GatherNd", GATHERED, gather_nd),
    extreme("ArgMax"),
    extreme("ArgMin"),
    Family("Pack", ("float32", *CODES, "int32", "uint32", "int64"), pack),
    moved("Unpack", ("float32", "float16", *CODES, "int32", "bool"), unpack),
    moved("SpaceToDepth", BLOCKS, space_to_depth),
    moved("DepthToSpace", BLOCKS, depth_to_space, {"int8": OPTIMISED}),
    moved("BroadcastTo", ANY, broadcast_to),
    moved("Tile", ANY, tile, {"int8": OPTIMISED}),
    moved("CumSum", ("float32", "int32", "int64"), cum_sum),
    moved("Reverse", GATHERED, reverse),
    moved("SpaceToBatchNd", ANY, space_to_batch_nd),
    moved("BatchToSpaceNd", ANY, batch_to_space_nd),
    Family("OneHot", ("float32", "int8", "uint8", "int32", "int64", "bool"), one_hot),
    Family("TopK", ("float32", *CODES, "int32", "int64"), top_k),
)

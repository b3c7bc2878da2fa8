"""Raise operators that move elements."""

from __future__ import annotations

import numpy as np

from limen.errors import UnsupportedOp
from limen.lower.raising._context import Site
from limen.program import Operands


def reshape(site: Site) -> None:
    """Reshape, Squeeze and ExpandDims: the output's shape says it all."""
    site.write(site.emit("Reshape", site.real(0), site.ints(site.outputs[0].shape, "shape")))


def transpose(site: Site) -> None:
    site.write(site.emit("Transpose", site.real(0), perm=site.node.op.permutation))  # type: ignore[attr-defined]


def concatenation(site: Site) -> None:
    inputs = [site.real(i) for i in range(len(site.inputs))]
    site.write(site.activate(site.emit("Concat", *inputs, axis=site.node.op.axis)))  # type: ignore[attr-defined]


def split(site: Site) -> None:
    """Split and SplitV."""
    axis = int(site.node.op.axis)  # type: ignore[attr-defined]
    sizes = site.ints([t.shape[axis] for t in site.outputs], "sizes")
    names = site.raising.emit("Split", [site.real(0), sizes], f"{site.base}/Split", len(site.outputs), axis=axis)
    for index, name in enumerate(names):
        site.write(name, index)


def slice_(site: Site) -> None:
    op = site.node.op
    begin = [int(b) for b in op.begin]  # type: ignore[attr-defined]
    end = [b + s for b, s in zip(begin, site.outputs[0].shape, strict=True)]
    site.write(site.emit("Slice", site.real(0), site.ints(begin, "starts"), site.ints(end, "ends")))


def strided_slice(site: Site) -> None:
    """The elements that the operator itself takes, gathered from the flat tensor."""
    shape = site.tensor(0).shape
    places = np.arange(np.prod(shape, dtype=np.int64), dtype=np.int64).reshape(shape)
    (taken,) = site.node.op.reference((places,), Operands(site.inputs, site.outputs))
    flat = site.emit("Reshape", site.real(0), site.ints((-1,), "flat"))
    real = site.emit("Gather", flat, site.ints(taken.reshape(-1).tolist(), "places"), axis=0)
    site.write(site.emit("Reshape", real, site.ints(site.outputs[0].shape, "shape")))


def pad(site: Site) -> None:
    """Pad and PadV2."""
    paddings = site.node.op.paddings  # type: ignore[attr-defined]
    pads = site.ints([*(p[0] for p in paddings), *(p[1] for p in paddings)], "pads")
    value = [site.real(1)] if site.has(1) else []
    if value and site.tensor(1).shape != ():
        value = [site.emit("Reshape", value[0], site.ints((), "scalar"))]
    site.write(site.emit("Pad", site.real(0), pads, *value))


def mirror_pad(site: Site) -> None:
    """Mirrored indices gathered axis by axis, which every ONNX engine runs."""
    op, real = site.node.op, site.real(0)
    for axis, (before, after) in enumerate(op.paddings):  # type: ignore[attr-defined]
        if before or after:
            mode = "reflect" if op.mode == "reflect" else "symmetric"  # type: ignore[attr-defined]
            indices = np.pad(np.arange(site.tensor(0).shape[axis]), (before, after), mode=mode)  # type: ignore[call-overload]
            real = site.emit("Gather", real, site.ints(indices.tolist(), f"axis{axis}"), axis=axis)
    site.write(real)


def gather(site: Site) -> None:
    op = site.node.op
    if op.batch_dims:  # type: ignore[attr-defined]
        name = site.node.name or site.base
        raise UnsupportedOp(name, "Gather with batch dimensions", "target onnx", "use target tflite")
    indices = site.emit("Cast", site.real(1), to=7)
    site.write(site.emit("Gather", site.real(0), indices, axis=op.axis))  # type: ignore[attr-defined]


def gather_nd(site: Site) -> None:
    indices = site.emit("Cast", site.real(1), to=7)
    site.write(site.emit("GatherND", site.real(0), indices))


def pack(site: Site) -> None:
    axis = site.ints((site.node.op.axis,), "axis")  # type: ignore[attr-defined]
    parts = [site.emit("Unsqueeze", site.real(i), axis) for i in range(len(site.inputs))]
    site.write(site.emit("Concat", *parts, axis=site.node.op.axis))  # type: ignore[attr-defined]


def unpack(site: Site) -> None:
    axis = int(site.node.op.axis)  # type: ignore[attr-defined]
    for index in range(len(site.outputs)):
        place = site.raising.constant(np.asarray(index, np.int64), f"{site.base}/index")
        site.write(site.emit("Gather", site.real(0), place, axis=axis), index)


def space_to_depth(site: Site) -> None:
    n, h, w, c = site.tensor(0).shape
    b = int(site.node.op.block)  # type: ignore[attr-defined]
    real = site.emit("Reshape", site.real(0), site.ints((n, h // b, b, w // b, b, c), "blocks"))
    real = site.emit("Transpose", real, perm=(0, 1, 3, 2, 4, 5))
    site.write(site.emit("Reshape", real, site.ints(site.outputs[0].shape, "shape")))


def depth_to_space(site: Site) -> None:
    n, h, w, c = site.tensor(0).shape
    b = int(site.node.op.block)  # type: ignore[attr-defined]
    real = site.emit("Reshape", site.real(0), site.ints((n, h, w, b, b, c // (b * b)), "blocks"))
    real = site.emit("Transpose", real, perm=(0, 1, 3, 2, 4, 5))
    site.write(site.emit("Reshape", real, site.ints(site.outputs[0].shape, "shape")))


def broadcast_to(site: Site) -> None:
    site.write(site.emit("Expand", site.real(0), site.ints(site.outputs[0].shape, "shape")))


def tile(site: Site) -> None:
    site.write(site.emit("Tile", site.real(0), site.ints(site.node.op.multiples, "repeats")))  # type: ignore[attr-defined]


def reverse(site: Site) -> None:
    real = site.real(0)
    for axis in site.node.op.axes:  # type: ignore[attr-defined]
        indices = list(range(site.tensor(0).shape[axis]))[::-1]
        real = site.emit("Gather", real, site.ints(indices, f"axis{axis}"), axis=axis)
    site.write(real)


def top_k(site: Site) -> None:
    count = site.ints((site.node.op.k,), "k")  # type: ignore[attr-defined]
    values, indices = site.raising.emit("TopK", [site.real(0), count], f"{site.base}/TopK", 2, axis=-1)
    site.write(values)
    site.write(site.emit("Cast", indices, to=6), 1)


RAISE = {
    "Reshape": reshape,
    "Squeeze": reshape,
    "ExpandDims": reshape,
    "Transpose": transpose,
    "Concatenation": concatenation,
    "Split": split,
    "SplitV": split,
    "Slice": slice_,
    "StridedSlice": strided_slice,
    "Pad": pad,
    "PadV2": pad,
    "MirrorPad": mirror_pad,
    "Gather": gather,
    "GatherNd": gather_nd,
    "Pack": pack,
    "Unpack": unpack,
    "SpaceToDepth": space_to_depth,
    "DepthToSpace": depth_to_space,
    "BroadcastTo": broadcast_to,
    "Tile": tile,
    "Reverse": reverse,
    "TopK": top_k,
}

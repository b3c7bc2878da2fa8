"""Data movement, comparison and unary operators without elements: they go through, or are refused in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from conformance._ops_harness import single, tensor
from limen.errors import ProgramError
from limen.program import OPS, Quant, Tensor, run

Q = Quant.per_tensor(0.1)


def x(*shape: int, dtype: str = "float32", name: str = "x") -> Tensor:
    return tensor(name, shape, dtype, Q if dtype == "int8" else None)


def i8(*shape: int, name: str = "x") -> Tensor:
    return x(*shape, dtype="int8", name=name)


def index(*shape: int) -> Tensor:
    return Tensor.constant("i", np.zeros(shape, np.int32))


EMPTY: list[tuple[str, dict[str, Any], tuple[Tensor, ...], tuple[int, ...]]] = [
    ("Exp", {}, (x(0, 3),), (0, 3)),
    ("Exp", {}, (i8(0, 3),), (0, 3)),
    ("Sqrt", {}, (i8(0),), (0,)),
    ("Rsqrt", {}, (i8(0),), (0,)),
    ("Abs", {}, (i8(0),), (0,)),
    ("Less", {}, (x(0, 3, name="a"), x(1, name="b")), (0, 3)),
    ("Less", {}, (i8(0, 3, name="a"), i8(1, name="b")), (0, 3)),
    ("Select", {}, (x(1, dtype="bool", name="c"), x(0, 3, name="a"), x(1, name="b")), (0, 3)),
    ("Cast", {"dtype": "int8"}, (x(0),), (0,)),
    ("Reshape", {"shape": (3, 0)}, (x(0, 2),), (3, 0)),
    ("Squeeze", {"axes": (0,)}, (x(1, 0),), (0,)),
    ("ExpandDims", {"axis": 1}, (x(0),), (0, 1)),
    ("Transpose", {"permutation": (1, 0)}, (x(0, 2),), (2, 0)),
    ("Concatenation", {"axis": 0}, (x(0, 2, name="a"), x(3, 2, name="b")), (3, 2)),
    ("Split", {"axis": 0, "parts": 2}, (x(0, 4),), (0, 4)),
    ("SplitV", {"axis": 0, "sizes": (0, 3)}, (x(3, 2),), (0, 2)),
    ("Slice", {"begin": (0, 1), "size": (2, 0)}, (x(2, 3),), (2, 0)),
    ("StridedSlice", {"begin": (2,), "end": (1,), "strides": (1,)}, (x(3),), (0,)),
    ("Pad", {"paddings": ((1, 1), (0, 0))}, (x(0, 3),), (2, 3)),
    ("MirrorPad", {"paddings": ((0, 0), (1, 1)), "mode": "symmetric"}, (x(0, 3),), (0, 5)),
    ("Gather", {"axis": 0}, (x(3, 2), index(0)), (0, 2)),
    ("Gather", {"axis": 0}, (x(3, 0), index(2)), (2, 0)),
    ("Gather", {"axis": 1, "batch_dims": 1}, (x(0, 3), index(0, 2)), (0, 2)),
    ("GatherNd", {}, (x(3, 2), index(0, 1)), (0, 2)),
    ("ArgMax", {"axis": 1}, (x(0, 3),), (0,)),
    ("Pack", {"axis": 0}, (x(0, name="a"), x(0, name="b")), (2, 0)),
    ("SpaceToDepth", {"block": 2}, (x(0, 2, 2, 1),), (0, 1, 1, 4)),
    ("DepthToSpace", {"block": 2}, (x(0, 2, 2, 4),), (0, 4, 4, 1)),
    ("BroadcastTo", {"shape": (0, 3)}, (x(1, 3),), (0, 3)),
    ("Tile", {"multiples": (0, 2)}, (x(2, 2),), (0, 4)),
    ("CumSum", {"axis": 0, "exclusive": True}, (x(0, 2),), (0, 2)),
    ("Reverse", {"axes": (0,)}, (x(0, 2),), (0, 2)),
    ("SpaceToBatchNd", {"block": (2, 2), "paddings": ((0, 0), (0, 0))}, (x(0, 2, 2, 1),), (0, 1, 1, 1)),
    ("BatchToSpaceNd", {"block": (2, 2), "crops": ((0, 0), (0, 0))}, (x(4, 0, 2, 1),), (1, 0, 4, 1)),
    ("OneHot", {"axis": 1, "depth": 3}, (x(0, dtype="int32", name="i"), x(name="on"), x(name="off")), (0, 3)),
    ("TopK", {"k": 0}, (x(2, 3),), (2, 0)),
    ("TopK", {"k": 2}, (x(0, 3),), (0, 2)),
]


@pytest.mark.parametrize(("name", "attributes", "inputs", "shape"), EMPTY)
def test_no_elements_give_a_result(
    name: str, attributes: dict[str, Any], inputs: tuple[Tensor, ...], shape: tuple[int, ...]
) -> None:
    quantised = inputs[0].dtype == "int8" and name != "Less"
    program = single(OPS[name](**attributes), inputs, Q if quantised else None)
    feeds = {t.name: np.ones(t.shape, t.dtype) for t in program.input_tensors()}
    assert run(program, feeds)[program.outputs[0].tensor].shape == shape


@pytest.mark.parametrize(
    ("name", "attributes", "given"),
    [
        ("ArgMin", {"axis": 0}, x(0, 3)),
        ("Unpack", {"axis": 0, "count": 2}, x(2, 0)),
        ("ResizeNearest", {"size": (2, 2)}, x(1, 0, 2, 1)),
        ("ResizeBilinear", {"size": (2, 0)}, x(1, 2, 2, 1)),
        ("StridedSlice", {"begin": (0,), "end": (1,), "strides": (1,), "shrink_axis_mask": 1}, x(0)),
    ],
)
def test_what_has_no_result_is_refused(name: str, attributes: dict[str, Any], given: Tensor) -> None:
    with pytest.raises(ProgramError):
        single(OPS[name](**attributes), (given,))

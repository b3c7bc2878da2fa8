"""What the kernels of data movement, comparison and unary operators refuse, ``Program.check`` refuses too, in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from conformance._ops_harness import op, tensor
from limen.errors import ProgramError
from limen.program import Node, Op, Port, Program, Quant, Tensor, TensorType
from limen.targets.tflite import write

Q = Quant.per_tensor
X = (1, 4, 4, 4)


@dataclass(frozen=True)
class Refusal:
    """A node that is refused.

    Args:
        op: the operator.
        inputs: its operands.
        outputs: types that LiteRT is told, where the shape rule gives none.
        quant: of the outputs.
        says: part of the message.
        aborts: LiteRT ends the process instead of reporting an error, so only limen's side is run.
    """

    op: Op
    inputs: tuple[Tensor, ...]
    outputs: tuple[TensorType, ...]
    says: str
    quant: Quant | None = None
    aborts: bool = False


def f32(*shape: int) -> TensorType:
    return TensorType(shape, "float32")


def x(dtype: str = "float32", quant: Quant | None = None, shape: tuple[int, ...] = X, name: str = "x") -> Tensor:
    return tensor(name, shape, dtype, quant)


def like(dtype: str, shape: tuple[int, ...] = X) -> tuple[TensorType, ...]:
    return (TensorType(shape, dtype),)  # type: ignore[arg-type]


def pair(dtype: str, first: Quant | None, second: Quant | None) -> tuple[Tensor, Tensor]:
    return x(dtype, first, name="a"), x(dtype, second, name="b")


INDEX = Tensor.constant("i", np.zeros(2, np.int32))
PADDED = ((0, 0), (1, 1), (0, 0), (0, 0))

REFUSED: dict[str, Refusal] = {
    "log of uint8": Refusal(op("Log"), (x("uint8", Q(0.1)),), like("uint8"), "is uint8", Q(0.1)),
    "log of int8 without a scale": Refusal(op("Log"), (x("int8"),), like("int8"), "needs a scale"),
    "log of int16 with a zero point": Refusal(op("Log"), (x("int16", Q(0.1, 1)),), like("int16"), "must be 0", Q(0.1)),
    "exp of int32": Refusal(op("Exp"), (x("int32"),), like("int32"), "is int32"),
    "exp of int16 with a zero point": Refusal(op("Exp"), (x("int16", Q(0.1, 1)),), like("int16"), "must be 0", Q(0.1)),
    "abs of int8 without a scale": Refusal(op("Abs"), (x("int8"),), like("int8"), "needs a scale"),
    "abs of int64": Refusal(op("Abs"), (x("int64"),), like("int64"), "is int64"),
    "neg of uint8": Refusal(op("Neg"), (x("uint8", Q(0.1)),), like("uint8"), "is uint8", Q(0.1)),
    "square of int32": Refusal(op("Square"), (x("int32"),), like("int32"), "is int32"),
    "sign of int8": Refusal(op("Sign"), (x("int8", Q(0.1)),), like("int8"), "is int8", Q(0.1)),
    "less of bool": Refusal(op("Less"), pair("bool", None, None), like("bool"), "is bool"),
    "equal of uint32": Refusal(op("Equal"), pair("uint32", None, None), like("bool"), "is uint32"),
    "equal of int8 without a scale": Refusal(
        op("Equal"), pair("int8", None, None), like("bool"), "scale between 0 and 1", aborts=True
    ),
    "less of int8 with a scale of 1": Refusal(
        op("Less"), pair("int8", Q(1.0), Q(0.1)), like("bool"), "scale between 0 and 1", aborts=True
    ),
    "equal of two types": Refusal(op("Equal"), (x(name="a"), x("int32", name="b")), like("bool"), "must be the same"),
    "logical and of int32": Refusal(op("LogicalAnd"), pair("int32", None, None), like("bool"), "is int32"),
    "select by a number": Refusal(
        op("Select"), (x(name="c"), *pair("float32", None, None)), like("float32"), "is float32"
    ),
    "shapes that do not broadcast": Refusal(
        op("Less"), (x(shape=(2, 3), name="a"), x(shape=(2, 2), name="b")), like("bool", (2, 3)), "do not broadcast"
    ),
    "int8 joined with another scale": Refusal(
        op("Concatenation", axis=0),
        pair("int8", Q(0.1), Q(0.2)),
        like("int8", (2, 4, 4, 4)),
        "needs them the same",
        Q(0.1),
    ),
    "int16 joined with a zero point": Refusal(
        op("Concatenation", axis=0), pair("int16", Q(0.1, 1), Q(0.1)), like("int16", (2, 4, 4, 4)), "must be 0", Q(0.1)
    ),
    "joined with an activation": Refusal(
        op("Concatenation", axis=0, activation="relu"),
        pair("float32", None, None),
        (f32(2, 4, 4, 4),),
        "cannot be fused",
    ),
    "joined float64": Refusal(
        op("Concatenation", axis=0), pair("float64", None, None), like("float64", (2, 4, 4, 4)), "is float64"
    ),
    "split of bool": Refusal(op("Split", axis=1, parts=2), (x("bool"),), like("bool", (1, 2, 4, 4)) * 2, "is bool"),
    "an uneven split": Refusal(op("Split", axis=1, parts=3), (x(),), (f32(1, 1, 4, 4),) * 3, "3 equal parts"),
    "sizes that do not add up": Refusal(
        op("SplitV", axis=1, sizes=(1, 2)), (x(),), (f32(1, 1, 4, 4), f32(1, 2, 4, 4)), "do not add up"
    ),
    "a stride of 0": Refusal(
        op("StridedSlice", begin=(0,), end=(1,), strides=(0,)), (x(),), (f32(1, 4, 4, 4),), "stride 0 is 0"
    ),
    "padding of uint16": Refusal(op("Pad", paddings=PADDED), (x("uint16"),), like("uint16", (1, 6, 4, 4)), "is uint16"),
    "negative padding": Refusal(
        op("Pad", paddings=((0, 0), (-1, 1), (0, 0), (0, 0))), (x(),), (f32(1, 4, 4, 4),), "are negative"
    ),
    "a fill value of another scale": Refusal(
        op("PadV2", paddings=PADDED),
        (x("int8", Q(0.1)), x("int8", Q(0.2), (), "v")),
        like("int8", (1, 6, 4, 4)),
        "needs them the same",
        Q(0.1),
    ),
    "a fill value of two elements": Refusal(
        op("PadV2", paddings=PADDED), (x(), x(shape=(2,), name="v")), (f32(1, 6, 4, 4),), "expected one element"
    ),
    "a mirror larger than the input": Refusal(
        op("MirrorPad", paddings=((0, 0), (4, 0), (0, 0), (0, 0))), (x(),), (f32(1, 8, 4, 4),), "are larger than"
    ),
    "mirrored onto another scale": Refusal(
        op("MirrorPad", paddings=PADDED),
        (x("int8", Q(0.1)),),
        like("int8", (1, 6, 4, 4)),
        "needs them the same",
        Q(0.2),
    ),
    "an axis inserted onto another scale": Refusal(
        op("ExpandDims", axis=0), (x("int8", Q(0.1)),), like("int8", (1, *X)), "needs them the same", Q(0.2)
    ),
    "stacked onto another scale": Refusal(
        op("Pack", axis=0), pair("int8", Q(0.1), Q(0.2)), like("int8", (2, *X)), "needs them the same", Q(0.1)
    ),
    "stacked bool": Refusal(op("Pack", axis=0), pair("bool", None, None), like("bool", (2, *X)), "is bool"),
    "unstacked int64": Refusal(op("Unpack", axis=1, count=4), (x("int64"),), like("int64", (1, 4, 4)) * 4, "is int64"),
    "unstacked into too few": Refusal(op("Unpack", axis=1, count=3), (x(),), (f32(1, 4, 4),) * 3, "does not unpack"),
    "a picture of int64, nearest": Refusal(
        op("ResizeNearest", size=(2, 2)), (x("int64"),), like("int64", (1, 2, 2, 4)), "is int64"
    ),
    "a picture of rank 3": Refusal(
        op("ResizeNearest", size=(2, 2)), (x(shape=(4, 4, 4)),), (f32(2, 2, 4),), "expected rank 4"
    ),
    "a picture of int32, bilinear": Refusal(
        op("ResizeBilinear", size=(2, 2)), (x("int32"),), like("int32", (1, 2, 2, 4)), "is int32"
    ),
    "both ways to place pixels": Refusal(
        op("ResizeBilinear", size=(2, 2), align_corners=True, half_pixel_centers=True),
        (x(),),
        (f32(1, 2, 2, 4),),
        "exclude each other",
    ),
    "gathered uint16": Refusal(op("Gather", axis=1), (x("uint16"), INDEX), like("uint16", (1, 2, 4, 4)), "is uint16"),
    "gathered by float": Refusal(
        op("Gather", axis=1), (x(), x(shape=(2,), name="i")), (f32(1, 2, 4, 4),), "i is float32"
    ),
    "batch dimensions that differ": Refusal(
        op("Gather", axis=1, batch_dims=1), (x(shape=(3, 4)), INDEX), (f32(3),), "does not fit"
    ),
    "the largest of int16": Refusal(op("ArgMax", axis=1), (x("int16", Q(0.1)),), like("int64", (1, 4, 4)), "is int16"),
    "an index as int16": Refusal(op("ArgMax", axis=1, dtype="int16"), (x(),), like("int16", (1, 4, 4)), "cannot hold"),
    "the smallest along an empty axis": Refusal(
        op("ArgMin", axis=1), (x(shape=(2, 0)),), like("int64", (2,)), "is empty"
    ),
    "blocks of int16": Refusal(
        op("SpaceToDepth", block=2), (x("int16", Q(0.1)),), like("int16", (1, 2, 2, 16)), "is int16", Q(0.1)
    ),
    "a block that does not divide": Refusal(
        op("SpaceToDepth", block=3), (x(),), (f32(1, 1, 1, 36),), "does not divide"
    ),
    "channels that do not divide": Refusal(
        op("DepthToSpace", block=3), (x(),), (f32(1, 12, 12, 1),), "does not divide"
    ),
    "backwards along axes apart": Refusal(op("Reverse", axes=(0, 2)), (x(),), (f32(*X),), "are not neighbours"),
    "a sum of int8": Refusal(op("CumSum", axis=1), (x("int8", Q(0.1)),), like("int8"), "is int8", Q(0.1)),
    "one hot int16": Refusal(
        op("OneHot", axis=1, depth=4),
        (INDEX, x("int16", None, (), "on"), x("int16", None, (), "off")),
        like("int16", (2, 4)),
        "is int16",
    ),
    "more than there are": Refusal(
        op("TopK", k=5), (x(),), (f32(1, 4, 4, 5), TensorType((1, 4, 4, 5), "int32")), "does not fit"
    ),
    "the largest of bool": Refusal(
        op("TopK", k=1), (x("bool"),), (TensorType((1, 4, 4, 1), "bool"), TensorType((1, 4, 4, 1), "int32")), "is bool"
    ),
    "pixels to batch of rank 5": Refusal(
        op("SpaceToBatchNd", block=(1, 1, 1), paddings=((0, 0),) * 3), (x(shape=(1, *X)),), (f32(1, *X),), "rank 3 or 4"
    ),
    "pixels to batch onto another scale": Refusal(
        op("SpaceToBatchNd", block=(2, 2), paddings=((0, 0),) * 2),
        (x("int8", Q(0.1)),),
        like("int8", (4, 2, 2, 4)),
        "needs them the same",
        Q(0.2),
    ),
    "a batch that does not divide": Refusal(
        op("BatchToSpaceNd", block=(2, 2), crops=((0, 0),) * 2), (x(),), (f32(1, 8, 8, 4),), "does not divide"
    ),
    "broadcast to fewer": Refusal(op("BroadcastTo", shape=(4, 4)), (x(),), (f32(4, 4),), "does not broadcast"),
}


def program(refusal: Refusal) -> Program:
    """Unchecked."""
    outputs = [Tensor(f"y{i}", t.shape, t.dtype, refusal.quant) for i, t in enumerate(refusal.outputs)]
    outputs = [t if t.dtype in ("int8", "uint8", "int16") else Tensor(t.name, t.shape, t.dtype) for t in outputs]
    node = Node(refusal.op, tuple(t.name for t in refusal.inputs), tuple(t.name for t in outputs), "node")
    feeds = tuple(Port(t.name, t.name) for t in refusal.inputs if t.data is None)
    tensors = {t.name: t for t in (*refusal.inputs, *outputs)}
    return Program("refused", tensors, (node,), feeds, tuple(Port(t.name, t.name) for t in outputs))


@pytest.mark.parametrize("name", REFUSED)
def test_check_refuses_and_says_why(name: str) -> None:
    with pytest.raises(ProgramError, match=r"^node: ") as caught:
        program(REFUSED[name]).check()
    assert REFUSED[name].says in str(caught.value)


@pytest.mark.parametrize("name", [name for name, refusal in REFUSED.items() if not refusal.aborts])
def test_litert_refuses_it_too(name: str) -> None:
    made = program(REFUSED[name])
    kind = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(model_content=write(made), experimental_op_resolver_type=kind, num_threads=1)
    with pytest.raises(RuntimeError, match=r"failed to (prepare|invoke)"):
        execute(interpreter)


def execute(interpreter: Interpreter) -> None:
    interpreter.allocate_tensors()
    for detail in interpreter.get_input_details():
        interpreter.set_tensor(detail["index"], np.ones(detail["shape"], detail["dtype"]))
    interpreter.invoke()

"""TFLite's builtin operators as operators of a Program: one converter each, found by the builtin's name."""

from __future__ import annotations

import math
from collections.abc import Callable

from limen.errors import ModelError
from limen.importers._tflite_call import Call, Made, make
from limen.importers._tflite_windows import WINDOW_CONVERTERS

Converter = Callable[[Call], Made]

_PLAIN = {
    "ABS": "Abs",
    "CEIL": "Ceil",
    "COS": "Cos",
    "DEQUANTIZE": "Dequantize",
    "ELU": "Elu",
    "EQUAL": "Equal",
    "EXP": "Exp",
    "FLOOR": "Floor",
    "FLOOR_DIV": "FloorDiv",
    "FLOOR_MOD": "FloorMod",
    "GATHER_ND": "GatherNd",
    "GREATER": "Greater",
    "GREATER_EQUAL": "GreaterEqual",
    "HARD_SWISH": "HardSwish",
    "LESS": "Less",
    "LESS_EQUAL": "LessEqual",
    "LOG": "Log",
    "LOGICAL_AND": "LogicalAnd",
    "LOGICAL_NOT": "LogicalNot",
    "LOGICAL_OR": "LogicalOr",
    "LOGISTIC": "Logistic",
    "LOG_SOFTMAX": "LogSoftmax",
    "MAXIMUM": "Maximum",
    "MINIMUM": "Minimum",
    "NEG": "Neg",
    "NOT_EQUAL": "NotEqual",
    "POW": "Pow",
    "PRELU": "PRelu",
    "RELU": "Relu",
    "RELU6": "Relu6",
    "RELU_0_TO_1": "Relu0To1",
    "RELU_N1_TO_1": "ReluN1To1",
    "ROUND": "Round",
    "RSQRT": "Rsqrt",
    "SELECT_V2": "Select",
    "SIGN": "Sign",
    "SIN": "Sin",
    "SQRT": "Sqrt",
    "SQUARE": "Square",
    "SQUARED_DIFFERENCE": "SquaredDifference",
    "TANH": "Tanh",
}
_REDUCTIONS = {
    "MEAN": "Mean",
    "SUM": "Sum",
    "REDUCE_MAX": "ReduceMax",
    "REDUCE_MIN": "ReduceMin",
    "REDUCE_PROD": "ReduceProd",
}


def _plain(op: str) -> Converter:
    return lambda call: make(call, op)


def _reduction(op: str) -> Converter:
    def convert(call: Call) -> Made:
        axes = call.axes(1, len(call.tensor(0).shape))
        return make(call, op, 0, axes=axes, keep_dims=call.option("keep_dims"))

    return convert


def _sum_or_difference(op: str) -> Converter:
    def convert(call: Call) -> Made:
        x = call.tensor(0)
        if x.dtype == "int16" and x.quant and call.option("pot_scale_int16"):
            raise call.refuse("int16 with power-of-two scales", "convert the model again with a current converter")
        return make(call, op, activation=call.activation())

    return convert


def _activated(op: str) -> Converter:
    return lambda call: make(call, op, activation=call.activation())


def _select(call: Call) -> Made:
    if len({call.tensor(i).shape for i in range(3)}) != 1:
        raise call.refuse("operands of different shapes")
    return make(call, "Select")


def _fully_connected(call: Call) -> Made:
    if call.option("weights_format"):
        raise call.refuse("shuffled weights", "convert the model again with a current converter")
    return make(
        call,
        "FullyConnected",
        activation=call.activation(),
        keep_dims=call.option("keep_num_dims"),
        asymmetric_quantize_inputs=call.option("asymmetric_quantize_inputs"),
    )


def _batch_mat_mul(call: Call) -> Made:
    flags = ("adj_x", "adj_y", "asymmetric_quantize_inputs")
    return make(call, "BatchMatMul", **{flag: call.option(flag) for flag in flags})


def _reshape(call: Call) -> Made:
    x = call.tensor(0)
    shape = call.integers(1) if len(call.inputs) > 1 else call.option("new_shape")
    if len(call.inputs) < 2 and shape == (0,):
        shape = ()  # how converters before 2018 wrote a scalar
    if shape.count(-1) == 1:
        known = math.prod(d for d in shape if d != -1)
        if known <= 0 or x.size % known:
            raise ModelError(f"{call.name}: {x.shape} does not reshape to {shape}")
        shape = tuple(x.size // known if d == -1 else d for d in shape)
    return make(call, "Reshape", 0, shape=shape)


def _squeeze(call: Call) -> Made:
    shape = call.tensor(0).shape
    axes = {call.axis(a, len(shape)) for a in call.option("squeeze_dims")}
    return make(call, "Squeeze", axes=tuple(sorted(axes or {i for i, d in enumerate(shape) if d == 1})))


def _expand_dims(call: Call) -> Made:
    return make(call, "ExpandDims", 0, axis=call.axis(call.integer(1), len(call.tensor(0).shape) + 1))


def _transpose(call: Call) -> Made:
    rank = len(call.tensor(0).shape)
    return make(call, "Transpose", 0, permutation=tuple(call.axis(a, rank) for a in call.integers(1)))


def _concatenation(call: Call) -> Made:
    axis = call.axis(call.option("axis"), len(call.tensor(0).shape))
    return make(call, "Concatenation", axis=axis, activation=call.activation())


def _split(call: Call) -> Made:
    axis = call.axis(call.integer(0), len(call.tensor(1).shape))
    return make(call, "Split", 1, axis=axis, parts=call.option("num_splits"))


def _split_v(call: Call) -> Made:
    x, sizes = call.tensor(0), call.integers(1)
    axis = call.axis(call.integer(2), len(x.shape))
    if sizes.count(-1) == 1:
        rest = x.shape[axis] - sum(s for s in sizes if s != -1)
        sizes = tuple(rest if s == -1 else s for s in sizes)
    return make(call, "SplitV", 0, axis=axis, sizes=sizes)


def _slice(call: Call) -> Made:
    x, begin, size = call.tensor(0), call.integers(1), call.integers(2)
    if not len(begin) == len(size) == len(x.shape):
        raise ModelError(f"{call.name}: begin {begin} and size {size} do not fit shape {x.shape}")
    extents = zip(size, x.shape, begin, strict=True)
    return make(call, "Slice", 0, begin=begin, size=tuple(d - b if s == -1 else s for s, d, b in extents))


def _strided_slice(call: Call) -> Made:
    begin, end, strides = call.integers(1), call.integers(2), call.integers(3)
    if call.option("offset"):
        end = tuple(b + e for b, e in zip(begin, end, strict=True))
    masks = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
    return make(call, "StridedSlice", 0, begin=begin, end=end, strides=strides, **{m: call.option(m) for m in masks})


def _mirror_pad(call: Call) -> Made:
    modes = ("reflect", "symmetric")
    mode = call.option("mode")
    if not 0 <= mode < len(modes):
        raise ModelError(f"{call.name}: mirror mode {mode} is not known")
    return make(call, "MirrorPad", 0, paddings=call.pairs(1), mode=modes[mode])


def _pad_v2(call: Call) -> Made:
    return make(call, "PadV2", 0, 2, paddings=call.pairs(1))


def _resize(op: str) -> Converter:
    def convert(call: Call) -> Made:
        flags = ("align_corners", "half_pixel_centers")
        return make(call, op, 0, size=call.integers(1), **{flag: call.option(flag) for flag in flags})

    return convert


def _gather(call: Call) -> Made:
    axis = call.axis(call.option("axis"), len(call.tensor(0).shape))
    batch_dims = call.option("batch_dims")
    if batch_dims < 0:
        batch_dims += len(call.tensor(1).shape)
    return make(call, "Gather", axis=axis, batch_dims=batch_dims)


def _arg(op: str) -> Converter:
    def convert(call: Call) -> Made:
        axis = call.axis(call.integer(1), len(call.tensor(0).shape))
        return make(call, op, 0, axis=axis, dtype=call.outputs[0].dtype)

    return convert


def _to_output_type(op: str) -> Converter:
    return lambda call: make(call, op, dtype=call.outputs[0].dtype)


def _pack(call: Call) -> Made:
    return make(call, "Pack", axis=call.axis(call.option("axis"), len(call.tensor(0).shape) + 1))


def _unpack(call: Call) -> Made:
    axis = call.axis(call.option("axis"), len(call.tensor(0).shape))
    return make(call, "Unpack", axis=axis, count=call.option("num"))


def _one_hot(call: Call) -> Made:
    axis = call.axis(call.option("axis"), len(call.tensor(0).shape) + 1)
    return make(call, "OneHot", 0, 2, 3, axis=axis, depth=call.integer(1))


def _cum_sum(call: Call) -> Made:
    axis = call.axis(call.integer(1), len(call.tensor(0).shape))
    return make(call, "CumSum", 0, axis=axis, exclusive=call.option("exclusive"), reverse=call.option("reverse"))


CONVERTERS: dict[str, tuple[str, Converter]] = {
    # builtin -> its options table, converter
    **{builtin: ("", _plain(op)) for builtin, op in _PLAIN.items()},
    **{builtin: ("ReducerOptions", _reduction(op)) for builtin, op in _REDUCTIONS.items()},
    **WINDOW_CONVERTERS,
    "ADD": ("AddOptions", _sum_or_difference("Add")),
    "ARG_MAX": ("", _arg("ArgMax")),
    "ARG_MIN": ("", _arg("ArgMin")),
    "BATCH_MATMUL": ("BatchMatMulOptions", _batch_mat_mul),
    "BATCH_TO_SPACE_ND": (
        "",
        lambda call: make(call, "BatchToSpaceNd", 0, block=call.integers(1), crops=call.pairs(2)),
    ),
    "BROADCAST_TO": ("", lambda call: make(call, "BroadcastTo", 0, shape=call.integers(1))),
    "CAST": ("", _to_output_type("Cast")),
    "CONCATENATION": ("ConcatenationOptions", _concatenation),
    "CUMSUM": ("CumsumOptions", _cum_sum),
    "DEPTH_TO_SPACE": (
        "DepthToSpaceOptions",
        lambda call: make(call, "DepthToSpace", block=call.option("block_size")),
    ),
    "DIV": ("DivOptions", _activated("Div")),
    "EXPAND_DIMS": ("", _expand_dims),
    "FULLY_CONNECTED": ("FullyConnectedOptions", _fully_connected),
    "GATHER": ("GatherOptions", _gather),
    "GELU": ("GeluOptions", lambda call: make(call, "Gelu", approximate=call.option("approximate"))),
    "L2_NORMALIZATION": ("L2NormOptions", _activated("L2Norm")),
    "LEAKY_RELU": ("LeakyReluOptions", lambda call: make(call, "LeakyRelu", alpha=call.option("alpha"))),
    "MIRROR_PAD": ("MirrorPadOptions", _mirror_pad),
    "MUL": ("MulOptions", _activated("Mul")),
    "ONE_HOT": ("OneHotOptions", _one_hot),
    "PACK": ("PackOptions", _pack),
    "PAD": ("", lambda call: make(call, "Pad", 0, paddings=call.pairs(1))),
    "PADV2": ("", _pad_v2),
    "QUANTIZE": ("", _to_output_type("Quantize")),
    "RESHAPE": ("ReshapeOptions", _reshape),
    "RESIZE_BILINEAR": ("ResizeBilinearOptions", _resize("ResizeBilinear")),
    "RESIZE_NEAREST_NEIGHBOR": ("ResizeNearestNeighborOptions", _resize("ResizeNearest")),
    "REVERSE_V2": ("", lambda call: make(call, "Reverse", 0, axes=call.axes(1, len(call.tensor(0).shape)))),
    "SELECT": ("", _select),
    "SLICE": ("", _slice),
    "SOFTMAX": ("SoftmaxOptions", lambda call: make(call, "Softmax", beta=call.option("beta"))),
    "SPACE_TO_BATCH_ND": (
        "",
        lambda call: make(call, "SpaceToBatchNd", 0, block=call.integers(1), paddings=call.pairs(2)),
    ),
    "SPACE_TO_DEPTH": (
        "SpaceToDepthOptions",
        lambda call: make(call, "SpaceToDepth", block=call.option("block_size")),
    ),
    "SPLIT": ("SplitOptions", _split),
    "SPLIT_V": ("SplitVOptions", _split_v),
    "SQUEEZE": ("SqueezeOptions", _squeeze),
    "STRIDED_SLICE": ("StridedSliceOptions", _strided_slice),
    "SUB": ("SubOptions", _sum_or_difference("Sub")),
    "TILE": ("", lambda call: make(call, "Tile", 0, multiples=call.integers(1))),
    "TOPK_V2": ("", lambda call: make(call, "TopK", 0, k=call.integer(1))),
    "TRANSPOSE": ("", _transpose),
    "UNPACK": ("UnpackOptions", _unpack),
}

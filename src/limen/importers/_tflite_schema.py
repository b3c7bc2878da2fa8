"""The parts of TFLite's schema that the reader follows: names of operators, and which slot an option is in.

Facts of the published schema (schema.fbs, version 3); a test compares them with the classes that ai-edge-litert
generates from it.
"""

from __future__ import annotations

from dataclasses import dataclass

_BUILTINS = """
    ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE EMBEDDING_LOOKUP FLOOR
    FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D LOCAL_RESPONSE_NORMALIZATION LOGISTIC
    LSH_PROJECTION LSTM MAX_POOL_2D MUL RELU RELU_N1_TO_1 RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX
    SPACE_TO_DEPTH SVDF TANH CONCAT_EMBEDDINGS SKIP_GRAM CALL CUSTOM EMBEDDING_LOOKUP_SPARSE PAD
    UNIDIRECTIONAL_SEQUENCE_RNN GATHER BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND TRANSPOSE MEAN SUB DIV SQUEEZE
    UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE BIDIRECTIONAL_SEQUENCE_RNN EXP TOPK_V2 SPLIT LOG_SOFTMAX DELEGATE
    BIDIRECTIONAL_SEQUENCE_LSTM CAST PRELU MAXIMUM ARG_MAX MINIMUM LESS NEG PADV2 GREATER GREATER_EQUAL
    LESS_EQUAL SELECT SLICE SIN TRANSPOSE_CONV SPARSE_TO_DENSE TILE EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT
    RSQRT SHAPE POW ARG_MIN FAKE_QUANT REDUCE_PROD REDUCE_MAX PACK LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT
    UNPACK REDUCE_MIN FLOOR_DIV REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD RANGE RESIZE_NEAREST_NEIGHBOR
    LEAKY_RELU SQUARED_DIFFERENCE MIRROR_PAD ABS SPLIT_V UNIQUE CEIL REVERSE_V2 ADD_N GATHER_ND COS WHERE RANK
    ELU REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG ROUND HARD_SWISH IF WHILE NON_MAX_SUPPRESSION_V4
    NON_MAX_SUPPRESSION_V5 SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM BATCH_MATMUL
    PLACEHOLDER_FOR_GREATER_OP_CODES CUMSUM CALL_ONCE BROADCAST_TO RFFT2D CONV_3D IMAG REAL COMPLEX_ABS
    HASHTABLE HASHTABLE_FIND HASHTABLE_IMPORT HASHTABLE_SIZE REDUCE_ALL CONV_3D_TRANSPOSE VAR_HANDLE
    READ_VARIABLE ASSIGN_VARIABLE BROADCAST_ARGS RANDOM_STANDARD_NORMAL BUCKETIZE RANDOM_UNIFORM MULTINOMIAL
    GELU DYNAMIC_UPDATE_SLICE RELU_0_TO_1 UNSORTED_SEGMENT_PROD UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_SUM ATAN2
    UNSORTED_SEGMENT_MIN SIGN BITCAST BITWISE_XOR RIGHT_SHIFT STABLEHLO_LOGISTIC STABLEHLO_ADD STABLEHLO_DIVIDE
    STABLEHLO_MULTIPLY STABLEHLO_MAXIMUM STABLEHLO_RESHAPE STABLEHLO_CLAMP STABLEHLO_CONCATENATE
    STABLEHLO_BROADCAST_IN_DIM STABLEHLO_CONVOLUTION STABLEHLO_SLICE STABLEHLO_CUSTOM_CALL STABLEHLO_REDUCE
    STABLEHLO_ABS STABLEHLO_AND STABLEHLO_COSINE STABLEHLO_EXPONENTIAL STABLEHLO_FLOOR STABLEHLO_LOG
    STABLEHLO_MINIMUM STABLEHLO_NEGATE STABLEHLO_OR STABLEHLO_POWER STABLEHLO_REMAINDER STABLEHLO_RSQRT
    STABLEHLO_SELECT STABLEHLO_SUBTRACT STABLEHLO_TANH STABLEHLO_SCATTER STABLEHLO_COMPARE STABLEHLO_CONVERT
    STABLEHLO_DYNAMIC_SLICE STABLEHLO_DYNAMIC_UPDATE_SLICE STABLEHLO_PAD STABLEHLO_IOTA STABLEHLO_DOT_GENERAL
    STABLEHLO_REDUCE_WINDOW STABLEHLO_SORT STABLEHLO_WHILE STABLEHLO_GATHER STABLEHLO_TRANSPOSE DILATE
    STABLEHLO_RNG_BIT_GENERATOR REDUCE_WINDOW STABLEHLO_COMPOSITE STABLEHLO_SHIFT_LEFT STABLEHLO_CBRT
    STABLEHLO_CASE
"""
_TENSOR_TYPES = """
    float32 float16 int32 uint8 int64 STRING bool int16 COMPLEX64 int8 float64 COMPLEX128 UINT64 RESOURCE VARIANT uint32
    uint16 INT4 BFLOAT16 INT2 UINT4 FLOAT8_E4M3FN FLOAT8_E5M2
"""

# code -> builtin operator
BUILTINS: tuple[str, ...] = tuple(_BUILTINS.split())

# code -> element type; the names in capitals have no counterpart in a Program
TENSOR_TYPES: tuple[str, ...] = tuple(_TENSOR_TYPES.split())

ACTIVATIONS: tuple[str, ...] = ("none", "relu", "relu_n1_to_1", "relu6", "TANH", "SIGN_BIT")


@dataclass(frozen=True)
class Field:
    """One field of an options table: its slot, struct code (``s`` string, ``v`` vector of int32) and default."""

    slot: int
    code: str
    default: int


@dataclass(frozen=True)
class OptionsTable:
    """One member of the union BuiltinOptions."""

    code: int
    fields: dict[str, Field]


def _options(code: int, fields: str) -> OptionsTable:
    parsed = {}
    for slot, entry in enumerate(fields.split()):
        name, _, kind = entry.partition(":")
        kind, _, default = kind.partition("=")
        parsed[name] = Field(slot, kind, int(default or 0))
    return OptionsTable(code, parsed)


OPTIONS: dict[str, OptionsTable] = {
    "Conv2DOptions": _options(
        1,
        "padding:b stride_w:i stride_h:i "
        "fused_activation_function:b dilation_w_factor:i=1 dilation_h_factor:i=1 quantized_bias_type:b",
    ),
    "DepthwiseConv2DOptions": _options(
        2,
        "padding:b stride_w:i stride_h:i "
        "depth_multiplier:i fused_activation_function:b dilation_w_factor:i=1 dilation_h_factor:i=1",
    ),
    "Pool2DOptions": _options(
        5,
        "padding:b stride_w:i stride_h:i filter_width:i filter_height:i fused_activation_function:b",
    ),
    "FullyConnectedOptions": _options(
        8,
        "fused_activation_function:b weights_format:b "
        "keep_num_dims:? asymmetric_quantize_inputs:? quantized_bias_type:b",
    ),
    "SoftmaxOptions": _options(9, "beta:f"),
    "ConcatenationOptions": _options(10, "axis:i fused_activation_function:b"),
    "AddOptions": _options(11, "fused_activation_function:b pot_scale_int16:?=1"),
    "SubOptions": _options(28, "fused_activation_function:b pot_scale_int16:?=1"),
    "MulOptions": _options(21, "fused_activation_function:b"),
    "DivOptions": _options(29, "fused_activation_function:b"),
    "L2NormOptions": _options(12, "fused_activation_function:b"),
    "ResizeBilinearOptions": _options(15, "new_height:i new_width:i align_corners:? half_pixel_centers:?"),
    "ResizeNearestNeighborOptions": _options(74, "align_corners:? half_pixel_centers:?"),
    "ReshapeOptions": _options(17, "new_shape:v"),
    "SpaceToDepthOptions": _options(19, "block_size:i"),
    "DepthToSpaceOptions": _options(94, "block_size:i"),
    "GatherOptions": _options(23, "axis:i batch_dims:i=0"),
    "ReducerOptions": _options(27, "keep_dims:?"),
    "SqueezeOptions": _options(30, "squeeze_dims:v"),
    "SplitOptions": _options(35, "num_splits:i"),
    "SplitVOptions": _options(79, "num_splits:i"),
    "StridedSliceOptions": _options(
        32,
        "begin_mask:i end_mask:i ellipsis_mask:i new_axis_mask:i shrink_axis_mask:i offset:?",
    ),
    "TransposeConvOptions": _options(
        49,
        "padding:b stride_w:i stride_h:i fused_activation_function:b quantized_bias_type:b",
    ),
    "PackOptions": _options(59, "values_count:i axis:i"),
    "UnpackOptions": _options(64, "num:i axis:i"),
    "OneHotOptions": _options(61, "axis:i"),
    "LeakyReluOptions": _options(75, "alpha:f"),
    "MirrorPadOptions": _options(77, "mode:b"),
    "BatchMatMulOptions": _options(101, "adj_x:? adj_y:? asymmetric_quantize_inputs:?"),
    "CumsumOptions": _options(102, "exclusive:? reverse:?"),
    "GeluOptions": _options(116, "approximate:?"),
    "CallOnceOptions": _options(103, "init_subgraph_index:i"),
    "VarHandleOptions": _options(111, "container:s shared_name:s"),
}

"""Small Keras models, one or a few per layer: name -> function that builds the model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import layers, ops

Build = Callable[[], Any]


def net(shape: tuple[int | None, ...], *stack: Any, dtype: str = "float32") -> Build:
    """A functional model of one input and a chain of layers or functions."""

    def build() -> Any:
        x = inputs = keras.Input(shape, dtype=dtype, name="x")
        for layer in stack:
            x = layer()(x) if isinstance(layer, type) else layer(x)
        return keras.Model(inputs, x)

    return build


def lazily(kind: Any, *arguments: Any, **options: Any) -> Callable[[Any], Any]:
    """A layer made at each call, so that cases do not share weights."""
    return lambda x: kind(*arguments, **options)(x)


L = lazily
IMAGE, SERIES = (9, 7, 4), (10, 6)
CASES: dict[str, Build] = {}

for units, options in ((5, {}), (3, {"use_bias": False, "activation": "relu"}), (4, {"activation": "softmax"})):
    CASES[f"dense_{units}"] = net((7,), L(layers.Dense, units, **options))
    CASES[f"dense_{units}_on_images"] = net(IMAGE, L(layers.Dense, units, **options))

for padding in ("valid", "same"):
    for kernel, stride, dilation in ((3, 1, 1), ((2, 3), 2, 1), (3, 1, 2), ((5, 1), (1, 3), 1), (4, 2, 1), (1, 2, 1)):
        tag = f"{padding}_{kernel}_{stride}_{dilation}"
        common = {"strides": stride, "dilation_rate": dilation, "padding": padding}
        CASES[f"conv2d_{tag}"] = net(IMAGE, L(layers.Conv2D, 6, kernel, **common))
        if stride in (1, 2):
            depth = {"depth_multiplier": 2, **common}
            CASES[f"depthwise2d_{tag}"] = net(IMAGE, L(layers.DepthwiseConv2D, kernel, **depth))
            CASES[f"separable2d_{tag}"] = net(IMAGE, L(layers.SeparableConv2D, 5, kernel, **depth))
    for kernel, stride in ((3, 1), (2, 2), (4, 2), (3, 2), (2, 3), ((3, 2), (2, 1))):
        tag = f"{padding}_{kernel}_{stride}"
        CASES[f"conv2d_transpose_{tag}"] = net(
            IMAGE, L(layers.Conv2DTranspose, 3, kernel, strides=stride, padding=padding)
        )
    CASES[f"conv1d_transpose_{padding}"] = net(SERIES, L(layers.Conv1DTranspose, 3, 4, strides=2, padding=padding))
    for size, stride in ((2, None), (3, 2), ((3, 2), (1, 2)), (2, 3)):
        for kind in (layers.MaxPooling2D, layers.AveragePooling2D):
            CASES[f"{kind.__name__}_{padding}_{size}_{stride}"] = net(IMAGE, L(kind, size, stride, padding))
    for kind in (layers.MaxPooling1D, layers.AveragePooling1D):
        CASES[f"{kind.__name__}_{padding}"] = net(SERIES, L(kind, 3, 2, padding))
# Where the padding is uneven, Keras on PyTorch averages repeated border values; TensorFlow and JAX leave padding out.
# tests/unit/importers/test_keras_pooling.py holds the importer to the latter.
for name in ("AveragePooling2D_same_(3, 2)_(1, 2)", "AveragePooling1D_same"):
    del CASES[name]
for padding in ("valid", "same", "causal"):
    CASES[f"conv1d_{padding}"] = net(SERIES, L(layers.Conv1D, 8, 3, padding=padding, activation="relu"))
    CASES[f"conv1d_{padding}_dilated"] = net(SERIES, L(layers.Conv1D, 8, 3, padding=padding, dilation_rate=2))
CASES["conv1d_strided"] = net(SERIES, L(layers.Conv1D, 8, 5, strides=3, padding="same"))
CASES["conv2d_grouped"] = net(IMAGE, L(layers.Conv2D, 6, 3, groups=2, use_bias=False))
CASES["conv3d"] = net((5, 6, 7, 2), L(layers.Conv3D, 3, 3, padding="same"))
CASES["depthwise1d"] = net(SERIES, L(layers.DepthwiseConv1D, 3, padding="same"))
CASES["separable1d"] = net(SERIES, L(layers.SeparableConv1D, 5, 3, padding="same", depth_multiplier=2))
CASES["conv2d_open_size"] = net((None, None, 3), L(layers.Conv2D, 6, 3, padding="same"), layers.GlobalMaxPooling2D)
CASES["conv2d_transpose_output_padding"] = net(
    IMAGE, L(layers.Conv2DTranspose, 3, 3, strides=2, padding="same", output_padding=1)
)
for kind in (layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D):
    for keep in (False, True):
        CASES[f"{kind.__name__}_{keep}"] = net(IMAGE, L(layers.Conv2D, 5, 3), L(kind, keepdims=keep))
for kind in (layers.GlobalAveragePooling1D, layers.GlobalMaxPooling1D):
    for keep in (False, True):
        CASES[f"{kind.__name__}_{keep}"] = net(SERIES, L(kind, keepdims=keep))

NAMES = (
    "linear relu relu6 leaky_relu elu celu selu softplus softsign squareplus soft_shrink hard_shrink tanh_shrink "
    "sparse_plus sparse_sigmoid silu swish gelu glu tanh hard_tanh sigmoid hard_sigmoid hard_silu hard_swish "
    "log_sigmoid exponential mish softmax log_softmax"
)
for name in NAMES.split():
    CASES[f"activation_{name}"] = net((12,), L(layers.Activation, name))
    CASES[f"activation_{name}_after_conv"] = net(IMAGE, L(layers.Conv2D, 6, 3), L(layers.Activation, name))
CASES |= {
    "relu_plain": net(IMAGE, layers.ReLU),
    "relu_6": net(IMAGE, L(layers.ReLU, max_value=6.0)),
    "relu_slope": net(IMAGE, L(layers.ReLU, max_value=1.0, negative_slope=0.2)),
    "relu_threshold": net(IMAGE, L(layers.ReLU, threshold=0.5, negative_slope=0.1, max_value=2.0)),
    "relu_threshold_plain": net(IMAGE, L(layers.ReLU, threshold=0.5)),
    "leaky_relu": net(IMAGE, L(layers.LeakyReLU, negative_slope=0.1)),
    "prelu": net(IMAGE, layers.PReLU),
    "prelu_shared_after_conv": net(IMAGE, L(layers.Conv2D, 5, 3), L(layers.PReLU, shared_axes=[1, 2])),
    "prelu_full_after_conv": net(IMAGE, L(layers.Conv2D, 5, 3), layers.PReLU),
    "elu": net(IMAGE, L(layers.ELU, alpha=0.7)),
    "softmax": net(IMAGE, layers.Softmax),
    "softmax_axis_1_after_conv": net(IMAGE, L(layers.Conv2D, 5, 3), L(layers.Softmax, axis=1)),
    "activation_layer_inside_dense": net((7,), L(layers.Dense, 5, activation=layers.LeakyReLU(negative_slope=0.3))),
    "batch_norm_dense": net((7,), L(layers.Dense, 5), layers.BatchNormalization),
    "batch_norm_on_input": net(IMAGE, layers.BatchNormalization),
    "batch_norm_after_conv": net(IMAGE, L(layers.Conv2D, 5, 3), layers.BatchNormalization),
    "batch_norm_no_scale": net(IMAGE, L(layers.Conv2D, 5, 3), L(layers.BatchNormalization, scale=False)),
    "batch_norm_no_center": net(IMAGE, L(layers.Conv2D, 5, 3), L(layers.BatchNormalization, center=False, scale=False)),
    "batch_norm_series": net(SERIES, L(layers.Conv1D, 5, 3), layers.BatchNormalization),
    "batch_norm_axis_1": net(IMAGE, L(layers.BatchNormalization, axis=1)),
    "layer_norm": net(SERIES, layers.LayerNormalization),
    "layer_norm_two_axes": net(SERIES, L(layers.LayerNormalization, axis=[1, 2], epsilon=1e-5)),
    "layer_norm_no_scale": net(SERIES, L(layers.LayerNormalization, scale=False)),
    "layer_norm_after_conv": net(IMAGE, L(layers.Conv2D, 5, 3), layers.LayerNormalization),
    "rms_norm": net(SERIES, layers.RMSNormalization),
    "group_norm": net((9, 7, 8), L(layers.GroupNormalization, groups=4)),
    "group_norm_instance": net((9, 7, 8), L(layers.Conv2D, 8, 3), L(layers.GroupNormalization, groups=-1)),
    "unit_norm": net(SERIES, layers.UnitNormalization),
    "unit_norm_axes": net(IMAGE, L(layers.UnitNormalization, axis=[1, 2, 3])),
    "rescaling": net(IMAGE, L(layers.Rescaling, 1 / 127.5, offset=-1)),
    "rescaling_vector": net((5, 5, 3), L(layers.Rescaling, [0.5, 2.0, 1.0], offset=[0.0, 1.0, -1.0])),
    "rescaling_of_bytes": net((5, 5, 3), L(layers.Rescaling, 1 / 255), dtype="uint8"),
    "normalization_given": net((4,), L(layers.Normalization, mean=[1.0, 2, 3, 4], variance=[1.0, 4, 9, 0.25])),
    "normalization_scalar": net((4,), L(layers.Normalization, axis=None, mean=1.5, variance=4.0)),
    "normalization_invert": net((4,), L(layers.Normalization, mean=2.0, variance=4.0, invert=True)),
    "resizing": net((8, 6, 3), L(layers.Resizing, 12, 9)),
    "zero_padding": net(IMAGE, L(layers.ZeroPadding2D, ((1, 0), (2, 3)))),
    "zero_padding_after_conv": net(IMAGE, L(layers.Conv2D, 5, 3), L(layers.ZeroPadding2D, (1, 2))),
    "zero_padding_1d": net(SERIES, L(layers.ZeroPadding1D, (1, 2))),
    "cropping": net(IMAGE, L(layers.Cropping2D, ((1, 0), (2, 1)))),
    "cropping_after_conv": net(IMAGE, L(layers.Conv2D, 5, 3), L(layers.Cropping2D, 1)),
    "cropping_1d": net(SERIES, L(layers.Cropping1D, (1, 2))),
    "upsampling_nearest": net(IMAGE, L(layers.UpSampling2D, (2, 3))),
    "upsampling_bilinear": net(IMAGE, L(layers.UpSampling2D, 2, interpolation="bilinear")),
    "upsampling_1d": net(SERIES, L(layers.UpSampling1D, 3)),
    "flatten": net(IMAGE, layers.Flatten),
    "flatten_after_conv": net(IMAGE, L(layers.Conv2D, 5, 3), layers.Flatten, L(layers.Dense, 4)),
    "reshape": net(IMAGE, L(layers.Reshape, (-1, 4))),
    "reshape_after_conv": net(IMAGE, L(layers.Conv2D, 6, 3), L(layers.Reshape, (5, 42))),
    "permute": net(IMAGE, L(layers.Permute, (3, 1, 2))),
    "permute_after_conv": net(IMAGE, L(layers.Conv2D, 6, 3), L(layers.Permute, (2, 1, 3))),
    "repeat_vector": net((5,), L(layers.RepeatVector, 3)),
    "dropouts": net(SERIES, L(layers.Dropout, 0.5), L(layers.SpatialDropout1D, 0.5), L(layers.GaussianNoise, 1.0)),
    "augmentation": net(IMAGE, L(layers.RandomFlip), L(layers.RandomRotation, 0.1)),
    "identity": net((5,), layers.Identity),
    "embedding": net((6,), L(layers.Embedding, 11, 4), layers.Flatten, L(layers.Dense, 3), dtype="int32"),
    "einsum": net(SERIES, L(layers.EinsumDense, "abc,cde->abde", output_shape=(None, 2, 3), bias_axes="de")),
    "einsum_two": net((5, 2, 3), L(layers.EinsumDense, "abde,dec->abc", output_shape=(None, 4), bias_axes="c")),
}
for kind in (layers.LSTM, layers.GRU, layers.SimpleRNN):
    name = kind.__name__
    CASES[f"{name}_last"] = net(SERIES, L(kind, 5))
    CASES[f"{name}_sequence"] = net(SERIES, L(kind, 5, return_sequences=True))
    CASES[f"{name}_backwards"] = net(SERIES, L(kind, 5, return_sequences=True, go_backwards=True))
    CASES[f"{name}_state"] = net(SERIES, L(kind, 5, return_sequences=True, return_state=True))
    CASES[f"{name}_no_bias"] = net(SERIES, L(kind, 5, use_bias=False, activation="relu"))
    CASES[f"{name}_open_time"] = net((None, 6), L(kind, 5))
    for mode in ("concat", "sum", "mul", "ave", None):
        for whole in (True, False):
            CASES[f"bidirectional_{name}_{mode}_{whole}"] = net(
                SERIES, lambda x, k=kind, m=mode, w=whole: layers.Bidirectional(k(4, return_sequences=w), m)(x)
            )
CASES |= {
    "LSTM_hard_sigmoid": net(SERIES, L(layers.LSTM, 5, recurrent_activation="hard_sigmoid")),
    "GRU_before_reset": net(SERIES, L(layers.GRU, 5, reset_after=False)),
    "stacked_rnn": net(SERIES, L(layers.LSTM, 7, return_sequences=True), L(layers.GRU, 4), L(layers.Dense, 2)),
    "time_dense": net(SERIES, lambda x: layers.TimeDistributed(layers.Dense(3))(x)),
    "time_conv": net((4, 8, 8, 3), lambda x: layers.TimeDistributed(layers.Conv2D(2, 3, activation="relu"))(x)),
    "time_flatten": net((4, 3, 2), lambda x: layers.TimeDistributed(layers.Flatten())(x)),
}


def two(shape_a: tuple[int, ...], shape_b: tuple[int, ...], join: Callable[[Any, Any], Any]) -> Build:
    def build() -> Any:
        a, b = keras.Input(shape_a, name="a"), keras.Input(shape_b, name="b")
        return keras.Model([a, b], join(a, b))

    return build


for kind in (layers.Add, layers.Subtract, layers.Multiply, layers.Average, layers.Maximum, layers.Minimum):
    CASES[f"merge_{kind.__name__}"] = two(IMAGE, IMAGE, lambda a, b, k=kind: k()([a, b]))
    CASES[f"merge_{kind.__name__}_after_conv"] = two(
        IMAGE, IMAGE, lambda a, b, k=kind: k()([layers.Conv2D(4, 3, padding="same")(a), b])
    )
CASES |= {
    "merge_broadcast": two((4, 8), (8,), lambda a, b: layers.Add()([a, b])),
    "concatenate": two(IMAGE, (9, 7, 2), lambda a, b: layers.Concatenate()([a, b])),
    "concatenate_axis_1": two(IMAGE, (3, 7, 4), lambda a, b: layers.Concatenate(axis=1)([a, b])),
    "concatenate_convs": two(
        IMAGE, IMAGE, lambda a, b: layers.Concatenate()([layers.Conv2D(3, 3)(a), layers.Conv2D(2, 3)(b)])
    ),
    "dot": two((6,), (6,), lambda a, b: layers.Dot(axes=1)([a, b])),
    "dot_normalised": two((6,), (6,), lambda a, b: layers.Dot(axes=1, normalize=True)([a, b])),
    "dot_matrices": two((4, 6), (5, 6), lambda a, b: layers.Dot(axes=2)([a, b])),
    "attention": two((4, 6), (5, 6), lambda a, b: layers.Attention()([a, b])),
    "attention_scaled": two((4, 6), (5, 6), lambda a, b: layers.Attention(use_scale=True)([a, b])),
    "multi_head": two((4, 6), (5, 8), lambda a, b: layers.MultiHeadAttention(2, 3)(a, b)),
    "multi_head_value_dim": two((4, 6), (5, 8), lambda a, b: layers.MultiHeadAttention(2, 3, value_dim=4)(a, b)),
    "multi_head_no_bias": two(
        (4, 6), (5, 8), lambda a, b: layers.MultiHeadAttention(2, 3, use_bias=False, output_shape=7)(query=a, value=b)
    ),
    "multi_head_causal": two((4, 6), (4, 6), lambda a, b: layers.MultiHeadAttention(2, 3)(a, b, use_causal_mask=True)),
    "initial_state": two((10, 6), (5,), lambda a, b: layers.GRU(5)(a, initial_state=b)),
    "two_outputs": two((6,), (4,), lambda a, b: [layers.Dense(3, name="p")(a), layers.Dense(2, name="q")(b)]),
}


def shared() -> Any:
    a, b = keras.Input((8,), name="a"), keras.Input((8,), name="b")
    layer = layers.Dense(5, activation="tanh")
    return keras.Model([a, b], layers.Subtract()([layer(a), layer(b)]))


def nested() -> Any:
    inner_in = keras.Input((9, 7, 4))
    y = layers.Conv2D(6, 3, name="conv")(inner_in)
    inner = keras.Model(inner_in, layers.BatchNormalization(name="norm")(y), name="backbone")
    x = inputs = keras.Input((9, 7, 4), name="x")
    y = layers.GlobalAveragePooling2D()(inner(layers.Conv2D(4, 1, name="conv")(x)))
    return keras.Model(inputs, layers.Dense(3, name="dense")(y))


def nested_sequential() -> Any:
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(5, activation="relu"), layers.Dense(4)], name="inner")
    return keras.Sequential([keras.Input((6,), name="x"), layers.Dense(6), inner, layers.Dense(2)])


def nested_twice() -> Any:
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(5, activation="relu")], name="tower")
    a, b = keras.Input((6,), name="a"), keras.Input((6,), name="b")
    return keras.Model([a, b], layers.Concatenate()([inner(a), inner(b)]))


def sequential() -> Any:
    return keras.Sequential([keras.Input((9, 7, 4)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(3)])


def sequential_built_late() -> Any:
    model = keras.Sequential([layers.Dense(5, activation="relu"), layers.Dense(3)])
    model.build((None, 7))
    return model


def dictionary() -> Any:
    inputs = {"left": keras.Input((4,), name="left"), "right": keras.Input((3,), name="right")}
    y = layers.Concatenate()([inputs["left"], inputs["right"]])
    return keras.Model(inputs, {"score": layers.Dense(2, name="score")(y), "other": layers.Dense(1, name="other")(y)})


def frozen() -> Any:
    x = inputs = keras.Input((9, 7, 4), name="x")
    conv, norm = layers.Conv2D(5, 3), layers.BatchNormalization()
    conv.trainable = norm.trainable = False
    return keras.Model(inputs, layers.Dense(2)(layers.Flatten()(norm(conv(x)))))


CASES |= {
    "shared_layer": shared,
    "nested": nested,
    "nested_sequential": nested_sequential,
    "nested_twice": nested_twice,
    "sequential": sequential,
    "sequential_built_late": sequential_built_late,
    "dictionary": dictionary,
    "frozen": frozen,
}
# Bare operations; a legacy .h5 written by Keras 3 drops what they need, and Keras itself cannot read it back.
OPERATIONS: dict[str, Build] = {
    "op_scalar": net(IMAGE, lambda x: (x + 3.0) * (1 / 6) - 0.5),
    "op_scalar_left": net(IMAGE, lambda x: 1.0 - x / 2.0),
    "op_after_conv": net(IMAGE, L(layers.Conv2D, 4, 3), lambda x: x * ops.sigmoid(x)),
    "op_mean": net(IMAGE, L(layers.Conv2D, 4, 3), lambda x: ops.mean(x, axis=[1, 2])),
    "op_mean_keep": net(IMAGE, L(layers.Conv2D, 4, 3), lambda x: ops.mean(x, axis=[1, 2], keepdims=True)),
    "op_sum_max": net(IMAGE, lambda x: ops.sum(ops.max(x, axis=1), axis=-1)),
    "op_reshape": net(IMAGE, lambda x: ops.reshape(x, (-1, 63, 4))),
    "op_transpose": net(IMAGE, lambda x: ops.transpose(x, (0, 3, 1, 2))),
    "op_concatenate": net(IMAGE, lambda x: ops.concatenate([x, x * 2], axis=-1)),
    "op_stack": net(SERIES, lambda x: ops.stack([x, x * 2], axis=1)),
    "op_expand_squeeze": net(SERIES, lambda x: ops.squeeze(ops.expand_dims(x, 1), 1)),
    "op_slice": net(SERIES, lambda x: x[:, 2:8:2, :3]),
    "op_index": net(SERIES, lambda x: x[:, -1]),
    "op_ellipsis": net(IMAGE, lambda x: x[..., 0]),
    "op_clip": net(SERIES, lambda x: ops.clip(x, -0.5, 0.5)),
    "op_math": net(SERIES, lambda x: ops.sqrt(ops.square(x) + 1.0) + ops.exp(-ops.absolute(x)) + ops.power(x, 2)),
    "op_relu": net(SERIES, lambda x: ops.relu6(x * 4) + ops.relu(x) + ops.gelu(x) + ops.silu(x)),
    "op_softmax": net(SERIES, lambda x: ops.softmax(x, axis=-1)),
    "op_matmul": net(SERIES, lambda x: ops.matmul(x, ops.transpose(x, (0, 2, 1)))),
    "op_maximum": net(SERIES, lambda x: ops.maximum(ops.minimum(x, 0.5), -0.5)),
    "op_pad": net(IMAGE, lambda x: ops.pad(x, ((0, 0), (1, 2), (0, 1), (0, 0)))),
}

"""How a random Program grows: one function per kind of node, with the weight of its draw."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from limen.program import Node, Quant, State, Tensor
from random_programs import ACTIVATIONS, CHANNELS, WEIGHT, Maker, Refused, random_values

Draw = Callable[[Maker], object]


def weights(m: Maker, shape: tuple[int, ...], axis: int) -> str:
    """Weights of the Program's kind: mostly whole range, sometimes small, sparse or at one end."""
    kind = WEIGHT[m.dtype]
    if kind == "float32":
        return m.constant((m.rng.normal(0, 1, shape) / np.sqrt(max(1, np.prod(shape) / shape[axis]))).astype(kind))
    values = random_values(m.rng, shape, kind)
    style = m.whole(0, 9)
    if style == 0:
        values = (values // 16).astype(kind)
    elif style == 1:
        values = np.where(m.rng.random(shape) < 0.8, 0, values).astype(kind)
    elif style == 2:
        values[...] = m.choice((np.iinfo(kind).min, np.iinfo(kind).max))
    elif style == 3:
        values = np.maximum(values.astype(np.int16), -127).astype(kind)
    if kind == "uint8" or m.chance(0.25):
        return m.constant(values, Quant.per_tensor(m.rng.uniform(0.001, 0.02), m.whole(0, 255) * (kind == "uint8")))
    spread = m.choice((1.5, 1.5, 1.5, 30.0))
    scales = 0.005 * np.exp(m.rng.uniform(-np.log(spread), np.log(spread), shape[axis]))
    return m.constant(values, Quant.per_channel(scales, axis))


def bias(m: Maker, x: Tensor, w: str, count: int, narrow: bool = True) -> tuple[str, ...]:
    """None, or one of input scale times weight scale."""
    if m.chance(0.15):
        return ()
    if m.dtype == "float32":
        return (m.constant(m.rng.normal(0, 1, count).astype(np.float32)),)
    kind = "int32" if m.dtype != "int16" or (narrow and m.chance(0.2)) else "int64"
    reach = m.choice((0, 300, 5000, 200_000))
    quant = m.tensors[w].quant
    assert quant is not None
    scales = np.float32(x.scale) * quant.scales
    made = Quant.per_channel(scales, 0) if len(scales) > 1 else Quant.per_tensor(float(scales[0]))
    return (m.constant(m.rng.integers(-reach, reach + 1, count).astype(kind), made),)


def window(m: Maker, x: Tensor, largest: int = 5) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int], tuple]:
    """Kernel, stride, dilation, padding: SAME, VALID or any."""
    square = m.chance(0.6)
    kernel = (m.choice((1, 3, 3, m.whole(1, largest))),) * 2 if square else (m.whole(1, largest), m.whole(1, largest))
    stride = m.choice(((1, 1), (1, 1), (2, 2), (m.whole(1, 3), m.whole(1, 3))))
    dilation = (m.whole(1, 3), m.whole(1, 3)) if m.chance(0.12) else (1, 1)
    style, sides = m.whole(0, 5), []
    for extent, k, s, d in zip(x.shape[1:3], kernel, stride, dilation, strict=True):
        total = max((-(-extent // s) - 1) * s + (k - 1) * d + 1 - extent, 0)
        any_side = (m.whole(0, (k - 1) * d), m.whole(0, (k - 1) * d))
        sides += [0, 0] if style == 0 else any_side if style == 1 else [total // 2, total - total // 2]
    return kernel, stride, dilation, tuple(sides)


def conv2d(m: Maker) -> None:
    x = m.picture()
    kernel, stride, dilation, padding = window(m, x)
    groups = m.choice([g for g in (1, 1, 1, 1, 2, 3, 4, 8) if x.shape[3] % g == 0])
    filters = m.width() if groups == 1 else groups * m.whole(1, 5)
    w = weights(m, (filters, *kernel, x.shape[3] // groups), 0)
    m.add("Conv2D", (x.name, w, *bias(m, x, w, filters)), stride=stride, dilation=dilation, padding=padding,
          activation=m.choice(ACTIVATIONS))  # fmt: skip


def pointwise(m: Maker) -> None:
    x = m.picture()
    filters = m.width()
    w = weights(m, (filters, 1, 1, x.shape[3]), 0)
    m.add("Conv2D", (x.name, w, *bias(m, x, w, filters)), activation=m.choice(ACTIVATIONS))


def depthwise(m: Maker) -> None:
    x = m.picture()
    kernel, stride, dilation, padding = window(m, x)
    filters = x.shape[3] * m.choice((1, 1, 1, 1, 2, 3))
    w = weights(m, (1, *kernel, filters), 3)
    m.add("DepthwiseConv2D", (x.name, w, *bias(m, x, w, filters, narrow=False)), stride=stride, dilation=dilation,
          padding=padding, activation=m.choice(ACTIVATIONS))  # fmt: skip


def transpose_conv(m: Maker) -> None:
    x = m.picture()
    kernel, stride = (m.whole(1, 4), m.whole(1, 4)), (m.whole(1, 3), m.whole(1, 3))
    w = weights(m, (m.choice(CHANNELS[:12]), *kernel, x.shape[3]), 0)
    size = tuple(e * s + m.whole(0, 2) for e, s in zip(x.shape[1:3], stride, strict=True))
    padding = (m.whole(0, kernel[0] - 1), 0, m.whole(0, kernel[1] - 1), 0)
    m.add("TransposeConv", (x.name, w, *bias(m, x, w, m.tensors[w].shape[0])), stride=stride, padding=padding,
          output_size=size, activation=m.choice(ACTIVATIONS))  # fmt: skip


def fully_connected(m: Maker) -> None:
    x = m.pick(lambda t: bool(t.shape) and 0 < t.size < 2500)
    keep = m.chance(0.4)
    depth = x.shape[-1] if keep or m.chance(0.3) else x.size
    filters = m.choice((*CHANNELS, 10, 64))
    w = weights(m, (filters, depth), 0)
    m.add("FullyConnected", (x.name, w, *bias(m, x, w, filters)), activation=m.choice(ACTIVATIONS), keep_dims=keep)


def pool(m: Maker) -> None:
    x = m.picture()
    name = m.choice(("AveragePool2D", "MaxPool2D"))
    kernel, stride, _, padding = window(m, x, 4)
    if m.chance(0.2):
        kernel, padding = (x.shape[1], x.shape[2]), (0, 0, 0, 0)
    m.add(name, (x.name,), filter=kernel, stride=stride, padding=padding, activation=m.choice(ACTIVATIONS))


def partner(m: Maker, x: Tensor, same_scale: bool = False) -> str:
    """A second operand: another tensor of the shape, a constant, a broadcast one, or the same again."""
    style = m.whole(0, 5)
    others = [n for n in m.live if m.tensors[n].shape == x.shape and m.tensors[n].dtype == x.dtype and n != x.name]
    if others and style < 4:
        return rescaled(m, m.choice(others), x) if same_scale else m.choice(others)
    if style == 5:
        return x.name
    shape = tuple(d if m.chance(0.6) else 1 for d in x.shape)[m.whole(0, len(x.shape)) if m.chance(0.4) else 0 :]
    quant = x.quant if same_scale else m.quant()
    return m.constant(random_values(m.rng, shape, m.dtype), quant)


def rescaled(m: Maker, name: str, like: Tensor) -> str:
    """The tensor in the scale of another."""
    if m.tensors[name].quant == like.quant or m.dtype not in ("int8", "uint8", "int16"):
        return name
    return m.add("Quantize", (name,), like.quant, dtype=m.dtype)[0]


def arithmetic(m: Maker) -> None:
    x = m.pick()
    name = m.choice(("Add", "Add", "Add", "Mul", "Mul", "Sub", "SquaredDifference"))
    pair = (x.name, partner(m, x))
    attributes = {} if name == "SquaredDifference" else {"activation": m.choice(ACTIVATIONS)}
    m.add(name, pair[::-1] if m.chance(0.3) else pair, **attributes)


def extreme(m: Maker) -> None:
    x = m.pick()
    pair = (x.name, partner(m, x, same_scale=True))
    m.add(m.choice(("Maximum", "Minimum")), pair[::-1] if m.chance(0.3) else pair)


def residual(m: Maker) -> None:
    """A layer around which its input is added."""
    x = m.picture()
    w = weights(m, (x.shape[3], 3, 3, x.shape[3]), 0)
    (y,) = m.add("Conv2D", (x.name, w, *bias(m, x, w, x.shape[3])), padding=(1, 1, 1, 1), activation="relu")
    m.add("Add", (y, x.name) if m.chance(0.5) else (x.name, y), activation=m.choice(ACTIVATIONS))


def separable(m: Maker) -> None:
    depthwise(m)
    pointwise(m)


def activation(m: Maker) -> None:
    name = m.choice(("Relu", "Relu6", "HardSwish", "LeakyRelu", "Logistic", "Tanh", "Gelu", "Elu", "Abs", "PRelu",
                     "Neg", "Exp", "Sqrt", "Rsqrt", "Square", "Softmax", "LogSoftmax", "L2Norm", "Round",
                     "ReluN1To1", "Relu0To1"))  # fmt: skip
    x = m.pick(lambda t: bool(t.shape))
    if name == "PRelu":
        alpha = m.quant("int8") if m.dtype == "int16" else m.quant()
        kind = "int8" if m.dtype == "int16" else m.dtype
        m.add(name, (x.name, m.constant(random_values(m.rng, (x.shape[-1],), kind), alpha)))
        return
    extra = {"LeakyRelu": {"alpha": m.rng.uniform(-0.5, 1.5)}, "Gelu": {"approximate": m.chance(0.5)}}
    m.add(name, (x.name,), **extra.get(name, {}))


def reduction(m: Maker) -> None:
    x = m.pick(lambda t: bool(t.shape))
    axes = (1, 2) if len(x.shape) == 4 and m.chance(0.5) else tuple(a for a in range(len(x.shape)) if m.chance(0.4))
    name = m.choice(("Mean", "Mean", "Sum", "ReduceMax", "ReduceMin"))
    m.add(name, (x.name,), axes=axes or (len(x.shape) - 1,), keep_dims=m.chance(0.5))


def pad(m: Maker) -> None:
    x = m.pick(lambda t: bool(t.shape))
    some = [(m.whole(0, 2), m.whole(0, 2)) if m.chance(0.5) else (0, 0) for _ in x.shape]
    if m.chance(0.5):
        some = [p if 0 < a < 3 else (0, 0) for a, p in enumerate(some)]
    name = m.choice(("Pad", "Pad", "PadV2", "MirrorPad"))
    if name == "PadV2":
        fill = m.constant(random_values(m.rng, (), m.dtype), x.quant)
        m.add(name, (x.name, fill), paddings=tuple(some))
    else:
        extra = {"mode": m.choice(("reflect", "symmetric"))} if name == "MirrorPad" else {}
        m.add(name, (x.name,), paddings=tuple(some), **extra)


def join(m: Maker) -> None:
    x = m.pick(lambda t: bool(t.shape))
    axis = len(x.shape) - 1 if m.chance(0.6) else m.whole(0, len(x.shape) - 1)
    fits = [n for n in m.live if (t := m.tensors[n]).dtype == x.dtype and len(t.shape) == len(x.shape)
            and all(a == b for i, (a, b) in enumerate(zip(t.shape, x.shape, strict=True)) if i != axis)]  # fmt: skip
    parts = [rescaled(m, m.choice(fits), x) for _ in range(m.whole(0, 2))]
    if m.chance(0.3):
        shape = tuple(m.whole(1, 4) if i == axis else d for i, d in enumerate(x.shape))
        parts.append(m.constant(random_values(m.rng, shape, m.dtype), x.quant))
    parts.insert(m.whole(0, len(parts)), x.name)
    m.add("Concatenation", tuple(parts), axis=axis)


def divide(m: Maker) -> None:
    x = m.pick(lambda t: bool(t.shape) and max(t.shape) > 1)
    axis = m.choice([i for i, d in enumerate(x.shape) if d > 1])
    extent = x.shape[axis]
    style = m.whole(0, 2)
    if style == 0:
        parts = m.choice([p for p in range(1, extent + 1) if extent % p == 0][:4])
        m.add("Split", (x.name,), axis=axis, parts=parts)
    elif style == 1:
        first = m.whole(1, extent - 1)
        m.add("SplitV", (x.name,), axis=axis, sizes=(first, extent - first))
    elif extent <= 5:
        m.add("Unpack", (x.name,), axis=axis, count=extent)


def move(m: Maker) -> None:
    x = m.pick(lambda t: bool(t.shape))
    rank = len(x.shape)
    style = m.whole(0, 8)
    if style == 0:
        m.add("Transpose", (x.name,), permutation=tuple(int(i) for i in m.rng.permutation(rank)))
    elif style == 1:
        begin = tuple(m.whole(0, d - 1) for d in x.shape)
        m.add("Slice", (x.name,), begin=begin,
              size=tuple(m.whole(1, d - b) for d, b in zip(x.shape, begin, strict=True)))  # fmt: skip
    elif style == 2:
        strides = tuple(m.choice((1, 1, 2, 3, -1)) for _ in x.shape)
        m.add("StridedSlice", (x.name,), begin=(0,) * rank, end=(0,) * rank, strides=strides,
              begin_mask=(1 << rank) - 1, end_mask=(1 << rank) - 1)  # fmt: skip
    elif style == 3:
        m.add("Tile", (x.name,), multiples=tuple(m.choice((1, 1, 2)) for _ in x.shape))
    elif style == 4:
        m.add("Reverse", (x.name,), axes=(m.whole(0, rank - 1),))
    elif style == 5:
        axis = m.whole(0, rank - 1)
        places = m.constant(m.rng.integers(0, x.shape[axis], m.whole(1, 5)).astype(np.int32))
        m.add("Gather", (x.name, places), axis=axis)
    elif style == 6 and rank < 5:
        m.add("Pack", (x.name, rescaled(m, partner(m, x, True), x)), axis=m.whole(0, rank))
    elif style == 7 and m.dtype in ("float32", "int8", "uint8"):
        m.add(m.choice(("DepthToSpace", "SpaceToDepth")), (m.picture().name,), block=m.choice((2, 2, 3)))
    else:
        block = (m.whole(1, 2), m.whole(1, 3))
        picture = m.picture()
        some = tuple((m.whole(0, 1), -(picture.shape[1 + i] + 1) % b + 1) for i, b in enumerate(block))
        fixed = tuple((p[0], -(picture.shape[1 + i] + p[0]) % block[i]) for i, p in enumerate(some))
        m.add("SpaceToBatchNd", (picture.name,), block=block, paddings=fixed)


def reshape(m: Maker) -> None:
    x = m.pick(lambda t: t.size > 0)
    style = m.whole(0, 3)
    if style == 0:
        m.add("Reshape", (x.name,), shape=(1, x.size))
    elif style == 1 and len(x.shape) < 5:
        m.add("ExpandDims", (x.name,), axis=m.whole(0, len(x.shape)))
    elif style == 2:
        m.add("Squeeze", (x.name,))
    else:
        extent = m.choice([d for d in range(1, x.size + 1) if x.size % d == 0])
        rest = x.size // extent
        second = m.choice([d for d in range(1, rest + 1) if rest % d == 0])
        m.add("Reshape", (x.name,), shape=(1, extent, second, rest // second))


def resize(m: Maker) -> None:
    x = m.picture()
    size = (m.whole(1, 20), m.whole(1, 20)) if m.chance(0.5) else (2 * x.shape[1], 2 * x.shape[2])
    corners = m.chance(0.3)
    m.add(m.choice(("ResizeBilinear", "ResizeNearest")), (x.name,), size=size, align_corners=corners,
          half_pixel_centers=not corners and m.chance(0.6))  # fmt: skip


def attention(m: Maker) -> None:
    """Scores of rows against rows, their softmax, and the mix."""
    x = m.pick(lambda t: len(t.shape) >= 2 and t.size < 1500 and t.shape[-2] <= 40)
    if m.dtype not in ("int8", "int16", "float32"):
        raise Refused
    rows = x.name if len(x.shape) <= 5 else m.add("Reshape", (x.name,), shape=(-1, *x.shape[-2:]))[0]
    (scores,) = m.add("BatchMatMul", (rows, rows), adj_y=True)
    (shares,) = m.add("Softmax", (scores,))
    m.add("BatchMatMul", (shares, rows))


def other_scale(m: Maker) -> None:
    x = m.pick()
    if m.dtype == "float32":
        (codes,) = m.add("Quantize", (x.name,), m.quant("int8"), dtype="int8")
        m.add("Dequantize", (codes,))
    elif m.chance(0.4):
        m.add("Dequantize", (x.name,))
    else:
        m.add("Quantize", (x.name,), dtype=m.dtype)


def finish(m: Maker) -> None:
    """What models end in."""
    x = m.pick(lambda t: bool(t.shape))
    if m.chance(0.5) and m.dtype != "int16":
        m.add(m.choice(("ArgMax", "ArgMin")), (x.name,), axis=m.whole(0, len(x.shape) - 1), dtype="int32")
    else:
        m.add("TopK", (x.name,), k=m.whole(1, x.shape[-1]))


def state_ring(m: Maker) -> None:
    """The last rows of a state and new ones; the state keeps the last rows."""
    x = m.tensors[m.live[0]]
    if len(x.shape) < 2:
        return
    kept = m.whole(1, 4)
    shape = (x.shape[0], kept, *x.shape[2:])
    initial = random_values(m.rng, shape, x.dtype) if m.chance(0.5) else np.zeros(shape, x.dtype)
    state = State("ring", initial, x.quant)
    old = f"t{len(m.tensors)}_old"
    m.tensors[old], m.values[old] = Tensor(old, shape, x.dtype, x.quant), initial
    m.nodes.append(Node(_op("ReadVariable", state="ring"), (), (old,), "read"))
    (joined,) = m.add("Concatenation", (old, x.name), x.quant, axis=1)
    begin = tuple(x.shape[1] if a == 1 else 0 for a in range(len(shape)))
    (last,) = m.add("Slice", (joined,), begin=begin, size=shape)
    m.nodes.append(Node(_op("AssignVariable", state="ring"), (last,), (), "assign"))
    m.states.append(state)


def _op(name: str, **attributes: object):  # type: ignore[no-untyped-def]
    from limen.program import OPS

    return OPS[name](**attributes)


_LAYERS: tuple[tuple[float, Draw], ...] = (
    (4, conv2d), (4, pointwise), (4, depthwise), (2, separable), (2, residual), (2, pool), (2, arithmetic),
    (1, activation), (1, pad), (1, join),
)  # fmt: skip
PICTURE: tuple[tuple[float, Draw], ...] = (*_LAYERS, (0.4, resize), (0.4, reduction), (0.5, fully_connected))
ANY: tuple[tuple[float, Draw], ...] = (
    *_LAYERS, (1, transpose_conv), (3, fully_connected), (2, extreme), (3, activation), (2, reduction), (2, pad),
    (2, join), (1.5, divide), (4, move), (2, reshape), (1.5, resize), (1, attention), (1.5, other_scale), (0.3, finish),
)  # fmt: skip

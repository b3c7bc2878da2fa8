"""Random ONNX networks from one seed: images, signals, sequences and tables, in operators as exporters write them.

Used by ``bench/fuzz_c.py --onnx``: ONNX Runtime is the judge of the float Program, the interpreter that of the C.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from limen.program import Array

ACTIVATIONS = (
    "Relu", "Relu", "Relu6", "Sigmoid", "Tanh", "LeakyRelu", "Elu", "HardSwish", "HardSigmoid", "Silu", "Gelu", "PRelu",
    "Softplus", "Clip", "",
)  # fmt: skip


class Skip(Exception):
    """This node does not fit here."""


class Net:
    """A graph as it grows; shapes are known."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.saved: list[str] = []

    def whole(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def choice(self, options: Any) -> Any:
        return options[self.whole(0, len(options) - 1)]

    def constant(self, value: Array) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def normal(self, shape: tuple[int, ...], fan: int = 1, mean: float = 0.0) -> str:
        return self.constant((mean + self.rng.normal(0, 1 / np.sqrt(max(fan, 1)), shape)).astype(np.float32))

    def emit(self, op: str, inputs: list[str], shape: tuple[int, ...], **attributes: Any) -> str:
        if min(shape, default=1) < 1 or np.prod(shape) > 20_000:
            raise Skip
        name = f"t{len(self.shapes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], name=f"{op.lower()}_{len(self.nodes)}", **attributes))
        self.shapes[name] = shape
        return name


def conv(n: Net, x: str) -> str:
    """1-D or 2-D, grouped, dilated, any padding; half of them with batch normalisation."""
    shape = n.shapes[x]
    axes, channels = len(shape) - 2, shape[1]
    kernel = [n.choice((1, 1, 3, 3, 3, n.whole(1, 5))) for _ in range(axes)]
    strides = [n.choice((1, 1, 2))] * axes if n.chance(0.8) else [n.whole(1, 3) for _ in range(axes)]
    dilations = [n.whole(1, 3) if n.chance(0.15) else 1 for _ in range(axes)]
    spans = [(k - 1) * d for k, d in zip(kernel, dilations, strict=True)]
    style = n.whole(0, 4)
    before = [0 if style == 0 else s // 2 if style < 4 else n.whole(0, s) for s in spans]
    after = [0 if style == 0 else s - s // 2 if style < 4 else n.whole(0, s) for s in spans]
    groups = channels if n.chance(0.3) else n.choice([g for g in (1, 1, 1, 2, 3, 4) if channels % g == 0])
    filters = groups * n.choice((1, 1, 2)) if groups == channels else groups * n.whole(1, max(1, 24 // groups))
    w = n.normal((filters, channels // groups, *kernel), channels // groups * int(np.prod(kernel)))
    out = [(e + b + a - s - 1) // t + 1
           for e, b, a, s, t in zip(shape[2:], before, after, spans, strides, strict=True)]  # fmt: skip
    bias = [n.normal((filters,))] if n.chance(0.6) else []
    y = n.emit("Conv", [x, w, *bias], (shape[0], filters, *out), group=groups, strides=strides, dilations=dilations,
               pads=[*before, *after], kernel_shape=kernel)  # fmt: skip
    return batch_norm(n, y) if n.chance(0.5) else y


def batch_norm(n: Net, x: str) -> str:
    c = n.shapes[x][1]
    variance = n.constant(n.rng.uniform(0.3, 3, c).astype(np.float32))
    parts = [n.normal((c,), 25, 1.0), n.normal((c,), 4), n.normal((c,), 4), variance]
    return n.emit("BatchNormalization", [x, *parts], n.shapes[x])


def activation(n: Net, x: str) -> str:
    name, shape = n.choice(ACTIVATIONS), n.shapes[x]
    if name == "Relu6":
        return n.emit("Clip", [x, *(n.constant(np.float32(v)) for v in (0, 6))], shape)
    if name == "Clip":
        return n.emit("Clip", [x, *(n.constant(np.float32(v)) for v in (-0.7, 1.3))], shape)
    if name == "Silu":
        return n.emit("Mul", [x, n.emit("Sigmoid", [x], shape)], shape)
    if name == "Gelu":
        half = n.emit("Mul", [x, n.constant(np.float32(0.5))], shape)
        inner = n.emit("Erf", [n.emit("Div", [x, n.constant(np.float32(2**0.5))], shape)], shape)
        return n.emit("Mul", [half, n.emit("Add", [inner, n.constant(np.float32(1))], shape)], shape)
    if name == "PRelu":
        slope = (shape[1], *(1,) * (len(shape) - 2)) if len(shape) > 1 else (1,)
        return n.emit("PRelu", [x, n.normal(slope, 4)], shape)
    return n.emit(name, [x], shape) if name else x


def pool(n: Net, x: str) -> str:
    shape = n.shapes[x]
    axes = len(shape) - 2
    if n.chance(0.15):
        return n.emit("GlobalAveragePool", [x], (*shape[:2], *(1,) * axes))
    kernel, strides = [n.whole(1, 3)] * axes, [n.whole(1, 2)] * axes
    pads = [k // 2 if n.chance(0.5) else 0 for k in kernel] * 2
    ceil = n.chance(0.3)
    out = []
    for e, k, s, p in zip(shape[2:], kernel, strides, pads, strict=False):
        size = -(-(e + 2 * p - k) // s) + 1 if ceil else (e + 2 * p - k) // s + 1
        if (size - 1) * s >= e + p:  # a last window all in the padding: ONNX and its run-time differ here
            raise Skip
        out.append(size)
    name = n.choice(("MaxPool", "AveragePool"))
    extra = {"count_include_pad": n.whole(0, 1)} if name == "AveragePool" else {}
    return n.emit(name, [x], (*shape[:2], *out), kernel_shape=kernel, strides=strides, pads=pads, ceil_mode=int(ceil),
                  **extra)  # fmt: skip


def again(n: Net, x: str) -> str:
    """Add, multiply or join with what was there before, or with constants."""
    shape = n.shapes[x]
    same = [s for s in n.saved if n.shapes[s] == shape and s != x]
    if same and n.chance(0.8):
        return n.emit(n.choice(("Add", "Add", "Mul", "Sub")), [x, n.choice(same)], shape)
    fits = [s for s in n.saved if len(n.shapes[s]) == len(shape) > 1 and n.shapes[s][2:] == shape[2:]]
    if fits and n.chance(0.6):
        other = n.choice(fits)
        return n.emit("Concat", [x, other], (shape[0], shape[1] + n.shapes[other][1], *shape[2:]), axis=1)
    wide = (1, shape[1], *(1,) * (len(shape) - 2)) if len(shape) > 1 and n.chance(0.7) else ()
    return n.emit(n.choice(("Add", "Mul", "Sub")), [x, n.normal(wide)], shape)


def excite(n: Net, x: str) -> str:
    """Squeeze and excitation."""
    shape = n.shapes[x]
    y = n.emit("GlobalAveragePool", [x], (*shape[:2], *(1,) * (len(shape) - 2)))
    for filters, name in ((max(1, shape[1] // 2), "Relu"), (shape[1], n.choice(("Sigmoid", "HardSigmoid")))):
        last = n.shapes[y]
        w = n.normal((filters, last[1], *(1,) * (len(shape) - 2)), last[1])
        y = n.emit("Conv", [y, w, n.normal((filters,))], (last[0], filters, *last[2:]))
        y = n.emit(name, [y], n.shapes[y])
    return n.emit("Mul", [x, y], shape)


def shuffle(n: Net, x: str) -> str:
    """Channels in groups, shuffled."""
    shape = n.shapes[x]
    groups = n.choice([g for g in (2, 3, 4) if shape[1] % g == 0] or [1])
    split = (shape[0], groups, shape[1] // groups, *shape[2:])
    y = n.emit("Reshape", [x, n.constant(np.array(split, np.int64))], split)
    order = [0, 2, 1, *range(3, len(split))]
    y = n.emit("Transpose", [y], tuple(split[i] for i in order), perm=order)
    return n.emit("Reshape", [y, n.constant(np.array(shape, np.int64))], shape)


def scale_up(n: Net, x: str) -> str:
    shape = n.shapes[x]
    if len(shape) != 4:
        raise Skip
    if n.chance(0.5):
        mode, way = n.choice((("nearest", "asymmetric"), ("linear", "half_pixel"), ("linear", "align_corners")))
        extra = {"nearest_mode": "floor"} if mode == "nearest" else {}
        size = n.constant(np.array([1, 1, 2, 2], np.float32))
        return n.emit("Resize", [x, "", size], (*shape[:2], 2 * shape[2], 2 * shape[3]), mode=mode,
                      coordinate_transformation_mode=way, **extra)  # fmt: skip
    stride, kernel, filters = n.whole(1, 2), n.whole(1, 4), n.whole(1, 12)
    w = n.normal((shape[1], filters, kernel, kernel), shape[1] * kernel)
    out = [(e - 1) * stride + kernel for e in shape[2:]]
    return n.emit("ConvTranspose", [x, w, n.normal((filters,))], (shape[0], filters, *out), strides=[stride] * 2)


def cut(n: Net, x: str) -> str:
    """Padding, a slice, or a part."""
    shape = n.shapes[x]
    if n.chance(0.4):
        pads = [0, 0, *(n.whole(0, 2) for _ in shape[2:])]
        mode = n.choice(("constant", "constant", "reflect", "edge"))
        if any(p >= e for p, e in zip(pads, shape, strict=True)):
            raise Skip
        out = tuple(e + 2 * p for e, p in zip(shape, pads, strict=True))
        return n.emit("Pad", [x, n.constant(np.array([*pads, *pads], np.int64))], out, mode=mode)
    axis = n.whole(1, len(shape) - 1)
    step = n.choice((1, 1, 2))
    start = n.whole(0, shape[axis] - 1)
    places = [n.constant(np.array([v], np.int64)) for v in (start, shape[axis], axis, step)]
    extent = len(range(start, shape[axis], step))
    return n.emit("Slice", [x, *places], (*shape[:axis], extent, *shape[axis + 1 :]))


def dense(n: Net, x: str) -> str:
    """Gemm after a Flatten, or a MatMul on the last axis with a bias."""
    shape = n.shapes[x]
    filters = n.whole(1, 24)
    if len(shape) == 3 and n.chance(0.7):
        y = n.emit("MatMul", [x, n.normal((shape[-1], filters), shape[-1])], (*shape[:-1], filters))
        return n.emit("Add", [y, n.normal((filters,))], n.shapes[y]) if n.chance(0.7) else y
    if len(shape) != 2:
        x = n.emit("Flatten", [x], (shape[0], int(np.prod(shape[1:]))))
    depth = n.shapes[x][1]
    flipped = n.whole(0, 1)
    w = n.normal((filters, depth) if flipped else (depth, filters), depth)
    return n.emit("Gemm", [x, w, n.normal((filters,))], (shape[0], filters), transB=flipped,
                  alpha=n.choice((1.0, 0.5)), beta=n.choice((1.0, 2.0)))  # fmt: skip


def layer_norm(n: Net, x: str) -> str:
    shape = n.shapes[x]
    c = shape[-1]
    return n.emit("LayerNormalization", [x, n.normal((c,), 25, 1.0), n.normal((c,), 9)], shape, axis=-1)


def attention(n: Net, x: str) -> str:
    """Multi-head self-attention on [1, T, D]."""
    shape = n.shapes[x]
    if len(shape) != 3:
        raise Skip
    batch, time, width = shape
    heads = n.choice([h for h in (1, 2, 3, 4) if width % h == 0])
    size = width // heads
    parts = []
    for part in range(3):
        y = n.emit("MatMul", [x, n.normal((width, width), width)], shape)
        split = (batch, time, heads, size)
        y = n.emit("Reshape", [y, n.constant(np.array(split, np.int64))], split)
        order = [0, 2, 3, 1] if part == 1 else [0, 2, 1, 3]
        parts.append(n.emit("Transpose", [y], tuple(split[i] for i in order), perm=order))
    scores = n.emit("MatMul", parts[:2], (batch, heads, time, time))
    scores = n.emit("Mul", [scores, n.constant(np.float32(size**-0.5))], n.shapes[scores])
    shares = n.emit("Softmax", [scores], n.shapes[scores], axis=-1)
    y = n.emit("MatMul", [shares, parts[2]], (batch, heads, time, size))
    y = n.emit("Transpose", [y], (batch, time, heads, size), perm=[0, 2, 1, 3])
    y = n.emit("Reshape", [y, n.constant(np.array(shape, np.int64))], shape)
    return n.emit("Add", [x, y], shape)


def turn(n: Net, x: str) -> str:
    """Another order of the axes."""
    shape = n.shapes[x]
    order = [0, *(int(i) + 1 for i in n.rng.permutation(len(shape) - 1))]
    return n.emit("Transpose", [x], tuple(shape[i] for i in order), perm=order)


def reduce(n: Net, x: str) -> str:
    shape = n.shapes[x]
    if len(shape) < 3:
        raise Skip
    axis = n.whole(1, len(shape) - 1)
    keep = int(len(shape) > 2 or n.chance(0.5))
    out = (*shape[:axis], *((1,) if keep else ()), *shape[axis + 1 :])
    return n.emit(n.choice(("ReduceMean", "ReduceMax")), [x], out, axes=[axis], keepdims=keep)


Draw = Callable[[Net, str], str]
IMAGE: tuple[Draw, ...] = (conv, conv, conv, conv, activation, activation, pool, again, excite, shuffle, scale_up, cut)
TABLE: tuple[Draw, ...] = (dense, dense, activation, again)
SEQUENCE: tuple[Draw, ...] = (dense, dense, activation, layer_norm, attention, attention, again, turn, reduce)
STYLES: dict[str, tuple[tuple[Draw, ...], tuple[Draw, ...]]] = {
    "image": (IMAGE, (dense, activation)),
    "signal": (IMAGE, (dense, activation)),
    "sequence": (SEQUENCE, (dense,)),
    "table": (TABLE, (dense,)),
}


def random_onnx(seed: int) -> onnx.ModelProto:
    """A checked model with one input ``x`` and one or two outputs."""
    n = Net(seed)
    style = n.choice(("image", "image", "signal", "sequence", "table"))
    shape = {
        "image": (1, n.choice((1, 3, 4, 8)), n.whole(4, 18), n.whole(4, 16)),
        "signal": (1, n.choice((1, 2, 6, 8)), n.whole(8, 60)),
        "sequence": (1, n.whole(3, 16), n.choice((4, 6, 8, 12))),
        "table": (1, n.whole(2, 40)),
    }[style]
    n.shapes["x"] = shape
    body, tail = STYLES[style]
    x = "x"
    for draw in [*(n.choice(body) for _ in range(n.whole(2, 9))), *(tail if n.chance(0.6) else ())]:
        kept = len(n.nodes), len(n.constants), dict(n.shapes)
        try:
            x = draw(n, x)
            n.saved.append(x)
        except Skip:
            del n.nodes[kept[0] :]
            del n.constants[kept[1] :]
            n.shapes = kept[2]
    if x == "x":
        x = activation_of(n, x)
    outputs = [x]
    if n.chance(0.15) and len(n.saved) > 2 and n.saved[1] not in ("x", x):
        outputs.append(n.saved[1])
    infos = [[helper.make_tensor_value_info(t, TensorProto.FLOAT, n.shapes[t]) for t in names]
             for names in (["x"], outputs)]  # fmt: skip
    graph = helper.make_graph(n.nodes, f"net_{seed}", infos[0], infos[1], n.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return model


def activation_of(n: Net, x: str) -> str:
    return n.emit("Relu", [x], n.shapes[x])

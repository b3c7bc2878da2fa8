"""Many single-operator Programs as one: compiled by one call of the compiler, run and judged one by one.

Beside the families of ``_cases`` there are wider ones here: more output channels than the portable kernels take at a
time, sums that leave int32, images whose windows reach over every border.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from conformance._cases.weighted import (
    ACTIVATIONS,
    activation_dtype,
    bias,
    output_quant,
    weight_quant,
    weights,
    window,
)
from conformance._ops_harness import Case, Draw, Family, Feeds, draw_case, families, op, single, tensor
from limen.devices import Device
from limen.errors import Unsupported
from limen.lab.host import HostModel, build
from limen.program import Array, Node, Port, Program, Tensor, initial_states
from limen.targets.c import generate


def wide_conv2d(draw: Draw, dtype: str) -> Case:
    """More filters than a block, a kernel as wide as the image, padding on every side."""
    g = window(draw)
    kh, kw = g["kernel"]
    padding = (draw.integer(0, kh), draw.integer(0, kh), draw.integer(0, kw), draw.integer(0, kw))
    groups = draw.choice((1, 1, 2))
    depth, filters = draw.integer(1, 9), groups * draw.integer(4, 11)
    kind = activation_dtype(dtype)
    x = tensor("x", (draw.integer(1, 2), *g["size"], depth * groups), kind, draw.quant(kind))
    quant = weight_quant(draw, dtype, filters, 0, dtype != "uint8" and draw.chance(0.7))
    w = weights(draw, dtype, (filters, kh, kw, depth), quant)
    made = op(
        "Conv2D", stride=g["stride"], dilation=g["dilation"], padding=padding, activation=draw.choice(ACTIVATIONS)
    )
    terms = kh * kw * depth
    program = single(made, (x, w, bias(draw, dtype, x, w, filters)), output_quant(draw, dtype, x, w, terms))
    return Case(program, terms=terms + 2)


def wide_depthwise(draw: Draw, dtype: str) -> Case:
    g = window(draw)
    kh, kw = g["kernel"]
    padding = (draw.integer(0, kh), draw.integer(0, kh), draw.integer(0, kw), draw.integer(0, kw))
    channels, copies = draw.integer(1, 13), draw.choice((1, 1, 2, 5))
    filters = channels * copies
    kind = activation_dtype(dtype)
    x = tensor("x", (1, *g["size"], channels), kind, draw.quant(kind))
    w = weights(draw, dtype, (1, kh, kw, filters), weight_quant(draw, dtype, filters, 3, dtype != "uint8"))
    made = op(
        "DepthwiseConv2D",
        stride=g["stride"],
        dilation=g["dilation"],
        padding=padding,
        activation=draw.choice(ACTIVATIONS),
    )
    program = single(made, (x, w, bias(draw, dtype, x, w, filters)), output_quant(draw, dtype, x, w, kh * kw))
    return Case(program, terms=kh * kw + 2)


def wide_transpose_conv(draw: Draw, dtype: str) -> Case:
    kernel, stride = (draw.integer(1, 4), draw.integer(1, 4)), (draw.integer(1, 3), draw.integer(1, 3))
    size, depth, filters = (draw.integer(1, 4), draw.integer(1, 4)), draw.integer(1, 6), draw.integer(4, 11)
    kind = activation_dtype(dtype)
    x = tensor("x", (1, *size, depth), kind, draw.quant(kind))
    w = weights(
        draw,
        dtype,
        (filters, *kernel, depth),
        weight_quant(draw, dtype, filters, 0, dtype != "uint8" and draw.chance()),
    )
    made = op(
        "TransposeConv",
        stride=stride,
        padding=(draw.integer(0, 2), 0, draw.integer(0, 2), 0),
        output_size=tuple(extent * s + draw.integer(0, 3) for extent, s in zip(size, stride, strict=True)),
        activation=draw.choice(ACTIVATIONS),
    )
    terms = kernel[0] * kernel[1] * depth
    program = single(made, (x, w, bias(draw, dtype, x, w, filters)), output_quant(draw, dtype, x, w, terms))
    return Case(program, terms=terms + 3)


def deep_fully_connected(draw: Draw, dtype: str) -> Case:
    """Sums of int16 codes that leave int32, and biases near its ends."""
    depth, filters = draw.integer(500, 900), draw.integer(1, 3)
    kind = activation_dtype(dtype)
    x = tensor("x", (2, depth), kind, draw.quant(kind))
    w = weights(
        draw, dtype, (filters, depth), weight_quant(draw, dtype, filters, 0, dtype != "uint8" and draw.chance())
    )
    b = bias(draw, dtype, x, w, filters)
    if kind != "float32" and draw.chance():
        assert b.data is not None
        far = np.where(b.data > 0, b.data.astype(np.int64) + 2**31 - 10**5 - 1, b.data)
        b = Tensor.constant("b", far.astype(b.data.dtype), b.quant)
    made = op("FullyConnected", activation=draw.choice(ACTIVATIONS))
    return Case(single(made, (x, w, b), output_quant(draw, dtype, x, w, depth)), terms=depth + 2)


def deep_conv2d(draw: Draw, dtype: str) -> Case:
    depth, filters = draw.integer(500, 700), draw.integer(1, 5)
    kind = activation_dtype(dtype)
    x = tensor("x", (1, 1, 2, depth), kind, draw.quant(kind))
    quant = weight_quant(draw, dtype, filters, 0, dtype != "uint8" and draw.chance())
    w = weights(draw, dtype, (filters, 1, 1, depth), quant)
    made = op("Conv2D", activation=draw.choice(ACTIVATIONS))
    program = single(made, (x, w, bias(draw, dtype, x, w, filters)), output_quant(draw, dtype, x, w, depth))
    return Case(program, terms=depth + 2)


_WEIGHTED = ("float32", "int8", "uint8", "int16x8")
WIDE = (
    Family("Conv2D", (*_WEIGHTED, "int16x8 int32 bias"), wide_conv2d),
    Family("DepthwiseConv2D", _WEIGHTED, wide_depthwise),
    Family("TransposeConv", (*_WEIGHTED, "int16x8 int32 bias"), wide_transpose_conv),
    Family("FullyConnected", (*_WEIGHTED, "int16x8 int32 bias"), deep_fully_connected),
    Family("Conv2D", (*_WEIGHTED, "int16x8 int32 bias"), deep_conv2d),
)


@dataclass(frozen=True)
class Drawn:
    """A case, the column it is from, and the prefix of its tensors in the joint Program."""

    column: str
    seed: int
    case: Case
    prefix: str


def draw_operator(name: str, count: int) -> list[Drawn]:
    """Cases of all columns of an operator."""
    sources = [families()[name], *(f for f in WIDE if f.op == name)]
    drawn: list[Drawn] = []
    for number, family in enumerate(sources):
        for dtype in family.dtypes:
            for seed in range(count):
                case = draw_case(family, dtype, seed + 1000 * number)
                drawn.append(Drawn(dtype, seed, case, f"c{len(drawn)}_"))
    return drawn


def split_refused(drawn: list[Drawn], device: Device, kernels: str) -> tuple[list[Drawn], list[tuple[Drawn, str]]]:
    """Cases that the target compiles, and those that it refuses with the words."""
    taken, refused = [], []
    for item in drawn:
        if any(t.dtype == "float16" and t.data is None for t in item.case.program.tensors.values()):
            refused.append((item, "float16 has no type in C11"))
            continue
        try:
            generate(item.case.program, device, kernels=kernels)
        except Unsupported as error:
            refused.append((item, str(error)))
        else:
            taken.append(item)
    return taken, refused


def together(drawn: list[Drawn]) -> Program:
    """All the cases as nodes of one Program; nothing is shared between them."""
    tensors, nodes, inputs, outputs, states = [], [], [], [], []
    for item in drawn:
        program, prefix = item.case.program, item.prefix
        tensors += [replace(t, name=prefix + t.name) for t in program.tensors.values()]
        nodes += [_renamed(node, prefix) for node in program.nodes]
        inputs += [Port(prefix + p.name, prefix + p.tensor) for p in program.inputs]
        outputs += [Port(prefix + p.name, prefix + p.tensor) for p in program.outputs]
        states += [replace(s, name=prefix + s.name) for s in program.states]
    named = {t.name: t for t in tensors}
    return Program("cases", named, tuple(nodes), tuple(inputs), tuple(outputs), tuple(states)).check()


def _renamed(node: Node, prefix: str) -> Node:
    made = node.op
    if made.effect != "none":
        made = replace(made, state=prefix + made.state)  # type: ignore[attr-defined]
    names = [tuple(prefix + n if n else "" for n in side) for side in (node.inputs, node.outputs)]
    return Node(made, names[0], names[1], prefix + node.name)


def tolerant(case: Case) -> Case:
    """The case with 2 units more for functions that the Program takes from a C library to the bit."""
    exact = case.program.nodes[0].op.name in ("Exp", "Log")
    return replace(case, ulps=case.ulps + 2) if exact else case


class Joint:
    """The compiled joint Program.

    Args:
        drawn: its cases, none of which the target refuses.
    """

    def __init__(self, drawn: list[Drawn], device: Device, kernels: str = "portable") -> None:
        self.drawn = drawn
        generated = generate(together(drawn), device, name="cases", kernels=kernels)
        self._model: HostModel = build(generated, ("-O1",))

    def run(self, feeds: dict[str, Feeds]) -> dict[str, list[Array]]:
        """Prefix of a case -> its outputs, for prefix -> feeds."""
        joint = {prefix + name: value for prefix, own in feeds.items() for name, value in own.items()}
        results = self._model.run(joint)
        return {
            item.prefix: [results[item.prefix + p.tensor] for p in item.case.program.outputs] for item in self.drawn
        }


def initial(drawn: list[Drawn]) -> dict[str, dict[str, Array]]:
    """States of every case, by prefix."""
    return {item.prefix: initial_states(item.case.program) for item in drawn}

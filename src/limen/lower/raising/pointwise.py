"""Raise operators that work element by element, and reductions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from limen.lower.raising._context import Site, onnx_type

Raise = Callable[[Site], None]


def same(op: str, **attributes: Any) -> Raise:
    """One ONNX operator of the same inputs, then the fused activation."""

    def raise_same(site: Site) -> None:
        inputs = [site.real(i) for i in range(len(site.inputs))]
        site.write(site.activate(site.emit(op, *inputs, **attributes)))

    return raise_same


def attributed(op: str, names: dict[str, str], **constants: Any) -> Raise:
    """Like ``same``, with attributes of the node under ONNX's names."""

    def raise_attributed(site: Site) -> None:
        values = {onnx: getattr(site.node.op, ours) for ours, onnx in names.items()}
        site.write(site.emit(op, site.real(0), **values, **constants))

    return raise_attributed


def clip(low: float | None, high: float | None) -> Raise:
    """A clamp."""

    def raise_clip(site: Site) -> None:
        bounds = ["" if v is None else site.like(v) for v in (low, high)]
        site.write(site.emit("Clip", site.real(0), *bounds))

    return raise_clip


def square(site: Site) -> None:
    site.write(site.emit("Mul", site.real(0), site.real(0)))


def squared_difference(site: Site) -> None:
    difference = site.emit("Sub", site.real(0), site.real(1))
    site.write(site.emit("Mul", difference, difference))


def rsqrt(site: Site) -> None:
    site.write(site.emit("Reciprocal", site.emit("Sqrt", site.real(0))))


def floor_div(site: Site) -> None:
    quotient = site.emit("Div", site.real(0), site.real(1))
    site.write(site.emit("Floor", quotient) if site.outputs[0].dtype.startswith("float") else quotient)


def floor_mod(site: Site) -> None:
    if not site.outputs[0].dtype.startswith("float"):
        site.write(site.emit("Mod", site.real(0), site.real(1)))
        return
    floor = site.emit("Floor", site.emit("Div", site.real(0), site.real(1)))
    site.write(site.emit("Sub", site.real(0), site.emit("Mul", floor, site.real(1))))


def leaky_relu(site: Site) -> None:
    site.write(site.emit("LeakyRelu", site.real(0), alpha=float(site.node.op.alpha)))  # type: ignore[attr-defined]


def gelu(site: Site) -> None:
    approximate = "tanh" if site.node.op.approximate else "none"  # type: ignore[attr-defined]
    site.write(site.emit("Gelu", site.real(0), approximate=approximate))


def softmax(site: Site) -> None:
    beta, data = float(site.node.op.beta), site.real(0)  # type: ignore[attr-defined]
    if beta != 1.0:
        data = site.emit("Mul", data, site.like(beta))
    site.write(site.emit("Softmax", data, axis=-1))


def not_equal(site: Site) -> None:
    site.write(site.emit("Not", site.emit("Equal", site.real(0), site.real(1))))


def l2_norm(site: Site) -> None:
    data = site.real(0)
    total = site.emit("ReduceSumSquare", data, site.ints((-1,)), keepdims=1)
    norm = site.emit("Sqrt", site.emit("Max", total, site.like(1e-6)))
    site.write(site.activate(site.emit("Div", data, norm)))


def reduce(op: str) -> Raise:
    """A reduction over fixed axes."""

    def raise_reduce(site: Site) -> None:
        node = site.node.op
        axes = site.ints(node.axes, "axes")  # type: ignore[attr-defined]
        site.write(site.emit(op, site.real(0), axes, keepdims=int(node.keep_dims)))  # type: ignore[attr-defined]

    return raise_reduce


def arg(op: str) -> Raise:
    """ArgMax and ArgMin."""

    def raise_arg(site: Site) -> None:
        found = site.emit(op, site.real(0), axis=site.node.op.axis, keepdims=0)  # type: ignore[attr-defined]
        if site.outputs[0].dtype != "int64":
            found = site.emit("Cast", found, to=onnx_type(site.outputs[0].dtype))
        site.write(found)

    return raise_arg


def cast(site: Site) -> None:
    """Floats saturate on their way to integers, which ONNX leaves open."""
    real, target = site.real(0), np.dtype(site.outputs[0].dtype)
    if site.tensor(0).dtype.startswith("float") and target.kind in "iu":
        info, kind = np.iinfo(target), np.dtype(site.tensor(0).dtype)
        low, high = np.asarray(info.min, kind), np.asarray(info.max, kind)
        if float(high) > info.max:
            high = np.nextafter(high, kind.type(0))
        bounds = [site.raising.constant(np.asarray(v, kind), f"{site.base}/bound") for v in (low, high)]
        real = site.emit("Clip", real, *bounds)
    site.write(site.emit("Cast", real, to=onnx_type(site.outputs[0].dtype)))


def requantize(site: Site) -> None:
    """Quantize and Dequantize change codes, not real values; a float16 source is widened."""
    source = site.tensor(0)
    real = site.real(0)
    if source.quant is None and source.dtype == "float16" and site.outputs[0].dtype == "float32":
        real = site.emit("Cast", real, to=onnx_type("float32"))
    site.write(real)


def cumsum(site: Site) -> None:
    op = site.node.op
    axis = site.raising.constant(np.asarray(op.axis, np.int64), f"{site.base}/axis")  # type: ignore[attr-defined]
    exclusive, reverse = int(op.exclusive), int(op.reverse)  # type: ignore[attr-defined]
    site.write(site.emit("CumSum", site.real(0), axis, exclusive=exclusive, reverse=reverse))


RAISE: dict[str, Raise] = {
    **{name: same(name) for name in ("Add", "Sub", "Mul", "Div", "Pow", "Equal", "Less", "Greater", "Relu", "Exp")},
    **{name: same(name) for name in ("Log", "Sqrt", "Neg", "Abs", "Sin", "Cos", "Floor", "Ceil", "Round", "Sign")},
    **{name: same(name) for name in ("Tanh", "HardSwish")},
    "Minimum": same("Min"),
    "Maximum": same("Max"),
    "LessEqual": same("LessOrEqual"),
    "GreaterEqual": same("GreaterOrEqual"),
    "LogicalAnd": same("And"),
    "LogicalOr": same("Or"),
    "LogicalNot": same("Not"),
    "Select": same("Where"),
    "Logistic": same("Sigmoid"),
    "Elu": same("Elu"),
    "PRelu": same("PRelu"),
    "LogSoftmax": same("LogSoftmax", axis=-1),
    "Relu6": clip(0.0, 6.0),
    "ReluN1To1": clip(-1.0, 1.0),
    "Relu0To1": clip(0.0, 1.0),
    "NotEqual": not_equal,
    "Square": square,
    "SquaredDifference": squared_difference,
    "Rsqrt": rsqrt,
    "FloorDiv": floor_div,
    "FloorMod": floor_mod,
    "LeakyRelu": leaky_relu,
    "Gelu": gelu,
    "Softmax": softmax,
    "L2Norm": l2_norm,
    "Mean": reduce("ReduceMean"),
    "Sum": reduce("ReduceSum"),
    "ReduceMax": reduce("ReduceMax"),
    "ReduceMin": reduce("ReduceMin"),
    "ReduceProd": reduce("ReduceProd"),
    "ArgMax": arg("ArgMax"),
    "ArgMin": arg("ArgMin"),
    "Cast": cast,
    "Quantize": requantize,
    "Dequantize": requantize,
    "CumSum": cumsum,
}

"""Element-wise kernels in portable C: what the operators' own cases do not draw."""

from __future__ import annotations

import numpy as np
import pytest

from limen import devices
from limen.errors import Unsupported
from limen.ops._fixed_point import multiplier, rescale
from limen.program import Array, Program, Quant, Tensor, run
from limen.targets.c import generate
from limen.targets.c.ops._e_value import Value, rescaled, scaled
from unit.targets.c.op_programs import call, differences, program, results

Q = Quant.per_tensor
SMALL = Q(0.05, 3)


def int8(name: str, shape: tuple[int, ...] = (1, 3, 4, 5), quant: Quant = SMALL) -> Tensor:
    return Tensor(name, shape, "int8", quant)


def codes(name: str, shape: tuple[int, ...], dtype: str = "int8", quant: Quant = SMALL) -> Tensor:
    info = np.iinfo(dtype)
    values = np.random.default_rng(5).integers(info.min, info.max, shape, endpoint=True)
    return Tensor.constant(name, values.astype(dtype), quant)


def channels(zeros: tuple[int, ...], axis: int) -> Quant:
    return Quant(tuple(float(np.float32(0.013 * (i + 1) ** 3)) for i in range(len(zeros))), zeros, axis)


def floats(name: str, shape: tuple[int, ...] = (1, 3, 4, 5)) -> Tensor:
    return Tensor(name, shape, "float32")


def ints(name: str, shape: tuple[int, ...] = (7,), dtype: str = "int32") -> Tensor:
    return Tensor(name, shape, dtype, None)  # type: ignore[arg-type]


BOUNDS = ((-256, 255), (-(2**16), 2**16 - 1), (-(2**31), 2**31 - 1), (0, 3))
WITHIN = [(b, e) for b in BOUNDS for e in (0, 7, 15) if b[1] << e < 2**31]
CHAINS = {
    "a tensor with itself": program([int8("x")], call("Add", "x x", "y", Q(0.1)), call("Mul", "y y", "z", Q(0.3))),
    "in place, over and over": program(
        [int8("x"), codes("c", (5,)), codes("s", ())],
        call("Relu", "x", "a", SMALL),
        call("Add", "a c", "b", SMALL),
        call("Mul", "b s", "d", Q(0.2, -7)),
        call("Sub", "d x", "e", Q(0.11, 9), activation="relu6"),
        call("HardSwish", "e", "f", SMALL),
        last=True,
    ),
    "a long constant": program([int8("x", (2, 300)), codes("c", (300,))], call("Add", "x c", "y", Q(0.1))),
    "a constant of the whole shape": program(
        [int8("x"), codes("c", (1, 3, 4, 5))], call("Sub", "c x", "y", Q(0.1)), call("Mul", "x c", "z", Q(0.3))
    ),
    "rows, columns, six axes": program(
        [int8("x", (2, 1, 3, 1, 2, 1)), int8("w", (1, 2, 1, 2, 1, 3)), int8("v", (3, 1, 1, 1))],
        call("Add", "x w", "y", Q(0.1)),
        call("Mul", "v y", "z", Q(0.5)),
    ),
    "nothing": program(
        [int8("x", (0, 3)), int8("w", (1, 3)), floats("f", (2, 0))],
        call("Add", "x w", "y", Q(0.1)),
        call("Relu", "f", "g"),
        call("Quantize", "f", "h", Q(0.1)),
    ),
    "scalars": program([int8("x", ()), floats("f", ())], call("Add", "x x", "y", Q(0.1)), call("Neg", "f", "g")),
    "the same scale": program(
        [int8("x")], call("Relu", "x", "y", SMALL), call("Relu6", "x", "z", SMALL), call("Quantize", "x", "w", SMALL)
    ),
    "scales far apart": program(
        [int8("x"), int8("w", quant=Q(1e-7, -120)), int8("v", quant=Q(3.0, 100))],
        call("Add", "x w", "y", Q(0.06)),
        call("Mul", "w v", "z", Q(1e-9)),
        call("Mul", "v v", "u", Q(500.0)),
        call("Quantize", "v", "t", Q(1e-6, 5)),
    ),
    "int16": program(
        [Tensor("x", (2, 9), "int16", Q(1e-4)), Tensor("w", (9,), "int16", Q(3e-3))],
        call("Add", "x w", "a", Q(2e-3)),
        call("Mul", "a w", "b", Q(1e-5)),
        call("LeakyRelu", "b", "c", Q(1e-7), alpha=-3.5),
        call("Quantize", "x", "d", Q(1e-9, 77), dtype="int32"),
        call("Quantize", "d", "e", Q(0.01, 100), dtype="int8"),
        call("Relu6", "w", "f", Q(1e-5)),
    ),
    "channels": program(
        [floats("x")],
        call("Quantize", "x", "y", channels((0, 5, -128, 127, -3), 3)),
        call("Dequantize", "y", "z"),
        call("Quantize", "x", "w", channels((0, 5, -7), 1)),
        call("Dequantize", "w", "v"),
    ),
    "divisors at run time": program(
        [ints("a"), ints("b"), ints("c", dtype="int16"), ints("d", dtype="int16")],
        call("Div", "a b", "q"),
        call("FloorDiv", "a b", "r"),
        call("FloorMod", "a b", "s"),
        call("FloorMod", "c d", "t"),
        call("FloorDiv", "c d", "u"),
    ),
    "codes divided at run time": program(
        [int8("a"), Tensor("b", (1, 3, 4, 5), "int8", Q(0.3, -128)), Tensor("c", (5,), "uint8", Q(0.3, 0))],
        call("Div", "a b", "q", Q(0.001, -4)),
        call("Quantize", "a", "d", Q(0.2, 9), dtype="uint8"),
    ),
    "truths": program(
        [int8("a"), int8("b", (5,), Q(0.07, -9)), Tensor("c", (4, 5), "bool"), codes("k", ())],
        call("Less", "a b", "l"),
        call("GreaterEqual", "a k", "g"),
        call("Equal", "a k", "e"),
        call("LogicalAnd", "l c", "n"),
        call("LogicalNot", "n", "o"),
        call("Select", "o a a", "y", SMALL),
    ),
    "shapes of floats": program(
        [floats("x"), floats("w", (4, 1)), Tensor.constant("half", np.float32(0.5)), floats("s", (1,))],
        call("Mul", "x w", "a", activation="relu6"),
        call("PRelu", "a w", "b"),
        call("Maximum", "b half", "c"),
        call("SquaredDifference", "c s", "d"),
        call("Round", "d", "e"),
    ),
}


def test_chains_equal_the_interpreter_to_the_bit() -> None:
    assert differences(CHAINS) == []


def pairs(seed: int) -> Program:
    """All pairs of codes through sum, difference, product and squared difference, with drawn scales."""
    rng = np.random.default_rng(seed)

    def quant(low: float, high: float) -> Quant:
        return Q(float(np.exp(rng.uniform(np.log(low), np.log(high)))), int(rng.integers(-128, 128)))

    a, b = quant(0.01, 1.0), quant(0.01, 1.0)
    tensors = [Tensor("a", (256, 1), "int8", a), Tensor("b", (256,), "int8", b)]
    reach = a.scale[0] + b.scale[0]
    activation = ("none", "relu", "relu6", "relu_n1_to_1")[seed % 4]
    return program(
        tensors,
        call("Add", "a b", "sum", quant(reach / 4, reach * 2), activation=activation),
        call("Sub", "a b", "difference", quant(reach / 4, reach * 2), activation=activation),
        call("Mul", "a b", "product", quant(reach * reach, reach * reach * 40), activation=activation),
        call("SquaredDifference", "a b", "square", quant(reach * reach, reach * reach * 200)),
    )


def test_every_pair_of_codes() -> None:
    chains = [pairs(seed) for seed in range(12)]
    codes_of_all = np.arange(-128, 128).astype(np.int8)
    feeds = {"a": codes_of_all[:, None], "b": codes_of_all}
    for chain, got in zip(chains, results(chains, [feeds] * len(chains)), strict=True):
        for name, wanted in run(chain, feeds).items():
            assert np.array_equal(got[name], wanted), (name, chain.tensors[name].quant)


def test_a_divisor_of_zero_gives_zero() -> None:
    whole = program([ints("a", (4,)), ints("b", (4,))], call("Div", "a b", "q"), call("FloorMod", "a b", "r"))
    coded = program([int8("a", (4,)), int8("b", (4,))], call("Div", "a b", "q", Q(0.1, -3)))
    zeros = np.zeros(4, np.int32)
    plain = {"a": np.array([0, 7, -7, -(2**31)], np.int32), "b": zeros}
    given = {"a": np.array([0, 7, -7, -128], np.int8), "b": np.full(4, SMALL.zero_point[0], np.int8)}
    first, second = results([whole, coded], [plain, given])
    assert first["q"].tolist() == first["r"].tolist() == [0, 0, 0, 0]
    assert second["q"].tolist() == [-3, -3, -3, -3]


def test_codes_below_the_zero_point_have_the_root_of_zero() -> None:
    chain = program(
        [int8("x", (3,)), Tensor("w", (3,), "int16", Q(0.001))],
        call("Sqrt", "x", "y", Q(0.02, -5)),
        call("Sqrt", "w", "z", Q(0.001)),
    )
    (got,) = results([chain], [{"x": np.array([-128, 2, 3], np.int8), "w": np.array([-32768, -1, 0], np.int16)}])
    assert got["y"].tolist() == [-5, -5, -5]
    assert got["z"].tolist() == [0, 0, 0]


@pytest.mark.parametrize("op", ["Neg", "Floor", "Cast", "Equal", "Dequantize"])
def test_half_floats_are_refused_by_name(op: str) -> None:
    x = Tensor("x", (3,), "float16")
    chain = program([x], call(op, "x x" if op == "Equal" else "x"))
    with pytest.raises(Unsupported, match="float16"):
        generate(chain, devices.get("x86-64"))


@pytest.mark.parametrize("real", [0.5, 0.25, 1.0, 2.0, 0.49999, 0.3, 1.7, 1000.3, 2.0**-20, 1e-9, 2.0**29])
@pytest.mark.parametrize(("bounds", "exponent"), WITHIN)
def test_bounds_of_a_rescaled_value_hold_and_are_tight(real: float, bounds: tuple[int, int], exponent: int) -> None:
    value = rescaled(scaled(Value("x", *bounds), exponent), multiplier(real))
    points: Array = np.unique(np.linspace(bounds[0], bounds[1], 1001).astype(np.int64))
    answers = rescale(points << exponent, multiplier(real))
    low, high = value.bounds
    assert low <= answers.min()
    assert answers.max() <= high
    if max(-bounds[0], bounds[1]) * 2.0**exponent * real < 2**29:  # nothing wraps
        assert (low, high) == (answers.min(), answers.max())

"""The kernels of Cortex-M with the DSP extension give the interpreter's codes, to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limen import devices, lab
from limen.importers import import_file
from limen.program import OPS, Array, Program, Quant, Tensor
from limen.targets.c import generate
from limen.targets.c.kernels.armv7em._scaling import Staircase, apply, channel_prescale, fit
from unit.targets.c.x86_cases import CONNECTED, CONVOLUTIONS, DEPTHWISE, Layer, inputs_of, joined, one_node, program_of

pytest.importorskip("unicorn", reason="the virtual Cortex-M needs unicorn")
pytest.importorskip("ziglang", reason="the virtual Cortex-M needs zig")

GROUPED = {
    "groups of whole words": Layer("Conv2D", (1, 5, 6, 8), (12, 3, 3, 4), padding=(1, 1, 1, 1)),
    "groups of odd depth": Layer("Conv2D", (1, 5, 5, 6), (9, 2, 3, 2), (1, 2), padding=(0, 1, 1, 1), activation="relu"),
}
ROWS_OF = {
    "long odd row": Layer("Conv2D", (1, 3, 21, 4), (5, 3, 3, 4), padding=(1, 1, 1, 1), activation="relu"),
    "many elements": Layer("Conv2D", (1, 3, 3, 100), (6, 3, 3, 100), padding=(1, 1, 1, 1)),
    "one column": Layer("Conv2D", (1, 40, 1, 12), (10, 5, 1, 12), padding=(2, 2, 0, 0)),
    "one row of bytes": Layer("Conv2D", (1, 4, 9, 1), (8, 1, 3, 1), padding=(0, 0, 1, 1)),
    "many weights": Layer("Conv2D", (1, 2, 3, 64), (96, 1, 1, 64), heavy=True),
    "dw long row": Layer("DepthwiseConv2D", (1, 4, 30, 12), (1, 3, 3, 12), padding=(1, 1, 1, 1), activation="relu"),
    "dw long row, bent": Layer("DepthwiseConv2D", (1, 4, 27, 4), (1, 3, 3, 4), padding=(1, 1, 1, 1), zero=(3, 30)),
    "dw long row, stride 2": Layer(
        "DepthwiseConv2D", (1, 5, 41, 6), (1, 3, 3, 6), (2, 2), padding=(0, 1, 0, 1), activation="relu"
    ),
    "dw of 300": Layer("DepthwiseConv2D", (1, 3, 15, 300), (1, 3, 3, 300), padding=(1, 1, 1, 1), activation="relu"),
    "dw of one position": Layer("DepthwiseConv2D", (1, 1, 1, 16), (1, 3, 3, 16), padding=(1, 1, 1, 1)),
}
SUMS = {
    "add": ("Add", (0.02, 3), (0.05, -7), (0.06, 11), "none"),
    "add to relu": ("Add", (0.07, -128), (0.031, 4), (0.04, -128), "relu"),
    "add, clamped": ("Add", (0.02, 0), (0.02, 0), (0.03, 5), "relu6"),
    "add of halves": ("Add", (0.5, 0), (0.5, 0), (1.0, 0), "none"),
    "sub": ("Sub", (0.02, 127), (0.013, -128), (0.04, 1), "none"),
    "sub of tiny": ("Sub", (0.0001, 1), (0.02, 3), (0.04, -50), "none"),
}
ELSEWHERE = {"one channel out", "wrapping", "fc wrapping"}


def random_layer(rng: np.random.Generator) -> Layer:
    """Any shape, zero point, scale and activation."""
    op = str(rng.choice(["Conv2D", "Conv2D", "DepthwiseConv2D", "FullyConnected"]))
    activation = str(rng.choice(["none", "relu", "relu6", "relu_n1_to_1"]))
    zero = (int(rng.choice([-128, 127, rng.integers(-128, 128)])), int(rng.choice([-128, rng.integers(-128, 128)])))
    common: dict[str, Any] = {
        "activation": activation, "zero": zero, "reach": float(rng.choice([0.5, 20, 60, 200, 3000])),
        "heavy": bool(rng.random() < 0.1), "per_channel": bool(rng.random() < 0.8), "bias": bool(rng.random() < 0.8),
    }  # fmt: skip
    if op == "FullyConnected":
        depth = int(rng.integers(1, 70))
        return Layer(op, (int(rng.integers(1, 4)), depth), (int(rng.integers(1, 20)), depth), **common)
    h, w, c = (int(v) for v in rng.integers(1, 12, 3))
    depthwise = op == "DepthwiseConv2D"
    kh, kw = (3, 3) if depthwise else (int(v) for v in rng.integers(1, 5, 2))
    common["stride"] = tuple(int(v) for v in rng.integers(1, 3, 2))
    common["dilation"] = (1, 1) if depthwise else tuple(int(v) for v in rng.integers(1, 3, 2))
    spans = [(k - 1) * d + 1 for k, d in zip((kh, kw), common["dilation"], strict=True)]
    common["padding"] = tuple(int(rng.integers(0, s)) for s in (spans[0], spans[0], spans[1], spans[1]))
    h, w = max(h, spans[0]), max(w, spans[1])
    shape = (1, kh, kw, c) if depthwise else (int(rng.integers(2, 12)), kh, kw, c)
    return Layer(op, (int(rng.integers(1, 3)), h, w, c), shape, **common)


def check(program: Program, device: str = "cortex-m4", compiler: str = "zig", **settings: Any) -> dict[str, str]:
    """The kernels of a Program's layers, after they have given the interpreter's codes."""
    generated = generate(program, devices.get(device), **settings)
    profile = lab.profile(generated, inputs_of(generated.program), compiler=compiler)
    assert profile.differs_first is None
    assert profile.exact is not None
    assert profile.exact["max_lsb"] == 0
    return {layer.name: layer.kernel for layer in profile.layers}


@pytest.mark.parametrize(
    ("group", "device"),
    [
        (CONVOLUTIONS, "cortex-m4"), (CONNECTED, "cortex-m4"), (DEPTHWISE, "cortex-m4"), (ROWS_OF, "cortex-m4"),
        (CONVOLUTIONS, "stm32u5"), (ROWS_OF, "cortex-m7"),
    ],
    ids=["convolutions", "connected", "depthwise", "rows", "convolutions-m33", "rows-m7"],
)  # fmt: skip
def test_layers_are_exact(group: dict[str, Layer], device: str) -> None:
    kernels = check(joined({name: program_of(layer) for name, layer in group.items()}), device)
    portable = {name for name, kernel in kernels.items() if kernel == "portable"}
    assert {name for name in portable if "dw" not in name} <= {f"{name}/layer" for name in ELSEWHERE} | ELSEWHERE


def grouped(layer: Layer, seed: int = 3) -> Program:
    """``program_of`` for weights of fewer input channels than the input."""
    rng = np.random.default_rng(seed)
    w = rng.integers(-127, 128, layer.w).astype(np.int8)
    scales = rng.uniform(0.005, 0.02, layer.w[0]).astype(np.float32)
    bias = rng.integers(-3000, 3000, layer.w[0]).astype(np.int32)
    inputs = [
        Tensor("x", layer.x, "int8", Quant.per_tensor(0.02, layer.zero[0])),
        Tensor.constant("w", w, Quant.per_channel(scales, 0)),
        Tensor.constant("b", bias, Quant.per_tensor(1.0)),
    ]
    op = OPS["Conv2D"](stride=layer.stride, dilation=layer.dilation, padding=layer.padding, activation=layer.activation)
    return one_node(op, inputs, Quant.per_tensor(0.12, layer.zero[1]))


def summed(case: tuple[str, tuple[float, int], tuple[float, int], tuple[float, int], str]) -> Program:
    op, *quants, activation = case
    first, second, result = (Quant.per_tensor(*quant) for quant in quants)
    inputs = [Tensor(name, (1, 3, 5, 7), "int8", quant) for name, quant in (("a", first), ("b", second))]
    return one_node(OPS[op](activation=activation), inputs, result)


def test_sums_are_exact() -> None:
    kernels = check(joined({name: summed(case) for name, case in SUMS.items()}))
    assert sum(kernel == "armv7em" for kernel in kernels.values()) >= 4


def test_grouped_convolutions_are_exact() -> None:
    assert set(check(joined({name: grouped(layer) for name, layer in GROUPED.items()})).values()) == {"armv7em"}


@pytest.mark.parametrize("seed", range(2))
def test_random_layers_are_exact(seed: int) -> None:
    rng = np.random.default_rng(seed)
    layers = {f"layer {i}": program_of(random_layer(rng), seed=i) for i in range(30)}
    kernels = check(joined(layers))
    assert sum(kernel == "armv7em" for kernel in kernels.values()) > len(layers) // 2


def test_flash_first_is_exact() -> None:
    layers = {name: program_of(layer) for name, layer in {**ROWS_OF, **CONNECTED}.items()}
    check(joined(layers), small=True)


@given(
    slope=st.floats(2.0**-14, 2.0**-1),
    bias=st.integers(-(2**17), 2**17),
    width=st.integers(1, 2**16),
    zero=st.integers(-128, 127),
    twice=st.booleans(),
)
def test_a_proved_line_is_the_staircase(slope: float, bias: int, width: int, zero: int, twice: bool) -> None:
    exponent = int(np.floor(-np.log2(slope)))
    mantissa = int(slope * 2.0**exponent * 2**31) & ~1

    def codes(accumulators: Array) -> Array:
        if not twice:
            exact = np.floor(accumulators * slope + 0.5).astype(np.int64) + zero
            return np.clip(exact, -128, 127)
        high = (accumulators * mantissa + (1 << 30)) >> 31
        half = (1 << exponent) >> 1
        return np.clip(((high + half - ((high < 0) & (half > 0))) >> exponent) + zero, -128, 127)

    real = mantissa * 2.0 ** -(31 + exponent) if twice else slope
    unit = np.array([2.0**-exponent]) if twice else None
    stairs = Staircase(
        bias=np.array([bias]), lowest=np.array([bias - width]), highest=np.array([bias + width]), codes=codes,
        slope=np.array([real]), unit=unit, zero_point=zero, low=-128, high=127,
    )  # fmt: skip
    scaling = fit(stairs, channel_prescale(stairs, 8))
    if scaling is None:
        return
    accumulators = np.arange(bias - width, bias + width + 1, max(1, width // 5000))[:, None]
    moved = accumulators + (scaling.bias - bias)
    found = np.where(scaling.constant, scaling.addend >> scaling.shift, apply(scaling, moved))
    assert np.array_equal(found, codes(accumulators))


def test_a_line_is_found_for_ordinary_layers() -> None:
    """What the kernels are for must not fall back: the forms of MLPerf Tiny's layers."""
    for zero, low in ((-128, -128), (4, -128)):
        slope, bias = np.array([2.0**-8, 2.0**-9.5, 2.0**-11]), np.array([100, -2000, 30000])
        stairs = Staircase(
            bias, bias - 300000, bias + 300000,
            lambda a, s=slope, z=zero: np.clip(np.floor(a * s + 0.5).astype(np.int64) + z, -128, 127),
            slope, None, zero, low, 127,
        )  # fmt: skip
        assert fit(stairs, 8) is not None


@pytest.mark.parametrize(
    ("name", "instructions", "flash", "ram"),
    [
        ("ic_resnet8", 10_500_000, 125_000, 50_000),
        ("kws_dscnn", 2_800_000, 42_000, 17_000),
        ("vww", 8_000_000, 290_000, 57_000),
        ("ad01", 250_000, 295_000, 1_800),
    ],
)
def test_mlperf_tiny_stays_within_its_budget(shared: Any, name: str, instructions: int, flash: int, ram: int) -> None:
    program = import_file(shared / "models" / "mlperf-tiny" / f"{name}_int8.tflite")
    assert isinstance(program, Program)
    generated = generate(program, devices.get("cortex-m4"))
    profile = lab.profile(generated, lab.sample_inputs(program, 2))
    assert profile.exact is not None
    assert profile.exact["max_lsb"] == 0
    assert profile.instructions is not None
    assert profile.instructions <= instructions
    assert sum(profile.flash.values()) <= flash
    assert profile.ram["arena"] + profile.ram["static"] + profile.ram["stack"] <= ram

"""Real ONNX models, and graphs shaped like them: Model -> Program -> .tflite, each step equal to onnxruntime.

The interpreter and LiteRT see the same inputs as onnxruntime does with the file as it is: at most 1e-4 apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from onnx import helper

from conformance._onnx_backend import run_by_name
from limen.lower import lower
from limen.model import Model, StatePair, from_bytes, random_feeds, static_shapes
from limen.program import Program, initial_states
from limen.targets.tflite import write
from unit.model.graphs import proto, weights

Array = NDArray[Any]
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Story:
    """A file below the shared folder and how it is imported.

    Args:
        scale: range of the random input.
        transposes: how many Transposes the Program may have.
    """

    path: str
    scale: float = 1.0
    transposes: int = 0
    dimensions: Mapping[str, int] = field(default_factory=dict)
    constants: Mapping[str, Array] = field(default_factory=dict)
    states: tuple[StatePair, ...] = ()


STORIES = {
    "yunet": Story("data/security/yunet_n_320_320.onnx", 255.0),
    "rfb_320": Story("data/security/version-RFB-320.onnx"),
    "fastest_det": Story("data/security/FastestDet.onnx"),
    "silero_vad": Story(
        "data/smarthome/silero_vad_16k_op15.onnx",
        dimensions={"sequence": 576},
        constants={"sr": np.asarray(16000, np.int64)},
        states=(StatePair("state", "stateN"),),
    ),
}


def source_session(data: bytes) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return ort.InferenceSession(data, options)


def litert(program: Program) -> Any:
    """Run by source names on LiteRT's default kernels; states live in the interpreter."""
    interpreter = Interpreter(model_content=write(program), num_threads=1)
    interpreter.allocate_tensors()
    runner = interpreter.get_signature_runner()

    def call(feeds: Mapping[str, Array]) -> dict[str, Array]:
        given = {
            p.name: np.ascontiguousarray(np.transpose(feeds[p.name], p.permutation or range(feeds[p.name].ndim)))
            for p in program.inputs
        }
        results = runner(**given)
        return {p.name: _source_order(results[p.name], p.permutation) for p in program.outputs}

    return call


def _source_order(value: Array, permutation: tuple[int, ...] | None) -> Array:
    return value if permutation is None else np.transpose(value, np.argsort(permutation))


def apart(a: Mapping[str, Array], b: Mapping[str, Array]) -> float:
    return max(float(np.abs(a[name].astype(np.float64) - b[name]).max()) for name in a)


def compare(data: bytes, story: Story, rounds: int = 3) -> Program:
    """Import, lower, write and run on both sides; states run as one sequence."""
    source = from_bytes(data).with_states(story.states)
    model = static_shapes(source, story.dimensions, constants=story.constants)
    program = lower(model)
    session, on_litert, states = source_session(data), litert(program), initial_states(program)
    held = {s.input: s.initial for s in model.states}
    for seed in range(rounds):
        feeds = {n: v for n, v in _feeds(model, seed, story.scale).items() if n not in held}
        names = [o.name for o in session.get_outputs()]
        expected = dict(zip(names, session.run(names, {**feeds, **held, **story.constants}), strict=True))
        held = {s.input: expected.pop(s.output) for s in model.states}
        assert apart(expected, run_by_name(program, feeds, states)) <= TOLERANCE
        assert apart(expected, on_litert(feeds)) <= TOLERANCE
    return program


def _feeds(model: Model, seed: int, scale: float) -> dict[str, Array]:
    return {n: v * np.float32(scale) for n, v in random_feeds(model, seed).items()}


@pytest.mark.parametrize("name", STORIES)
def test_a_real_model_is_equal_on_onnxruntime_the_interpreter_and_litert(name: str, shared: Path) -> None:
    story = STORIES[name]
    program = compare((shared / story.path).read_bytes(), story)
    counts = Counter(n.op.name for n in program.nodes)
    assert counts["Transpose"] <= story.transposes
    assert len(program.states) == len(story.states)


def convolution(
    nodes: list[Any], constants: dict[str, Array], x: str, y: str, shape: tuple[int, ...], **kw: Any
) -> None:
    """Conv, BatchNormalization and a clip at 6."""
    constants[f"{y}/w"] = weights(*shape, seed=len(constants)) * np.float32(2.0 / np.sqrt(np.prod(shape[1:])))
    for part, low in (("s", 0.5), ("b", -0.2), ("m", -0.2), ("v", 0.5)):
        constants[f"{y}/{part}"] = (weights(shape[0], seed=len(constants)) * 0.1 + np.abs(low)).astype(np.float32)
    nodes.append(helper.make_node("Conv", [x, f"{y}/w"], [f"{y}/c"], **kw))
    parts = [f"{y}/{p}" for p in "sbmv"]
    nodes.append(helper.make_node("BatchNormalization", [f"{y}/c", *parts], [f"{y}/n"]))
    nodes.append(helper.make_node("Clip", [f"{y}/n", "zero", "six"], [y]))


def mobile_net(size: int = 64, blocks: int = 4) -> onnx.ModelProto:
    """Inverted residuals as PyTorch exports MobileNetV2 before BatchNorm folding."""
    nodes: list[Any] = []
    constants: dict[str, Array] = {"zero": np.asarray(0, np.float32), "six": np.asarray(6, np.float32)}
    convolution(nodes, constants, "x", "stem", (16, 3, 3, 3), strides=[2, 2], pads=[1] * 4)
    last = "stem"
    for index in range(blocks):
        name, stride = f"block{index}", 1 + index % 2
        convolution(nodes, constants, last, f"{name}/expand", (48, 16, 1, 1))
        settings = {"strides": [stride] * 2, "pads": [1] * 4, "group": 48}
        convolution(nodes, constants, f"{name}/expand", f"{name}/depth", (48, 1, 3, 3), **settings)
        constants[f"{name}/w"] = weights(16, 48, 1, 1, seed=index)
        nodes.append(helper.make_node("Conv", [f"{name}/depth", f"{name}/w"], [f"{name}/out"]))
        if stride == 1:
            nodes.append(helper.make_node("Add", [last, f"{name}/out"], [name]))
        last = name if stride == 1 else f"{name}/out"
    constants |= {"fc": weights(10, 16), "fc/b": weights(10)}
    nodes += [
        helper.make_node("GlobalAveragePool", [last], ["pool"]),
        helper.make_node("Flatten", ["pool"], ["flat"]),
        helper.make_node("Gemm", ["flat", "fc", "fc/b"], ["logits"], transB=1),
    ]
    return proto(nodes, {"x": ["N", 3, size, size]}, {"logits": ["N", 10]}, constants)


def test_a_mobile_net_has_one_operator_per_layer_and_no_transpose() -> None:
    program = compare(mobile_net().SerializeToString(), Story(""))
    assert Counter(n.op.name for n in program.nodes) == {
        "Conv2D": 9,
        "DepthwiseConv2D": 4,
        "Add": 2,
        "Mean": 1,
        "FullyConnected": 1,
    }
    assert [p.permutation for p in program.inputs] == [(0, 2, 3, 1)]


def encoder(layers: int = 2, width: int = 16, heads: int = 2, steps: int = 6) -> onnx.ModelProto:
    """A transformer encoder with its norms and activations written out, as exporters of opset 12 do."""
    nodes: list[Any] = []
    constants: dict[str, Array] = {
        "split": np.asarray([0, 0, heads, width // heads]),
        "join": np.asarray([0, 0, width]),
        "eps": np.asarray(1e-5, np.float32),
        "two": np.asarray(2, np.float32),
        "one": np.asarray(1, np.float32),
        "half": np.asarray(0.5, np.float32),
        "root2": np.asarray(np.sqrt(2), np.float32),
        "scale": np.asarray((width // heads) ** -0.5, np.float32),
    }

    def add(op: str, inputs: list[str], output: str, **settings: Any) -> str:
        nodes.append(helper.make_node(op, inputs, [output], **settings))
        return output

    def linear(x: str, name: str, rows: int, columns: int) -> str:
        constants[f"{name}.w"] = weights(rows, columns, seed=len(constants)) * np.float32(0.7)
        constants[f"{name}.b"] = weights(columns, seed=len(constants))
        return add("Add", [add("MatMul", [x, f"{name}.w"], f"{name}.m"), f"{name}.b"], f"{name}.y")

    def norm(x: str, name: str) -> str:
        constants[f"{name}.g"] = weights(width, seed=len(constants)) + 1
        mean = add("ReduceMean", [x], f"{name}.mean", axes=[-1])
        centred = add("Sub", [x, mean], f"{name}.d")
        variance = add("ReduceMean", [add("Pow", [centred, "two"], f"{name}.q")], f"{name}.v", axes=[-1])
        deviation = add("Sqrt", [add("Add", [variance, "eps"], f"{name}.e")], f"{name}.r")
        return add("Mul", [add("Div", [centred, deviation], f"{name}.n"), f"{name}.g"], f"{name}.y")

    x = "x"
    for layer in range(layers):
        p = f"l{layer}"
        parts = {}
        for part, perm in (("q", [0, 2, 1, 3]), ("k", [0, 2, 3, 1]), ("v", [0, 2, 1, 3])):
            split = add("Reshape", [linear(x, f"{p}.{part}", width, width), "split"], f"{p}.{part}.s")
            parts[part] = add("Transpose", [split], f"{p}.{part}.t", perm=perm)
        scores = add("Mul", [add("MatMul", [parts["q"], parts["k"]], f"{p}.qk"), "scale"], f"{p}.a")
        mixed = add("MatMul", [add("Softmax", [scores], f"{p}.p", axis=-1), parts["v"]], f"{p}.o")
        joined = add("Reshape", [add("Transpose", [mixed], f"{p}.ot", perm=[0, 2, 1, 3]), "join"], f"{p}.j")
        x = norm(add("Add", [x, linear(joined, f"{p}.proj", width, width)], f"{p}.r1"), f"{p}.n1")
        wide = linear(x, f"{p}.up", width, 2 * width)
        erf = add("Erf", [add("Div", [wide, "root2"], f"{p}.g1")], f"{p}.g2")
        gelu = add("Mul", [add("Mul", [wide, add("Add", [erf, "one"], f"{p}.g3")], f"{p}.g4"), "half"], f"{p}.g5")
        x = norm(add("Add", [x, linear(gelu, f"{p}.down", 2 * width, width)], f"{p}.r2"), f"{p}.n2")
    return proto(nodes, {"x": ["N", steps, width]}, {x: None}, constants, opset=13)


def test_a_transformer_encoder_lowers_to_its_parts() -> None:
    counts = Counter(n.op.name for n in compare(encoder().SerializeToString(), Story("")).nodes)
    assert (counts["FullyConnected"], counts["BatchMatMul"], counts["Gelu"], counts["Softmax"]) == (12, 4, 2, 2)
    assert counts["Transpose"] <= 8


def recurrent() -> onnx.ModelProto:
    """A streaming keyword spotter: 1-D convolution, GRU with its state outside, a head."""
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["c"], pads=[1, 1]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("Transpose", ["r"], ["t"], perm=[2, 0, 1]),
        helper.make_node("GRU", ["t", "gw", "gr", "gb", "", "h"], ["", "next"], hidden_size=6, linear_before_reset=1),
        helper.make_node("Squeeze", ["next", "zero"], ["s"]),
        helper.make_node("Gemm", ["s", "fw"], ["f"], transB=1),
        helper.make_node("Softmax", ["f"], ["y"], axis=-1),
    ]
    constants = {"w": weights(8, 4, 3), "b": weights(8), "gw": weights(1, 18, 8), "gr": weights(1, 18, 6)}
    constants |= {"gb": weights(1, 36), "fw": weights(3, 6), "zero": np.asarray([0])}
    inputs = {"x": ["N", 4, "time"], "h": [1, "N", 6]}
    return proto(nodes, inputs, {"y": ["N", 3], "next": [1, "N", 6]}, constants)


def test_a_recurrent_model_streams_with_its_state() -> None:
    story = Story("", dimensions={"time": 5}, states=(StatePair("h", "next"),))
    program = compare(recurrent().SerializeToString(), story, rounds=6)
    assert [s.name for s in program.states] == ["h"]

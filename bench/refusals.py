"""What the compiler refuses, in its own words: every case, its exit code and the whole message.

    python bench/refusals.py [--json]

Each model is made here, from a few operators, and goes through the command line in this process. tests/stories/
test_refusals_c.py compares all of it with tests/golden/refusals.md to the letter.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from limen.cli.__main__ import main as limen
from limen.program import OPS, Node, Port, Program, Quant, State, Tensor
from limen.targets.tflite import write

Q = Quant.per_tensor
SOFTMAX = Q(1 / 256, -128)
CODES = Q(0.0625, -3)
WEIGHTS = Q(0.015625)
BIAS = Q(0.0625 * 0.015625)


def model(op: str, *inputs: Tensor, quant: Quant | None = None, **attributes: Any) -> bytes:
    """A .tflite of one operator."""
    made = OPS.get(op)(**attributes)
    (kind, *_) = made.infer(inputs)
    y = Tensor("y", kind.shape, kind.dtype, quant)
    ports = tuple(Port(t.name, t.name) for t in inputs if t.data is None)
    node = Node(made, tuple(t.name for t in inputs), ("y",), "layer")
    return write(Program("net", {t.name: t for t in (*inputs, y)}, (node,), ports, (Port("y", "y"),)).check())


def weights(*shape: int, quant: Quant | None = None, name: str = "w") -> Tensor:
    rng = np.random.default_rng(5)
    return Tensor.constant(name, rng.integers(-127, 128, shape).astype(np.int8), quant or WEIGHTS)


def bias(count: int, quant: Quant | None = None) -> Tensor:
    return Tensor.constant("b", np.zeros(count, "float32" if quant is None else "int32"), quant)


def floats(name: str, *shape: int) -> Tensor:
    return Tensor(name, shape, "float32")


def codes(name: str, *shape: int, dtype: str = "int8", quant: Quant = CODES) -> Tensor:
    return Tensor(name, shape, dtype, quant)


def convolution(side: int = 8, channels: int = 8) -> bytes:
    """int8, one 3x3 convolution: something that compiles."""
    x = codes("x", 1, side, side, channels)
    padded = {"padding": (1, 1, 1, 1)}
    return model("Conv2D", x, weights(channels, 3, 3, channels), bias(channels, BIAS), quant=Q(0.5, 2), **padded)


def connected(inputs: int, outputs: int) -> bytes:
    x = codes("x", 1, inputs)
    return model("FullyConnected", x, weights(outputs, inputs), bias(outputs, BIAS), quant=Q(0.5, 2))


def stateful() -> bytes:
    """y = x + state; state = y."""
    q = Q(0.125)
    tensors = {name: Tensor(name, (1, 4, 4, 2), "int8", q) for name in ("x", "old", "y")}
    nodes = (
        Node(OPS.get("ReadVariable")("memory"), (), ("old",), "read"),
        Node(OPS.get("Add")(), ("x", "old"), ("y",), "sum"),
        Node(OPS.get("AssignVariable")("memory"), ("y",), (), "assign"),
    )
    states = (State("memory", np.zeros((1, 4, 4, 2), np.int8), q),)
    return write(Program("net", tensors, nodes, (Port("x", "x"),), (Port("y", "y"),), states).check())


def graph(
    op: str, shapes: Mapping[str, Any], outputs: Mapping[str, Any], domain: str = "", kind: int = 1, **attributes: Any
) -> bytes:
    """An .onnx of one node; constants come as arrays, inputs as shapes."""
    helper = onnx.helper
    node = helper.make_node(op, list(shapes), list(outputs), "layer", domain=domain, **attributes)
    feeds = [helper.make_tensor_value_info(n, kind, s) for n, s in shapes.items() if not isinstance(s, np.ndarray)]
    fixed = [onnx.numpy_helper.from_array(s, n) for n, s in shapes.items() if isinstance(s, np.ndarray)]
    results = [helper.make_tensor_value_info(n, made, shape) for n, (made, shape) in outputs.items()]
    opsets = [helper.make_opsetid("", 18), *([helper.make_opsetid(domain, 1)] if domain else [])]
    made = helper.make_model(helper.make_graph([node], "net", feeds, results, fixed), opset_imports=opsets)
    made.ir_version = 9
    return made.SerializeToString()


def hybrid(op: str, *shape: int, scales: int = 1, axis: int = 0) -> Callable[[], bytes]:
    """Float input, int8 weights: what a converter calls dynamic range."""
    quant = Quant((0.25,) * scales, (0,) * scales, axis if scales > 1 else None)
    given = {"Conv2D": (1, 5, 5, 2), "DepthwiseConv2D": (1, 5, 5, 2), "BatchMatMul": (1, 3, 4)}.get(op, (1, 8))
    more = () if op == "BatchMatMul" else (bias(shape[3 if op == "DepthwiseConv2D" else 0]),)
    return lambda: model(op, floats("x", *given), weights(*shape, quant=quant), *more)


def computed(op: str, given: tuple[int, ...], shape: tuple[int, ...]) -> Callable[[], bytes]:
    """Weights that are an input."""
    return lambda: model(op, codes("x", *given), codes("w", *shape, quant=WEIGHTS), bias(shape[0], BIAS), quant=Q(0.5))


@dataclass(frozen=True)
class Refusal:
    """One command that must fail.

    Args:
        name: of the case.
        build: the model's bytes.
        words: the command, with ``M`` for the model and ``OUT`` for a folder.
        suffix: of the model's file.
    """

    name: str
    build: Callable[[], bytes]
    words: str
    suffix: str = "tflite"


C = "compile M --target c --device cortex-m4 -o OUT"
HALF = Tensor("x", (4,), "float16")
TABLE = (
    Refusal("hybrid fully connected", hybrid("FullyConnected", 4, 8), C),
    Refusal("hybrid convolution", hybrid("Conv2D", 4, 3, 3, 2, scales=4), C),
    Refusal("hybrid depthwise", hybrid("DepthwiseConv2D", 1, 3, 3, 2, scales=2, axis=3), C),
    Refusal("hybrid matrix product", hybrid("BatchMatMul", 1, 4, 5), C),
    Refusal("hybrid, profiled", hybrid("FullyConnected", 4, 8), "profile M --device cortex-m4"),
    Refusal("hybrid, packaged", hybrid("FullyConnected", 4, 8), "package M --as arduino --device rp2040 -o OUT"),
    Refusal("hybrid, in the browser", hybrid("FullyConnected", 4, 8), "compile M --target wasm -o OUT"),
    Refusal("half floats", lambda: model("Neg", HALF), C),
    Refusal("half floats dequantised", lambda: model("Dequantize", HALF), C),
    Refusal("cast to half floats", lambda: model("Cast", floats("x", 4), dtype="float16"), C),
    Refusal("computed weights of a convolution", computed("Conv2D", (1, 5, 5, 2), (4, 3, 3, 2)), C),
    Refusal("computed weights of a connected layer", computed("FullyConnected", (1, 8), (4, 8)), C),
    Refusal(
        "computed weights of a transposed convolution",
        lambda: model("TransposeConv", codes("x", 1, 5, 5, 2), codes("w", 4, 3, 3, 2, quant=WEIGHTS), quant=Q(0.5)),
        C,
    ),
    Refusal("softmax over many codes", lambda: model("Softmax", codes("x", 1, 5000), quant=SOFTMAX), C),
    Refusal(
        "softmax over many int16 codes",
        lambda: model("Softmax", codes("x", 1, 70000, dtype="int16", quant=Q(0.001)), quant=Q(1 / 32768)),
        C,
    ),
    Refusal("log softmax over many codes", lambda: model("LogSoftmax", codes("x", 1, 5000), quant=Q(1 / 16, 127)), C),
    Refusal(
        "gather outside",
        lambda: model("Gather", floats("x", 4, 2), Tensor.constant("i", np.array([1, 7], np.int32)), axis=0),
        C,
    ),
    Refusal(
        "gather by pairs outside",
        lambda: model("GatherNd", floats("x", 4, 2), Tensor.constant("i", np.array([[7]], np.int32))),
        C,
    ),
    Refusal(
        "operator of a vendor",
        lambda: graph("Swirl", {"x": [1, 4]}, {"y": (1, [1, 4])}, domain="com.vendor"),
        C,
        "onnx",
    ),
    Refusal("operator without a lowering", lambda: graph("Det", {"x": [1, 4, 4]}, {"y": (1, [1])}), C, "onnx"),
    Refusal(
        "grid sampling",
        lambda: graph("GridSample", {"x": [1, 3, 4, 4], "g": [1, 2, 2, 2]}, {"y": (1, [1, 3, 2, 2])}),
        C,
        "onnx",
    ),
    Refusal(
        "three spatial axes",
        lambda: graph(
            "Conv", {"x": [1, 3, 4, 4, 4], "w": np.ones((2, 3, 2, 2, 2), np.float32)}, {"y": (1, [1, 2, 3, 3, 3])}
        ),
        C,
        "onnx",
    ),
    Refusal(
        "indices of a maximum",
        lambda: graph(
            "MaxPool",
            {"x": [1, 3, 4, 4]},
            {"y": (1, [1, 3, 2, 2]), "i": (7, [1, 3, 2, 2])},
            kernel_shape=[2, 2],
            strides=[2, 2],
        ),
        C,
        "onnx",
    ),
    Refusal(
        "a shape that is not fixed",
        lambda: graph("Relu", {"x": ["n", 3, "h", "w"]}, {"y": (1, ["n", 3, "h", "w"])}),
        C,
        "onnx",
    ),
    Refusal("a shape that depends on data", lambda: graph("Unique", {"x": [6]}, {"y": (1, ["k"])}), C, "onnx"),
    Refusal("complex numbers", lambda: graph("Identity", {"x": [4]}, {"y": (14, [4])}, kind=14), C, "onnx"),
    Refusal("text", lambda: graph("Identity", {"x": [4]}, {"y": (8, [4])}, kind=8), C, "onnx"),
    Refusal(
        "dynamic range asked for",
        lambda: graph("Gemm", {"x": [1, 64], "w": np.ones((64, 64), np.float32)}, {"y": (1, [1, 64])}),
        C + " --quantize dynamic",
        "onnx",
    ),
    Refusal("too little RAM", convolution, C + " --ram 600"),
    Refusal("too little flash", convolution, C + " --flash 600"),
    Refusal("too little RAM in the browser", convolution, "compile M --target wasm --ram 100 -o OUT"),
    Refusal(
        "more than the board's flash", lambda: connected(1100, 1024), "compile M --target c --device nrf52840 -o OUT"
    ),
    Refusal("more than the board's RAM", lambda: convolution(200), "compile M --target c --device rp2040 -o OUT"),
    Refusal("no device", convolution, "compile M --target c -o OUT"),
    Refusal("an unknown device", convolution, "compile M --target c --device cortex-m5 -o OUT"),
    Refusal("an unknown target", convolution, "compile M --target cpp -o OUT"),
    Refusal("a virtual device that does not exist", convolution, "profile M --device esp32-s3"),
    Refusal("an executable for the ESP32-S3", convolution, "package M --as executable --device esp32-s3 -o OUT"),
    Refusal("an executable for a microcontroller", convolution, "package M --as executable --device cortex-m4 -o OUT"),
    Refusal(
        "a static library for a microcontroller", convolution, "package M --as static-lib --device esp32-c3 -o OUT"
    ),
    Refusal("a shared library for the browser", convolution, "package M --as shared-lib --device wasm -o OUT"),
    Refusal("Windows on armv7", convolution, "package M --as executable --device armv7 --os windows -o OUT"),
    Refusal("Arduino on a PC", convolution, "package M --as arduino --device x86-64 -o OUT"),
    Refusal("ESP-IDF on a Cortex-M", convolution, "package M --as esp-idf --device cortex-m4 -o OUT"),
    Refusal("Zephyr on a PC", convolution, "package M --as zephyr --device x86-64 -o OUT"),
    Refusal("MicroPython in the browser", convolution, "package M --as micropython --device wasm -o OUT"),
    Refusal("Python on a microcontroller", convolution, "package M --as python --device cortex-m4 -o OUT"),
    Refusal("an unknown package", convolution, "package M --as ardiuno -o OUT"),
    Refusal("pushed rows without rows", lambda: connected(8, 8), C + " --stream push"),
    Refusal("pushed rows with a state", stateful, C + " --stream push"),
    Refusal(
        "pictures for two inputs",
        lambda: model("Add", floats("a", 1, 4, 4, 3), floats("b", 1, 4, 4, 3)),
        "package M --as executable --device x86-64 --pre decode_image,resize:4x4 -o OUT",
    ),
    Refusal(
        "pictures of any size",
        lambda: convolution(8, 3),
        "package M --as executable --device x86-64 --pre decode_image -o OUT",
    ),
    Refusal(
        "pictures of another size",
        lambda: convolution(8, 3),
        "package M --as executable --device x86-64 --pre decode_image,resize:9x9 -o OUT",
    ),
    Refusal(
        "a spectrum of 509 points",
        lambda: convolution(8, 3),
        "package M --as executable --device x86-64 --pre decode_audio,log_mel:fft=509 -o OUT",
    ),
)


def measured(case: Refusal) -> tuple[int, str]:
    """Exit code and message."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"net.{case.suffix}"
        path.write_bytes(case.build())
        words = [{"M": str(path), "OUT": f"{folder}/out"}.get(word, word) for word in case.words.split()]
        errors = io.StringIO()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors):
            code = limen(words)
        line = errors.getvalue().strip().splitlines()[-1] if errors.getvalue().strip() else ""
        if (Path(folder) / "out").exists():
            line += " [files were left behind]"
    return code, line.removeprefix(f"limen {words[0]}: ")


def page(rows: Sequence[tuple[Refusal, int, str]]) -> str:
    """The table in Markdown; bytes that a compiler's version moves are written as N."""
    lines = ["| case | command | exit | message |", "| --- | --- | --- | --- |"]
    for case, code, message in rows:
        text = re.sub(r"needs \d+ bytes", "needs N bytes", message).replace("|", "\\|")
        lines.append(f"| {case.name} | `limen {case.words}` | {code} | {text} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = [(case, *measured(case)) for case in TABLE]
    keys = ("name", "command", "code", "message")
    if options.json:
        print(json.dumps([dict(zip(keys, (c.name, c.words, code, text), strict=True)) for c, code, text in rows]))
    else:
        print(page(rows), end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

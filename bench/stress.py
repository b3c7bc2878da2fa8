"""The stress zoo: three networks made hard to quantise without changing what they compute, and int8 tools on them.

A residual network, a MobileNetV2-like one and a small vision transformer (examples/zoo) on Fashion-MNIST, each as it is
and under function-preserving distortions (bench/_stress_forms.py). For each tool: accuracy on the test pictures of the
file it makes, on the kernels that run it, and signal to noise at the logits. 64 unlabelled pictures calibrate.

NNCF runs where it is installed: in this Python, or in the one that RIVALS_PYTHON names.

    python bench/stress.py [--models resnet8,mobilenet,vit] [--kinds none,range] [--tools limen,ort] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
from _stress_forms import DISTORTIONS, distorted
from ai_edge_litert.interpreter import Interpreter

import limen
from limen.build.source import open_source
from limen.model import to_bytes
from limen.model.passes.simplify import simplify
from limen.optimize.schemes import sqnr_db

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "examples" / "zoo"))

from data import load  # noqa: E402

PYTHON = os.environ.get("RIVALS_PYTHON", sys.executable)
NETS = ("resnet8", "mobilenet", "vit")
CALIBRATION, BATCH = 64, 200
ALLOWED = 0.3
Array = np.ndarray


@dataclass(frozen=True)
class Row:
    """One tool on one file; drop in points below the float accuracy of the undistorted net."""

    net: str
    kind: str
    tool: str
    accuracy: float
    drop: float
    sqnr_db: float
    size_bytes: int
    seconds: float


def onnx_logits(data: bytes, x: Array) -> Array:
    """Logits of an ONNX file on ONNX Runtime."""
    options = ort.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    source = session.get_inputs()[0]
    step = source.shape[0] if isinstance(source.shape[0], int) else BATCH
    parts = [session.run(None, {source.name: x[i : i + step]})[0] for i in range(0, len(x), step)]
    return np.concatenate(parts)


def tflite_logits(data: bytes, x: Array) -> Array:
    """Logits of a .tflite file, channels last, on LiteRT's default kernels."""
    interpreter = Interpreter(model_content=data, num_threads=1)
    interpreter.allocate_tensors()
    source, result = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    if tuple(source["shape"][1:]) != x.shape[1:]:
        x = x.transpose(0, 2, 3, 1)
    (scale, zero), info = source["quantization"], np.iinfo(np.int8)
    codes = x if source["dtype"] == np.float32 else np.clip(np.rint(x / scale) + zero, info.min, info.max)
    codes = np.ascontiguousarray(codes, source["dtype"])
    rows = []
    for sample in codes:
        interpreter.set_tensor(source["index"], sample[None])
        interpreter.invoke()
        rows.append(interpreter.get_tensor(result["index"])[0].astype(np.float32))
    scale, zero = result["quantization"]
    return np.stack(rows) if result["dtype"] == np.float32 else (np.stack(rows) - zero) * np.float32(scale)


def compiled(data: bytes, target: str, recipe: str, calibration: Array) -> bytes:
    """limen's file."""
    with tempfile.TemporaryDirectory() as name:
        source, samples = Path(name) / "float.onnx", Path(name) / "calibration.npz"
        source.write_bytes(data)
        np.savez(samples, x=calibration)
        result = limen.compile(source, target, Path(name) / "out", data=str(samples), quantize=recipe)
        return Path(result.files[0]).read_bytes()


def ort_file(data: bytes, calibration: Array) -> bytes:
    """ONNX Runtime's own quantiser: int8 weights per channel, uint8 values, min-max."""
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    with tempfile.TemporaryDirectory() as name:
        source, result = Path(name) / "float.onnx", Path(name) / "int8.onnx"
        source.write_bytes(data)
        feeds = iter([{"picture": picture[None]} for picture in calibration])

        class Reader:
            def get_next(self) -> dict[str, Array] | None:
                return next(feeds, None)

        quantize_static(
            source, result, Reader(), quant_format=QuantFormat.QDQ, per_channel=True,
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
        )  # fmt: skip
        return result.read_bytes()


NNCF = """
import sys, numpy as np, onnx, nncf
source, samples, result = sys.argv[1:]
pictures = list(np.load(samples)["x"])
data = nncf.Dataset(pictures, lambda picture: {"picture": picture[None]})
kind = nncf.ModelType.TRANSFORMER if "LayerNormalization" in {n.op_type for n in onnx.load(source).graph.node} else None
onnx.save(nncf.quantize(onnx.load(source), data, subset_size=len(pictures), model_type=kind), result)
"""


def nncf_file(data: bytes, calibration: Array) -> bytes | None:
    """NNCF's file; None where it is not installed or fails."""
    with tempfile.TemporaryDirectory() as name:
        source, samples, result = (Path(name) / n for n in ("float.onnx", "calibration.npz", "int8.onnx"))
        source.write_bytes(data)
        np.savez(samples, x=calibration)
        command = [PYTHON, "-c", NNCF, str(source), str(samples), str(result)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"NNCF: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
            return None
        return result.read_bytes()


def makers(tools: list[str], recipes: list[str]) -> dict[str, Callable[[bytes, Array], bytes | None]]:
    """Label -> how the tool makes its file."""
    found: dict[str, Callable[[bytes, Array], bytes | None]] = {}
    if "ort" in tools:
        found["ONNX Runtime"] = ort_file
    if "nncf" in tools:
        found["NNCF"] = nncf_file
    for recipe in recipes if "limen" in tools else ():
        for target in ("tflite", "onnx"):
            found[f"limen {recipe} {target}"] = lambda data, x, t=target, r=recipe: compiled(data, t, r, x)
    return found


def measure(net: str, kind: str, tools: dict[str, Callable[[bytes, Array], bytes | None]], count: int) -> list[Row]:
    """Rows of one net under one distortion."""
    model = open_source(ROOT / "examples" / "zoo" / f"{net}.onnx").model
    assert model is not None
    plain = to_bytes(simplify(model))
    seen, (x, y) = load("train")[0][:CALIBRATION], load("t10k")
    x, y = x[:count], y[:count]
    wide = load("train")[0][:1000]
    whole = onnx_logits(plain, x)
    best = float((whole.argmax(1) == y).mean())
    hard = distorted(plain, kind, wide)
    rows = [row(net, kind, "float", hard, onnx_logits(hard, x), whole, y, best, 0.0)]
    for tool, make in tools.items():
        start = time.perf_counter()
        try:
            data = make(hard, seen)
        except Exception as error:  # a rival's failure is a result
            print(f"{net} {kind} {tool}: {type(error).__name__}: {error}", file=sys.stderr)
            data = None
        seconds = time.perf_counter() - start
        if data is not None:
            got = tflite_logits(data, x) if tool.endswith("tflite") else onnx_logits(data, x)
            rows.append(row(net, kind, tool, data, got, whole, y, best, seconds))
    return rows


def row(
    net: str, kind: str, tool: str, data: bytes, got: Array, whole: Array, y: Array, best: float, seconds: float
) -> Row:
    accuracy = float((got.argmax(1) == y).mean())
    return Row(net, kind, tool, accuracy, 100 * (best - accuracy), sqnr_db(whole, got), len(data), seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=",".join(NETS))
    parser.add_argument("--kinds", default=",".join(DISTORTIONS))
    parser.add_argument("--tools", default="limen,ort,nncf")
    parser.add_argument("--recipes", default="int8-best")
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    tools = makers(options.tools.split(","), options.recipes.split(","))
    rows = []
    header = f"{'net':<10} {'kind':<10} {'tool':<26} {'accuracy':>8} {'drop':>6} {'SQNR dB':>8} {'bytes':>8}"
    print(f"{header} {'seconds':>8}")
    for net in options.models.split(","):
        for kind in options.kinds.split(","):
            for r in measure(net, kind, tools, options.samples):
                rows.append(r)
                figures = f"{100 * r.accuracy:7.2f}% {r.drop:6.2f} {r.sqnr_db:8.1f} {r.size_bytes:8d} {r.seconds:8.1f}"
                print(f"{r.net:<10} {r.kind:<10} {r.tool:<26} {figures}{'' if r.drop <= ALLOWED else ' !'}", flush=True)
    if options.json:
        options.json.write_text(json.dumps([asdict(r) for r in rows], indent=1))


if __name__ == "__main__":
    main()

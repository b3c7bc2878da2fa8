"""ONNX -> int8 .tflite for MobileNetV2 at 224 x 224: time, memory and Transposes, beside the peers that are installed.

Every converter runs in a process of its own on the same file and the same calibration pictures. Without --model, a
MobileNetV2 with random weights is written first (standard topology: Sandler et al., 2018, table 2).

    python bench/conversion.py [--model FILE.onnx] [--json FILE]
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from limen.importers import import_file

BLOCKS = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
PICTURES = 20


class Net:
    """Collects the nodes of a MobileNetV2 whose batch normalisations are folded already."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(0)
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def constant(self, array: np.ndarray) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def emit(self, op: str, *inputs: str, **attributes: object) -> str:
        name = f"{op.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def conv(
        self, x: str, channels: tuple[int, int], kernel: int, stride: int, group: int = 1, act: bool = True
    ) -> str:
        shape = (channels[1], channels[0] // group, kernel, kernel)
        scale = np.sqrt(2 / (shape[1] * kernel * kernel))
        w = self.constant(self.rng.normal(0, scale, shape).astype(np.float32))
        b = self.constant(self.rng.normal(0, 0.05, channels[1]).astype(np.float32))
        pad = kernel // 2
        y = self.emit("Conv", x, w, b, strides=[stride] * 2, pads=[pad] * 4, group=group)
        return self.emit("Clip", y, self.low, self.high) if act else y

    def model(self) -> onnx.ModelProto:
        """The network for [1, 3, 224, 224]."""
        self.low, self.high = (self.constant(np.asarray(v, np.float32)) for v in (0, 6))
        x, width = self.conv("image", (3, 32), 3, 2), 32
        for expand, out, repeats, first in BLOCKS:
            for index in range(repeats):
                x, width = self.block(x, width, out, expand, first if index == 0 else 1), out
        x = self.emit("GlobalAveragePool", self.conv(x, (width, 1280), 1, 1))
        w = self.constant(self.rng.normal(0, 0.03, (1000, 1280)).astype(np.float32))
        x = self.emit("Gemm", self.emit("Flatten", x), w, transB=1)
        ports = (("image", [1, 3, 224, 224]), (x, [1, 1000]))
        infos = [[helper.make_tensor_value_info(n, TensorProto.FLOAT, s)] for n, s in ports]
        graph = helper.make_graph(self.nodes, "mobilenet_v2", *infos, self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])

    def block(self, x: str, width: int, out: int, expand: int, stride: int) -> str:
        hidden = width * expand
        y = self.conv(x, (width, hidden), 1, 1) if expand > 1 else x
        y = self.conv(y, (hidden, hidden), 3, stride, group=hidden)
        y = self.conv(y, (hidden, out), 1, 1, act=False)
        return self.emit("Add", x, y) if stride == 1 and width == out else y


@dataclass(frozen=True)
class Row:
    """Wall and processor seconds, peak resident memory and what came out."""

    converter: str
    seconds: float
    cpu_seconds: float
    peak_mb: float
    size: int
    transposes: int
    note: str = ""


def limen_command(model: Path, data: Path, out: Path) -> list[str]:
    words = ["compile", str(model), "--target", "tflite", "--data", str(data), "--quantize", "int8", "-o", str(out)]
    return [sys.executable, "-m", "limen.cli.__main__", *words]


def onnx2tf_command(model: Path, data: Path, out: Path) -> list[str]:
    pictures = data.with_suffix(".npy")
    words = ["-i", str(model), "-o", str(out), "-oiqt", "-cind", "image", str(pictures), "0", "1"]
    return [sys.executable, "-m", "onnx2tf", *words]


PEERS = {"limen": ("limen", limen_command), "onnx2tf": ("onnx2tf", onnx2tf_command)}


def convert(name: str, model: Path, data: Path, folder: Path) -> Row:
    """Run one converter."""
    module, command = PEERS[name]
    if importlib.util.find_spec(module) is None:
        return Row(name, 0.0, 0.0, 0.0, 0, 0, "not installed")
    out = folder / name
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(command(model, data, out), capture_output=True, text=True, check=False, timeout=900)
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak, cpu = after.ru_maxrss / 1024, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    files = sorted(out.glob("*integer_quant.tflite")) + sorted(out.glob("model.tflite"))
    if done.returncode or not files:
        return Row(name, seconds, cpu, peak, 0, 0, (done.stderr.strip().splitlines() or ["wrote no file"])[-1][:80])
    program = import_file(files[0])
    count = sum(1 for node in program.nodes if node.op.name == "Transpose")  # type: ignore[union-attr]
    return Row(name, seconds, cpu, peak, files[0].stat().st_size, count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = options.model or folder / "mobilenet_v2.onnx"
        if options.model is None:
            onnx.save(Net().model(), model)
        shape = [d.dim_value or 1 for d in onnx.load(model).graph.input[0].type.tensor_type.shape.dim]
        x = np.random.default_rng(1).random((PICTURES, *shape[1:]), np.float32)
        np.savez(folder / "pictures.npz", x=x)
        np.save(folder / "pictures.npy", x)
        rows = [convert(peer, model, folder / "pictures.npz", folder) for peer in PEERS]
    print(f"{'converter':<10} {'seconds':>8} {'cpu s':>8} {'peak MB':>8} {'bytes':>10} {'Transposes':>10}")
    for r in rows:
        cost = f"{r.seconds:8.1f} {r.cpu_seconds:8.1f} {r.peak_mb:8.0f}"
        print(f"{r.converter:<10} {cost} {r.size:10,} {r.transposes:10} {r.note}")
    if options.json:
        options.json.write_text(json.dumps([asdict(r) for r in rows], indent=1))


if __name__ == "__main__":
    main()

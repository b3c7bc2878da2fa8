"""Smaller networks of the stress zoo on Fashion-MNIST: accuracy, multiplications, bytes and measured latency.

A residual network, a MobileNetV2-like one and a small vision transformer (examples/zoo). Each recipe sees unlabelled
training pictures only and takes no gradients. Accuracy is that of the file ONNX Runtime or LiteRT executes, on the test
pictures; ``faster`` is the median of the float file's latency over that of the smaller one, runs interleaved, one
thread, one picture. Flash is target c's image for the device with ``--pack``; ``zipped`` is the .onnx file behind zlib,
for recipes that are storage only where weights are not packed.

    python bench/pruning.py [--models resnet8,mobilenet,vit] [--recipes pruned50x8] [--device cortex-m4] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from onnx import load_model_from_string
from stress import load, onnx_logits, tflite_logits

import limen
from limen.errors import LimenError
from limen.model import Model, infer
from limen.optimize.prune_channels import total_macs

ROOT = Path(__file__).resolve().parent.parent
NETS = ("resnet8", "mobilenet", "vit")
RECIPES = ("none", "pruned50", "pruned50x8", "sparse70", "sparse2of4", "palette4", "rank50")
PACKED = {"": "none", "sparse70": "huffman", "sparse2of4": "sparse", "palette4": "palette", "rank50": "none"}
ROUNDS = 400
Array = np.ndarray


@dataclass(frozen=True)
class Row:
    """One recipe of one net; drop in points below the float net."""

    net: str
    recipe: str
    accuracy: float
    drop: float
    macs: int
    zipped: int
    faster: dict[str, float]
    flash: int | None
    seconds: float


def made(net: str, target: str, recipe: str, data: Path, **options: object) -> tuple[bytes, object]:
    """The main file of an artifact, and the result of compiling."""
    with tempfile.TemporaryDirectory() as name:
        source = ROOT / "examples" / "zoo" / f"{net}.onnx"
        result = limen.compile(source, target, name, data=str(data), quantize=recipe, **options)  # type: ignore[arg-type]
        return Path(result.files[0]).read_bytes(), result


def litert_call(data: bytes, x: Array) -> Callable[[], object]:
    interpreter = Interpreter(model_content=data, num_threads=1)
    interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]
    picture = x if tuple(source["shape"]) == x.shape else np.ascontiguousarray(x.transpose(0, 2, 3, 1))
    interpreter.set_tensor(source["index"], picture)
    return interpreter.invoke


def ort_call(data: bytes, x: Array) -> Callable[[], object]:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: x}
    return lambda: session.run(None, feed)


def ratio(before: Callable[[], object], after: Callable[[], object]) -> float:
    """Median time of one over that of the other, in turns."""
    times: tuple[list[int], list[int]] = ([], [])
    for _ in range(ROUNDS):
        for call, seen in zip((before, after), times, strict=True):
            start = time.perf_counter_ns()
            call()
            seen.append(time.perf_counter_ns() - start)
    return statistics.median(times[0]) / statistics.median(times[1])


def flash(net: str, recipe: str, data: Path, device: str) -> int | None:
    """Bytes of the packed int8 image; None where target c refuses."""
    form = PACKED.get(recipe, "none")
    name = "int8" if recipe == "none" else f"{recipe}_int8"
    try:
        return int(made(net, "c", name, data, device=device, pack=form)[1].flash)  # type: ignore[attr-defined]
    except LimenError as error:
        print(f"{net} {recipe}: {error}")
        return None


def measure(net: str, recipes: list[str], data: Path, count: int, device: str | None) -> list[Row]:
    """Rows of one net; the float one first."""
    x, y = (v[:count] for v in load("t10k"))
    rows, floats, best = [], {}, 0.0
    for recipe in dict.fromkeys(("none", *recipes)):
        start = time.perf_counter()
        onnx, lite = (made(net, target, recipe, data)[0] for target in ("onnx", "tflite"))
        seconds = time.perf_counter() - start
        accuracy = float((onnx_logits(onnx, x).argmax(1) == y).mean())
        best = best or accuracy
        again = float((tflite_logits(lite, x[:500]).argmax(1) == onnx_logits(onnx, x[:500]).argmax(1)).mean())
        if again < 0.99:
            raise SystemExit(f"{net} {recipe}: LiteRT and ONNX Runtime agree on {again:.1%} only")
        calls = {"ort": ort_call(onnx, x[:1]), "litert": litert_call(lite, x[:1])}
        floats = floats or calls
        faster = {engine: ratio(floats[engine], calls[engine]) for engine in calls if recipe != "none"}
        macs = total_macs(infer(Model.from_proto(load_model_from_string(onnx))))
        packed = flash(net, recipe, data, device) if device else None
        drop = 100 * (best - accuracy)
        rows.append(Row(net, recipe, accuracy, drop, macs, len(zlib.compress(onnx, 9)), faster, packed, seconds))
        print(line(rows[-1]), flush=True)
    return rows


def line(row: Row) -> str:
    faster = " ".join(f"{row.faster[e]:6.2f}x" if e in row.faster else "      -" for e in ("ort", "litert"))
    packed = f"{row.flash:9,}" if row.flash is not None else "        -"
    return (
        f"{row.net:<10} {row.recipe:<14} {100 * row.accuracy:7.2f}% {row.drop:6.2f} {row.macs:11,} {faster} "
        f"{row.zipped:8,} {packed} {row.seconds:7.1f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=",".join(NETS))
    parser.add_argument("--recipes", default=",".join(RECIPES))
    parser.add_argument("--calibration", type=int, default=128, help="unlabelled pictures")
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--device", help="also the flash of the packed int8 image for this device, as cortex-m4")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    head = f"{'net':<10} {'recipe':<14} {'accuracy':>8} {'drop':>6} {'macs':>11} {'ort':>7} {'litert':>7}"
    print(f"{head} {'zipped':>8} {'flash':>9} {'seconds':>7}")
    rows = []
    with tempfile.TemporaryDirectory() as name:
        data = Path(name) / "pictures.npz"
        np.savez(data, x=load("train")[0][: options.calibration])
        for net in options.models.split(","):
            rows += measure(net, options.recipes.split(","), data, options.samples, options.device)
    if options.json:
        options.json.write_text(json.dumps([asdict(r) for r in rows], indent=1))


if __name__ == "__main__":
    main()

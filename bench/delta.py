"""How much a device downloads when a model changes: limen's deltas beside those of zstd, bsdiff4, xdelta3 and detools.

A classifier of handwritten digits (scikit-learn's; 3 hidden layers, 405,776 parameters) is trained here in numpy.
Version 1 knows upright digits; version 2 is trained further on digits as another camera sees them (turned, darker,
noisy): its last layer only (``head``), its last two layers (``lastblk``), all layers at 1e-4 (``full``) and at 1e-3
(``fullhi``), or from new random weights (``scratch``); ``recal`` keeps the weights and has other calibration samples.
Each becomes a .tflite in int8, in int8 with the scales of version 1 kept where that costs little (``int8+keep``:
``--keep-scales``), in float16 and in float32. Figures are per cent of the raw file; lower is better. Every delta of
limen is applied by the device's reader and compared; ``zstd full`` is what a device takes that has no version before.
``acc.`` is the accuracy of the very file, on what version 2 is for.

    python bench/delta.py [--seeds 1] [--json table.json]
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import io
import itertools
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from backports import zstd
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits

import limen
from limen.deliver.delta import Expected, apply
from limen.deliver.reading import Held
from limen.deliver.repository import delta

Array = np.ndarray[Any, Any]
Weights = list[tuple[Array, Array]]
SIZES = (64, 512, 512, 210, 10)
FORMATS = {"int8": "int8", "int8+keep": "int8", "fp16": "float16", "fp32": "none"}
LIMITS = {(form, "head"): 1.0 for form in FORMATS} | {("int8", "full"): 30.0, ("int8+keep", "full"): 30.0}
"""Per cent that issue 5 promises."""


# ------------------------------------------------------------------ training


def new_weights(random: np.random.Generator) -> Weights:
    return [
        (random.standard_normal((a, b)).astype(np.float32) * np.sqrt(2 / a, dtype=np.float32), np.zeros(b, np.float32))
        for a, b in itertools.pairwise(SIZES)
    ]


def forward(weights: Weights, x: Array) -> list[Array]:
    """Activations of every layer; the last one is before the softmax."""
    values = [x]
    for i, (w, b) in enumerate(weights):
        y = values[-1] @ w + b
        values.append(np.maximum(y, 0) if i + 1 < len(weights) else y)
    return values


def train(
    weights: Weights, x: Array, y: Array, rate: float, epochs: int, first: int, random: np.random.Generator
) -> Weights:
    """Adam on cross entropy; layers before ``first`` stay as they are."""
    weights = [(w.copy(), b.copy()) for w, b in weights]
    moments = [[np.zeros_like(p) for p in (w, b, w, b)] for w, b in weights]
    step = 0
    for _ in range(epochs):
        for batch in np.array_split(random.permutation(len(x)), len(x) // 32):
            step += 1
            values = forward(weights, x[batch])
            shifted = np.exp(values[-1] - values[-1].max(1, keepdims=True))
            gradient = shifted / shifted.sum(1, keepdims=True)
            gradient[np.arange(len(batch)), y[batch]] -= 1
            gradient /= len(batch)
            for i in reversed(range(first, len(weights))):
                w, b = weights[i]
                found = (values[i].T @ gradient, gradient.sum(0))
                gradient = (gradient @ w.T) * (values[i] > 0)
                for k, (parameter, g) in enumerate(zip((w, b), found, strict=True)):
                    mean, square = moments[i][k], moments[i][k + 2]
                    mean += 0.1 * (g - mean)
                    square += 0.001 * (g * g - square)
                    scale = rate * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
                    parameter -= np.float32(scale) * mean / (np.sqrt(square) + np.float32(1e-8))
    return weights


def accuracy(weights: Weights, x: Array, y: Array) -> float:
    return float((forward(weights, x)[-1].argmax(1) == y).mean())


def other_camera(images: Array, random: np.random.Generator) -> Array:
    """Turned by a few degrees, darker, with noise and a border of light."""
    turned = np.stack(
        [_turned(image, angle) for image, angle in zip(images, random.uniform(8, 28, len(images)), strict=True)]
    )
    noisy = 0.7 * turned + 0.12 + random.normal(0, 0.05, turned.shape)
    return np.clip(noisy, 0, 1).astype(np.float32)


def _turned(image: Array, degrees: float) -> Array:
    """Bilinear."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    rows, columns = np.mgrid[0:8, 0:8] - 3.5
    r, q = np.clip(c * rows - s * columns + 3.5, 0, 6.999), np.clip(s * rows + c * columns + 3.5, 0, 6.999)
    i, j = r.astype(int), q.astype(int)
    u, v = r - i, q - j
    return (
        image[i, j] * (1 - u) * (1 - v) + image[i + 1, j] * u * (1 - v)
        + image[i, j + 1] * (1 - u) * v + image[i + 1, j + 1] * u * v
    )  # fmt: skip


@dataclass(frozen=True)
class Version:
    """``weights``, the calibration samples of its int8 form, and samples and labels of what it is for."""

    weights: Weights
    calibration: Array
    samples: Array
    labels: Array


def versions(seed: int) -> tuple[Version, dict[str, Version], float]:
    """Version 1, the versions 2 by name, and version 1's accuracy on what version 2 is for."""
    random = np.random.default_rng(seed)
    digits = load_digits()
    order = random.permutation(len(digits.target))
    images, labels = (digits.images[order] / 16).astype(np.float32), digits.target[order]
    upright, turned = images.reshape(-1, 64), other_camera(images, random).reshape(-1, 64)
    fit, test = slice(0, 1400), slice(1400, None)
    first = train(new_weights(random), upright[fit], labels[fit], 1e-3, 12, 0, random)
    one = Version(first, upright[:200], upright[test], labels[test])
    plans = {
        "head": (first, 1e-3, 6, 3),
        "lastblk": (first, 1e-3, 6, 2),
        "full": (first, 1e-4, 2, 0),
        "fullhi": (first, 1e-3, 6, 0),
        "scratch": (new_weights(random), 1e-3, 12, 0),
    }
    found = {}
    for name, (start, rate, epochs, layer) in plans.items():
        trained = train(start, turned[fit], labels[fit], rate, epochs, layer, random)
        found[name] = Version(trained, upright[:200], turned[test], labels[test])
    found["recal"] = Version(first, upright[200:400], upright[test], labels[test])
    return one, found, accuracy(first, turned[test], labels[test])


# ------------------------------------------------------------------ files


def to_onnx(weights: Weights) -> bytes:
    nodes, constants, last = [], [], "x"
    for i, (w, b) in enumerate(weights):
        end = i + 1 == len(weights)
        constants += [numpy_helper.from_array(w, f"w{i}"), numpy_helper.from_array(b, f"b{i}")]
        nodes.append(
            helper.make_node("Gemm", [last, f"w{i}", f"b{i}"], ["logits" if end else f"g{i}"], name=f"dense{i}")
        )
        if not end:
            nodes.append(helper.make_node("Relu", [f"g{i}"], [f"r{i}"], name=f"relu{i}"))
            last = f"r{i}"
    nodes.append(helper.make_node("Softmax", ["logits"], ["y"], name="softmax"))
    ports = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, k]) for n, k in (("x", 64), ("y", 10))]
    graph = helper.make_graph(nodes, "digits", [ports[0]], [ports[1]], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def to_tflite(version: Version, quantize: str, parent: bytes | None = None) -> tuple[bytes, float]:
    """The file and its accuracy; the scales of ``parent`` are kept."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "model.onnx").write_bytes(to_onnx(version.weights))
        np.savez(folder / "calibration.npz", x=version.calibration)
        np.savez(folder / "test.npz", x=version.samples, y=version.labels)
        data = folder / "calibration.npz" if quantize == "int8" else None
        kept = None
        if parent is not None:
            kept = folder / "parent.tflite"
            kept.write_bytes(parent)
        limen.compile(folder / "model.onnx", "tflite", folder / "out", data=data, quantize=quantize, keep_scales=kept)
        made = folder / "out" / "model.tflite"
        return made.read_bytes(), limen.evaluate(made, folder / "test.npz", "accuracy").value


# ------------------------------------------------------------------ encoders


def zstd_full(old: bytes, new: bytes) -> bytes:
    return bytes(zstd.compress(new, 19))


def zstd_patch(old: bytes, new: bytes) -> bytes:
    p = zstd.CompressionParameter
    options: dict[int, int] = {p.compression_level: 19, p.window_log: 23, p.enable_long_distance_matching: 1}
    return bytes(zstd.compress(new, options=options, zstd_dict=zstd.ZstdDict(old, is_raw=True).as_prefix))


def xdelta(old: bytes, new: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        for name, data in (("old", old), ("new", new)):
            Path(folder, name).write_bytes(data)
        command = ["xdelta3", "-9", "-S", "djw", "-e", "-s", "old", "new", "delta"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        return Path(folder, "delta").read_bytes()


def detools_patch(compression: str) -> Callable[[bytes, bytes], bytes]:
    import detools

    def make(old: bytes, new: bytes) -> bytes:
        patch = io.BytesIO()
        detools.create_patch(io.BytesIO(old), io.BytesIO(new), patch, compression=compression)
        return patch.getvalue()

    return make


def encoders() -> tuple[dict[str, Callable[[bytes, bytes], bytes]], dict[str, str]]:
    """Those at hand, limen's last; and why others are not."""
    found: dict[str, Callable[[bytes, bytes], bytes]] = {"zstd full": zstd_full, "patch-from": zstd_patch}
    absent = {}
    try:
        import bsdiff4

        found["bsdiff4"] = bsdiff4.diff
    except ImportError:
        absent["bsdiff4"] = "pip install bsdiff4"
    if shutil.which("xdelta3"):
        found["xdelta3"] = xdelta
    else:
        absent["xdelta3"] = "apt install xdelta3"
    if importlib.util.find_spec("detools"):
        found |= {f"dt {name[:5]}": detools_patch(name) for name in ("lzma", "heatshrink")}
    else:
        absent["detools"] = "pip install detools"
    return {**found, "limen": delta.make}, absent


def applied(old: bytes, new: bytes, made: bytes) -> float:
    """Seconds that the device's reader takes; it must rebuild the file."""
    started = time.perf_counter()
    expected = Expected(len(new), hashlib.sha256(new).hexdigest())
    parts = apply(Held(old), hashlib.sha256(old).hexdigest(), Held(made), expected)
    if b"".join(parts) != new:
        raise SystemExit("the delta does not rebuild the file")
    return time.perf_counter() - started


# ------------------------------------------------------------------ table


def measure(seed: int, tools: Mapping[str, Callable[[bytes, bytes], bytes]]) -> list[dict[str, Any]]:
    one, twos, before = versions(seed)
    rows = []
    for form, quantize in FORMATS.items():
        old, _ = to_tflite(one, quantize)
        for name, two in twos.items():
            if name == "recal" and quantize != "int8":
                continue
            new, right = to_tflite(two, quantize, old if form == "int8+keep" else None)
            row: dict[str, Any] = {"format": form, "change": name, "seed": seed, "raw_bytes": len(new)}
            row |= {"accuracy_before": before, "accuracy": right, "bytes": {}}
            for tool, encode in tools.items():
                started = time.perf_counter()
                made = encode(old, new)
                row["bytes"][tool] = len(made)
                if tool == "limen":
                    row["encode_s"] = time.perf_counter() - started
                    row["apply_s"] = applied(old, new, made)
            # What is served: a delta that is not smaller than the full file is not published.
            row["bytes"]["limen"] = min(row["bytes"]["limen"], row["bytes"]["zstd full"])
            rows.append(row)
    return rows


def verdict(rows: list[dict[str, Any]]) -> list[str]:
    """Promises that are not kept."""
    broken = []
    for row in rows:
        share = 100 * row["bytes"]["limen"] / row["raw_bytes"]
        limit = LIMITS.get((row["format"], row["change"]))
        if limit is not None and share > limit:
            broken.append(f"{row['format']} {row['change']} (seed {row['seed']}): {share:.2f} %, at most {limit} %")
    return broken


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    tools, absent = encoders()
    rows = [row for seed in range(options.seeds) for row in measure(seed, tools)]
    heads = [*tools, *absent]
    print(
        f"{'format':<10}{'change':<9}{'raw B':>9}{'acc.':>7}" + "".join(f"{h:>11}" for h in heads) + f"{'apply ms':>10}"
    )
    for row in rows:
        shares = "".join(
            f"{100 * row['bytes'][h] / row['raw_bytes']:>11.2f}" if h in row["bytes"] else f"{'-':>11}" for h in heads
        )
        print(
            f"{row['format']:<10}{row['change']:<9}{row['raw_bytes']:>9}{100 * row['accuracy']:>7.1f}{shares}"
            f"{1000 * row['apply_s']:>10.1f}"
        )
    print(f"per cent of the raw file; version 1 has {100 * rows[0]['accuracy_before']:.1f} % on what version 2 is for")
    for name, way in absent.items():
        print(f"{name}: not here ({way})")
    broken = verdict(rows)
    print("\n".join(broken) or "every promise is kept: head at most 1 %, int8 full at most 30 %, none above full zstd")
    if options.json:
        options.json.write_text(json.dumps({"rows": rows, "absent": absent, "broken": broken}, indent=1))
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())

"""How long the optimiser takes, and how much memory: by command, each in a process of its own.

MobileNetV2 at 224 x 224 with 64 pictures to int8 with every guarded pass (``--quantize int8-best``), at most 90 s and
2 GB; and the whole search of the digits network to a Pareto front on this host, at most 60 s. Seconds of the processor
stand beside those of the clock: a busy host makes the clock say more.

    python bench/optimise_time.py [--model FILE.onnx] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnx
from conversion import Net

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
PICTURES = 64
LIMITS = {"MobileNetV2 int8-best": (90.0, 2000.0), "digits search": (60.0, 2000.0)}
_MEASURED = (
    "import resource, subprocess, sys; rc = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode; "
    "r = resource.getrusage(resource.RUSAGE_CHILDREN); print(rc, r.ru_utime + r.ru_stime, r.ru_maxrss / 1024)"
)


@dataclass(frozen=True)
class Row:
    """One command."""

    what: str
    seconds: float
    cpu_seconds: float
    peak_mb: float
    kept: bool


def measure(what: str, *words: object) -> Row:
    """Run ``limen`` with these words.

    Raises:
        SystemExit: it fails.
    """
    start = time.perf_counter()
    command = [sys.executable, "-c", _MEASURED, sys.executable, "-m", "limen", *map(str, words)]
    code, cpu, peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    seconds = time.perf_counter() - start
    if code != "0":
        raise SystemExit(f"{what}: exit code {code}")
    within, most = LIMITS[what]
    return Row(what, seconds, float(cpu), float(peak), seconds <= within and float(peak) <= most)


def pictures(model: Path, path: Path) -> None:
    """Smooth random pictures in the model's shape."""
    shape = [d.dim_value or 1 for d in onnx.load(model).graph.input[0].type.tensor_type.shape.dim]
    small = np.random.default_rng(1).random((PICTURES, shape[1], shape[2] // 8, shape[3] // 8), np.float32)
    np.savez(path, x=small.repeat(8, 2).repeat(8, 3))


def digits(folder: Path) -> tuple[Path, Path]:
    """Training and judged samples of the digits example."""
    sys.path.insert(0, str(EXAMPLES / "digits"))
    import data

    paths = folder / "train.npz", folder / "test.npz"
    for path, (x, y) in zip(paths, data.split(), strict=True):
        np.savez(path, x=x, y=y)
    return paths


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    print(f"{'command':<24} {'seconds':>8} {'cpu s':>8} {'peak MB':>8} {'kept':>5}")
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = options.model or folder / "mobilenet_v2.onnx"
        if options.model is None:
            onnx.save(Net().model(), model)
        pictures(model, folder / "pictures.npz")
        train, test = digits(folder)
        asked = {
            "MobileNetV2 int8-best": (
                "compile", model, "--target", "tflite", "--data", folder / "pictures.npz", "--quantize", "int8-best",
                "-o", folder / "out",
            ),
            "digits search": (
                "optimize", EXAMPLES / "digits" / "digits.h5", "--data", train, "--eval", test, "--max-drop", "8pt",
                "-o", folder / "digits.limen", "--unsigned",
            ),
        }  # fmt: skip
        for what, words in asked.items():
            row = measure(what, *words)
            print(
                f"{what:<24} {row.seconds:8.1f} {row.cpu_seconds:8.1f} {row.peak_mb:8.0f} {row.kept!s:>5}", flush=True
            )
            rows.append(asdict(row))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()

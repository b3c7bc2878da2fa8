"""Kernels of vector instruction sets beside portable C as the compiler vectorises it: Arm with Linux, WebAssembly.

    python bench/vectors.py [--models kws ic] [--devices rpi4 rpi5 wasm] [--seconds 2] [--json FILE]

Both are compiled by zig's clang with the same flags, so that portable C gets the compiler's own vectors. Every row runs
the model on random inputs and compares its output with the integer interpreter. Arm: instructions of one inference on
a virtual processor, the same for every input but for a few branches; they say nothing about time. WebAssembly: also
microseconds in wasmtime, turn by turn, the lowest decile. A model may also be given by its path.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from limen import devices
from limen.errors import LimenError
from limen.importers import import_file
from limen.lab import profile
from limen.lab._wasm import WasmModel
from limen.program import Program, binary
from limen.targets.c import Generated, generate
from limen.targets.wasm._target import wasm_module

SHARED = Path(os.environ.get("LIMEN_SHARED", Path(__file__).resolve().parents[2] / "shared"))
TINY = {
    "kws": "kws_dscnn_int8",
    "ic": "ic_resnet8_int8",
    "vww": "vww_int8",
    "ad": "ad01_int8",
    "ic float32": "ic_resnet8_float",
    "vww float32": "vww_float",
    "ad float32": "ad01_fp32",
}
KINDS = ("portable", "auto")


def program_of(name: str) -> Program:
    """A model by its short name or path."""
    path = SHARED / "models" / "mlperf-tiny" / f"{TINY[name]}.tflite" if name in TINY else Path(name)
    made = binary.from_bytes(path.read_bytes()) if path.suffix == ".program" else import_file(path)
    if not isinstance(made, Program):
        raise SystemExit(f"{path}: is no Program")
    return made


def feeds_of(program: Program, count: int) -> list[dict[str, np.ndarray]]:
    """Noise, and the highest codes."""
    rng = np.random.default_rng(0)
    feeds = []
    for index in range(count):
        feed = {}
        for port in program.inputs:
            tensor = program.tensors[port.tensor]
            noise = rng.normal(0, 60, tensor.shape)
            if tensor.dtype == "float32":
                feed[port.tensor] = (noise / 60).astype(np.float32)
            else:
                feed[port.tensor] = np.clip(np.rint(noise) if index else noise * 0 + 127, -128, 127).astype(
                    tensor.dtype
                )
        feeds.append(feed)
    return feeds


def times(units: dict[str, Generated], seconds: float) -> dict[str, float]:
    """Microseconds of each in wasmtime."""
    models = {kind: WasmModel(wasm_module(unit), unit, count=False) for kind, unit in units.items()}
    found: dict[str, list[float]] = {kind: [] for kind in models}
    stop = time.perf_counter() + seconds
    while time.perf_counter() < stop or len(found[KINDS[0]]) < 7:
        for kind, model in models.items():
            start = time.perf_counter()
            for _ in range(5):
                model._run(model._store)
            found[kind].append((time.perf_counter() - start) / 5e-6)
    return {kind: float(np.percentile(values, 10)) for kind, values in found.items()}


def row(name: str, board: str, seconds: float, count: int) -> dict[str, Any]:
    program = program_of(name)
    device = devices.get(board)
    units = {kind: generate(program, device, kernels=kind) for kind in KINDS}
    found: dict[str, Any] = {"model": name, "device": board}
    for kind, unit in units.items():
        seen = profile(unit, feeds_of(program, count))
        found[f"{kind}_instructions"] = seen.instructions
        found[f"{kind}_difference"] = (seen.exact or seen.approximate or {}).get("max_lsb" if seen.exact else "max_abs")
    own = [layer.kernel not in ("portable", "none") for layer in units["auto"].layers]
    found["own_layers"] = f"{sum(own)}/{len(own)}"
    if device.isa == "wasm":
        found |= {f"{kind}_us": figure for kind, figure in times(units, seconds).items()}
    return found


def line(found: dict[str, Any]) -> str:
    """One row for people."""
    label = f"{Path(found['model']).stem:<12} {found['device']:<7}"
    if "error" in found:
        return f"{label} {found['error']}"
    counts = [found[f"{kind}_instructions"] / 1e6 for kind in KINDS]
    text = f"{label} {counts[0]:>9.3f} {counts[1]:>9.3f} {counts[0] / counts[1]:>6.2f}x"
    if "auto_us" in found:
        us = [found[f"{kind}_us"] for kind in KINDS]
        text += f" {us[0]:>9.1f} {us[1]:>9.1f} {us[0] / us[1]:>6.2f}x"
    else:
        text += f" {'-':>9} {'-':>9} {'-':>7}"
    return f"{text} {found['own_layers']:>7} {found['auto_difference']:g}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=list(TINY))
    parser.add_argument("--devices", nargs="+", default=["rpi4", "rpi5", "armv7", "wasm"])
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--inputs", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    print(
        f"{'':<20} {'portable':>9} {'kernels':>9} {'':>7} {'portable':>9} {'kernels':>9} {'':>7} {'layers':>7} LSB"
        f"\n{'':<20} {'M instr':>9} {'M instr':>9} {'':>7} {'us':>9} {'us':>9}"
    )
    rows = []
    for board in options.devices:
        for name in options.models:
            try:
                rows.append(row(name, board, options.seconds, options.inputs))
            except LimenError as error:
                rows.append({"model": name, "device": board, "error": error.message})
            print(line(rows[-1]), flush=True)
    if options.json:
        options.json.write_text(json.dumps({"rows": rows}, indent=1))


if __name__ == "__main__":
    main()

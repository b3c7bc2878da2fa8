"""Flash, RAM and instructions of packed weights on virtual microcontrollers, beside the integer interpreter.

    python bench/packed.py [--models kws ic FILE] [--devices cortex-m4 esp32-c3] [--rows w4 huffman ...] [--json]

A row takes the dense layers' weights as they are (``plain``, ``huffman``), or changes them so that a form holds them:
``w4`` and ``w3`` round to 4 and 3 bits, ``palette`` moves to the nearest of 16 values a layer (k-means), ``2:4`` keeps
the two larger of four neighbours, ``70 %`` keeps the largest 30 %. The change here is the simplest there is, made to
measure bytes and instructions: accuracy is the business of the optimiser, whose benches judge it. ``exact``: all layers
equal the interpreter's on the changed weights.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from limen import devices
from limen.errors import LimenError
from limen.importers import import_file
from limen.lab import profile, sample_inputs
from limen.program import Array, Program, Quant, Tensor
from limen.targets.c import generate
from limen.targets.c.encodings import asked_forms

SHARED = Path(os.environ.get("LIMEN_SHARED", Path(__file__).resolve().parent.parent.parent / "shared"))
MODELS = {"kws": "kws_dscnn_int8", "ic": "ic_resnet8_int8", "vww": "vww_int8", "ad": "ad01_int8"}
PALETTE = 16


def rounded(bits: int) -> Callable[[Array], tuple[Array, float]]:
    """Codes of so many bits, and by how much their scale grows."""
    most = 2 ** (bits - 1) - 1

    def change(w: Array) -> tuple[Array, float]:
        return np.clip(np.rint(w * (most / 127.0)), -most - 1, most).astype(np.int8), 127.0 / most

    return change


def palette(w: Array) -> tuple[Array, float]:
    """Lloyd's algorithm from equal shares of the sorted weights."""
    values = w.astype(np.float64).reshape(-1)
    centres = np.quantile(values, (np.arange(PALETTE) + 0.5) / PALETTE)
    for _ in range(20):
        nearest = np.abs(values[:, None] - centres).argmin(axis=1)
        centres = np.array([values[nearest == i].mean() if (nearest == i).any() else c for i, c in enumerate(centres)])
    return np.rint(centres)[nearest].reshape(w.shape).astype(np.int8), 1.0


def two_of_four(w: Array) -> tuple[Array, float]:
    """Neighbours are input channels; a layer whose depth is no multiple of four stays whole."""
    if w.shape[-1] % 4:
        return w, 1.0
    groups = w.reshape(-1, 4).copy()
    np.put_along_axis(groups, np.argsort(np.abs(groups.astype(int)), axis=1)[:, :2], 0, 1)
    return groups.reshape(w.shape), 1.0


def pruned(w: Array) -> tuple[Array, float]:
    return np.where(np.abs(w.astype(int)) >= np.quantile(np.abs(w.astype(int)), 0.7), w, 0).astype(np.int8), 1.0


ROWS: dict[str, tuple[str, Callable[[Array], tuple[Array, float]] | None]] = {
    "plain": ("none", None),
    "huffman": ("huffman", None),
    "w4": ("int4", rounded(4)),
    "w4 huffman": ("huffman", rounded(4)),
    "w3": ("int3", rounded(3)),
    "palette": ("palette", palette),
    "2:4": ("sparse", two_of_four),
    "70 %": ("huffman", pruned),
}


def changed(program: Program, change: Callable[[Array], tuple[Array, float]]) -> Program:
    """The Program with other weights in its dense layers; scales and biases follow."""
    tensors = dict(program.tensors)
    for node in program.nodes:
        if node.op.name not in ("Conv2D", "FullyConnected"):
            continue
        w = program.tensors[node.inputs[1]]
        if w.data is None or w.dtype != "int8" or w.quant is None:
            continue
        data, factor = change(np.asarray(w.data))
        tensors[w.name] = Tensor.constant(w.name, data, _scaled(w.quant, factor))
        if len(node.inputs) > 2 and node.inputs[2]:
            b = program.tensors[node.inputs[2]]
            assert b.data is not None
            quant = None if b.quant is None else _scaled(b.quant, factor)
            tensors[b.name] = Tensor.constant(b.name, np.rint(b.data / factor).astype(b.data.dtype), quant)
    return replace(program, tensors=tensors).check()


def _scaled(quant: Quant, factor: float) -> Quant:
    return replace(quant, scale=tuple(float(np.float32(s * factor)) for s in quant.scale))


def row(model: str, device: str, name: str) -> dict[str, Any]:
    """One measurement; the reason where there is none."""
    source = SHARED / "models" / "mlperf-tiny" / f"{MODELS[model]}.tflite" if model in MODELS else Path(model)
    program = import_file(source)
    assert isinstance(program, Program)
    pack, change = ROWS[name]
    named = {"model": model if model in MODELS else source.stem, "device": device, "row": name}
    try:
        board = devices.get(device)
        program = changed(program, change) if change is not None else program
        code = generate(program, board, forms=asked_forms(program, board, pack))
        made = profile(code, sample_inputs(code.program, 2))
    except LimenError as error:
        return {**named, "error": error.message}
    ram = sum(made.ram[part] or 0 for part in ("arena", "static", "stack_bound"))
    layers = sum("," in layer.kernel for layer in code.layers)
    exact = made.exact is not None and made.exact["max_lsb"] == 0
    flash = {"flash": sum(v or 0 for v in made.flash.values()), "weights": made.flash["weights"]}
    return {**named, "packed_layers": layers, **flash, "ram": ram, "instructions": made.instructions, "exact": exact}


def line(row: dict[str, Any]) -> str:
    head = f"{row['model']:6} {row['device']:12} {row['row']:12}"
    if "error" in row:
        return f"{head} {row['error']}"
    return (
        f"{head} {row['packed_layers']:3} {row['flash']:9,} {row['weights']:9,} {row['ram']:8,} "
        f"{row['instructions']:13,} {'yes' if row['exact'] else 'NO'}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=list(MODELS))
    parser.add_argument("--devices", nargs="+", default=["cortex-m4", "esp32-c3"])
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=list(ROWS))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    print("model  device       weights    layers     flash   weights      RAM  instructions exact")
    rows = []
    for model in options.models:
        for device in options.devices:
            for name in options.rows:
                rows.append(row(model, device, name))
                print(line(rows[-1]), flush=True)
    if options.json:
        print(json.dumps(rows))


if __name__ == "__main__":
    main()

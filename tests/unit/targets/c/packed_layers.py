"""Random quantised layers, and generated code beside the interpreter on a virtual processor."""

from __future__ import annotations

from typing import Any

import numpy as np

from limen import devices
from limen.lab._build import build_image
from limen.lab._machine import Machine
from limen.lab._virtual import measure
from limen.program import Program
from limen.targets.c import generate
from unit.targets.c.x86_cases import Layer, inputs_of


def random_layers(op: str, count: int, seed: int) -> dict[str, Layer]:
    """Layers of any geometry."""
    rng = np.random.default_rng(seed)
    return {f"{op} {index}": random_layer(op, rng) for index in range(count)}


def random_layer(op: str, rng: np.random.Generator) -> Layer:
    def pick(low: int, high: int) -> int:
        return int(rng.integers(low, high + 1))

    common: dict[str, Any] = {
        "activation": str(rng.choice(["none", "relu", "relu6", "relu_n1_to_1"])),
        "zero": (pick(-128, 127), pick(-128, 127)),
        "reach": float(rng.choice([2, 60, 300])),
        "heavy": bool(rng.random() < 0.2),
    }
    if op == "FullyConnected":
        depth = pick(1, 90)
        return Layer(op, (pick(1, 2), depth), (pick(1, 40), depth), **common)
    kernel = (pick(1, 4), pick(1, 5))
    stride, dilation = (pick(1, 3), pick(1, 3)), (pick(1, 2), pick(1, 2))
    padding = (pick(0, 2), pick(0, 2), pick(0, 2), pick(0, 2))
    depth = pick(1, 18)
    height, width = ((k - 1) * d + 1 + pick(0, 12) for k, d in zip(kernel, dilation, strict=True))
    weights = (pick(2, 11), *kernel, depth) if op == "Conv2D" else (1, *kernel, depth)
    return Layer(op, (pick(1, 2), height, width, depth), weights, stride, dilation, padding, **common)


def differing(program: Program, device: str, compiler: str) -> dict[str, int]:
    """Output -> largest difference from the interpreter, for those that differ."""
    built = build_image(generate(program, devices.get(device)), compiler)
    runs, differences = measure(Machine(built), inputs_of(program, 5), program)
    assert all(run.total > 0 for run in runs)
    found = {}
    for port in program.outputs:
        exact, _ = differences.summary([port.tensor])
        assert exact is not None
        if exact["max_lsb"]:
            found[port.tensor] = exact["max_lsb"]
    return found

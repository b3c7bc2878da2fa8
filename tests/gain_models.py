"""Bundles whose model multiplies by a gain, so that an answer tells which release gave it; and ones that misbehave.

The artifact is machine code for engine native, compiled here from a few lines of C: a model may do anything then.
"""

from __future__ import annotations

import functools
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from limen.bundle import ArtifactEntry, Binding, Blobs, Bundle, GoldenEntry, Manifest, Port, assemble, pack_arrays
from limen.bundle.manifest import SCHEMA

LIVE = 1e6
"""A first input above this is one that the golden vectors do not have."""
BEHAVIOURS = {
    "good": "",
    "crash": "*(volatile int *)0 = 1;",
    "exit": "exit(3);",
    "hang": "for (;;) pause();",
    "nan": "y[1] = NAN;",
    "slow": "usleep(30000);",
    "big": "if (!held) held = memset(malloc(HOARD), 1, HOARD);",
    "greedy": "held = memset(malloc(1UL << 40), 1, 1UL << 40);",
    "all_nan": "for (int i = 0; i < 4; i++) y[i] = NAN;",
    "live_crash": "if (x[0] > LIVE) *(volatile int *)0 = 1;",
    "live_hang": "if (x[0] > LIVE) for (;;) pause();",
    "live_nan": "if (x[0] > LIVE) y[1] = NAN;",
    "live_slow": "if (x[0] > LIVE) usleep(30000);",
}
SOURCE = """
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#define HOARD (96UL << 20)
#define LIVE 1e6f
const char limen_library[] = "%s";
static float *x, *y;
static void *volatile held;
void m_bind(void *arena) { x = arena; y = x + 16; }
void m_reset(void *arena) { (void)arena; }
void m_run(void) { for (int i = 0; i < 4; i++) y[i] = %ff * x[i]; %s }
void m_invoke(void *arena) { (void)arena; m_run(); }
"""
ABOUT = {
    "abi": 1,
    "variants": [{"name": "m", "features": [], "arena": 128, "inputs": {"x": 0}, "outputs": {"y": 64}}],
}


@functools.cache
def library(gain: float, behaviour: str) -> bytes:
    """The shared library."""
    text = SOURCE % (json.dumps(ABOUT).replace('"', '\\"'), gain, BEHAVIOURS[behaviour])
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "m.c").write_text(text)
        command = ["gcc", "-O1", "-w", "-shared", "-fPIC", "-o", f"{folder}/m.so", f"{folder}/m.c"]
        subprocess.run(command, check=True)
        return (Path(folder) / "m.so").read_bytes()


def inputs(samples: int = 8) -> np.ndarray:
    """Golden inputs."""
    return np.random.default_rng(3).uniform(-1, 1, (samples, 4)).astype(np.float32)


def gain_bundle(
    gain: float,
    behaviour: str = "good",
    golden_gain: float | None = None,
    extra: int = 20_000,
    plain: bool = False,
) -> Bundle:
    """An unsigned bundle.

    Args:
        golden_gain: what the golden vectors say, if not the same.
        extra: floats that make it larger: random ones, the same for every bundle, but for one in a hundred.
        plain: zeros instead.
    """
    blobs, x = Blobs(), inputs()
    random = np.random.default_rng(5)
    ballast = np.zeros(extra, np.float32) if plain else random.standard_normal(extra).astype(np.float32)
    ballast[::100] += np.float32(gain)
    entry = ArtifactEntry(
        "native",
        "model.so",
        blobs.add(library(gain, behaviour)),
        ("native",),
        (Binding("x", "x", (1, 4), "float32", "float32"),),
        (Binding("y", "y", (1, 4), "float32", "float32"),),
        files={"ballast": blobs.add(pack_arrays({"w": ballast}))},
    )
    expected = x * np.float32(gain if golden_gain is None else golden_gain)
    golden = GoldenEntry(
        "native",
        "native",
        "bounded",
        len(x),
        blobs.add(pack_arrays({"x": x})),
        blobs.add(pack_arrays({"y": expected})),
        1e-5,
        0.9,
    )
    ports = Port("x", (1, 4), "float32"), Port("y", (1, 4), "float32")
    return assemble(
        Manifest(SCHEMA, "gain", "host", "float32", ports[:1], ports[1:], (entry,), (golden,), ()),
        blobs,
    )


def save_gain(path: Path, gain: float, behaviour: str = "good", golden_gain: float | None = None) -> Path:
    """Write one."""
    gain_bundle(gain, behaviour, golden_gain).save(path)
    return path

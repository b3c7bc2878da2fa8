"""How close the artifacts are to the float model, per engine: real models under the shared folder, natural pictures.

Float: largest difference between the .tflite on LiteRT and the .onnx on ONNX Runtime. int8-mixed (or another recipe):
signal to noise ratio in dB of each output against float, on pictures that calibration did not see.

    python bench/fidelity.py [--recipe int8-mixed] [--models ic,vww] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from limen.build.make import make_parts
from limen.build.pack import Facts, pack
from limen.build.source import Source, open_source
from limen.build.variants import prepare_variant
from limen.data import Dataset
from limen.engines import Session
from limen.optimize import decode
from limen.optimize.schemes import sqnr_db
from limen.targets import CompileOptions

SHARED = Path(os.environ.get("LIMEN_SHARED", Path(__file__).resolve().parents[2] / "shared"))
CALIBRATION, UNSEEN = 32, 16
Array = np.ndarray
Inputs = Callable[[int, int], Array]


@dataclass(frozen=True)
class Row:
    """One output of one model."""

    model: str
    output: str
    float_difference: float
    largest: float
    litert_db: float
    ort_db: float


def pictures(count: int, height: int, width: int, seed: int) -> Array:
    """Random crops of the shared photographs, RGB 0..255: float32 [count, height, width, 3]."""
    rng = np.random.default_rng(seed)
    folders = ("data/security/images", "data/traffic", "data/security/faces")
    paths = sorted(p for f in folders for p in (SHARED / f).glob("*.jpg"))
    images = [Image.open(path).convert("RGB") for path in paths]
    crops = []
    for _ in range(count):
        image = images[rng.integers(len(images))]
        share = rng.uniform(0.3, 1.0)
        w, h = int(image.width * share), int(image.height * share)
        x, y = rng.integers(0, image.width - w + 1), rng.integers(0, image.height - h + 1)
        crops.append(np.asarray(image.crop((x, y, x + w, y + h)).resize((width, height)), np.float32))
    return np.stack(crops)


def spectrogram(count: int, seed: int) -> Array:
    """Windows of five frames of the recorded machine: float32 [count, 640]."""
    frames = np.fromfile(SHARED / "models/mlperf-tiny/ad01_normal_id_01_00000000_hist_librosa.bin", np.float32)
    frames = frames.reshape(-1, 128)
    starts = np.random.default_rng(seed).integers(0, len(frames) - 5, count)
    return np.stack([frames[s : s + 5].ravel() for s in starts])


def channels_first(x: Array) -> Array:
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2))


MODELS: dict[str, tuple[str, Inputs]] = {
    "ic": ("models/mlperf-tiny/ic_resnet8.h5", lambda n, s: pictures(n, 32, 32, s)),
    "vww": ("models/mlperf-tiny/vww_96.h5", lambda n, s: pictures(n, 96, 96, s) / 255),
    "ad": ("models/mlperf-tiny/ad01.h5", spectrogram),
    "yunet": ("data/security/yunet_n_320_320.onnx", lambda n, s: channels_first(pictures(n, 320, 320, s)[..., ::-1])),
    "rfb": ("data/security/version-RFB-320.onnx", lambda n, s: channels_first((pictures(n, 240, 320, s) - 127) / 128)),
    "fastestdet": (
        "data/security/FastestDet.onnx",
        lambda n, s: channels_first(pictures(n, 352, 352, s)[..., ::-1] / 255),
    ),
}


def outputs(source: Source, recipe: str, engine: str, calibration: Array, x: Array) -> dict[str, Array]:
    """All outputs on one engine under one recipe."""
    prepared = prepare_variant(source, decode(recipe), Dataset({"x": calibration}), CALIBRATION)
    parts, _ = make_parts(prepared, (engine,), CompileOptions())
    with Session(pack(parts, Facts("fidelity", "host", recipe)), engine) as session:
        return session.run(x)


def measure(name: str, recipe: str) -> list[Row]:
    """Rows of one model."""
    path, inputs = MODELS[name]
    source = open_source(SHARED / path)
    seen, x = (np.ascontiguousarray(inputs(n, s), np.float32) for n, s in ((CALIBRATION, 0), (UNSEEN, 1)))
    wanted, other = (outputs(source, "none", engine, seen, x) for engine in ("litert", "ort"))
    litert, ort = (outputs(source, recipe, engine, seen, x) for engine in ("litert", "ort"))
    return [
        Row(
            name,
            port,
            float(np.abs(wanted[port] - other[port]).max()),
            float(np.abs(wanted[port]).max()),
            sqnr_db(wanted[port], litert[port]),
            sqnr_db(wanted[port], ort[port]),
        )
        for port in wanted
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", default="int8-mixed", help="limen compile takes int8-mixed for int8")
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = [row for name in options.models.split(",") for row in measure(name, options.recipe)]
    print(f"{'model':<11} {'output':<10} {'float diff':>10} {'largest':>9} {'litert dB':>9} {'ort dB':>7}")
    for r in rows:
        figures = f"{r.float_difference:10.2g} {r.largest:9.3g} {r.litert_db:9.1f} {r.ort_db:7.1f}"
        print(f"{r.model:<11} {r.output:<10} {figures}")
    if options.json:
        options.json.write_text(json.dumps([asdict(r) for r in rows], indent=1))


if __name__ == "__main__":
    main()

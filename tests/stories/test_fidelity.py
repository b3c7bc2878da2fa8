"""int8 stays close to float on real models: signal to noise on pictures that calibration did not see, on both engines.

The floors are what was reached, less a small slack; a change that lowers them lost precision.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from limen.build.make import make_parts
from limen.build.pack import Facts, pack
from limen.build.source import open_source
from limen.build.variants import prepare_variant
from limen.data import Dataset
from limen.engines import Session
from limen.optimize import decode
from limen.optimize.schemes import sqnr_db
from limen.targets import CompileOptions

Floats = NDArray[np.float32]
FLOORS = {"ic_resnet8.h5": 21.0, "vww_96.h5": 30.0, "ad01.h5": 41.0}
ENGINES = ("litert", "ort")
BETWEEN_ENGINES_DB = 1.0


def _crops(shared: Path, count: int, size: int, seed: int) -> Floats:
    """Random crops of photographs, RGB 0..255: [count, size, size, 3]."""
    image = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(seed)
    folders = ("data/security/images", "data/traffic", "data/security/faces")
    photographs = [image.open(p).convert("RGB") for f in folders for p in sorted((shared / f).glob("*.jpg"))]
    crops = []
    for _ in range(count):
        photograph = photographs[rng.integers(len(photographs))]
        side = int(min(photograph.size) * rng.uniform(0.3, 1.0))
        x, y = (int(rng.integers(0, extent - side + 1)) for extent in photograph.size)
        crops.append(np.asarray(photograph.crop((x, y, x + side, y + side)).resize((size, size)), np.float32))
    return np.stack(crops)


def _windows(shared: Path, count: int, seed: int) -> Floats:
    """Five frames each of the recorded machine: [count, 640]."""
    path = shared / "models" / "mlperf-tiny" / "ad01_normal_id_01_00000000_hist_librosa.bin"
    frames = np.fromfile(path, np.float32).reshape(-1, 128)
    starts = np.random.default_rng(seed).integers(0, len(frames) - 5, count)
    return np.stack([frames[s : s + 5].ravel() for s in starts])


def _samples(shared: Path, model: str, count: int, seed: int) -> Floats:
    if model.startswith("ad"):
        return _windows(shared, count, seed)
    return _crops(shared, count, 32, seed) if model.startswith("ic") else _crops(shared, count, 96, seed) / 255


@pytest.mark.parametrize("model", FLOORS)
def test_int8_keeps_its_distance_to_float(shared: Path, model: str) -> None:
    source = open_source(shared / "models" / "mlperf-tiny" / model)
    seen, unseen = (_samples(shared, model, n, seed) for n, seed in ((32, 0), (24, 1)))
    reached = []
    for engine in ENGINES:
        answers = []
        for recipe, data in (("none", None), ("int8", Dataset({"x": seen}))):
            parts, _ = make_parts(prepare_variant(source, decode(recipe), data, 32), (engine,), CompileOptions())
            with Session(pack(parts, Facts("fidelity", "host", recipe)), engine) as session:
                answers.append(next(iter(session.run(unseen).values())))
        reached.append(sqnr_db(*answers))
    assert min(reached) >= FLOORS[model], f"{model}: {reached}"
    assert abs(reached[0] - reached[1]) <= BETWEEN_ENGINES_DB, f"{model}: {reached}"

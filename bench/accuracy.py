"""What int8 costs in accuracy, on the kernels that ship: digits over five folds, chest X-rays by validation AUC.

Each model is built into a bundle with its training samples as calibration data, and scored on samples that neither
training nor calibration saw, by the same engine that runs it on a device.

    python bench/accuracy.py [--json FILE] [--recipe int8]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("LIMEN_SHARED", ROOT.parent / "shared"))
sys.path.insert(0, str(ROOT / "examples" / "digits"))

from data import FOLDS, split  # noqa: E402

import limen  # noqa: E402


@dataclass(frozen=True)
class Row:
    """Metric of the float and of the quantised model on one engine."""

    task: str
    engine: str
    metric: str
    float32: float
    quantised: float
    drop: float
    samples: int


def measure(model: Path, train: Any, test: Any, metric: str, recipe: str, task: str) -> list[Row]:
    """Build twice, float32 and quantised, and score both on every engine."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.savez(folder / "train.npz", x=train[0], y=train[1])
        np.savez(folder / "test.npz", x=test[0], y=test[1])
        data, unseen = str(folder / "train.npz"), str(folder / "test.npz")
        limen.build(model, str(folder / "float.limen"), data=data, recipe="none", unsigned=True)
        limen.build(model, str(folder / "int8.limen"), data=data, recipe=recipe, unsigned=True)
        for engine in ("litert", "ort", "reference"):
            scores = [
                limen.evaluate(str(folder / f"{kind}.limen"), unseen, metric, engine=engine).value
                for kind in ("float", "int8")
            ]
            rows.append(Row(task, engine, metric, *scores, scores[0] - scores[1], len(test[0])))
    return rows


def digits(recipe: str) -> list[Row]:
    """Five folds, each with the network trained on the other four."""
    folder = ROOT / "examples" / "digits"
    rows = []
    for fold in range(FOLDS):
        model = folder / "digits.h5" if fold == 0 else folder / "folds" / f"{fold}.h5"
        train, test = split(fold)
        rows += measure(model, train, test, "accuracy", recipe, f"digits fold {fold}")
    return rows


def chest_x_rays(recipe: str) -> list[Row]:
    """The validation set of PneumoniaMNIST; empty where the data is absent."""
    path = SHARED / "data" / "medical" / "pneumoniamnist_trainval.npz"
    if not path.is_file():
        return []
    with np.load(path) as file:
        parts = {k: (file[f"{k}_images"], file[f"{k}_labels"].reshape(-1)) for k in ("train", "val")}
    x = {k: (images.astype(np.float32) / 255.0)[..., np.newaxis] for k, (images, _) in parts.items()}
    model = ROOT / "examples" / "medical" / "pneumonia.keras"
    train, test = ((x[k], parts[k][1].astype(np.int64)) for k in ("train", "val"))
    return measure(model, train, test, "auc", recipe, "chest X-rays")


def mean_drops(rows: list[Row]) -> dict[str, float]:
    """Engine -> mean drop over the folds of the digits."""
    folds: dict[str, list[float]] = {}
    for row in rows:
        if row.task.startswith("digits"):
            folds.setdefault(row.engine, []).append(row.drop)
    return {engine: float(np.mean(drops)) for engine, drops in folds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--recipe", default="int8")
    options = parser.parse_args()
    rows = [*digits(options.recipe), *chest_x_rays(options.recipe)]
    print(f"{'task':<16} {'engine':<10} {'metric':<9} {'float32':>9} {options.recipe:>9} {'drop':>9}   n")
    for r in rows:
        print(
            f"{r.task:<16} {r.engine:<10} {r.metric:<9} {r.float32:9.4f} {r.quantised:9.4f} {r.drop:9.4f}  {r.samples}"
        )
    means = mean_drops(rows)
    print("mean drop over the folds: " + ", ".join(f"{e} {100 * d:.2f} points" for e, d in means.items()))
    if options.json:
        options.json.write_text(json.dumps({"rows": [asdict(r) for r in rows], "mean_drop": means}, indent=1))


if __name__ == "__main__":
    main()

"""Do 95 % intervals hold the truth 95 times in 100? 200 resamples of Fashion-MNIST, or of digits where it is absent.

A classifier is made coarser (its weights rounded to few bits) and is compared with itself; the drop on all test samples
is the truth. Each resample draws some of them with replacement and asks for the interval. What 200 resamples say of an
interval that is right is itself between 92 and 98 % (95 % of the time): more of them stand beside.

    python bench/verdicts.py [--resamples 200] [--more 1000] [--samples 1000] [--json FILE]
"""

from __future__ import annotations

import argparse
import gzip
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from limen.optimize.verdict import judge

FASHION = Path("/usr/share/datasets/fashion-mnist"), Path("/usr/share/dataset-fashion-mnist")
LOW, HIGH = 0.93, 0.97
EXACT = ("accuracy", "auc")
Array = np.ndarray


@dataclass(frozen=True)
class Row:
    """One metric at one coarseness."""

    metric: str
    bits: int
    drop: float
    resamples: int
    samples: int
    coverage: float
    kept: bool
    more: int
    coverage_of_more: float


def idx(path: Path) -> Array:
    """An IDX file, packed or not."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(data[3])]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape)


def data_set() -> tuple[str, Array, Array, Array, Array]:
    """Name, training inputs and labels, test inputs and labels."""
    for folder in FASHION:
        found = {p.name.split("-ubyte")[0]: p for p in folder.glob("*-ubyte*")}
        if len(found) == 4:
            x, y = idx(found["train-images-idx3"])[:8000], idx(found["train-labels-idx1"])[:8000]
            t, u = idx(found["t10k-images-idx3"]), idx(found["t10k-labels-idx1"])
            return "Fashion-MNIST", x.reshape(len(x), -1) / 255.0, y, t.reshape(len(t), -1) / 255.0, u
    digits = load_digits()
    x, y = digits.data / 16.0, digits.target
    noisy = np.random.default_rng(0).integers(0, len(x), 10_000)
    blurred = x[noisy] + np.random.default_rng(1).normal(0, 0.25, (10_000, x.shape[1]))
    return "digits with noise", x, y, blurred, y[noisy]


def coarser(weights: Array, bits: int) -> Array:
    scale = np.abs(weights).max() / (2 ** (bits - 1) - 1)
    return np.round(weights / scale) * scale


def outputs(metric: str, scores: Array) -> Array:
    """What each metric takes: classes, or the odds of the upper half of the classes."""
    if metric != "auc":
        return scores
    return np.log(np.exp(scores[:, 5:]).sum(1) / np.exp(scores[:, :5]).sum(1))[:, None]


def measure(metric: str, bits: int, data: tuple[Array, Array, Array], resamples: int, more: int, samples: int) -> Row:
    """Coverage by the first resamples, and by ``more`` of them."""
    labels, wanted, got = data
    truth = judge(metric, labels, wanted, got).drop
    rng = np.random.default_rng(bits)
    hits = []
    for _ in range(max(resamples, more)):
        index = rng.integers(0, len(labels), samples)
        low, high = judge(metric, labels[index], wanted[index], got[index]).ci95
        hits.append(low <= truth <= high)
    share = float(np.mean(hits[:resamples]))
    kept = LOW <= share <= HIGH
    return Row(metric, bits, truth, resamples, samples, share, kept, len(hits), float(np.mean(hits)))


def shares_of(row: Row) -> tuple[tuple[int, float], ...]:
    return (row.resamples, row.coverage), (row.more, row.coverage_of_more)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resamples", type=int, default=200)
    parser.add_argument("--more", type=int, default=1000, help="resamples of metrics that need no bootstrap")
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    name, x, y, t, u = data_set()
    model = LogisticRegression(max_iter=60, tol=1e-2).fit(x, y)
    wanted = t @ model.coef_.T + model.intercept_
    rows = []
    for bits in (4, 3):
        got = t @ coarser(model.coef_, bits).T + model.intercept_
        for metric in ("accuracy", "auc", "f1", "rmse"):
            labels = (u >= 5).astype(np.int64) if metric == "auc" else np.eye(10)[u] if metric == "rmse" else u
            parts = [outputs(metric, s) for s in (wanted, got)]
            more = options.more if metric in EXACT else 0
            rows.append(measure(metric, bits, (labels, *parts), options.resamples, more, options.samples))
    print(f"{name}: share of {options.resamples} intervals that hold the drop on all {len(u)} samples")
    shares = f"{'resamples':>9} {'coverage':>10}"
    print(f"{'metric':<10} {'bits':>4} {'true drop':>9} {shares} {shares}")
    for r in rows:
        seen = (f"{count:9d} {100 * share:8.1f} %" for count, share in shares_of(r))
        print(f"{r.metric:<10} {r.bits:>4} {r.drop:9.3f} {' '.join(seen)}")
    if options.json:
        options.json.write_text(json.dumps({"data": name, "rows": [asdict(r) for r in rows]}, indent=1))


if __name__ == "__main__":
    main()

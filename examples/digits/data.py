"""Write train.npz and test.npz from the handwritten digits that scikit-learn carries.

x: float32 [n, 8, 8, 1] in 0..1; y: int64 [n]. One of five stratified folds is the test set; the folds never change.

    python examples/digits/data.py [FOLDER] [--fold 0]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold

FOLDS, SEED = 5, 20261125

Split = tuple[NDArray[np.float32], NDArray[np.int64]]


def split(fold: int = 0) -> tuple[Split, Split]:
    """The training and the test samples of one fold."""
    digits = load_digits()
    x = (digits.images / 16.0).astype(np.float32)[..., np.newaxis]
    y = digits.target.astype(np.int64)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(x, y)
    train, test = list(folds)[fold]
    return (x[train], y[train]), (x[test], y[test])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent)
    parser.add_argument("--fold", type=int, default=0, choices=range(FOLDS))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for name, (x, y) in zip(("train", "test"), split(options.fold), strict=True):
        np.savez_compressed(options.folder / f"{name}.npz", x=x, y=y)
        print(f"{options.folder / name}.npz: {len(x)} digits")


if __name__ == "__main__":
    main()

"""Fashion-MNIST as Debian packages it (``apt install dataset-fashion-mnist``).

``FASHION_MNIST`` names another folder with the same four files.
"""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np

FOLDER = Path("/usr/share/datasets/fashion-mnist")
CLASSES = 10


def folder() -> Path:
    """Where the files are.

    Raises:
        FileNotFoundError: nowhere; says what to install.
    """
    path = Path(os.environ.get("FASHION_MNIST", FOLDER))
    if not (path / "train-images-idx3-ubyte.gz").is_file():
        raise FileNotFoundError(f"{path}: no Fashion-MNIST; apt install dataset-fashion-mnist, or set FASHION_MNIST")
    return path


def load(kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Pictures float32 [n, 1, 28, 28] in [-1, 1] and classes int64 [n].

    Args:
        kind: ``train`` (60,000) or ``t10k`` (10,000).
    """
    with gzip.open(folder() / f"{kind}-images-idx3-ubyte.gz") as file:
        pixels = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 1, 28, 28)
    with gzip.open(folder() / f"{kind}-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(), np.uint8, offset=8).astype(np.int64)
    return (pixels.astype(np.float32) / 127.5 - 1.0).astype(np.float32), labels

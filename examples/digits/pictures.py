"""Write a few digits as picture files: pictures/ to quantise with, three.png to ask about, labels.txt.

    python examples/digits/pictures.py [FOLDER]

pictures/ holds three training digits of each class, three.png a held-out digit; 8x8, grey, 0..255.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from data import split
from PIL import Image

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
EACH = 3


def save(path: Path, digit: np.ndarray) -> None:
    Image.fromarray(np.rint(digit[..., 0] * 255).astype(np.uint8)).save(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent)
    folder = parser.parse_args().folder
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    (x, y), (x_test, y_test) = split()
    for label, name in enumerate(NAMES):
        for number, digit in enumerate(x[y == label][:EACH], 1):
            save(folder / "pictures" / f"{name}-{number}.png", digit)
    save(folder / "three.png", x_test[y_test == 3][0])
    (folder / "labels.txt").write_text("\n".join(NAMES) + "\n")


if __name__ == "__main__":
    main()

"""Train the digit classifier with Keras and save digits.keras and digits.h5 (needs keras and torch).

    python examples/digits/train.py [FOLDER] [--fold 0] [--epochs 60]

A small convolutional network, 8x8x1 -> ten probabilities; pictures are shifted by up to a pixel while training.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
from data import FOLDS, split
from keras import layers


def network() -> Any:
    """Three convolutions with batch normalisation, one dense layer."""
    picture = keras.Input((8, 8, 1), name="picture")
    x = picture
    for filters, pool in ((16, False), (32, True), (48, True)):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.MaxPooling2D()(x) if pool else x
    x = layers.Dropout(0.3)(layers.Flatten()(x))
    return keras.Model(picture, layers.Dense(10, activation="softmax", name="probability")(x), name="digits")


def shifted(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each picture moved by -1, 0 or 1 pixels along both axes, zeros moved in."""
    wide = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    rows, columns = rng.integers(0, 3, (2, len(x)))
    return np.stack([w[r : r + 8, c : c + 8] for w, r, c in zip(wide, rows, columns, strict=True)])


def train(fold: int, epochs: int) -> tuple[Any, float]:
    """The trained network and its accuracy on the fold's test digits."""
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(1)
    (x, y), (x_test, y_test) = split(fold)
    model = network()
    rate = keras.optimizers.schedules.CosineDecay(3e-3, epochs * -(-len(x) // 64))
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    for _ in range(epochs):
        model.fit(shifted(x, rng), y, batch_size=64, epochs=1, verbose=0)
    guess = model.predict(x_test, verbose=0).argmax(-1)
    return model, float((guess == y_test).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent)
    parser.add_argument("--fold", type=int, default=0, choices=range(FOLDS))
    parser.add_argument("--epochs", type=int, default=60)
    options = parser.parse_args()
    model, accuracy = train(options.fold, options.epochs)
    plain = keras.Model.from_config(model.get_config())
    plain.set_weights(model.get_weights())
    for suffix in ("keras", "h5"):
        path = options.folder / f"digits.{suffix}"
        plain.save(path)
        print(f"{path}: {path.stat().st_size} bytes, accuracy {accuracy:.4f} on fold {options.fold}")


if __name__ == "__main__":
    main()

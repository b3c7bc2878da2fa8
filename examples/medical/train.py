"""Train a chest X-ray classifier (pneumonia or not) and save pneumonia.keras (needs keras, torch, scikit-learn).

    python examples/medical/train.py pneumoniamnist_trainval.npz [FOLDER] [--epochs 30]

The data is PneumoniaMNIST (MedMNIST v2, CC BY 4.0), 28x28 grey pictures. Beside the model it writes train.npz and
validation.npz with x: float32 [n, 28, 28, 1] in 0..1 and y: int64 [n]. The output is a logit: a probability rounded
to int8 would tie samples near 0 and 1, which costs AUC. Not a medical device.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
from keras import layers
from sklearn.metrics import roc_auc_score


def load(path: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The two parts of the data, as pictures in 0..1 and labels."""
    with np.load(path) as data:
        return {
            name: (
                (data[f"{key}_images"] / np.float32(255))[..., np.newaxis].astype(np.float32),
                data[f"{key}_labels"].reshape(-1).astype(np.int64),
            )
            for name, key in (("train", "train"), ("validation", "val"))
        }


def network() -> Any:
    """Separable convolutions, global average, one logit."""
    picture = keras.Input((28, 28, 1), name="picture")
    x = picture
    x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(24, 3, padding="same", use_bias=False)(x)))
    for filters, stride in ((32, 2), (48, 1), (64, 2), (96, 1)):
        x = layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.Conv2D(filters, 1, use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Dropout(0.3)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(picture, layers.Dense(1, name="pneumonia")(x), name="chest")


def varied(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Pictures moved by up to two pixels and made a little darker or brighter."""
    wide = np.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="edge")
    rows, columns = rng.integers(0, 5, (2, len(x)))
    moved = np.stack([w[r : r + 28, c : c + 28] for w, r, c in zip(wide, rows, columns, strict=True)])
    return np.clip(moved * rng.uniform(0.85, 1.15, (len(x), 1, 1, 1)), 0, 1).astype(np.float32)


def train(data: dict[str, tuple[np.ndarray, np.ndarray]], epochs: int) -> tuple[Any, float]:
    """The trained network and its area under the ROC curve on the validation pictures."""
    keras.utils.set_random_seed(2)
    rng = np.random.default_rng(2)
    x, y = data["train"]
    model = network()
    rate = keras.optimizers.schedules.CosineDecay(3e-3, epochs * -(-len(x) // 64))
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(keras.optimizers.AdamW(rate, weight_decay=1e-3), loss)
    share = y.mean()
    weight = {0: 0.5 / (1 - share), 1: 0.5 / share}
    for _ in range(epochs):
        model.fit(varied(x, rng), y, batch_size=64, epochs=1, class_weight=weight, verbose=0)
    x_val, y_val = data["validation"]
    return model, float(roc_auc_score(y_val, model.predict(x_val, verbose=0)[:, 0]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent)
    parser.add_argument("--epochs", type=int, default=30)
    options = parser.parse_args()
    data = load(options.data)
    for name, (x, y) in data.items():
        np.savez_compressed(options.folder / f"{name}.npz", x=x, y=y)
    model, area = train(data, options.epochs)
    plain = keras.Model.from_config(model.get_config())
    plain.set_weights(model.get_weights())
    path = options.folder / "pneumonia.keras"
    plain.save(path)
    print(f"{path}: {path.stat().st_size} bytes, validation AUC {area:.4f}")


if __name__ == "__main__":
    main()

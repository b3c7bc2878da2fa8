"""Networks in Keras with random but healthy weights: the applications, a transformer encoder and recurrent nets.

Outputs are logits. Batch normalisation statistics come from a pass over random images, so that no layer saturates.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers


def settle(model: Any, example: np.ndarray) -> Any:
    """Sets the statistics of every batch normalisation from ``example`` and randomises its scale and shift."""
    rng = np.random.default_rng(7)
    for layer in model._flatten_layers():
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = 0.0
            if layer.scale:
                layer.gamma.assign(rng.uniform(0.6, 1.4, layer.gamma.shape).astype(np.float32))
            if layer.center:
                layer.beta.assign(rng.normal(0, 0.3, layer.beta.shape).astype(np.float32))
    model(example, training=True)
    for layer in model._flatten_layers():
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = 0.99
    return model


def application(name: str, size: int, **options: Any) -> tuple[Any, np.ndarray]:
    """A keras.applications model without its softmax, and one picture in the range it expects (0..255 or -1..1)."""
    keras.utils.set_random_seed(1)
    build = getattr(keras.applications, name)
    model = build(weights=None, input_shape=(size, size, 3), classifier_activation=None, **options)
    rng = np.random.default_rng(1)
    whole = "EfficientNet" in name or "MobileNetV3" in name
    images = rng.uniform(0, 255, (8, size, size, 3)) if whole else rng.uniform(-1, 1, (8, size, size, 3))
    images = images.astype(np.float32)
    return settle(model, images), images[:1]


def mobilenet_v2(size: int = 224) -> tuple[Any, np.ndarray]:
    return application("MobileNetV2", size)


def mobilenet_v3_small(size: int = 224) -> tuple[Any, np.ndarray]:
    return application("MobileNetV3Small", size)


def encoder(width: int = 128, steps: int = 64, features: int = 40) -> tuple[Any, np.ndarray]:
    """Dense embedding, four pre-norm attention blocks with GELU, mean over time, logits."""
    keras.utils.set_random_seed(3)
    x = inputs = keras.Input((steps, features), name="frames")
    x = layers.Dense(width)(x)
    for _ in range(4):
        y = layers.LayerNormalization(epsilon=1e-6)(x)
        y = layers.MultiHeadAttention(4, width // 4)(y, y)
        x = layers.Add()([x, y])
        y = layers.LayerNormalization(epsilon=1e-6)(x)
        y = layers.Dense(2 * width, activation="gelu")(y)
        x = layers.Add()([x, layers.Dense(width)(y)])
    x = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x))
    model = keras.Model(inputs, layers.Dense(12, name="logits")(x))
    return model, np.random.default_rng(3).normal(size=(1, steps, features)).astype(np.float32)

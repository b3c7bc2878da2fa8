"""Whole Keras networks: read from the file, compared with Keras, lowered to a Program without Transposes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from frameworks import zoo_keras
from limen.errors import UnsupportedOp
from limen.importers import import_file
from limen.lower import LOWERINGS, lower
from limen.lower.prepare import prepare
from limen.model import Model, evaluate

pytestmark = pytest.mark.filterwarnings("ignore")

NETWORKS: dict[str, Callable[[], tuple[Any, np.ndarray]]] = {
    "MobileNetV2": lambda: zoo_keras.mobilenet_v2(),
    "MobileNetV3Small": lambda: zoo_keras.mobilenet_v3_small(),
    "MobileNet": lambda: zoo_keras.application("MobileNet", 96),
    "EfficientNetB0": lambda: zoo_keras.application("EfficientNetB0", 64),
    "ResNet50": lambda: zoo_keras.application("ResNet50", 64),
    "DenseNet121": lambda: zoo_keras.application("DenseNet121", 64),
    "Xception": lambda: zoo_keras.application("Xception", 75),
    "ConvNeXtTiny": lambda: zoo_keras.application("ConvNeXtTiny", 64),
    "encoder": lambda: zoo_keras.encoder(),
}
CLEAN = {"MobileNetV2", "MobileNetV3Small", "MobileNet", "EfficientNetB0", "ResNet50", "DenseNet121", "Xception"}

# Keras writes these as .h5 and cannot read them back: it drops what bare operations and its own LayerScale need.
UNREADABLE = {"MobileNetV3Small", "ConvNeXtTiny"}


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_read_as_keras_computes_it(name: str, suffix: str, tmp_path: Path) -> None:
    network, x = NETWORKS[name]()
    path = tmp_path / f"model{suffix}"
    network.save(path)
    model = import_file(path)
    assert isinstance(model, Model)
    (found,) = evaluate(model, {str(model.ir.graph.inputs[0].name): x}).values()
    wanted = network.predict(x, verbose=0)
    assert np.abs(found - wanted).max() <= 1e-4 * max(1.0, np.abs(wanted).max())
    if name not in UNREADABLE or suffix == ".keras":
        assert model.metadata["verified"].startswith("largest difference")
    if name in CLEAN and suffix == ".keras":
        program = lower(prepare(model, LOWERINGS))
        assert "Transpose" not in {node.op.name for node in program.nodes}


@keras.saving.register_keras_serializable("tests")
class Doubled(layers.Layer):
    """A layer that limen does not know."""

    def call(self, x: Any) -> Any:
        return x * 2.0


def small(*stack: Any) -> Any:
    return keras.Sequential([keras.Input((6,), batch_size=1, name="x"), *stack])


def test_an_unknown_layer_is_exported_by_keras_itself(tmp_path: Path) -> None:
    model = small(layers.Dense(4), Doubled())
    model.save(tmp_path / "m.keras")
    imported = import_file(tmp_path / "m.keras")
    assert isinstance(imported, Model)
    assert imported.metadata["source"].endswith("export")
    assert float(imported.metadata["verified_max_abs"]) <= 1e-5


def test_a_lambda_is_refused_although_keras_is_there(tmp_path: Path) -> None:
    small(layers.Dense(4), layers.Lambda(lambda x: x + 1, name="mine")).save(tmp_path / "m.keras")
    with pytest.raises(UnsupportedOp, match="mine: Lambda"):
        import_file(tmp_path / "m.keras")

"""Keras files made by hand: what Keras 1, tf.keras 2 and Keras 3 write, without any of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

Variables = Mapping[str, Sequence[tuple[str, np.ndarray]]]


def layer(kind: str, name: str, inbound: Any = None, **config: Any) -> dict[str, Any]:
    """One entry of a functional configuration."""
    return {"class_name": kind, "name": name, "config": {"name": name, **config}, "inbound_nodes": inbound or []}


def after(*names: str) -> list[Any]:
    """One call on the results of these layers."""
    return [[[name, 0, 0, {}] for name in names]]


def functional(layers: Sequence[Mapping[str, Any]], inputs: Sequence[str], outputs: Sequence[str]) -> dict[str, Any]:
    config = {
        "name": "model",
        "layers": list(layers),
        "input_layers": [[name, 0, 0] for name in inputs],
        "output_layers": [[name, 0, 0] for name in outputs],
    }
    return {"class_name": "Functional", "config": config}


def chain(shape: Sequence[int | None], *stack: dict[str, Any]) -> dict[str, Any]:
    """A functional model of one input ``x`` and layers one after the other."""
    before, layers = "x", [layer("InputLayer", "x", batch_input_shape=[None, *shape], dtype="float32")]
    for item in stack:
        layers.append({**item, "inbound_nodes": item["inbound_nodes"] or after(before)})
        before = item["name"]
    return functional(layers, ["x"], [before])


def write(path: Path, config: Any, weights: Variables | None = None, version: str = "2.4.0") -> Path:
    """A legacy .h5 file: layer name -> (variable name, array) pairs."""
    weights = weights or {}
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = config if isinstance(config, str) else json.dumps(config)
        file.attrs["keras_version"] = version
        root = file.create_group("model_weights")
        root.attrs["layer_names"] = [name.encode() for name in weights]
        for name, variables in weights.items():
            group = root.create_group(name)
            group.attrs["weight_names"] = [variable.encode() for variable, _ in variables]
            for variable, array in variables:
                group.create_dataset(variable, data=array)
    return path

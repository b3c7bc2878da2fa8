"""Damaged and hostile Keras files: a clear error or a checked Model, never anything else."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from limen.errors import ModelError, Unsupported
from limen.importers import import_file
from limen.model import Model
from unit.importers.keras_files import chain, layer, write

DIGITS = Path(__file__).resolve().parents[3] / "examples" / "digits"


def outcome(path: Path) -> str:
    try:
        model = import_file(path)
    except (ModelError, Unsupported) as error:
        return type(error).__name__
    assert isinstance(model, Model)
    return "model"


@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_flipped_and_cut_files_end_in_an_error_or_a_model(suffix: str, tmp_path: Path) -> None:
    data = (DIGITS / f"digits.{suffix}").read_bytes()
    rng = np.random.default_rng(1)
    path = tmp_path / f"m.{suffix}"
    seen = set()
    for number in range(60):
        damaged = bytearray(data)
        if number % 3 == 0:
            damaged = damaged[: int(rng.integers(1, len(data)))]
        else:
            for at in rng.integers(0, min(len(data), 6000) if number % 3 == 1 else len(data), 8):
                damaged[at] ^= int(rng.integers(1, 256))
        path.write_bytes(damaged)
        seen.add(outcome(path))
    assert "ModelError" in seen


def archive(path: Path, **members: bytes | str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name.replace("__", "."), data)
    return path


def empty_h5() -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.create_group("layers")
    return buffer.getvalue()


DENSE = chain([4], layer("Dense", "d", units=3, trainable=True))


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"config__json": "{"}, "model.weights.h5"),
        ({"config__json": "{", "model__weights__h5": b""}, "not valid JSON"),
        ({"config__json": "[" * 100_000, "model__weights__h5": b""}, "not valid JSON"),
        ({"config__json": "{}", "model__weights__h5": b"nothing"}, "HDF5"),
        ({"config__json": json.dumps(DENSE), "model__weights__h5": empty_h5()}, "expected 2 variables"),
        ({"config__json": b"0" * (65 << 20), "model__weights__h5": b""}, "unpacks to"),
        ({"readme": "x"}, "not a Keras file"),
    ],
)
def test_a_wrong_archive_is_named(members: dict[str, bytes | str], message: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=message):
        import_file(archive(tmp_path / "m.keras", **members))


def test_a_file_of_weights_only_says_so(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file.create_dataset("layers/dense/vars/0", data=np.zeros((2, 2)))
    with pytest.raises(ModelError, match="weights only"):
        import_file(tmp_path / "w.h5")


def test_a_link_out_of_the_file_is_not_followed(tmp_path: Path) -> None:
    path = write(tmp_path / "m.h5", DENSE, {"d": [("d/kernel:0", np.zeros((4, 3))), ("d/bias:0", np.zeros(3))]})
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file.create_dataset("b", data=np.ones(3))
    with h5py.File(path, "a") as file:
        del file["model_weights/d/d/bias:0"]
        file["model_weights/d/d/bias:0"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "b")
    with pytest.raises(ModelError, match="links are not followed"):
        import_file(path)


def test_a_dataset_without_bytes_is_not_allocated(tmp_path: Path) -> None:
    path = write(tmp_path / "m.h5", DENSE, {"d": [("d/kernel:0", np.zeros((4, 3))), ("d/bias:0", np.zeros(3))]})
    with h5py.File(path, "a") as file:
        del file["model_weights/d/d/kernel:0"]
        file["model_weights/d"].create_dataset("d/kernel:0", (1 << 20, 1 << 20), "f4", chunks=(64, 64))
    with pytest.raises(ModelError, match="do not fit"):
        import_file(path)


@pytest.mark.parametrize(
    ("stack", "message"),
    [
        ([layer("Dense", "d", units=5)], "kernel has shape"),
        ([layer("Dense", "d", units="many")], "expected"),
        ([layer("Reshape", "r", target_shape=[5, 5])], "cannot be reshaped"),
        ([layer("Reshape", "r")], "r: the configuration of Reshape is not valid"),
        ([layer("RepeatVector", "r", n=1 << 40)], "too large"),
        ([layer("Flatten", "f", inbound=[[["nowhere", 0, 0, {}]]])], "nowhere is never computed"),
        ([layer("Flatten", "f", inbound=[[["f", 0, 0, {}]]])], "never computed"),
        ([layer("Flatten", "x")], "two layers are named 'x'"),
        ([layer("Concatenate", "c", axis=7)], "axis 7 does not exist"),
    ],
)
def test_a_configuration_that_is_not_valid_is_named(
    stack: list[dict[str, object]], message: str, tmp_path: Path
) -> None:
    config = chain([4], *stack)
    path = write(tmp_path / "m.h5", config, {"d": [("d/kernel:0", np.zeros((4, 3))), ("d/bias:0", np.zeros(3))]})
    with pytest.raises(ModelError, match=message):
        import_file(path)


@pytest.mark.parametrize("config", ['"text"', "[]", "{}", '{"class_name": 3}', '{"class_name": "Functional"}'])
def test_a_model_config_of_another_kind_is_refused(config: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        import_file(write(tmp_path / "m.h5", config))

"""What the PyTorch importer refuses; none of this needs torch."""

from __future__ import annotations

import importlib.util
import json
import zipfile
from pathlib import Path

import pytest

from limen.errors import MissingExtra, ModelError, Unsupported
from limen.importers import import_file
from limen.importers._torch_archive import check_exported
from limen.importers.torch import from_torch


def archive(path: Path, members: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, text in members.items():
            file.writestr(name, text)
    return path


def exported(path: Path, **more: str) -> Path:
    return archive(path, {"m/archive_format": "pt2", "m/models/model.json": "{}", **more})


@pytest.mark.parametrize("suffix", ["pt", "pth"])
def test_pickled_weights_and_torchscript_are_refused_with_the_way_out(suffix: str, tmp_path: Path) -> None:
    path = archive(tmp_path / f"m.{suffix}", {"m/data.pkl": "x", "m/version": "3"})
    with pytest.raises(Unsupported, match=r"torch\.export"):
        import_file(path)


def test_the_old_pickle_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.pth").write_bytes(b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.")
    with pytest.raises(Unsupported, match="can run any code"):
        import_file(tmp_path / "m.pth")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("m/data/constants/custom_obj_0", "x"),
        ("m/data/constants/opaque_obj_0", "x"),
        ("m/data/weights/model_weights_config.json", json.dumps({"config": {"w": {"use_pickle": True}}})),
        ("m/models/model.json", json.dumps({"expr_str": "__import__('os').system('true')"})),
        ("m/models/model.json", json.dumps([{"deep": {"expr_str": "(1).__class__"}}])),
        ("m/models/model.json", json.dumps({"expr_str": "9**9**9"})),
    ],
)
def test_an_exported_program_that_carries_code_is_refused(name: str, text: str, tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match="trust-pickle"):
        check_exported(exported(tmp_path / "m.pt2", **{name: text}))


@pytest.mark.parametrize("text", ["s0", "2*s0 + 1", "Symbol('s31', positive=True, integer=True)", "Max(1, u0)"])
def test_plain_sizes_are_accepted(text: str, tmp_path: Path) -> None:
    check_exported(exported(tmp_path / "m.pt2", **{"m/models/model.json": json.dumps({"expr_str": text})}))


@pytest.mark.parametrize("data", [b"PK\x03\x04nothing", b"PK"])
def test_a_damaged_archive_is_named(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "m.pt2").write_bytes(data)
    with pytest.raises(ModelError, match="damaged"):
        check_exported(tmp_path / "m.pt2")


@pytest.mark.parametrize("json_text", ["{", "[" * 100_000])
def test_damaged_json_is_named(json_text: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="damaged"):
        check_exported(exported(tmp_path / "m.pt2", **{"m/models/model.json": json_text}))


def test_an_archive_of_another_kind_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not an exported program"):
        check_exported(archive(tmp_path / "m.pt2", {"a": "b"}))


def test_a_missing_package_names_the_extra() -> None:
    assert importlib.util.find_spec("torch") is None, "this suite is for an environment without torch"
    with pytest.raises(MissingExtra, match=r"limen\[torch\]"):
        from_torch(None, ())

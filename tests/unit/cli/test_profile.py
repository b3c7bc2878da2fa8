"""``limen profile``: the contract's JSON, the table, and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from limen.cli.__main__ import main
from limen.targets import TARGETS, CompileOptions
from unit.lab.small import two_convolutions

KEYS = {"device", "compiler", "instructions", "macs", "flash", "ram", "exact", "float", "layers"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An int8 .tflite of two convolutions."""
    path = tmp_path_factory.mktemp("model") / "two.tflite"
    artifact = TARGETS.get("tflite").compile(two_convolutions(), CompileOptions())
    path.write_bytes(artifact.files["model.tflite"])
    return path


def test_the_json_has_the_contract_keys(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", str(model), "--device", "nrf52840", "--inputs", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(found) >= KEYS
    assert found["device"] == "nrf52840"
    assert found["core"] == "cortex-m4"
    assert found["exact"] == {"inputs": 3, "max_lsb": 0}
    assert found["float"] is None
    assert set(found["flash"]) == {"code", "weights"}
    assert set(found["ram"]) == {"arena", "static", "stack", "stack_bound"}
    assert all({"name", "op", "instructions", "macs"} <= set(layer) for layer in found["layers"])


def test_the_table_names_every_layer(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", str(model), "--device", "esp32-c3", "--inputs", "0"]) == 0
    text = capsys.readouterr().out
    assert text.count("Conv2D") == 2
    assert "esp32-c3 (as rv32imc)" in text
    assert "0 LSB" in text


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--device", "cortex-m4", "--inputs", "-1"], 2, "not a count"),
        (["--device", "cortex-m5"], 2, "cortex-m"),
        (["--device", "esp32-s3"], 6, "xtensa-lx7"),
    ],
)
def test_what_cannot_be_profiled_says_why(
    model: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    assert main(["profile", str(model), *arguments]) == code
    assert words in capsys.readouterr().err

"""The first thing a reader tries: both READMEs' blocks do what the text beside them says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import limen

REPOSITORY = Path(__file__).resolve().parents[2]
READMES = ("README.md", "README.zh-CN.md")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEX = re.compile(r"\b[0-9a-f]{64}\b")


def block(readme: str, language: str, having: str) -> str:
    """The only block of a language that contains a text."""
    text = (REPOSITORY / readme).read_text(encoding="utf-8")
    (found,) = [code for kind, code in FENCE.findall(text) if kind == language and having in code]
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(REPOSITORY / "examples" / "digits", tmp_path / "digits"))


def printed(command: list[str], folder: Path) -> str:
    """stdout of a command, with this interpreter's scripts first on the path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("readme", READMES)
def test_ten_lines_of_python_name_the_digit(readme: str, folder: Path) -> None:
    code = block(readme, "python", "get_signature_runner")
    assert len(code.splitlines()) == 10
    label, probability = printed([sys.executable, "-W", "error", "-c", code], folder).split()
    assert label == "three"
    assert 0.9 < float(probability) < 1
    assert f"`{label} {probability}`" in (REPOSITORY / readme).read_text(encoding="utf-8")


def test_the_ten_lines_follow_the_picture(folder: Path) -> None:
    Image.open(folder / "pictures" / "seven-1.png").save(folder / "three.png")
    label, _ = printed([sys.executable, "-c", block("README.md", "python", "get_signature_runner")], folder).split()
    assert label == "seven"


def test_the_ten_lines_load_neither_keras_nor_tensorflow(folder: Path) -> None:
    code = block("README.md", "python", "get_signature_runner")
    code += "\nimport sys\nprint([name for name in ('keras', 'tensorflow', 'torch') if name in sys.modules])"
    assert printed([sys.executable, "-c", code], folder).splitlines()[-1] == "[]"


def test_the_bundle_and_the_line_of_shell_agree(folder: Path) -> None:
    code = "import limen\n" + block("README.md", "python", "session.predict")
    label, probability = printed([sys.executable, "-W", "error", "-c", code], folder).split()
    (folder / "digits.limen").unlink()
    answer = printed(["bash", "-c", block("README.md", "sh", "limen run")], folder)
    assert f"\n{label}  {float(probability):.4f}\n" in answer
    assert label == "three"


def test_both_readmes_show_the_same_session() -> None:
    assert block(READMES[0], "console", "$ limen") == block(READMES[1], "console", "$ limen")


def test_the_session_at_the_top_is_real(folder: Path) -> None:
    printed([sys.executable, "data.py", "."], folder)
    session = block("README.md", "console", "$ limen").splitlines()
    assert len(session) == 6
    for command, shown in zip(session[::2], session[1::2], strict=True):
        said = printed(["bash", "-c", command.removeprefix("$ ")], folder).strip()
        assert re.sub(r"\d\.\d{4}", "N", HEX.sub("H", said)) == re.sub(r"\d\.\d{4}", "N", HEX.sub("H", shown))
        for value, stated in zip(re.findall(r"\d\.\d{4}", said), re.findall(r"\d\.\d{4}", shown), strict=True):
            assert (
                abs(float(value) - float(stated)) <= 0.006
            )  # two of 360 digits: another processor may round otherwise
    with np.load(folder / "test.npz") as data:
        assert len(data["x"]) == 360


def test_a_picture_for_a_bundle_without_steps_is_refused_with_the_way_out(folder: Path) -> None:
    limen.build(folder / "digits.h5", folder / "plain.limen")
    with (
        limen.load(folder / "plain.limen") as session,
        pytest.raises(limen.LimenError, match=r"no steps that read it .*--pre"),
    ):
        session.predict(folder / "three.png")

"""The dispatcher: every outcome of a verb becomes an exit code, one line on stderr, and JSON when asked for."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from limen import errors
from limen.cli import _errors, _extras, _verbs
from limen.cli.__main__ import main
from limen.cli._command import Command
from limen.registry import Registry

REPOSITORY = Path(__file__).resolve().parents[3]
VERBS = _verbs.names()


def test_help_lists_every_verb_with_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    listed = {line.split()[0]: line for line in lines if line.startswith("  ")}
    assert set(VERBS) <= set(listed)
    assert all(len(listed[verb].split(None, 1)[1]) > 10 for verb in VERBS)


def test_no_arguments_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert capsys.readouterr().out.startswith("usage: limen VERB")


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == "limen 0.1.0\n"


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_has_help_with_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: limen {verb}")
    assert "example:\n" in text
    assert f"  limen {verb}" in text.partition("example:\n")[2]
    assert "--json" in text


def test_a_verb_is_named_like_its_module() -> None:
    commands: Registry[Command] = Registry("command", "limen.cli", "COMMAND")
    assert commands.names() == VERBS


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["devcies"], "'devcies' is not a verb of limen (did you mean devices?)"),
        (["--versoin"], "'--versoin' is not a flag of limen (did you mean --version?)"),
        (["devices", "--jsn"], "--jsn is not a flag of limen devices (did you mean --json?)"),
        (["devices", "rpi44"], "device 'rpi44' is not known (did you mean rpi4"),
        (["devices", "rpi4", "rpi5"], "'rpi5' is one argument too many"),
        (["compile", "m.onnx", "--target", "tflit", "-o", "x"], "tflit' is not known (did you mean tflite"),
    ],
)
def test_a_slip_is_named_with_what_was_meant(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.onnx").write_bytes(b"")
    assert main(words) == errors.UsageError.exit_code
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert len(err.splitlines()) == 1
    assert not Path("x").exists()


def test_an_error_is_json_too_when_json_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["devices", "rpi44", "--json"]) == 2
    error = json.loads(capsys.readouterr().out.splitlines()[-1])["error"]
    assert error["exit_code"] == 2
    assert error["kind"] == "UsageError"
    assert error["message"] == "device 'rpi44' is not known"


def test_json_is_the_last_line_of_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["devices", "rpi4", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["device"]["ram"] == 1 << 30


@pytest.mark.parametrize(
    ("problem", "kind", "code"),
    [
        (errors.BudgetError("over"), errors.BudgetError, 5),
        (FileNotFoundError(2, "No such file or directory", "a.onnx"), errors.BadInput, 3),
        (ModuleNotFoundError("no onnx", name="onnx.helper"), errors.MissingExtra, 8),
        (ModuleNotFoundError("no such", name="nothing_of_ours"), errors.InternalError, 70),
        (ZeroDivisionError("x"), errors.InternalError, 70),
    ],
)
def test_an_exception_becomes_the_error_a_person_can_act_on(
    problem: Exception, kind: type[errors.LimenError], code: int
) -> None:
    error = _errors.as_limen_error(problem)
    assert type(error) is kind
    assert error.exit_code == code


def test_a_reader_that_leaves_early_makes_no_noise() -> None:
    command = f"{sys.executable} -m limen devices | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("name")
    assert done.stderr == ""


def test_a_defect_shows_its_traceback_only_when_asked() -> None:
    lines = (
        "from limen.cli import __main__ as m",
        "m._verbs.find = lambda verb: 1 / 0",
        "raise SystemExit(m.main(['x']))",
    )
    breaks = "\n".join(lines)
    quiet = subprocess.run([sys.executable, "-c", breaks], capture_output=True, text=True, check=False)
    assert quiet.returncode == 70
    assert "Traceback" not in quiet.stderr
    assert "LIMEN_TRACEBACK=1" in quiet.stderr
    loud = subprocess.run(
        [sys.executable, "-c", breaks],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LIMEN_TRACEBACK": "1"},
    )
    assert "Traceback" in loud.stderr


def test_extras_are_those_of_the_package() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]

    def named(requirements: list[str]) -> set[str]:
        plain = {requirement.partition(">")[0].partition("=")[0] for requirement in requirements}
        return {name for name in plain if not name.startswith("limen[")}

    extras = project["optional-dependencies"]
    assert named(project["dependencies"]) == set(_extras.BASE.values())
    for extra, modules in _extras.EXTRAS.items():
        assert named(extras[extra]) == set(modules.values()), extra


def test_verbs_import_the_build_half_only_inside_functions() -> None:
    for verb in VERBS:
        tree = ast.parse((REPOSITORY / "src/limen/cli" / f"{verb}.py").read_text())
        names = [node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)]
        assert not [name for name in names if name.split(".")[:2] in (["limen", "build"], ["limen", "model"])], verb

"""Budget searches by command: refused with the nearest miss, killed and resumed, judged by the user's own metric."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from limen.cli.__main__ import main

INPUTS, HIDDEN, CLASSES, SAMPLES = 16, 48, 4, 400
QUICK = ("--engines", "litert", "--passes", "int8,float16")


def dense_net(path: Path) -> None:
    """Two dense layers for [batch, INPUTS]."""
    rng = np.random.default_rng(3)
    arrays = {
        "w1": rng.normal(0, 0.4, (INPUTS, HIDDEN)), "b1": rng.normal(0, 0.1, HIDDEN),
        "w2": rng.normal(0, 0.4, (HIDDEN, CLASSES)), "b2": rng.normal(0, 0.1, CLASSES),
    }  # fmt: skip
    nodes = [
        helper.make_node("Gemm", ["x", "w1", "b1"], ["h"]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Gemm", ["r", "w2", "b2"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "dense",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", INPUTS])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", CLASSES])],
        [numpy_helper.from_array(v.astype(np.float32), k) for k, v in arrays.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, and samples labelled by its own answers and by its own values."""
    import onnxruntime

    home = tmp_path_factory.mktemp("optimize")
    dense_net(home / "net.onnx")
    x = np.random.default_rng(1).normal(0, 1, (SAMPLES, INPUTS)).astype(np.float32)
    values = onnxruntime.InferenceSession(home / "net.onnx", providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    np.savez(home / "classes.npz", x=x, y=values.argmax(1))
    np.savez(home / "values.npz", x=x, y=values)
    return home


def ask(capsys: pytest.CaptureFixture[str], code: int, *words: object) -> dict[str, Any]:
    capsys.readouterr()
    assert main([*map(str, words), "--json"]) == code, capsys.readouterr().err
    answer: dict[str, Any] = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    return answer


def search(folder: Path, name: str = "o.limen", data: str = "classes.npz") -> tuple[object, ...]:
    return ("optimize", folder / "net.onnx", "--data", folder / data, "-o", folder / name, "--unsigned")


def test_the_nearest_miss_needs_least_more_than_the_limit_and_is_judged(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    limit = 1000
    answer = ask(capsys, 5, *search(folder), *QUICK, "--max-flash", limit, "--max-drop", "50pt")
    made = [r for r in answer["tried"] if r["flash_bytes"]]
    nearest = answer["nearest_miss"]
    assert nearest["flash_bytes"] == min(r["flash_bytes"] for r in made) < max(r["flash_bytes"] for r in made)
    assert {m["limit"] for m in nearest["missed"]} <= {"max_flash", "slower_than_float"}
    assert nearest["drop"] is not None
    assert not (folder / "o.limen").exists()


@pytest.mark.parametrize("metric", ["agreement", "accuracy", "f1"])
def test_metrics_of_classes(folder: Path, capsys: pytest.CaptureFixture[str], metric: str) -> None:
    words = search(folder, f"{metric}.limen")
    answer = ask(capsys, 0, *words, *QUICK, "--metric", metric, "--objective", "size", "--max-drop", "10pt")
    assert answer["metric"]["float"] == 1.0
    assert answer["metric"]["ci95"][1] <= 10


def test_a_function_is_a_metric(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "own_metric.py").write_text(
        "import numpy as np\n\ndef worst(labels, outputs):\n    return float(np.abs(labels - outputs).max())\n\n"
        "worst.lower_is_better = True\n"
    )
    monkeypatch.chdir(folder)
    words = search(folder, "own.limen", "values.npz")
    answer = ask(capsys, 0, *words, *QUICK, "--metric", "own_metric:worst", "--max-drop", "20pt")
    assert answer["metric"]["metric"] == "own_metric:worst"
    assert answer["metric"]["ci95"][1] <= 20


BOARD = ("--device", "cortex-m4", "--passes", "int8", "--max-drop", "20pt")


def started(folder: Path, name: str, journal: str) -> subprocess.Popen[bytes]:
    words = [*search(folder, name), *BOARD, "--journal", folder / journal]
    command = [sys.executable, "-m", "limen", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


@pytest.fixture(scope="module")
def whole(folder: Path) -> bytes:
    """The bundle of a search in one process that nothing interrupts."""
    assert main([*map(str, (*search(folder, "whole.limen"), *BOARD)), "--json"]) == 0
    return (folder / "whole.limen").read_bytes()


class _Cluster(ModuleType):
    """Ray's interface, answering from this process: what travels is pickled, and the last that was asked is first."""

    def __init__(self) -> None:
        super().__init__("ray")
        self.asked: list[str] = []

    def init(self, **_: object) -> None:
        pass

    def remote(self, function: Callable[..., Any]) -> Any:
        def submit(task: Any, recipe: str) -> bytes:
            self.asked.append(recipe)
            return pickle.dumps((function, task, recipe))

        return SimpleNamespace(remote=submit)

    def wait(self, ready: list[bytes], num_returns: int) -> tuple[list[bytes], list[bytes]]:
        return ready[-num_returns:], ready[:-num_returns]

    def get(self, ticket: bytes) -> Any:
        function, *given = pickle.loads(ticket)
        return pickle.loads(pickle.dumps(function(*given)))


@pytest.mark.parametrize("where", [("--jobs", "2"), ("--on", "ray")])
def test_candidates_made_elsewhere_are_the_same(
    folder: Path, whole: bytes, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, where: tuple[str]
) -> None:
    cluster = _Cluster()
    monkeypatch.setitem(sys.modules, "ray", cluster)
    name = f"{where[0].strip('-')}.limen"
    ask(capsys, 0, *search(folder, name), *BOARD, *where)
    assert (folder / name).read_bytes() == whole
    assert len(cluster.asked) == (2 if "ray" in where else 0)


def test_a_search_that_is_killed_goes_on_and_ends_with_the_same_bytes(folder: Path, whole: bytes) -> None:
    journal = folder / "killed.journal"
    for findings, later in ((2, 0.05), (3, 0.0)):
        run = started(folder, "killed.limen", journal.name)
        while run.poll() is None and (not journal.exists() or journal.read_bytes().count(b"\n") < findings):
            time.sleep(0.01)
        time.sleep(later)
        run.kill()
        run.communicate()
    run = started(folder, "killed.limen", journal.name)
    _, told = run.communicate()
    assert run.returncode == 0, told.decode()
    assert (folder / "killed.limen").read_bytes() == whole

"""Whole journeys through the command line: a trained model becomes a bundle, runs on every engine, and is refused when
it was touched."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from limen.cli.__main__ import main

CLASSES = 4


def _weights(rng: np.random.Generator, *shape: int) -> np.ndarray:
    fan_in = int(np.prod(shape[1:]))
    return rng.normal(0, np.sqrt(2 / fan_in), shape).astype(np.float32)


def small_net(path: Path) -> Path:
    """A classifier for [1, 3, 16, 16] in ONNX's own layout: conv, depthwise, residual add, dense."""
    rng = np.random.default_rng(5)
    arrays = {
        "w1": _weights(rng, 8, 3, 3, 3), "b1": rng.normal(0, 0.1, 8).astype(np.float32),
        "w2": _weights(rng, 8, 1, 3, 3), "w3": _weights(rng, 8, 8, 1, 1),
        "w4": _weights(rng, CLASSES, 8 * 64).T.copy(), "b4": np.zeros(CLASSES, np.float32),
        "low": np.float32(0), "high": np.float32(6),
    }  # fmt: skip
    nodes = [
        helper.make_node("Conv", ["image", "w1", "b1"], ["c1"], pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Clip", ["c1", "low", "high"], ["r1"]),
        helper.make_node("Conv", ["r1", "w2"], ["c2"], pads=[1, 1, 1, 1], group=8),
        helper.make_node("Relu", ["c2"], ["r2"]),
        helper.make_node("Conv", ["r2", "w3"], ["c3"]),
        helper.make_node("Add", ["c3", "r1"], ["sum"]),
        helper.make_node("Flatten", ["sum"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w4", "b4"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, 16, 16])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", CLASSES])],
        [numpy_helper.from_array(np.asarray(v), k) for k, v in arrays.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, calibration and labelled data, and the bundle built from them."""
    import onnxruntime

    home = tmp_path_factory.mktemp("journey")
    small_net(home / "small.onnx")
    rng = np.random.default_rng(1)
    x = rng.random((96, 3, 16, 16), np.float32)
    session = onnxruntime.InferenceSession(home / "small.onnx", providers=["CPUExecutionProvider"])
    logits = session.run(None, {"image": x})[0]
    np.savez(home / "data.npz", x=x, y=logits.argmax(1))
    np.savez(home / "logits.npz", logits=logits)
    assert main(["build", str(home / "small.onnx"), "--data", str(home / "data.npz"), "-o", str(home / "m.limen")]) == 0
    return home


def ask(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    """Run a command with --json and return its object; it must succeed."""
    capsys.readouterr()
    assert main([*map(str, words), "--json"]) == 0, capsys.readouterr().err
    answer: dict[str, Any] = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    return answer


def test_every_engine_is_close_to_the_float_model(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = np.load(folder / "logits.npz")["logits"]
    for engine in ("litert", "ort", "reference", "native"):
        out = folder / f"{engine}.npz"
        answer = ask(
            capsys, "run", folder / "m.limen", "--input", folder / "data.npz", "--output", out, "--engine", engine
        )
        assert answer["engine"] == engine
        assert answer["n"] == 96
        got = np.load(out)["logits"]
        noise = np.square(got - wanted).sum() / np.square(wanted).sum()
        assert -10 * np.log10(noise) > 30, engine


def test_litert_with_its_reference_kernels_gives_the_interpreters_codes(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = []
    for name, flags in (("reference", ["--engine", "reference"]), ("exact", ["--engine", "litert", "--exact"])):
        ask(
            capsys,
            "run",
            folder / "m.limen",
            "--input",
            folder / "data.npz",
            "--output",
            folder / f"{name}.npz",
            *flags,
        )
        results.append(np.load(folder / f"{name}.npz")["logits"])
    np.testing.assert_array_equal(results[0], results[1])


def test_verify_replays_every_engine(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = ask(capsys, "verify", folder / "m.limen")
    assert answer["golden"]["checked"] > 0
    assert {e["engine"] for e in answer["golden"]["engines"]} == {"litert", "ort", "reference", "native"}


def test_inspect_says_what_is_inside(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = folder / "page.html"
    answer = ask(capsys, "inspect", folder / "m.limen", "--html", page)
    assert answer["kind"] == "bundle"
    assert {"Conv2D", "DepthwiseConv2D", "FullyConnected"} <= {op["op"] for op in answer["ops"]}
    assert "Transpose" not in {op["op"] for op in answer["ops"]}
    assert answer["inputs"][0]["permutation"] == [0, 2, 3, 1]
    assert answer["macs"] == 8 * 8 * 8 * 27 + 8 * 8 * 8 * 9 + 8 * 8 * 64 + 512 * CLASSES
    text = page.read_text()
    assert text.startswith("<!doctype html>")
    assert "http://www.w3.org/2000/svg" in text
    assert "src=" not in text


def test_evaluate_and_compare_agree_on_a_good_quantisation(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = ask(capsys, "evaluate", folder / "m.limen", "--data", folder / "data.npz", "--metric", "accuracy")
    assert answer["value"] >= 0.95
    found = ask(capsys, "compare", folder / "small.onnx", folder / "m.limen", "--data", folder / "data.npz")
    assert found["sqnr_db"] > 30
    assert found["agreement"] >= 0.95
    assert len(found["layers"]) >= 4
    assert all(layer["sqnr_db"] > 20 for layer in found["layers"])


def test_bench_measures_percentiles_in_order(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = ask(capsys, "bench", folder / "m.limen", "--engine", "litert", "--seconds", "0.05")
    assert 0 < answer["p50_us"] <= answer["p90_us"] <= answer["p99_us"]
    assert answer["n"] >= 20


def test_check_names_what_blocks_a_device(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = ask(capsys, "check", folder / "small.onnx", "--device", "rpi4")
    verdicts = {v["target"]: v["ok"] for v in answer["runs_on"]}
    assert verdicts["tflite"]
    assert verdicts["onnx"]
    assert answer["ram_lower_bound"] > 0


@pytest.mark.parametrize("recipe", ["none", "float16", "dynamic", "int8", "int16x8"])
@pytest.mark.parametrize("target", ["tflite", "onnx"])
def test_every_recipe_compiles_to_every_target(
    folder: Path, capsys: pytest.CaptureFixture[str], recipe: str, target: str
) -> None:
    out = folder / f"{recipe}-{target}"
    answer = ask(
        capsys, "compile", folder / "small.onnx", "--target", target, "--data", folder / "data.npz",
        "--quantize", recipe, "-o", out,
    )  # fmt: skip
    assert (out / f"model.{target}").stat().st_size == answer["flash"]
    assert answer["permutation"]["image"] == ([0, 2, 3, 1] if target == "tflite" else None)


def test_the_layout_is_kept_on_request(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = ask(
        capsys, "compile", folder / "small.onnx", "--target", "tflite", "--keep-layout", "-o", folder / "kept"
    )  # fmt: skip
    assert answer["permutation"] == {"image": None, "logits": None}


def test_the_same_input_gives_the_same_core(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    digests = {
        ask(capsys, "build", folder / "small.onnx", "--data", folder / "data.npz", "-o", folder / f"{i}.limen")[
            "core_digest"
        ]
        for i in range(2)
    }
    assert len(digests) == 1


def test_a_touched_bundle_is_refused_and_nothing_is_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = bytearray((folder / "m.limen").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "bad.limen").write_bytes(data)
    out = folder / "never.npz"
    code = main(["run", str(folder / "bad.limen"), "--input", str(folder / "data.npz"), "--output", str(out)])
    assert code in (3, 7)
    assert not out.exists()
    assert "traceback" not in capsys.readouterr().err.lower()


@pytest.mark.parametrize(
    "words",
    [
        ["run", "m.limen", "--input", "data.npz", "--engine", "litert"],
        ["verify", "m.limen", "--engine", "litert"],
        ["inspect", "m.limen"],
        ["bench", "m.limen", "--engine", "litert", "--seconds", "0.02"],
        ["evaluate", "m.limen", "--data", "data.npz", "--engine", "litert"],
    ],
    ids=lambda words: words[0],
)
def test_a_device_needs_none_of_the_build_half(folder: Path, words: list[str]) -> None:
    absent = ("onnx", "onnx_ir", "onnxruntime", "cryptography", "h5py", "sklearn", "PIL", "torch", "keras")
    code = f"import sys; sys.modules.update(dict.fromkeys({absent}))\n"
    code += f"from limen.cli.__main__ import main; sys.exit(main({words}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_dry_run_writes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask(capsys, "build", folder / "small.onnx", "-o", folder / "dry.limen", "--dry-run")
    assert not list(folder.glob("dry*"))


def test_a_bundle_holds_the_engines_asked_for(folder: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["build", folder / "small.onnx", "--data", folder / "data.npz", "-o", tmp_path / "x.limen"]
    built = ask(capsys, *words, "--engines", "litert", "--unsigned")
    assert [a["kind"] for a in built["artifacts"]] == ["tflite", "program"]
    (tmp_path / "x.limen").unlink()
    assert main([*map(str, words), "--report", "page.html"]) == 2
    assert "--report belongs to the search" in capsys.readouterr().err
    assert not (tmp_path / "x.limen").exists()

"""Bad input gives a clear error or an import that passes check(): no traceback, no crash, no hang, no partial output.

500 seeded cases: damaged model files of every format, damaged bundles, wrong data, wrong flags. They run in worker
processes with an address-space limit, so that a crash or a runaway allocation is seen as one.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.stories.test_journeys import small_net

CASES = 500
BATCH = 50
SECONDS = 10.0
ADDRESS_SPACE = 12 << 30
KNOWN_CODES = {0, 2, 3, 4, 5, 6, 7, 8}

WORKER = """
import contextlib, io, json, sys, time, traceback
from limen.cli.__main__ import main
for line in sys.stdin:
    words = json.loads(line)
    out, err = io.StringIO(), io.StringIO()
    start = time.process_time()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(words)
        except BaseException as problem:
            code = f"escaped: {problem!r}"
    print(json.dumps([code, err.getvalue(), time.process_time() - start]), file=sys.__stdout__, flush=True)
"""


def damage(data: bytes, rng: np.random.Generator) -> bytes:
    """Cut, flip, overwrite or splice bytes."""
    kind = rng.integers(5)
    raw = bytearray(data)
    if kind == 0:
        return bytes(raw[: rng.integers(len(raw))])
    if kind == 1:
        for place in rng.integers(0, len(raw), rng.integers(1, 9)):
            raw[place] ^= 1 << int(rng.integers(8))
        return bytes(raw)
    if kind == 2:
        start = int(rng.integers(len(raw)))
        raw[start : start + 16] = rng.integers(0, 256, 16, np.uint8).tobytes()
        return bytes(raw)
    if kind == 3:
        head = int(rng.integers(min(len(raw), 512)))
        raw[head : head + 4] = rng.choice([b"\\xff\\xff\\xff\\x7f", b"\\x00\\x00\\x00\\x80", b"\\xff\\xff\\xff\\xff"])
        return bytes(raw)
    a, b = sorted(int(v) for v in rng.integers(0, len(raw), 2))
    return bytes(raw[:a] + raw[b:])


def _seeds(folder: Path, shared: Path) -> list[Path]:
    """One good file per format."""
    models = shared / "models" / "mlperf-tiny"
    return [
        folder / "small.onnx",
        models / "kws_dscnn_int8.tflite",
        models / "ad01_int8.tflite",
        models / "ic_resnet8_float.tflite",
        shared / "data" / "smarthome" / "okay_nabu.tflite",
        models / "ic_resnet8.h5",
        shared / "data" / "security" / "version-RFB-320.onnx",
    ]


def _file_cases(folder: Path, shared: Path, rng: np.random.Generator) -> Iterator[list[str]]:
    seeds = _seeds(folder, shared)
    for index in range(320):
        seed = seeds[index % len(seeds)]
        path = folder / f"damaged{index}{seed.suffix}"
        path.write_bytes(damage(seed.read_bytes(), rng))
        yield ["compile", str(path), "--target", "tflite", "-o", str(folder / f"out{index}")]
    bundle = (folder / "m.limen").read_bytes()
    for index in range(80):
        path = folder / f"damaged{index}.limen"
        path.write_bytes(damage(bundle, rng))
        yield ["run", str(path), "--input", str(folder / "data.npz"), "--output", str(folder / f"out-b{index}")]


def _data_cases(folder: Path, rng: np.random.Generator) -> Iterator[list[str]]:
    good = (folder / "data.npz").read_bytes()
    arrays = {
        "rank": {"x": np.zeros((4, 3, 16), np.float32)},
        "shape": {"x": np.zeros((4, 3, 15, 16), np.float32)},
        "text": {"x": np.asarray(["a", "b"])},
        "empty": {"x": np.zeros((0, 3, 16, 16), np.float32)},
        "nan": {"x": np.full((4, 3, 16, 16), np.nan, np.float32)},
        "name": {"picture": np.zeros((4, 3, 16, 16), np.float32)},
        "labels": {"x": np.zeros((4, 3, 16, 16), np.float32), "y": np.zeros(3)},
        "complex": {"x": np.zeros((4, 3, 16, 16), np.complex64)},
        "object": {"x": np.asarray([None], object)},
        "scalar": {"x": np.float32(1)},
    }
    for name, content in arrays.items():
        np.savez(folder / f"bad-{name}.npz", **content)  # type: ignore[arg-type]
    names = [f"bad-{name}.npz" for name in arrays]
    for index in range(50):
        if index < 2 * len(names):
            path = folder / names[index % len(names)]
        else:
            path = folder / f"damaged{index}.npz"
            path.write_bytes(damage(good, rng))
        model, bundle = str(folder / "small.onnx"), str(folder / "m.limen")
        if index % 2:
            yield ["compile", model, "--target", "tflite", "--data", str(path), "--quantize", "int8",
                   "-o", str(folder / f"out-d{index}")]  # fmt: skip
        else:
            yield ["run", bundle, "--input", str(path), "--output", str(folder / f"out-d{index}")]


def _flag_cases(folder: Path) -> Iterator[list[str]]:
    model, bundle, data = (str(folder / name) for name in ("small.onnx", "m.limen", "data.npz"))
    out = "OUT"
    cases: tuple[list[str], ...] = (
        [], ["bild", model], ["build"], ["build", model], ["build", "nothing.onnx", "-o", out],
        ["build", model, "-o", out, "--device", "rpi44"], ["build", model, "-o", out, "--recipe", "int7"],
        ["build", model, "-o", out, "--recipe", "int8"], ["build", model, "-o", out, "--metric", "acc"],
        ["build", model, "-o", out, "--data", "missing.npz"], ["build", model, "-o", out, "--key", data],
        ["build", model, "-o", out, "--pre", "resize:0x0"], ["build", model, "-o", out, "--pre", "resze:8x8"],
        ["build", model, "-o", out, "--labels", "missing.txt"], ["build", model, "-o", out, "--dim", "batch"],
        ["build", model, "-o", out, "--dim", "batch=0"], ["build", model, "-o", out, "--state", "a=b"],
        ["build", model, "-o", "/nonexistent/folder/out.limen"], ["build", bundle, "-o", out],
        ["compile", model, "--target", "tflight", "-o", out], ["compile", model, "--target", "c", "-o", out],
        ["compile", model, "--target", "tflite", "-o", out, "--ram", "10k"],
        ["compile", model, "--target", "tflite", "-o", out, "--ram", "10 bananas"],
        ["compile", model, "--target", "tflite", "-o", out, "--flash", "1"],
        ["compile", model, "--target", "tflite", "-o", data], ["compile", str(folder), "--target", "tflite", "-o", out],
        ["compile", model, "--target", "tflite", "-o", out, "--set", "image=x"],
        ["compile", model, "--target", "tflite", "-o", out, "--set", "imgae=1"],
        ["compile", model, "--target", "tflite", "-o", out, "--quantise", "int8"],
        ["run", bundle], ["run", bundle, "--input", "missing.npz"], ["run", bundle, "--input", data, "--engine", "tpu"],
        ["run", bundle, "--input", data, "--threads", "0"], ["run", bundle, "--input", data, "--threads", "x"],
        ["run", model, "--input", data], ["run", bundle, "--input", data, "--key", "missing.pub"],
        ["verify", model], ["verify", data], ["verify", "missing.limen"], ["inspect", data], ["inspect", "missing"],
        ["evaluate", bundle, "--data", data, "--metric", "nothing:here"], ["evaluate", bundle],
        ["compare", bundle, model], ["compare", bundle, data, "--data", data], ["bench", bundle, "--on", "ssh://x"],
        ["bench", bundle, "--seconds", "-1"], ["check", model, "--device", "nope"], ["devices", "nope"], ["--nope"],
    )  # fmt: skip
    for index, words in enumerate(cases):
        yield [str(folder / f"out-f{index}") if word == out else word for word in words]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("bad")
    small_net(home / "small.onnx")
    x = np.random.default_rng(2).random((8, 3, 16, 16), np.float32)
    np.savez(home / "data.npz", x=x, y=np.zeros(8, np.int64))
    from limen.cli.__main__ import main

    assert main(["build", str(home / "small.onnx"), "--data", str(home / "data.npz"), "-o", str(home / "m.limen")]) == 0
    return home


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    os.nice(5)


def _run(cases: list[list[str]]) -> list[tuple[object, str, float]]:
    """Results of one worker; it may not die."""
    text = "".join(json.dumps(words) + "\n" for words in cases)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WORKER], input=text, capture_output=True, text=True,
        timeout=SECONDS * len(cases), preexec_fn=_limit, check=False,
    )  # fmt: skip
    results = [tuple(json.loads(line)) for line in done.stdout.splitlines() if line.startswith("[")]
    assert done.returncode == 0, (
        f"the worker ended with {done.returncode} on {cases[len(results)]}: {done.stderr[-500:]}"
    )
    return results  # type: ignore[return-value]


def test_500_bad_inputs_end_in_a_clear_error(folder: Path, shared: Path) -> None:
    rng = np.random.default_rng(2026)
    cases = [*_file_cases(folder, shared, rng), *_data_cases(folder, rng), *_flag_cases(folder)]
    assert len(cases) == CASES
    refused = 0
    for start in range(0, CASES, BATCH):
        batch = cases[start : start + BATCH]
        for words, (code, err, seconds) in zip(batch, _run(batch), strict=True):
            assert code in KNOWN_CODES, (words, code, err)
            assert "Traceback" not in err, (words, err)
            assert seconds < SECONDS, (words, seconds)
            if code:
                refused += 1
                assert err.strip().splitlines()[-1].startswith("limen"), (words, err)
                _nothing_left(words)
    assert refused >= CASES // 2
    assert not list(folder.rglob("*.tmp"))


def _nothing_left(words: list[str]) -> None:
    """A refused command leaves no output behind."""
    for flag in ("-o", "--output"):
        if flag in words and words.index(flag) + 1 < len(words):
            target = Path(words[words.index(flag) + 1])
            if target.name.startswith("out"):
                assert not target.exists() or not any(target.iterdir()), words

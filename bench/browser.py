"""Compiled models in headless Chromium beside onnxruntime-web and LiteRT.js: time, download, start, agreement.

    python bench/browser.py [--models kws ic vww ad mobilenet_v2] [--seconds 3] [--npm FOLDER] [--json]

Each contender first has a browser of its own, which has seen nothing yet: ``start`` is from the request of its first
file, from this machine, to its first answer. Then one page runs all of them in turns on the same inputs, on one thread,
with float values in and out: ``ms`` is the median of one run. ``download`` is what the page fetches: run-time library,
its WebAssembly, and the model. Outputs are compared with the integer interpreter: the largest difference in codes, and
how often the best class is the same. The peers' packages are fetched from npm into a folder of their own (``--npm``
keeps it). ``ort float`` is ONNX Runtime on the float model that the int8 one was made from, where there is one; its
outputs are judged by the best class only.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from limen.importers import import_file
from limen.lower.raising import raise_program
from limen.ops.dequantize import Dequantize
from limen.ops.quantize import Quantize
from limen.program import Array, Node, Port, Program, Tensor, run
from limen.targets import TARGETS, CompileOptions
from stories._browser import find_chromium, open_page

SHARED = Path(os.environ.get("LIMEN_SHARED", Path(__file__).resolve().parent.parent.parent / "shared"))
TINY = SHARED / "models" / "mlperf-tiny"
MODELS = {
    "kws": ("kws_dscnn_int8", ""),
    "ic": ("ic_resnet8_int8", "ic_resnet8_float"),
    "vww": ("vww_int8", "vww_float"),
    "ad": ("ad01_int8", "ad01_fp32"),
}
NPM = {
    "onnxruntime-web": "1.30.0",
    "@litertjs/core": "2.5.3",
    "@litertjs/wasm-utils": "2.5.3",
}
ORT = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
INPUTS = 8

PAGE = """\
<!doctype html>
<meta charset="utf-8">
<script type="importmap">{"imports": {"@litertjs/wasm-utils": "./npm/@litertjs/wasm-utils/dist/index.js"}}</script>
<body>
<script type="module" src="bench.js"></script>
</body>
"""


@dataclass(frozen=True)
class Row:
    """One contender on one model.

    Args:
        ms: median over rounds of the time of one run.
        download, gzipped: bytes.
        start_ms: from the first request to the first answer.
        max_lsb: largest difference from the interpreter in output codes; None for another model.
        same_class: share of inputs with the interpreter's best class.
    """

    model: str
    contender: str
    ms: float
    download: int
    gzipped: int
    start_ms: float
    max_lsb: int | None
    same_class: float
    note: str = ""


def npm_packages(folder: Path) -> None:
    """Fetch what is not in the folder yet: FOLDER/NAME/... of each package."""
    for name, version in NPM.items():
        if (folder / name / "package.json").exists():
            continue
        with tempfile.TemporaryDirectory() as made:
            command = ["npm", "pack", f"{name}@{version}", "--silent"]
            done = subprocess.run(command, cwd=made, capture_output=True, text=True, check=True)
            (folder / name).mkdir(parents=True, exist_ok=True)
            with tarfile.open(Path(made, done.stdout.strip().splitlines()[-1])) as archive:
                for member in archive.getmembers():
                    member.name = member.name.partition("/")[2]
                    if member.isfile() and not member.name.endswith(".map"):
                        archive.extract(member, folder / name, filter="data")


def float_border(program: Program) -> Program:
    """The same Program with real values in and out, as float32."""
    nodes, tensors = [], dict(program.tensors)
    inputs, outputs = [], []
    for port in program.inputs:
        tensor = program.tensors[port.tensor]
        tensors[f"{port.tensor}_real"] = Tensor(f"{port.tensor}_real", tensor.shape, "float32")
        nodes.append(Node(Quantize(dtype=tensor.dtype), (f"{port.tensor}_real",), (port.tensor,), "to codes"))
        inputs.append(replace(port, tensor=f"{port.tensor}_real", dtype="float32"))
    last = []
    for port in program.outputs:
        tensor = program.tensors[port.tensor]
        tensors[f"{port.tensor}_real"] = Tensor(f"{port.tensor}_real", tensor.shape, "float32")
        last.append(Node(Dequantize(), (port.tensor,), (f"{port.tensor}_real",), "to reals"))
        outputs.append(Port(port.name, f"{port.tensor}_real", port.permutation, "float32"))
    return Program(program.name, tensors, (*nodes, *program.nodes, *last), tuple(inputs), tuple(outputs)).check()


def program_of(path: Path) -> Program:
    """A .tflite, its ports laid out as its tensors are."""
    made = import_file(path)
    assert isinstance(made, Program)
    plain = {side: tuple(replace(p, permutation=None) for p in getattr(made, side)) for side in ("inputs", "outputs")}
    return replace(made, **plain)


def mobilenet_v2(folder: Path) -> Program:
    """MobileNetV2 224 in int8, of random weights: bench/conversion.py's, quantised by limen."""
    import onnx
    from conversion import Net

    from limen.cli.__main__ import main as limen

    onnx.save(Net().model(), folder / "mobilenet_v2.onnx")
    x = np.random.default_rng(1).random((16, 3, 224, 224), np.float32)
    np.savez(folder / "pictures.npz", x=x)
    words = ["compile", str(folder / "mobilenet_v2.onnx"), "--target", "tflite", "--quantize", "int8"]
    limen([*words, "--data", str(folder / "pictures.npz"), "-o", str(folder / "v2")])
    return program_of(folder / "v2" / "model.tflite")


def real_inputs(program: Program) -> list[Array]:
    """Values of random codes of the only input."""
    (tensor,) = program.input_tensors()
    rng = np.random.default_rng(0)
    low, high = np.iinfo(tensor.dtype).min, int(np.iinfo(tensor.dtype).max) + 1
    codes = rng.integers(low, high, (INPUTS, *tensor.shape))
    return list(((codes - tensor.zero_point) * np.float32(tensor.scale)).astype(np.float32))


def expected(program: Program, values: list[Array]) -> list[Array]:
    """What the interpreter makes of the values, in codes."""
    (tensor,), found = program.input_tensors(), []
    for value in values:
        codes = np.rint(value / np.float32(tensor.scale)).astype(np.int64) + tensor.zero_point
        found.append(next(iter(run(program, {tensor.name: codes.astype(tensor.dtype)}).values())))
    return found


def place_files(folder: Path, program: Program, float_model: Path | None) -> list[dict[str, Any]]:
    """Write everything that the page fetches for one model; what it has to know of each contender."""
    values = np.stack(real_inputs(program))
    (folder / "inputs.bin").write_bytes(np.ascontiguousarray(values).tobytes())
    wasm = TARGETS.get("wasm").compile(program, CompileOptions(name="model"))
    for name, content in wasm.files.items():
        (folder / name).write_bytes(content)
    onnx_files = {"quantised.onnx": raise_program(float_border(program))}
    if float_model is not None:
        onnx_files["float.onnx"] = raise_program(program_of(float_model))
    for name, model in onnx_files.items():
        made = TARGETS.get("onnx").compile(model, CompileOptions())
        (folder / name).write_bytes(next(iter(made.files.values())))
    tflite = TARGETS.get("tflite").compile(float_border(program), CompileOptions())
    (folder / "model.tflite").write_bytes(next(iter(tflite.files.values())))
    ort = [f"npm/onnxruntime-web/dist/{name}" for name in ORT]
    litert = ["npm/@litertjs/core/dist/index.js", "npm/@litertjs/wasm-utils/dist/index.js",
              "npm/@litertjs/core/wasm/litert_wasm_internal.js",
              "npm/@litertjs/core/wasm/litert_wasm_internal.wasm"]  # fmt: skip
    found: list[dict[str, Any]] = [
        {"name": "limen", "kind": "limen", "files": ["model.js", "model.wasm"]},
        {"name": "ort int8", "kind": "ort", "model": "quantised.onnx", "files": [*ort, "quantised.onnx"]},
        {"name": "litert", "kind": "litert", "model": "model.tflite", "files": [*litert, "model.tflite"]},
    ]
    if float_model is not None:
        found.insert(2, {"name": "ort float", "kind": "ort", "model": "float.onnx", "files": [*ort, "float.onnx"]})
    return found


def sizes(folder: Path, files: list[str]) -> tuple[int, int]:
    """Bytes of the files, and gzipped."""
    contents = [(folder / name).read_bytes() for name in files]
    return sum(map(len, contents)), sum(len(gzip.compress(c, 6)) for c in contents)


def measure(name: str, program: Program, float_model: Path | None, npm: Path, seconds: float) -> list[Row]:
    """Open the page; one row per contender."""
    with tempfile.TemporaryDirectory(prefix="limen-page-") as made:
        folder = Path(made, "page")
        folder.mkdir()
        (folder / "npm").symlink_to(npm)
        contenders = place_files(folder, program, float_model)
        (folder / "index.html").write_text(PAGE)
        (folder / "bench.js").write_bytes(Path(__file__).with_name("browser.js").read_bytes())
        found = [_ask(folder, program, [c], 0.0, Path(made, f"start{i}"))[0] for i, c in enumerate(contenders)]
        together = _ask(folder, program, contenders, seconds, Path(made, "together"))
        answers = [t | {"start": f.get("start")} if "ms" in t else t for f, t in zip(found, together, strict=True)]
        wanted = expected(program, real_inputs(program))
        return [row(name, program, folder, c, a, wanted) for c, a in zip(contenders, answers, strict=True)]


def _ask(
    folder: Path, program: Program, contenders: list[dict[str, Any]], seconds: float, profile: Path
) -> list[dict[str, Any]]:
    """What a new browser answers about contenders."""
    (tensor,) = program.input_tensors()
    ask = {"contenders": contenders, "seconds": seconds, "inputs": INPUTS, "shape": tensor.shape}
    (folder / "ask.json").write_text(json.dumps(ask))
    answer = open_page(folder, "index.html", profile.with_suffix(".png"), profile, 120 + 10 * seconds)
    if not isinstance(answer, list):
        raise SystemExit(f"{program.name}: the page says {answer}")
    return answer


def row(
    model: str, program: Program, folder: Path, contender: Mapping[str, Any], answer: Mapping[str, Any], wanted: Any
) -> Row:
    download, gzipped = sizes(folder, contender["files"])
    if "error" in answer:
        return Row(model, contender["name"], 0.0, download, gzipped, 0.0, None, 0.0, str(answer["error"])[:200])
    tensor = program.tensors[program.outputs[0].tensor]
    found = [np.asarray(v, np.float32).reshape(tensor.shape) for v in answer["outputs"]]
    lsb: int | None = None
    if contender["name"] != "ort float":
        codes = [np.rint(v / np.float32(tensor.scale)).astype(np.int64) + tensor.zero_point for v in found]
        lsb = int(max(np.abs(c - w.astype(np.int64)).max() for c, w in zip(codes, wanted, strict=True)))
    same = float(np.mean([f.argmax() == w.argmax() for f, w in zip(found, wanted, strict=True)]))
    return Row(model, contender["name"], answer["ms"], download, gzipped, answer["start"], lsb, same)


def line(r: Row) -> str:
    if r.note:
        return f"{r.model:<13}{r.contender:<10} {r.note}"
    lsb = "-" if r.max_lsb is None else str(r.max_lsb)
    return (
        f"{r.model:<13}{r.contender:<10} {r.ms:>9.3f} {r.start_ms:>9.1f} {r.download:>12,} {r.gzipped:>12,} {lsb:>5} "
        f"{100 * r.same_class:>6.0f}%"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = [*MODELS, "mobilenet_v2"]
    parser.add_argument("--models", nargs="+", default=known, choices=known)
    parser.add_argument("--seconds", type=float, default=3.0, help="of measurement per contender")
    parser.add_argument("--npm", type=Path, help="folder that holds, or gets, the peers' packages")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if find_chromium() is None:
        raise SystemExit("chromium is not installed")
    rows = []
    with tempfile.TemporaryDirectory() as made:
        npm = (options.npm or Path(made, "npm")).resolve()
        npm_packages(npm)
        head = f"{'model':<13}{'':<10} {'ms':>9} {'start ms':>9} {'download B':>12} {'gzipped B':>12} {'LSB':>5}"
        print(f"{head} {'class':>7}")
        for name in options.models:
            if name == "mobilenet_v2":
                program, float_model = mobilenet_v2(Path(made)), None
            else:
                quantised, real = MODELS[name]
                program = program_of(TINY / f"{quantised}.tflite")
                float_model = TINY / f"{real}.tflite" if real else None
            for found in measure(name, program, float_model, npm, options.seconds):
                rows.append(found)
                print(line(found), flush=True)
    if options.json:
        print(json.dumps({"npm": NPM, "rows": [asdict(r) for r in rows]}))


if __name__ == "__main__":
    main()

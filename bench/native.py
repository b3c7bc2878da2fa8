"""Compiled machine code beside LiteRT, ONNX Runtime and OpenVINO: one thread, one process, turn by turn.

int8: the four MLPerf Tiny models, the same quantised model for all engines; any other model by its path. float32: the
same four. Two figures per engine: the engine's own invocation (for compiled code a loop in C, for the others their
innermost call), and a whole call from Python with its arrays; both the lowest decile of the rounds. Outputs of compiled
code must be those of the integer interpreter, to the bit. Cold start is the time from starting a process to its first
output, with the largest memory it had.

    python bench/native.py [--models kws,vww] [--seconds 3] [--cold] [--json FILE]
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from limen import devices, host
from limen.build.source import open_source
from limen.build.variants import prepare_variant
from limen.bundle import ArtifactEntry, Binding
from limen.data import Dataset
from limen.engines import ENGINES
from limen.lower.raising import raise_program
from limen.optimize import decode
from limen.program import Program, binary, run
from limen.targets import TARGETS, Artifact, CompileOptions
from limen.targets._zig import run_zig

SHARED = Path(os.environ.get("LIMEN_SHARED", Path(__file__).resolve().parents[2] / "shared"))
TINY = SHARED / "models/mlperf-tiny"
MODELS = {
    "kws": TINY / "kws_dscnn_int8.tflite",
    "vww": TINY / "vww_int8.tflite",
    "ic": TINY / "ic_resnet8_int8.tflite",
    "ad": TINY / "ad01_int8.tflite",
    "kws float32": TINY / "kws_dscnn_float.tflite",
    "vww float32": TINY / "vww_float.tflite",
    "ic float32": TINY / "ic_resnet8_float.tflite",
    "ad float32": TINY / "ad01_fp32.tflite",
}
GOALS = {"kws": 2.4, "vww": 2.2, "ic": 1.15, "ad": 1.25}
"""Times faster than the best peer, on a processor with AVX512-VNNI."""
LOOP = b"void repeat(void (*f)(void *), void *a, int n) { for (int i = 0; i < n; ++i) { f(a); } }\n"
Array = np.ndarray
Call = Callable[[], object]


@dataclass(frozen=True, eq=False)
class Contender:
    """One engine with one model and its input bound.

    Args:
        name: of the engine.
        inner: runs n times without touching arrays.
        outer: one call from Python, input array to output array.
        output: the first output.
    """

    name: str
    inner: Callable[[int], object]
    outer: Call
    output: Callable[[], Array]


@dataclass
class Row:
    """One model's figures in microseconds; ``checked`` inputs gave at most ``max_lsb``."""

    model: str
    isa: str
    inner: dict[str, float] = field(default_factory=dict)
    outer: dict[str, float] = field(default_factory=dict)
    ratio: float = 0.0
    ratio_outer: float = 0.0
    checked: int = 0
    max_lsb: float = 0.0
    library: int = 0
    compile_s: float = 0.0


def program_of(name: str, path: Path) -> Program:
    """The Program; a float ONNX file is quantised with made-up pictures."""
    if path.suffix == ".program":
        return binary.from_bytes(path.read_bytes())
    source = open_source(path)
    if path.suffix == ".onnx":
        program = source.require_program()
        shape = next(iter(program.inputs)).source_shape(program.tensors[program.inputs[0].tensor].shape)
        x = np.random.default_rng(0).uniform(-1, 1, (16, *shape[1:])).astype(np.float32)
        data = Dataset({program.inputs[0].name: x})
        return prepare_variant(source, decode("int8"), data, 16).require_program()
    return source.require_program()


def inputs_of(program: Program, count: int) -> list[dict[str, Array]]:
    """The extremes, noise, and slow waves, which vary the outputs more than noise does."""
    rng = np.random.default_rng(1)
    feeds = []
    for index in range(count):
        feed = {}
        for port in program.inputs:
            tensor = program.tensors[port.tensor]
            if tensor.dtype == "float32":
                feed[port.tensor] = rng.normal(0, 1, tensor.shape).astype(np.float32)
                continue
            wave = np.cumsum(rng.normal(0, 12, tensor.size)).reshape(tensor.shape)
            wave = (wave - wave.mean()) / (wave.std() + 1e-9) * 50 + rng.normal(0, 20)
            x = wave if index % 2 else rng.integers(-128, 128, tensor.shape)
            x = np.full(tensor.shape, (-128, 127)[index]) if index < 2 else x
            feed[port.tensor] = np.clip(np.rint(x), -128, 127).astype(tensor.dtype)
        feeds.append(feed)
    return feeds


def entry_of(artifact: Artifact) -> ArtifactEntry:
    """The record that an engine opens an artifact by."""
    sides = [
        tuple(
            Binding(b.name, b.tensor, b.shape, b.dtype, b.source_dtype, b.scale[:1], b.zero_point[:1]) for b in bindings
        )
        for bindings in (artifact.inputs, artifact.outputs)
    ]
    return ArtifactEntry(artifact.target, next(iter(artifact.files)), "0" * 64, (), *sides)


def native(artifact: Artifact, feed: Mapping[str, Array]) -> tuple[Contender, Any]:
    """Compiled code: a loop in C, and the engine's run."""
    runner: Any = ENGINES.get("native").open(next(iter(artifact.files.values())), entry_of(artifact), {}, 1, True)
    runner.run(feed)
    loop = _loop()
    invoke = ctypes.cast(runner._invoke, ctypes.c_void_p)
    name = artifact.outputs[0].tensor
    return (
        Contender(
            "native",
            lambda n: loop(invoke, runner._address, n),
            lambda: runner.run(feed),
            lambda: np.asarray(runner.run(feed)[name]),
        ),
        runner,
    )


def _loop() -> Any:
    with tempfile.NamedTemporaryFile(suffix=".so") as file:
        file.write(run_zig(["-O2", "-shared", "-fPIC", "loop.c"], {"loop.c": LOOP}, "loop.so", "the loop"))
        file.flush()
        loop = ctypes.CDLL(file.name).repeat
    loop.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
    return loop


def litert(tflite: bytes, feed: Mapping[str, Array]) -> Contender:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=tflite, num_threads=1)
    interpreter.allocate_tensors()
    index = {d["name"]: d["index"] for d in interpreter.get_input_details()}
    bound = [(index[name], value) for name, value in feed.items()]
    out = interpreter.get_output_details()[0]["index"]

    def outer() -> Array:
        for at, value in bound:
            interpreter.set_tensor(at, value)
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(out))

    outer()
    return Contender("litert", lambda n: _times(interpreter.invoke, n), outer, outer)


def ort(program: Program, feed: Mapping[str, Array]) -> Contender:
    """The Program raised to ONNX in QDQ form: float at its border, so that the quantisation of inputs is timed too."""
    import onnxruntime

    artifact = TARGETS.get("onnx").compile(raise_program(program), CompileOptions())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        next(iter(artifact.files.values())), options, providers=["CPUExecutionProvider"]
    )
    feeds = {}
    for port, given in zip(program.inputs, session.get_inputs(), strict=True):
        tensor, value = program.tensors[port.tensor], feed[port.tensor]
        if given.type == "tensor(float)" and tensor.quant is not None:
            value = ((value.astype(np.float32) - tensor.zero_point) * np.float32(tensor.scale)).astype(np.float32)
        if port.permutation is not None and value.shape != tuple(given.shape):
            value = np.ascontiguousarray(np.transpose(value, np.argsort(port.permutation)))
        feeds[given.name] = value
    binding = session.io_binding()
    for name, value in feeds.items():
        binding.bind_cpu_input(name, value)
    first = session.get_outputs()[0].name
    binding.bind_output(first)
    session.run_with_iobinding(binding)

    def outer() -> Array:
        return np.asarray(session.run(None, feeds)[0])

    return Contender("ort", lambda n: _times(lambda: session.run_with_iobinding(binding), n), outer, outer)


def openvino(tflite: bytes, feed: Mapping[str, Array]) -> Contender:
    import openvino as ov

    settings = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    with tempfile.NamedTemporaryFile(suffix=".tflite") as file:
        file.write(tflite)
        file.flush()
        compiled = ov.Core().compile_model(file.name, "CPU", settings)
    request = compiled.create_infer_request()
    for name, value in feed.items():
        request.set_tensor(name, ov.Tensor(value))
    request.infer()
    values = list(feed.values())

    def outer() -> Array:
        return np.asarray(request.infer(values)[0])

    return Contender("openvino", lambda n: _times(request.infer, n), outer, outer)


def _times(call: Call, n: int) -> None:
    for _ in range(n):
        call()


def contenders(program: Program, artifact: Artifact, feed: Mapping[str, Array]) -> tuple[list[Contender], Any]:
    """Compiled code and every peer that is installed and takes the model."""
    tflite = next(iter(TARGETS.get("tflite").compile(program, CompileOptions()).files.values()))
    first, runner = native(artifact, feed)
    found = [first]
    for make in (lambda: litert(tflite, feed), lambda: ort(program, feed), lambda: openvino(tflite, feed)):
        try:
            found.append(make())
        except ImportError:
            continue
        except Exception as error:
            print(f"  a peer does not take the model: {str(error)[:160]}", file=sys.stderr)
    return found, runner


def typical(times: list[float]) -> float:
    """The lowest decile: on a busy machine most rounds hold somebody else's work."""
    return float(np.percentile(times, 10))


def race(found: list[Contender], seconds: float) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Microseconds per call, in rounds where every engine has its turn."""
    counts = {}
    for each in found:
        start = time.perf_counter()
        each.inner(5)
        counts[each.name] = max(3, int(2e-3 / max((time.perf_counter() - start) / 5, 1e-7)))
    inner: dict[str, list[float]] = {each.name: [] for each in found}
    outer: dict[str, list[float]] = {each.name: [] for each in found}
    stop = time.perf_counter() + seconds
    while time.perf_counter() < stop or len(inner[found[0].name]) < 7:
        for each in found:
            n = counts[each.name]
            start = time.perf_counter()
            each.inner(n)
            middle = time.perf_counter()
            _times(each.outer, n)
            end = time.perf_counter()
            inner[each.name].append((middle - start) / n * 1e6)
            outer[each.name].append((end - middle) / n * 1e6)
    return inner, outer


def check(program: Program, runner: Any, count: int) -> float:
    """Largest difference from the interpreter, in codes or real units."""
    worst = 0.0
    for feed in inputs_of(program, count):
        wanted, seen = run(program, feed), runner.run(feed)
        for port in program.outputs:
            apart = np.abs(np.asarray(wanted[port.tensor], np.float64) - seen[port.tensor])
            worst = max(worst, float(apart.max(initial=0)))
    return worst


def measure(name: str, path: Path, seconds: float, checked: int) -> Row:
    program = program_of(name, path)
    start = time.perf_counter()
    artifact = TARGETS.get("native").compile(program, CompileOptions(devices.get("host")))
    row = Row(name, artifact.notes["variants"], compile_s=time.perf_counter() - start)
    row.library = artifact.flash
    found, runner = contenders(program, artifact, inputs_of(program, 3)[2])
    row.checked, row.max_lsb = checked, check(program, runner, checked)
    inner, outer = race(found, seconds)
    row.inner = {k: typical(v) for k, v in inner.items()}
    row.outer = {k: typical(v) for k, v in outer.items()}
    row.ratio = min(v for k, v in row.inner.items() if k != "native") / row.inner["native"]
    row.ratio_outer = min(v for k, v in row.outer.items() if k != "native") / row.outer["native"]
    runner.close()
    return row


def show(rows: list[Row]) -> None:
    engines = ("native", "litert", "ort", "openvino")
    print(
        f"{'model':<14}{'':<12}"
        + "".join(f"{e:>10}" for e in engines)
        + "   best peer / native   goal   largest difference"
    )
    for row in rows:
        for what, figures, ratio in (("invoke us", row.inner, row.ratio), ("python us", row.outer, row.ratio_outer)):
            cells = "".join(f"{figures[e]:>10.2f}" if e in figures else f"{'-':>10}" for e in engines)
            goal = f"{GOALS[row.model]:.2f}" if row.model in GOALS else "-"
            apart = f"{row.max_lsb:g} in {row.checked} inputs" if what == "invoke us" else ""
            head = row.model if what == "invoke us" else row.isa
            print(f"{head:<14}{what:<12}{cells}{ratio:>20.2f}x{goal:>7}   {apart}")


COLD = {
    "litert": """
import sys, numpy as np
from ai_edge_litert.interpreter import Interpreter
i = Interpreter(sys.argv[1], num_threads=1); i.allocate_tensors()
d = i.get_input_details()[0]; i.set_tensor(d["index"], np.zeros(d["shape"], d["dtype"])); i.invoke()
i.get_tensor(i.get_output_details()[0]["index"])
""",
    "ort": """
import sys, numpy as np, onnxruntime as o
s = o.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
s.run(None, {i.name: np.zeros(i.shape, np.float32) for i in s.get_inputs()})
""",
    "openvino": """
import sys, numpy as np, openvino as ov
c = ov.Core().compile_model(sys.argv[1], "CPU", {"INFERENCE_NUM_THREADS": 1})
i = c.inputs[0]; c([np.zeros(i.shape, i.element_type.to_dtype())])
""",
    "native, Python": """
import sys, ctypes
l = ctypes.CDLL(sys.argv[1]); a = ctypes.create_string_buffer(int(sys.argv[2]) + 64)
p = ctypes.c_void_p((ctypes.addressof(a) + 63) & ~63); l.model_reset(p); l.model_invoke(p)
""",
}
MAIN = b"""#include "model.h"
static _Alignas(64) unsigned char arena[MODEL_ARENA_BYTES];
int main(void) { model_reset(arena); model_invoke(arena); return 0; }
"""


def cold(name: str, path: Path, folder: Path) -> dict[str, tuple[float, float]]:
    """Engine -> (milliseconds from process start to the first output, peak MB), medians of 9 starts."""
    from limen.targets._zig import kernel_flags, target_flags
    from limen.targets.c import generate

    program = program_of(name, path)
    board = devices.get("host")
    made = generate(program, board)
    files = {**made.files, "main.c": MAIN}
    flags = [*target_flags(board), *kernel_flags(made.isa), "-O2", "-static", "-Wl,-s", "main.c", "model.c"]
    artifact = TARGETS.get("native").compile(program, CompileOptions(board))
    written = {
        "model": run_zig(flags, files, "model", "the executable"),
        "model.so": artifact.files["model.so"],
        "model.tflite": next(iter(TARGETS.get("tflite").compile(program, CompileOptions()).files.values())),
        "model.onnx": next(iter(TARGETS.get("onnx").compile(raise_program(program), CompileOptions()).files.values())),
    }
    for file, content in written.items():
        (folder / file).write_bytes(content)
    (folder / "model").chmod(0o755)
    commands = {"native": [str(folder / "model")]}
    for engine, script in COLD.items():
        file = {"litert": "model.tflite", "ort": "model.onnx", "openvino": "model.tflite"}.get(engine, "model.so")
        commands[engine] = [sys.executable, "-c", script, str(folder / file), str(made.arena)]
    return {engine: figures for engine, command in commands.items() if (figures := _starts(command)) is not None}


def _starts(command: list[str]) -> tuple[float, float] | None:
    times, peak = [], 0.0
    for _ in range(9):
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        times.append((time.perf_counter() - start) * 1e3)
        if process.returncode:
            return None
        peak = max(peak, usage.ru_maxrss / 1024)
    return statistics.median(times), peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--checked", type=int, default=100)
    parser.add_argument("--cold", action="store_true", help="measure cold starts only")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    facts = host.read_host()
    print(f"{facts.processor}, {' '.join(facts.features)}; busy {host.busy_share() or 0:.0%} before the start")
    chosen = {n: MODELS.get(n, Path(n)) for n in options.models.split(",")}
    rows = []
    if options.cold:
        for name, path in chosen.items():
            with tempfile.TemporaryDirectory() as folder:
                for engine, (ms, mb) in cold(name, path, Path(folder)).items():
                    print(f"{name:<14}{engine:<16}{ms:>9.1f} ms{mb:>9.1f} MB")
        return
    for name, path in chosen.items():
        try:
            rows.append(measure(name, path, options.seconds, options.checked))
        except Exception as error:
            print(f"{name}: {error}", file=sys.stderr)
    show(rows)
    print(f"peak memory of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    if options.json:
        options.json.write_text(json.dumps({"host": asdict(facts), "rows": [asdict(r) for r in rows]}, indent=1))
    if any(row.max_lsb for row in rows if "float32" not in row.model):
        raise SystemExit("compiled code differs from the interpreter")


if __name__ == "__main__":
    main()

"""MLPerf Tiny's float .tflite files to int8: fidelity to float and bytes, beside the official int8 files and AI Edge's.

Each int8 file runs on LiteRT's default kernels on inputs that calibration did not see; its outputs, as reals, are
compared with those of the float file: signal to noise in dB, share of samples with the same first class, bytes. The
inputs are natural: crops of scikit-learn's photographs, a spectrogram of a real machine, cepstra of recorded speech.
``--noise`` adds random inputs.

ai-edge-quantizer runs where it is installed: in this Python, or in the one that RIVALS_PYTHON names. It refuses files
without a signature and those with old operator codes, so that it gets the file as limen writes it again in float.

    python bench/tiny_fidelity.py [--recipes int8,int8-best] [--models ic,vww,ad,kws] [--noise] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

import limen
from limen.optimize.schemes import sqnr_db

SHARED = Path(os.environ.get("LIMEN_SHARED", Path(__file__).resolve().parents[2] / "shared"))
TINY = SHARED / "models" / "mlperf-tiny"
PYTHON = os.environ.get("RIVALS_PYTHON", sys.executable)
CALIBRATION, UNSEEN = 64, 400
RATE, FRAME, STEP, FFT = 16_000, 480, 320, 512
Array = np.ndarray


@dataclass(frozen=True)
class Row:
    """One int8 file on one kind of input."""

    model: str
    inputs: str
    maker: str
    sqnr_db: float
    agreement: float
    size_bytes: int
    seconds: float


@dataclass(frozen=True)
class Task:
    """A float file, the official int8 file, and inputs: (count, seed) -> float32 array."""

    source: str
    official: str
    natural: Callable[[int, int], Array]
    noise: Callable[[int, int], Array]


def crops(count: int, size: int, seed: int) -> Array:
    """Random crops of scikit-learn's two photographs, RGB 0..255: float32 [count, size, size, 3]."""
    from PIL import Image
    from sklearn.datasets import load_sample_images

    rng = np.random.default_rng(seed)
    images = [Image.fromarray(i) for i in load_sample_images().images]
    found = []
    for _ in range(count):
        image = images[rng.integers(len(images))]
        side = int(rng.uniform(size, min(image.size)))
        x, y = rng.integers(0, image.width - side + 1), rng.integers(0, image.height - side + 1)
        found.append(np.asarray(image.crop((x, y, x + side, y + side)).resize((size, size)), np.float32))
    return np.stack(found)


def spectrogram(count: int, seed: int) -> Array:
    """Windows of five frames of the recorded machine, alternate ones for odd seeds: float32 [count, 640]."""
    frames = np.fromfile(TINY / "ad01_normal_id_01_00000000_hist_librosa.bin", np.float32).reshape(-1, 128)
    starts = np.arange(seed % 2, len(frames) - 4, 2)
    picked = starts[np.linspace(0, len(starts) - 1, min(count, len(starts))).astype(int)]
    return np.stack([frames[s : s + 5].ravel() for s in picked])


def speech(count: int, seed: int) -> Array:
    """Cepstra of spoken digits and wake words, other recordings for odd seeds: float32 [count, 49, 10, 1]."""
    folder = SHARED / "data" / "smarthome"
    paths = sorted((folder / "fsdd").glob("*.wav"))[seed % 2 :: 2] + sorted((folder / "wav").rglob("*.wav"))
    rng = np.random.default_rng(seed)
    return np.stack([cepstra(recording(paths[rng.integers(len(paths))], rng)) for _ in range(count)])


def recording(path: Path, rng: np.random.Generator) -> Array:
    """One second at 16 kHz, scaled to its peak, somewhere in silence with a little noise: float64 [16000]."""
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float64)
        rate, channels = file.getframerate(), file.getnchannels()
    samples = samples[::channels]
    count = len(samples) * RATE // rate
    samples = np.interp(np.arange(count) * rate / RATE, np.arange(len(samples)), samples)[:RATE]
    whole = np.zeros(RATE)
    start = rng.integers(0, RATE - len(samples) + 1)
    whole[start : start + len(samples)] = samples / max(1.0, np.abs(samples).max())
    return whole + rng.normal(0.0, 10.0 ** rng.uniform(-4.0, -2.0), RATE)


def cepstra(samples: Array) -> Array:
    """Ten cepstral coefficients of 49 frames, as the benchmark's training made them: 40 mel bands, 20 Hz to 4 kHz."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME)
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::STEP] * window
    spectrum = np.abs(np.fft.rfft(frames, FFT))

    def mel(hertz: Array) -> Array:
        return 1127.0 * np.log1p(np.asarray(hertz) / 700.0)

    edges = np.linspace(mel(20.0), mel(4000.0), 42)
    place = mel(np.arange(FFT // 2 + 1) * RATE / FFT)[:, None]
    rising, falling = ((place - edges[:-2]) / np.diff(edges)[:-1], (edges[2:] - place) / np.diff(edges)[1:])
    bands = np.clip(np.minimum(rising, falling), 0.0, None)
    bands[0] = 0.0
    logs = np.log(spectrum @ bands + 1e-6)
    cosines = np.cos(np.pi / 40 * (np.arange(40)[:, None] + 0.5) * np.arange(10)) * np.sqrt(2.0 / 40)
    return (logs @ cosines)[..., None].astype(np.float32)


def normal(shape: tuple[int, ...], mean: float, spread: float) -> Callable[[int, int], Array]:
    """Independent normal values."""

    def make(count: int, seed: int) -> Array:
        return np.random.default_rng(seed).normal(mean, spread, (count, *shape)).astype(np.float32)

    return make


def uniform(shape: tuple[int, ...], high: float) -> Callable[[int, int], Array]:
    """Independent whole grey levels."""

    def make(count: int, seed: int) -> Array:
        levels = np.random.default_rng(seed).integers(0, 256, (count, *shape)).astype(np.float32)
        return (levels * np.float32(high / 255)).astype(np.float32)

    return make


TASKS = {
    "ic": Task("ic_resnet8_float", "ic_resnet8_int8", lambda n, s: crops(n, 32, s), uniform((32, 32, 3), 255.0)),
    "vww": Task("vww_float", "vww_int8", lambda n, s: crops(n, 96, s) / 255, uniform((96, 96, 3), 1.0)),
    "ad": Task("ad01_fp32", "ad01_int8", spectrogram, normal((640,), -25.0, 15.0)),
    "kws": Task("kws_dscnn_float", "kws_dscnn_int8", speech, normal((49, 10, 1), 0.0, 10.0)),
}


def outputs(data: bytes, x: Array) -> Array:
    """Real outputs of a .tflite file on LiteRT: [samples, ...]."""
    interpreter = Interpreter(model_content=data, num_threads=1)
    interpreter.allocate_tensors()
    source, result = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    rows = []
    for sample in x:
        interpreter.set_tensor(source["index"], coded(sample[None], source))
        interpreter.invoke()
        rows.append(real(interpreter.get_tensor(result["index"]), result)[0])
    return np.stack(rows)


def coded(value: Array, detail: dict) -> Array:
    """Reals as the tensor stores them."""
    scale, zero = detail["quantization"]
    if detail["dtype"] == np.float32:
        return value
    info = np.iinfo(detail["dtype"])
    return np.clip(np.rint(value / scale) + zero, info.min, info.max).astype(detail["dtype"])


def real(value: Array, detail: dict) -> Array:
    """What the tensor's codes stand for."""
    scale, zero = detail["quantization"]
    return value if detail["dtype"] == np.float32 else ((value.astype(np.float32) - zero) * scale).astype(np.float32)


def compiled(source: Path, recipe: str, calibration: Array) -> bytes:
    """limen's file under a recipe."""
    with tempfile.TemporaryDirectory() as name:
        data = Path(name) / "calibration.npz"
        np.savez(data, x=calibration)
        result = limen.compile(source, "tflite", name, data=str(data), quantize=recipe)
        return Path(result.files[0]).read_bytes()


RIVAL = """
import sys, numpy as np
from ai_edge_quantizer import quantizer, recipe
source, data, result = sys.argv[1:]
from ai_edge_litert.interpreter import Interpreter
signatures = Interpreter(model_path=source).get_signature_list()
key, (name, *_) = next((k, v["inputs"]) for k, v in signatures.items())
made = quantizer.Quantizer(source)
made.load_quantization_recipe(recipe.static_wi8_ai8())
seen = made.calibrate({key: [{name: row[None]} for row in np.load(data)["x"]]}, num_threads=1)
open(result, "wb").write(bytes(made.quantize(seen).quantized_model))
"""


def rival(source: Path, calibration: Array) -> bytes | None:
    """ai-edge-quantizer's file, from the float file written again; None where it is not installed or fails."""
    with tempfile.TemporaryDirectory() as name:
        again, data, result = (Path(name) / n for n in ("again.tflite", "calibration.npz", "int8.tflite"))
        again.write_bytes(compiled(source, "none", calibration))
        np.savez(data, x=calibration)
        done = subprocess.run(
            [PYTHON, "-c", RIVAL, str(again), str(data), str(result)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            print(f"{source.name}: ai-edge-quantizer: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
            return None
        return result.read_bytes()


def measure(name: str, recipes: list[str], kinds: list[str]) -> list[Row]:
    """Rows of one model."""
    task = TASKS[name]
    source = TINY / f"{task.source}.tflite"
    rows = []
    for kind in kinds:
        inputs = getattr(task, kind)
        seen, x = inputs(CALIBRATION, 0), inputs(UNSEEN, 1)
        wanted = outputs(source.read_bytes(), x)
        official = (TINY / f"{task.official}.tflite").read_bytes()
        makers: dict[str, Callable[[], bytes | None]] = {"official": lambda data=official: data}
        makers["ai-edge-quantizer"] = lambda seen=seen: rival(source, seen)
        for recipe in recipes:
            makers[f"limen {recipe}"] = lambda recipe=recipe, seen=seen: compiled(source, recipe, seen)
        for maker, make in makers.items():
            start = time.perf_counter()
            data = make()
            seconds = time.perf_counter() - start
            if data is not None:
                got = outputs(data, x)
                same = float((got.argmax(-1) == wanted.argmax(-1)).mean()) if name != "ad" else float("nan")
                rows.append(Row(name, kind, maker, sqnr_db(wanted, got), same, len(data), seconds))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipes", default="int8,int8-best")
    parser.add_argument("--models", default=",".join(TASKS))
    parser.add_argument("--noise", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = []
    print(f"{'model':<6} {'inputs':<8} {'maker':<20} {'SQNR dB':>8} {'same class':>10} {'bytes':>8} {'seconds':>8}")
    for name in options.models.split(","):
        for row in measure(name, options.recipes.split(","), ["natural", "noise"] if options.noise else ["natural"]):
            rows.append(row)
            figures = f"{row.sqnr_db:8.1f} {100 * row.agreement:8.1f} % {row.size_bytes:8d} {row.seconds:8.1f}"
            print(f"{row.model:<6} {row.inputs:<8} {row.maker:<20} {figures}", flush=True)
    if options.json:
        options.json.write_text(json.dumps([asdict(r) for r in rows], indent=1))


if __name__ == "__main__":
    main()

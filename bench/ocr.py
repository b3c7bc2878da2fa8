"""PP-OCRv4's recogniser in integers on ONNX Runtime: as faithful as float, smaller and faster; beside it, other tools.

The model is the file in PyPI's rapidocr-onnxruntime (downloaded once to a cache folder, or found in the shared folder).
The choice is that of one search, ``limen optimize FILE --dim x:2=48 --dim x:3=320 --engines ort --data CALIBRATION
--eval JUDGED --metric cer --max-drop 1pt --max-size 3.5M``, on lines of their own. What it chose, and other recipes
beside it, are then scored on 150 lines and on 300 more from another seed, and timed in turns with the float model at
stock session options.

    python bench/ocr.py [--json] [--rivals] [--cache DIR]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from ocr_lines import HEIGHT, WIDTH, Lines, line_accuracy, lines, read

from limen.build import optimize
from limen.build.source import open_source
from limen.build.variants import onnx_model, prepare_variant
from limen.bundle import Bundle
from limen.data import Dataset
from limen.importers import ImportOptions
from limen.model import to_bytes
from limen.optimize import decode
from limen.optimize.budget import Budget
from limen.optimize.coverage import coverage

SHARED = Path(os.environ.get("LIMEN_SHARED", Path(__file__).resolve().parents[2] / "shared"))
FILE = "ch_PP-OCRv4_rec_infer.onnx"
SHOWN = ("mixed_wi8_ai8", "mixed_wi8_ai8_s2", "mixed_wi8_ai8_s4", "static_wi8_ai8_mse_bc_cle_sbc_gptq_full", "float16")
ROUNDS = 60
MEASURED, FRESH, CALIBRATION, JUDGED = (150, 11), (300, 12), (48, 13), (200, 14)
DIMENSIONS = {"x:2": HEIGHT, "x:3": WIDTH}
BUDGET = Budget(max_drop=1.0, max_size=3_500_000)


@dataclass(frozen=True)
class Row:
    """One file, measured."""

    name: str
    line_accuracy: float
    agreement: float
    accuracy_fresh: float
    agreement_fresh: float
    latency_ratio: float
    latency_ratio_normalised: float
    integer_mac_share: float
    size_bytes: int
    note: str = ""


def model_file(cache: Path) -> Path:
    """The recogniser: shared, cached, or out of the wheel."""
    found = next(iter(sorted((SHARED / "models").rglob(FILE))), None) if SHARED.is_dir() else None
    path = found or cache / FILE
    if not path.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", folder]
            subprocess.run([*command, "rapidocr-onnxruntime"], check=True, stderr=subprocess.DEVNULL)
            wheel = next(Path(folder).glob("*.whl"))
            with zipfile.ZipFile(wheel) as archive:
                path.write_bytes(archive.read(next(n for n in archive.namelist() if n.endswith(FILE))))
    return path


def session(data: bytes, threads: int = 0) -> ort.InferenceSession:
    """Stock session options unless threads are given."""
    options = ort.SessionOptions()
    options.log_severity_level = 4
    if threads:
        options.intra_op_num_threads = threads
    return ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])


class Reader:
    """Strings that a file reads off lines."""

    def __init__(self, float_file: bytes) -> None:
        running = session(float_file)
        listed = running.get_modelmeta().custom_metadata_map["character"].split("\n")
        self.characters = ("", *listed, " ")

    def classes(self, texts: tuple[str, ...]) -> np.ndarray:
        """int64 [n, longest], padded with -1: what ``cer`` compares with."""
        table = np.full((len(texts), max(map(len, texts))), -1)
        for row, words in zip(table, texts, strict=True):
            row[: len(words)] = [self.characters.index(c) for c in words]
        return table

    def strings(self, data: bytes, x: np.ndarray) -> list[str]:
        running = session(data)
        name = running.get_inputs()[0].name
        paths = np.stack([running.run(None, {name: line[None]})[0][0].argmax(-1) for line in x])
        return read(paths, self.characters)


def times(files: dict[str, bytes], x: np.ndarray) -> dict[str, float]:
    """Seconds of a run at stock session options: lower quartile of runs taken in turns, in a new order each turn."""
    running = {name: session(data) for name, data in files.items()}
    taken: dict[str, list[float]] = {name: [] for name in files}
    order = np.random.default_rng(0)
    for turn in range(ROUNDS):
        for name in order.permutation(sorted(running)):
            each = running[name]
            feed = {each.get_inputs()[0].name: x[turn % len(x)][None]}
            start = time.perf_counter()
            each.run(None, feed)
            taken[name].append(time.perf_counter() - start)
    return {name: float(np.percentile(values, 25)) for name, values in taken.items()}


@dataclass(frozen=True, eq=False)
class Stage:
    """What every row is measured with."""

    path: Path
    float_file: bytes
    normal_file: bytes
    reader: Reader
    measured: Lines
    fresh: Lines
    calibration: Lines

    def row(self, name: str, data: bytes, taken: dict[str, float], note: str = "") -> Row:
        """Score a file; ``taken`` holds its time and both float files'."""
        read_here, read_fresh = (self.reader.strings(data, part.x) for part in (self.measured, self.fresh))
        wanted, wanted_fresh = (self.reader.strings(self.float_file, p.x) for p in (self.measured, self.fresh))
        return Row(
            name,
            line_accuracy(read_here, self.measured.texts),
            float(np.mean([a == b for a, b in zip(read_here, wanted, strict=True)])),
            line_accuracy(read_fresh, self.fresh.texts),
            float(np.mean([a == b for a, b in zip(read_fresh, wanted_fresh, strict=True)])),
            taken[name] / taken["float"],
            taken[name] / taken["normalised"],
            share(data),
            len(data),
            note,
        )


def share(data: bytes) -> float:
    """Of multiply-accumulates in integer kernels; nan where the shapes are not static."""
    try:
        return coverage(data).integer_mac_share
    except Exception:  # the engine's errors derive from Exception alone
        return float("nan")


def prepare(cache: Path) -> tuple[Stage, dict[str, Callable[[], bytes]]]:
    """The stage, and how each recipe that is shown is made."""
    path = model_file(cache)
    options = ImportOptions(dimensions=DIMENSIONS)
    source = open_source(path, options)
    calibration = lines(*CALIBRATION)
    data = Dataset({"x": calibration.x})

    def make(recipe: str) -> Callable[[], bytes]:
        return lambda: to_bytes(onnx_model(prepare_variant(source, decode(recipe), data, len(calibration.x))))

    float_file = path.read_bytes()
    stage = Stage(
        path, float_file, to_bytes(source.require_model()), Reader(float_file), lines(*MEASURED), lines(*FRESH),
        calibration,
    )  # fmt: skip
    return stage, {recipe: make(recipe) for recipe in SHOWN}


def searched(stage: Stage) -> tuple[str, bytes]:
    """The recipe that the search chooses, and the file in its bundle.

    Raises:
        SystemExit: nothing keeps the budget; says what is nearest.
    """
    judged = lines(*JUDGED)
    with tempfile.TemporaryDirectory() as folder:
        data, labelled, bundle = (Path(folder) / n for n in ("data.npz", "eval.npz", "chosen.limen"))
        np.savez(data, x=stage.calibration.x)
        np.savez(labelled, x=judged.x, y=stage.reader.classes(judged.texts))
        found = optimize(
            stage.path, bundle, data=data, evaluation=labelled, metric="cer", budget=BUDGET, engines=("ort",),
            dimensions=DIMENSIONS, unsigned=True,
        )  # fmt: skip
        print(found.text(), end="\n\n", file=sys.stderr)
        if not found.passed:
            raise SystemExit(5)
        made = Bundle.open(bundle)
        return found.recipe, made.blob(made.manifest.artifacts[0].blob)


def attempt(make: Callable[[], bytes]) -> tuple[bytes | None, str]:
    """A file, or why there is none."""
    try:
        data = make()
        session(data)
        return data, ""
    except Exception as error:  # whatever another tool raises is its result
        return None, f"{type(error).__name__}: {str(error).strip().splitlines()[0][:60] if str(error).strip() else ''}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--rivals", action="store_true", help="measure other tools in the same table")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "limen-bench")
    options = parser.parse_args()
    stage, makers = prepare(options.cache)
    attempts: dict[str, Any] = {name: attempt(make) for name, make in makers.items()}
    made = {name: data for name, (data, _) in attempts.items() if data is not None}
    chosen, file = searched(stage)
    made[chosen] = bytes(file)
    taken = times({"float": stage.float_file, "normalised": stage.normal_file, **made}, stage.calibration.x)
    rows = [stage.row(name, data, taken, "chosen" if name == chosen else "") for name, data in made.items()]
    if options.rivals:
        from ocr_rivals import rival_files

        others = {name: attempt(make) for name, make in rival_files(stage).items()}
        files = {name: data for name, (data, _) in others.items() if data is not None}
        again = times({"float": stage.float_file, "normalised": stage.normal_file, **files}, stage.calibration.x)
        rows += [stage.row(name, data, again) for name, data in files.items()]
        attempts |= others
    base = {"float": taken["float"], "normalised": taken["normalised"]}
    float_row = stage.row("float", stage.float_file, base)
    print_table([float_row, *rows], {name: why for name, (_, why) in attempts.items() if why})
    if options.json:
        print(json.dumps(summary(next(r for r in rows if r.name == chosen), float_row)))


def summary(chosen: Row, float_row: Row) -> dict[str, float]:
    """The figures that are asked for."""
    return {
        "line_accuracy": chosen.line_accuracy,
        "float_line_accuracy": float_row.line_accuracy,
        "agreement": chosen.agreement,
        "agreement_fresh": chosen.agreement_fresh,
        "latency_ratio": chosen.latency_ratio,
        "size_bytes": chosen.size_bytes,
        "integer_mac_share": chosen.integer_mac_share,
    }


def print_table(rows: list[Row], failed: dict[str, str]) -> None:
    head = f"{'file':<30} {'lines':>6} {'equal':>6} {'fresh':>6} {'equal':>6}"
    print(f"{head} {'x float':>8} {'x norm':>7} {'int':>5} {'MB':>6}")
    for r in rows:
        scores = f"{100 * r.line_accuracy:6.1f} {100 * r.agreement:6.1f} {100 * r.accuracy_fresh:6.1f}"
        figures = f"{100 * r.agreement_fresh:6.1f} {r.latency_ratio:8.2f} {r.latency_ratio_normalised:7.2f}"
        print(f"{r.name:<30} {scores} {figures} {100 * r.integer_mac_share:5.1f} {r.size_bytes / 1e6:6.2f} {r.note}")
    for name, why in failed.items():
        print(f"{name:<30} {why}")


if __name__ == "__main__":
    main()

"""Does ``limen optimize`` keep its budgets? Eight models, three budgets each, every bundle measured again from outside.

Models: digits, three nets of examples/zoo on Fashion-MNIST, and MLPerf Tiny's four float files on natural inputs.
Budgets: a drop and a size on this host; a drop, RAM and flash on a Cortex-M4 (instructions counted where the net is
small); and one that nothing can keep. Measured again: the metric by arithmetic of this file on the bundle's outputs,
bytes by stat, the ratio of its latency to float's (by mlcommons-loadgen in turns, where it is installed), RAM and flash
of the code that ``limen compile`` makes by the same recipe.

Also: a quantiser that is broken on purpose must be refused; the choice is compared with an exhaustive one over random
budgets (regret); and a search is killed at random instants and resumed to the same bytes.

    python bench/budgets.py [--models digits,resnet8,...] [--broken 10] [--regret 200] [--kills 20] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

import limen
from limen.build import trials
from limen.build.results import Optimized
from limen.optimize.budget import Budget
from limen.optimize.search import Trial, choose

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parent / "examples"
BOARD = "cortex-m4"
COUNTED = ("digits", "ad", "kws")
IMPOSSIBLE = Budget(max_drop=1.0, max_flash=500)
ROUNDS, SAMPLES = 200, 1500
QUERIES = 400
Array = np.ndarray


@dataclass(frozen=True)
class Case:
    """A model, its calibration and judged samples, and what they are scored by."""

    model: Path
    data: Path
    judged: Path
    metric: str


@dataclass(frozen=True)
class Row:
    """One search, and what was seen from outside."""

    model: str
    budget: str
    passed: bool
    recipe: str
    kept: bool
    wrong: str
    latency_off: float | None
    seconds: float


def cases(folder: Path, wanted: list[str]) -> Iterator[tuple[str, Case]]:
    """The models that are asked for."""
    sys.path[:0] = [str(EXAMPLES / "digits"), str(EXAMPLES / "zoo"), str(HERE)]

    def saved(name: str, *parts: tuple[Array, Array | None]) -> tuple[Path, Path]:
        paths = folder / f"{name}-data.npz", folder / f"{name}-eval.npz"
        for path, (x, y) in zip(paths, parts, strict=True):
            np.savez(path, x=x, **({} if y is None else {"y": y}))
        return paths

    for name in wanted:
        if name == "digits":
            import importlib.util

            spec = importlib.util.spec_from_file_location("digits_data", EXAMPLES / "digits" / "data.py")
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            train, test = module.split()
            both = np.concatenate([train[0], test[0]]), np.concatenate([train[1], test[1]])
            yield name, Case(EXAMPLES / "digits" / "digits.h5", *saved(name, train, both), "accuracy")
        elif name in ("resnet8", "mobilenet", "vit"):
            import data as zoo

            (x, y), (t, u) = zoo.load("train"), zoo.load("t10k")
            parts = saved(name, (x[:256], y[:256]), (t[:SAMPLES], u[:SAMPLES]))
            yield name, Case(EXAMPLES / "zoo" / f"{name}.onnx", *parts, "accuracy")
        else:
            from tiny_fidelity import TASKS, TINY

            task = TASKS[name]
            parts = saved(name, (task.natural(128, 0), None), (task.natural(400, 1), None))
            yield name, Case(TINY / f"{task.source}.tflite", *parts, "agreement")


def searched(case: Case, output: Path, budget: Budget, device: str = "host", **settings: Any) -> Optimized:
    found = limen.optimize(
        case.model, output, device, data=case.data, evaluation=case.judged, metric=case.metric, budget=budget,
        unsigned=True, **settings,
    )  # fmt: skip
    assert isinstance(found, Optimized)
    return found


def outputs(bundle: Path, x: Array) -> Array:
    """First outputs by the bundle's own session."""
    with limen.load(bundle) as session:
        name = session.inputs[0]
        return np.asarray(next(iter(session.run({name: x}).values()))).reshape(len(x), -1)


def drop_of(case: Case, bundle: Path, floats: Path) -> float:
    """Points of the metric between float and the bundle, by this file's own arithmetic."""
    judged = np.load(case.judged)
    wanted, got = (outputs(path, judged["x"]).argmax(1) for path in (floats, bundle))
    if case.metric == "agreement":
        return 100.0 * float(np.mean(wanted != got))
    return 100.0 * float(np.mean(wanted == judged["y"]) - np.mean(got == judged["y"]))


def median_ms(bundles: dict[str, Path], x: Array) -> dict[str, float]:
    """Median of single runs in milliseconds: each bundle in turn, in a new order each round."""
    opened = {name: limen.load(path) for name, path in bundles.items()}
    feeds = {name: {s.inputs[0]: x[:1]} for name, s in opened.items()}
    calls: dict[str, Callable[[], object]] = {n: s.invocation(feeds[n]) for n, s in opened.items()}
    return by_loadgen(calls) or in_turns(calls)


def in_turns(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    taken: dict[str, list[int]] = {name: [] for name in calls}
    order = np.random.default_rng(0)
    for _ in range(ROUNDS):
        for name in order.permutation(sorted(calls)):
            calls[name]()
            for _ in range(5):
                start = time.perf_counter_ns()
                calls[name]()
                taken[name].append(time.perf_counter_ns() - start)
    return {name: float(np.median(values)) / 1e6 for name, values in taken.items()}


def by_loadgen(calls: dict[str, Callable[[], object]]) -> dict[str, float] | None:
    """Single-stream medians by MLPerf's load generator, in three turns; None where it is not installed.

    What it takes for a call that does nothing is taken off: small networks are as quick as its own bookkeeping.
    """
    try:
        import mlperf_loadgen as loadgen
    except ImportError:
        return None
    timed: dict[str, Callable[[], object]] = {**calls, "": lambda: None}
    taken: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(3):
        for name, call in timed.items():
            with tempfile.TemporaryDirectory() as folder:
                taken[name].append(_stream(loadgen, call, folder))
    return {name: float(np.median(taken[name]) - np.median(taken[""])) for name in calls}


def _stream(loadgen: Any, call: Callable[[], object], folder: str) -> float:
    """Median latency in milliseconds of one single-stream run."""

    def issue(queries: list[Any]) -> None:
        for query in queries:
            call()
            loadgen.QuerySamplesComplete([loadgen.QuerySampleResponse(query.id, 0, 0)])

    settings = loadgen.TestSettings()
    settings.scenario, settings.mode = loadgen.TestScenario.SingleStream, loadgen.TestMode.PerformanceOnly
    settings.min_query_count = settings.max_query_count = QUERIES
    settings.min_duration_ms = 0
    output = loadgen.LogOutputSettings()
    output.outdir = folder
    log = loadgen.LogSettings()
    log.log_output = output
    under_test = loadgen.ConstructSUT(issue, lambda: None)
    library = loadgen.ConstructQSL(1, 1, lambda _: None, lambda _: None)
    loadgen.StartTestWithLogSettings(under_test, library, settings, log)
    loadgen.DestroyQSL(library)
    loadgen.DestroySUT(under_test)
    text = (Path(folder) / "mlperf_log_summary.txt").read_text()
    line = next(row for row in text.splitlines() if row.startswith("50.00 percentile latency"))
    return float(line.split(":")[1]) / 1e6


def wrong_with(case: Case, found: Optimized, bundle: Path, floats: Path, budget: Budget, device: str) -> str:
    """What a returned bundle does not keep, or reports otherwise than it is; empty for nothing."""
    said = []
    size = bundle.stat().st_size
    if size != found.size_bytes or (budget.max_size is not None and size > budget.max_size):
        said.append(f"bytes {size}")
    assert found.metric is not None
    drop = drop_of(case, bundle, floats)
    if abs(drop - found.metric["drop"]) > 1e-6 or found.metric["ci95"][1] > (budget.max_drop or np.inf):
        said.append(f"drop {drop:.3f} is not {found.metric['drop']:.3f}")
    if device != "host":
        with tempfile.TemporaryDirectory() as folder:
            made = limen.compile(
                case.model, "c", folder, device=device, data=case.data, quantize=found.recipe, ram=budget.max_ram,
                flash=budget.max_flash,
            )  # fmt: skip
        if (made.ram, made.flash) != (found.ram_bytes, found.flash_bytes):
            said.append(f"ram, flash {made.ram}, {made.flash} are not {found.ram_bytes}, {found.flash_bytes}")
    return "; ".join(said)


def float_ms(found: Optimized, floats: Path) -> float:
    """What the search says of float on the engine that runs it here: busy hosts are slow for all alike."""
    with limen.load(floats) as session:
        engine = session.engine
    return float(next(r["latency_ms"] for r in found.tried if (r["recipe"], r["engine"]) == ("float32", engine)))


def rows(name: str, case: Case, folder: Path) -> Iterator[Row]:
    """Three budgets on one model."""
    floats = folder / f"{name}-float.limen"
    limen.build(case.model, floats, data=case.data, unsigned=True, recipe="float32")
    plain = searched(case, folder / "probe.limen", Budget(), passes=("int8",), objective="size")
    whole = max(r["size_bytes"] for r in plain.tried if r["recipe"] == "float32" and r["size_bytes"])
    budgets = {"host": Budget(max_drop=5.0, max_size=whole), BOARD: Budget(max_drop=5.0, max_flash=800_000)}
    if name in COUNTED:
        budgets[BOARD] = replace(budgets[BOARD], max_ram=96 << 10, max_instructions=60_000_000)
    for device, budget in (*budgets.items(), ("impossible", IMPOSSIBLE)):
        output, start = folder / f"{name}-{device}.limen", time.perf_counter()
        on = "host" if device == "impossible" else device
        found = searched(case, output, budget, on, passes=("int8", "float16"))
        seconds = time.perf_counter() - start
        if not found.passed:
            told = found.nearest_miss or {}
            well = device == "impossible" and bool(told.get("missed")) and not output.exists()
            yield Row(name, device, False, str(told.get("recipe")), well or device != "impossible", "", None, seconds)
            continue
        wrong = wrong_with(case, found, output, floats, budget, on)
        off = None
        if on == "host" and found.latency_ms and found.float_latency_ms:
            seen = median_ms({"float": floats, "chosen": output}, np.load(case.judged)["x"])
            off = seen["chosen"] / seen["float"] / (found.latency_ms / float_ms(found, floats)) - 1
        yield Row(name, device, True, str(found.recipe), not wrong and device != "impossible", wrong, off, seconds)


def broken(case: Case, folder: Path, times: int) -> int:
    """How many of ``times`` searches with a quantiser that spoils one layer's weights chose what it made."""
    chosen, honest = 0, trials.prepare_variant
    for seed in range(times):
        rng = np.random.default_rng(seed)

        def spoilt(*given: Any, rng: np.random.Generator = rng, **named: Any) -> Any:
            prepared = honest(*given, **named)
            if prepared.recipe.kind == "float32" or prepared.program is None:
                return prepared
            program = prepared.program
            weights = [n for n, t in program.tensors.items() if t.data is not None and t.data.ndim > 1 and t.quant]
            name = weights[rng.integers(len(weights))]
            tensor = program.tensors[name]
            mixed = rng.permutation(tensor.data.reshape(-1)).reshape(tensor.data.shape)
            return replace(prepared, program=program.with_nodes(program.nodes, (replace(tensor, data=mixed),)))

        with mock.patch.object(trials, "prepare_variant", spoilt):
            found = searched(
                case, folder / "broken.limen", Budget(max_drop=2.0), passes=("int8",), engines=("reference",)
            )
        chosen += found.passed and found.recipe != "float32"
    return chosen


def regret(case: Case, folder: Path, times: int) -> tuple[float, int]:
    """Mean and count of what the choice costs more than the best of all candidates, over random budgets."""
    found = searched(case, folder / "all.limen", Budget(), BOARD, objective="metric")
    made = [r for r in found.tried if r["drop"] is not None]
    rng, losses = random.Random(0), []
    for _ in range(times):
        budget = Budget(
            max_drop=rng.uniform(0.2, 6.0),
            max_ram=rng.randrange(2_000, 16_000),
            max_flash=rng.randrange(20_000, 110_000),
        )
        kept = [r for r in made if _keeps(r, budget)]
        choice = choose([_trial(r, budget) for r in made], budget)
        if (choice.best is None) != (not kept):
            return float("inf"), len(losses)
        if choice.best is not None:
            losses.append(float(choice.best.instructions or 0) / min(r["instructions"] for r in kept) - 1)
    return float(np.mean(losses)) if losses else 0.0, len(losses)


def _keeps(row: dict[str, Any], budget: Budget) -> bool:
    high = row["ci95"][1]
    return high <= budget.max_drop and row["ram_bytes"] <= budget.max_ram and row["flash_bytes"] <= budget.max_flash


def _trial(row: dict[str, Any], budget: Budget) -> Trial:
    verdict = {
        "drop": row["drop"], "ci95": row["ci95"], "limit": budget.max_drop, "unit": "pt", "n": 0, "needed": None,
        "passed": row["ci95"][1] <= budget.max_drop, "result": row["metric"],
    }  # fmt: skip
    figures = {k: row[k] for k in ("instructions", "ram_bytes", "flash_bytes", "size_bytes")}
    return Trial(row["recipe"], row["engine"], f"{row['recipe']}{row['engine']}", verdict=verdict, **figures)


def kills(case: Case, folder: Path, times: int) -> bool:
    """Whether a search killed ``times`` times at random instants ends with the bytes of one that was not."""
    words = [
        sys.executable, "-m", "limen", "optimize", case.model, "--data", case.data, "--eval", case.judged, "--device",
        BOARD, "--max-drop", "5pt", "--passes", "int8,int16x8", "--unsigned",
    ]  # fmt: skip
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    start = time.perf_counter()
    subprocess.run([*words, "-o", folder / "whole.limen"], check=True, **quiet)
    whole = time.perf_counter() - start
    command, rng = [*words, "-o", folder / "killed.limen", "--journal", folder / "killed.journal"], random.Random(1)
    for _ in range(times):
        run = subprocess.Popen(command, **quiet)
        try:
            run.wait(rng.uniform(0.0, whole))
        except subprocess.TimeoutExpired:
            run.kill()
            run.wait()
    subprocess.run(command, check=True, **quiet)
    return (folder / "whole.limen").read_bytes() == (folder / "killed.limen").read_bytes()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="digits,resnet8,mobilenet,vit,ic,vww,ad,kws")
    parser.add_argument("--broken", type=int, default=10)
    parser.add_argument("--regret", type=int, default=200)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    result: dict[str, Any] = {"rows": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"{'model':<10} {'budget':<11} {'passed':<7} {'recipe':<40} {'kept':<5} {'ms off':>7} {'s':>6}")
        for model, case in cases(folder, options.models.split(",")):
            for r in rows(model, case, folder):
                off = "" if r.latency_off is None else f"{100 * r.latency_off:+.1f} %"
                line = f"{r.model:<10} {r.budget:<11} {r.passed!s:<7} {r.recipe:<40} {r.kept!s:<5} {off:>7}"
                print(f"{line} {r.seconds:6.1f} {r.wrong}", flush=True)
                result["rows"].append(asdict(r))
        _, digits = next(cases(folder, ["digits"]))
        if options.broken:
            result["broken_chosen"] = broken(digits, folder, options.broken)
            print(f"broken quantiser: chosen {result['broken_chosen']} of {options.broken} times", flush=True)
        if options.regret:
            result["regret"], count = regret(digits, folder, options.regret)
            print(f"regret against exhaustive choice over {count} budgets: {100 * result['regret']:.2f} %", flush=True)
        if options.kills:
            result["same_bytes"] = kills(digits, folder, options.kills)
            print(f"killed {options.kills} times: same bytes {result['same_bytes']}")
    if options.json:
        options.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()

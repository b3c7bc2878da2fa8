"""Operator x element type: how far LiteRT's kernels lie from limen's reference semantics.

One run, same Programs and inputs for all columns. ``reference`` is BUILTIN_REF, the judge: 0 for integers, units in the
last place for floats, within each case's stated tolerance. ``optimised`` is LiteRT's default kernels without delegate,
``xnnpack`` its default delegate, ``tflm`` TFLite Micro where that package is installed. A dash: not taken;
``ends``: the engine ended its process.

    python bench/op_table.py [--cases 100] [--ops Conv2D,Add] [--json table.json]
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from conformance._ops_harness import (
    Case,
    Family,
    Feeds,
    LiteRT,
    compare,
    draw_case,
    families,
    feeds_of,
    reference,
)
from limen.program import Array, Program, initial_states
from limen.targets.tflite import write

Runner = Callable[[Feeds], list[Array]]
ENGINES = ("reference", "optimised", "xnnpack", "tflm")
CRASH = -1.0


@dataclass
class Row:
    """One operator and element type.

    Args:
        exceeded: Programs on which the judge differs by more than the case allows.
        worst: engine -> largest difference; None where it takes no such Program, -1 where it ended the process.
    """

    op: str
    dtype: str
    cases: int
    unit: str
    judge: str
    exceeded: int
    worst: dict[str, float | None]


def runner(engine: str, program: Program) -> Runner | None:
    """A function that runs the Program on an engine; None where the engine refuses it."""
    try:
        if engine == "tflm":
            return _micro(program) if importlib.util.find_spec("tflite_micro") else None
        return LiteRT(program, engine).run
    except (RuntimeError, ValueError):
        return None


def _micro(program: Program) -> Runner:
    from tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(write(program), arena_size=1 << 20)

    def run(feeds: Feeds) -> list[Array]:
        for index, port in enumerate(program.inputs):
            interpreter.set_input(feeds[port.tensor], index)
        interpreter.invoke()
        return [interpreter.get_output(index) for index in range(len(program.outputs))]

    return run


def measure(family: Family, dtype: str, cases: int) -> Row:
    """All engines on the same cases; each engine by itself where one of them ends the process."""
    row = isolated(family, dtype, cases, ENGINES)
    if row is None:
        found = {engine: isolated(family, dtype, cases, (engine,)) for engine in ENGINES}
        row = next((r for r in found.values() if r is not None), None)
        if row is None:
            raise SystemExit(f"{family.op} {dtype}: no engine runs it; draw its cases by themselves to see why")
        row.exceeded = sum(r.exceeded for r in found.values() if r is not None)
        row.worst = {engine: CRASH if r is None else r.worst[engine] for engine, r in found.items()}
    return row


def isolated(family: Family, dtype: str, cases: int, engines: Sequence[str]) -> Row | None:
    """The row, from a process of its own; None if that process died."""
    context = multiprocessing.get_context("fork")
    receive, send = context.Pipe(duplex=False)
    child = context.Process(target=lambda: send.send(row_of(family, dtype, cases, engines)))
    child.start()
    send.close()
    try:
        row: Row | None = receive.recv()
    except EOFError:
        row = None
    child.join()
    return row


def row_of(family: Family, dtype: str, cases: int, engines: Sequence[str]) -> Row:
    worst: dict[str, float | None] = dict.fromkeys(ENGINES)
    exceeded, unit = 0, "LSB"
    for seed in range(cases):
        case = draw_case(family, dtype, seed)
        unit = "ULP" if case.program.output_tensors()[0].dtype.startswith("float") else "LSB"
        feeds = list(feeds_of(case, seed))
        states = initial_states(case.program)
        wanted = [reference(case.program, feed, states) for feed in feeds]
        for engine in engines:
            found = _difference(engine, case, feeds, wanted)
            if found is not None:
                worst[engine] = max(worst[engine] or 0.0, found[0])
                exceeded += engine == family.judge(dtype) and found[1] > 0
    return Row(family.op, dtype, cases, unit, family.judge(dtype), exceeded, worst)


def _difference(engine: str, case: Case, feeds: list[Feeds], wanted: list[list[Array]]) -> tuple[float, float] | None:
    """Largest difference and largest excess over the tolerance; None where the engine refuses the Program."""
    run = runner(engine, case.program)
    if run is None:
        return None
    try:
        found = [compare(case, feed, run(feed), want) for feed, want in zip(feeds, wanted, strict=True)]
    except (RuntimeError, ValueError):
        return None
    return max(d.amount for d in found), max(d.excess for d in found)


def show(row: Row) -> str:
    values = [row.worst[engine] for engine in ENGINES]
    cells = ["-" if v is None else "ends" if v == CRASH else f"{v:.3g}" for v in values]
    flag = "" if not row.exceeded else f"  {row.exceeded} EXCEED"
    note = "" if row.judge == "reference" else f"  (judge: {row.judge})"
    return f"{row.op:18} {row.dtype:20} {row.cases:5} {row.unit:4}" + "".join(f"{c:>11}" for c in cells) + flag + note


def silence_native_messages() -> None:
    """The kernels print every refusal; the table shows it as a dash."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=100, help="Programs per operator and element type")
    parser.add_argument("--ops", default="", help="comma-separated operators; all by default")
    parser.add_argument("--json", type=Path, help="write the table there")
    options = parser.parse_args(arguments)
    chosen = set(filter(None, options.ops.split(",")))
    silence_native_messages()
    print(f"{'operator':18} {'type':20} {'cases':>5} {'unit':4}" + "".join(f"{engine:>11}" for engine in ENGINES))
    start, rows = time.perf_counter(), []
    for name, family in sorted(families().items()):
        for dtype in family.dtypes if not chosen or name in chosen else ():
            rows.append(measure(family, dtype, options.cases))
            print(show(rows[-1]), flush=True)
    failed = sum(row.exceeded > 0 for row in rows)
    total = sum(row.cases for row in rows)
    print(f"{len(rows)} columns, {total} Programs, {failed} columns exceed, {time.perf_counter() - start:.0f} s")
    if options.json:
        table: list[dict[str, Any]] = [asdict(row) for row in rows]
        options.json.write_text(json.dumps(table, indent=1) + "\n")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())

"""Differential fuzz of target c: random Programs as C, on this machine and on virtual devices, beside the interpreter.

Every seed makes one Program (tests/random_programs.py), or with ``--onnx`` one ONNX network (tests/random_onnx.py)
whose float Program must equal ONNX Runtime's, and which is then quantised. Each is compiled for some devices, with
whole tensors, row by row, with pushed rows, small, and with the portable kernels; what runs must equal the interpreter
to the bit where it holds codes, and within rounding where it holds floats. On this machine the code runs under gcc's
address and undefined behaviour sanitizers with an arena of exactly the size it asks for; on the virtual devices every
layer is compared, and the stack must stay below its stated bound. Some are compiled under limits of RAM too.

    python bench/fuzz_c.py [--seeds 0 200] [--onnx] [--on host cortex-m4 esp32-c3 ...] [--style any] [--json]
"""

from __future__ import annotations

import argparse
import collections
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from limen import devices, lab
from limen.build.compiled import compile_c
from limen.errors import BudgetError, LimenError, Unsupported
from limen.lab._compare import Expectation, distance
from limen.program import Array, Program, run
from limen.targets import CompileOptions
from limen.targets._zig import WARNINGS, kernel_flags
from limen.targets.c import Generated, generate
from random_programs import random_program

VIRTUAL = ("cortex-m4", "cortex-m0plus", "esp32-c3", "cortex-m33", "armv7", "rpi5", "wasm")
TOLERANCE = 2e-4
LIMITED = 8
"""One seed in so many is compiled under limits of RAM as well."""
SANITIZE = ("-O1", "-g1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-ffp-contract=off")

MAIN = """\
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
@INCLUDES@
static void fill(uint8_t *to, size_t size, FILE *from)
{
    if (fread(to, 1u, size, from) != size) {
        exit(3);
    }
}

@CASES@
int main(int count, char **words)
{
    FILE *const in = fopen(words[2], "rb");
    FILE *const out = fopen(words[3], "wb");
    (void)count;
    switch (atoi(words[1])) {
@SWITCH@    default:
        return 4;
    }
    fclose(out);
    fclose(in);
    return 0;
}
"""


@dataclass(frozen=True)
class Variant:
    """One way to compile a Program.

    Args:
        place: ``host`` for this machine, else a virtual device.
        device: whom the code is for.
        kernels, stream, small: as ``generate`` takes them.
        compiler: of virtual devices.
    """

    place: str
    device: str
    kernels: str = "auto"
    stream: str = "off"
    small: bool = False
    compiler: str = "gcc"

    def __str__(self) -> str:
        words = [self.device, self.kernels, self.stream, "small" if self.small else "", self.compiler]
        return f"{self.place}: " + " ".join(w for w in words if w not in ("auto kernels", ""))


@dataclass(frozen=True, eq=False)
class Job:
    """One Program in one variant, compiled to C."""

    seed: int
    variant: Variant
    program: Program
    made: Generated


def variants(seed: int, places: Sequence[str]) -> Iterator[Variant]:
    """The ways to compile a seed's Program: both kinds of kernels here, two of the virtual devices in turn."""
    streams = ("off", "auto", "push", "auto")
    if "host" in places:
        yield Variant("host", "x86-mini-pc", "auto", streams[seed % 4], small=seed % 5 == 0)
        yield Variant("host", "cortex-m4", "portable", streams[(seed + 1) % 4], small=seed % 3 == 0)
    virtual = [p for p in places if p != "host"]
    for i in range(min(2, len(virtual))):
        device = virtual[(seed * 2 + i) % len(virtual)]
        stream = streams[(seed // 2 + i) % 4]
        if device in ("wasm", "rpi5"):  # no gcc for them here
            yield Variant(device, device, "auto", "off" if device == "wasm" else stream, compiler="zig")
        else:
            yield Variant(device, device, "auto", stream, seed % 4 == 1, "zig" if seed % 8 == 3 else "gcc")


def feeds_of(program: Program, seed: int) -> list[dict[str, Array]]:
    return lab.sample_inputs(program, 2, seed)


def compiled(seed: int, places: Sequence[str], make: Callable[[int, Notes], Program], note: Notes) -> list[Job]:
    """The seed's jobs; refusals and defects go to the notes."""
    try:
        program = make(seed, note)
    except Unsupported as error:
        note.refused[_shape_of(error.message)] += 1
        return []
    except Exception as error:
        note.defect(seed, None, f"no Program: {error!r}")
        return []
    if "host" in places and seed % LIMITED == 0:
        limited(seed, program, note)
    jobs = []
    for variant in variants(seed, places):
        try:
            made, variant = _compile(program, variant, f"m{len(jobs)}_{seed}")
        except Unsupported as error:
            note.refused[_shape_of(error.message)] += 1
        except Exception as error:
            note.defect(seed, variant, f"generate: {error!r}")
        else:
            jobs.append(Job(seed, variant, program, made))
    return jobs


def limited(seed: int, program: Program, note: Notes) -> None:
    """Limits of RAM for a Cortex-M4: what a refusal says would do must do, and what is taken must fit."""
    board = devices.get("cortex-m4")
    where = Variant("limits", board.name, "auto", "--ram")
    try:
        whole = compile_c(program, CompileOptions(board)).ram
        assert whole is not None
        found = re.search(r"needs (\d+) bytes of RAM", _refusal(program, CompileOptions(board, ram=1)))
        if found is None:
            note.defect(seed, where, "one byte of RAM is enough")
            return
        least = int(found[1])
        fits = compile_c(program, CompileOptions(board, ram=least)).ram
        under = _refusal(program, CompileOptions(board, ram=least - 1))
    except Unsupported as error:
        note.refused[_shape_of(error.message)] += 1
    except Exception as error:
        note.defect(seed, where, f"{error!r}")
    else:
        note.ran["limits"] += 1
        if fits is None or fits > least or least > whole or not under:
            note.defect(
                seed, where, f"whole tensors {whole}, least {least}, with that limit {fits}, below it {under!r}"
            )


def _refusal(program: Program, options: CompileOptions) -> str:
    """What is said against the limit; empty where it is kept."""
    try:
        compile_c(program, options)
    except BudgetError as error:
        return error.message
    return ""


def _compile(program: Program, variant: Variant, name: str) -> tuple[Generated, Variant]:
    """The code; row by row where rows cannot be pushed."""
    try:
        return generate(program, devices.get(variant.device), name, variant.kernels, variant.small,
                        variant.stream), variant  # type: ignore[arg-type] # fmt: skip
    except Unsupported as error:
        if variant.stream != "push" or "row by row" not in error.message:
            raise
        return _compile(program, replace(variant, stream="auto"), name)


def _shape_of(message: str) -> str:
    """A refusal without its node's name and numbers."""
    return "".join("#" if c.isdigit() else c for c in message.partition(": ")[2])


class Notes:
    """What is counted and found."""

    def __init__(self) -> None:
        self.ran: collections.Counter[str] = collections.Counter()
        self.refused: collections.Counter[str] = collections.Counter()
        self.decibels: list[float] = []
        self.defects: list[dict[str, Any]] = []

    def defect(self, seed: int, variant: Variant | None, what: str) -> None:
        self.defects.append({"seed": seed, "variant": str(variant), "what": what[:1500]})
        print(f"DEFECT seed {seed} [{variant}] {what[:1500]}", flush=True)


def judged(job: Job, results: Sequence[Mapping[str, Array]]) -> str:
    """What differs from the interpreter; empty for nothing."""
    expect = Expectation(job.made, job.program)
    for feed, found in zip(feeds_of(job.program, job.seed), results, strict=True):
        expected = expect.after(feed)
        for name, value in found.items():
            wrong = differs(job.program, value, expected[name])
            if wrong:
                return f"{name}: {wrong}"
    return ""


def differs(program: Program, found: Array, expected: Array) -> str:
    """Words for a difference that is none of rounding."""
    worst = distance(found, expected)
    if found.dtype.kind == "f":
        with np.errstate(over="ignore", invalid="ignore"):
            finite = np.abs(expected[np.isfinite(expected)])
        allowed = TOLERANCE * (1 + float(finite.max(initial=0.0)))
        return f"{worst} of at most {allowed}" if worst > allowed else ""
    from_float = any(t.dtype == "float32" and t.data is None for t in program.tensors.values())
    return f"{worst} LSB" if worst > (1 if from_float else 0) else ""


def run_here(jobs: Sequence[Job], note: Notes) -> None:
    """All jobs in one program under the sanitizers, one process for each."""
    if not jobs:
        return
    with tempfile.TemporaryDirectory(prefix="limen-fuzz-") as folder:
        built = _build(jobs, Path(folder))
        if built:
            guilty = [job for job in jobs if job.made.name in built] or list(jobs[:1])
            for job in guilty:
                note.defect(job.seed, job.variant, f"gcc refuses: {built}")
            run_here([job for job in jobs if job not in guilty], note)
            return
        for index, job in enumerate(jobs):
            found = _execute(Path(folder), index, job)
            wrong = found if isinstance(found, str) else judged(job, found)
            note.ran[job.variant.place] += 1
            if wrong:
                note.defect(job.seed, job.variant, wrong)


def _build(jobs: Sequence[Job], folder: Path) -> str:
    """Compile; what gcc says against it."""
    flags: dict[str, tuple[str, ...]] = {}
    for job in jobs:
        for name, content in job.made.files.items():
            (folder / name).write_bytes(content)
            if name.endswith(".c"):
                flags[name] = kernel_flags(job.made.isa)
    parts = {
        "INCLUDES": "\n".join(f'#include "{j.made.name}.h"' for j in jobs),
        "CASES": "\n".join(_case(i, j) for i, j in enumerate(jobs)),
        "SWITCH": "".join(f"    case {i}:\n        run_{i}(in, out);\n        break;\n" for i in range(len(jobs))),
    }
    text = MAIN
    for name, part in parts.items():
        text = text.replace(f"@{name}@", part)
    (folder / "main.c").write_text(text)
    objects = []
    for name, more in {**flags, "main.c": ()}.items():
        command = ["gcc", *WARNINGS, *more, *SANITIZE, "-c", name, "-o", f"{name}.o"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            return done.stderr.strip()[:1500]
        objects.append(f"{name}.o")
    done = subprocess.run(["gcc", *SANITIZE, *objects, "-o", "fuzz"], cwd=folder, capture_output=True, text=True,
                          check=False)  # fmt: skip
    return done.stderr.strip()[:1500] if done.returncode else ""


def _case(index: int, job: Job) -> str:
    """A C function that runs one job on all its feeds."""
    made = job.made
    upper = made.name.upper()
    runs = len(feeds_of(job.program, job.seed))
    lines = [f"static void run_{index}(FILE *in, FILE *out)", "{",
             f"    uint8_t *const arena = aligned_alloc(64u, ({upper}_ARENA_BYTES + 63u) / 64u * 64u);",
             f"    memset(arena, 0xA5, {upper}_ARENA_BYTES);", f"    {made.name}_reset(arena);",
             f"    for (int run = 0; run < {runs}; ++run) {{"]  # fmt: skip
    if not made.stateful:
        lines.append(f"        memset(arena, 0xA5, {upper}_ARENA_BYTES);")
    if made.pushed_rows:
        size = job.made.program.input_tensors()[0].nbytes // made.pushed_rows
        lines += [f"        uint8_t *const row = malloc({size}u);", f"        {made.name}_begin(arena);",
                  f"        for (int y = 0; y < {made.pushed_rows}; ++y) {{", f"            fill(row, {size}u, in);",
                  f"            if ({made.name}_push(arena, row) != (y == {made.pushed_rows - 1})) {{",
                  "                exit(5);", "            }", "        }", "        free(row);"]  # fmt: skip
    else:
        lines += [f"        fill(arena + {p.offset}, {p.nbytes}u, in);" for p in made.inputs]
        lines.append(f"        {made.name}_invoke(arena);")
    lines += [f"        fwrite(arena + {p.offset}, 1u, {p.nbytes}u, out);" for p in made.outputs]
    return "\n".join([*lines, "    }", "    free(arena);", "}", ""])


def _execute(folder: Path, index: int, job: Job) -> str | list[dict[str, Array]]:
    """The outputs for every feed, or what went wrong."""
    tensors = [p.tensor for p in job.made.program.inputs]
    feeds = feeds_of(job.program, job.seed)
    data = b"".join(np.ascontiguousarray(feed[name]).tobytes() for feed in feeds for name in tensors)
    (folder / "in").write_bytes(data)
    command = [folder / "fuzz", str(index), "in", "out"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        return f"ends with {done.returncode}: {done.stderr.strip()[:1200]}"
    raw, at, found = (folder / "out").read_bytes(), 0, []
    for _ in feeds:
        values = {}
        for place in job.made.outputs:
            values[place.tensor] = np.frombuffer(raw[at : at + place.nbytes], place.dtype).reshape(place.shape)
            at += place.nbytes
        found.append(values)
    return found


def run_virtual(job: Job, note: Notes) -> None:
    """One job on its virtual device, every layer compared."""
    note.ran[job.variant.place] += 1
    try:
        found = lab.profile(job.made, feeds_of(job.program, job.seed), compiler=job.variant.compiler, judge=job.program)
    except LimenError as error:
        note.defect(job.seed, job.variant, f"{type(error).__name__}: {error.message}")
        return
    from_float = any(t.dtype == "float32" and t.data is None for t in job.program.tensors.values())
    lsb = (found.exact or {}).get("max_lsb", 0)
    if lsb > (1 if from_float else 0):
        note.defect(job.seed, job.variant, f"{lsb} LSB; first layer that differs: {found.differs_first}")
    inexact = (found.approximate or {}).get("max_abs", 0)
    if inexact > TOLERANCE * (1 + _largest(job)):
        note.defect(job.seed, job.variant, f"floats differ by {inexact}")
    stack, bound = found.ram.get("stack"), found.ram.get("stack_bound")
    if stack is not None and bound is not None and stack > bound:
        note.defect(job.seed, job.variant, f"{stack} bytes of stack, the bound is {bound}")


def _largest(job: Job) -> float:
    """Of the floats that the Program puts out."""
    expect, largest = Expectation(job.made, job.program), 0.0
    for feed in feeds_of(job.program, job.seed):
        for value in (expect.after(feed)[p.tensor] for p in job.program.outputs):
            if value.dtype.kind == "f":
                largest = max(largest, float(np.abs(value[np.isfinite(value)]).max(initial=0.0)))
    return largest


class Lowered(Exception):
    """A network whose Program is wrong."""


def from_onnx(seed: int, note: Notes) -> Program:
    """A random network, imported, lowered, compared with ONNX Runtime in float, and quantised; one in four is not.

    Raises:
        Lowered: the float Program differs from ONNX Runtime, or the quantised one from the float one altogether.
    """
    import onnxruntime

    from limen.build.source import open_source
    from limen.optimize import decode, quantize_program
    from random_onnx import random_onnx

    model = random_onnx(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "net.onnx")
        path.write_bytes(model.SerializeToString())
        program = open_source(path).require_program()
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(seed)
    samples = [rng.normal(0, 1, session.get_inputs()[0].shape).astype(np.float32) for _ in range(8)]
    feeds = [{program.inputs[0].tensor: _turned(x, program.inputs[0].permutation)} for x in samples]
    expected = [session.run([p.name for p in program.outputs], {"x": x}) for x in samples]
    found = [run(program, feed) for feed in feeds]
    for values, wanted in zip(found, expected, strict=True):
        for port, right in zip(program.outputs, wanted, strict=True):
            worst = distance(values[port.tensor], _turned(right, port.permutation))
            if worst > 1e-4 * (1 + float(np.abs(right).max(initial=0.0))):
                raise Lowered(f"{port.name}: float Program and ONNX Runtime differ by {worst}")
    if seed % 4 == 3:
        return program
    made = quantize_program(program, decode("int16x8" if seed % 8 == 6 else "int8"), feeds).program
    note.decibels.append(_quality(program, made, feeds))
    if note.decibels[-1] < 0:
        raise Lowered(f"quantised: {note.decibels[-1]:.1f} dB beside the float Program")
    return made


def _turned(value: Array, permutation: tuple[int, ...] | None) -> Array:
    return value if permutation is None else np.ascontiguousarray(np.transpose(value, permutation))


def _quality(program: Program, made: Program, feeds: Sequence[Mapping[str, Array]]) -> float:
    """Signal to quantisation noise of the first output over the calibration samples, in decibels."""
    signal = noise = 1e-12
    (source,), first, second = made.input_tensors(), program.outputs[0].tensor, made.outputs[0].tensor
    target = made.tensors[second]
    for feed in feeds:
        right = run(program, feed)[first].astype(np.float64)
        x = next(iter(feed.values()))
        if source.quant is not None:
            info = np.iinfo(source.dtype)
            x = np.clip(np.rint(x / source.scale) + source.zero_point, info.min, info.max).astype(source.dtype)
        value = run(made, {source.name: x})[second].astype(np.float64)
        value = (value - target.zero_point) * target.scale
        signal, noise = signal + float((right**2).sum()), noise + float(((right - value) ** 2).sum())
    return 10 * float(np.log10(signal / noise))


def fuzz(seeds: Sequence[int], places: Sequence[str], make: Callable[[int, Notes], Program], batch: int = 12) -> Notes:
    """All seeds; the jobs of a few are compiled together for this machine."""
    note, waiting = Notes(), list[Job]()
    for seed in seeds:
        for job in compiled(seed, places, make, note):
            if job.variant.place == "host":
                waiting.append(job)
            else:
                run_virtual(job, note)
        if len(waiting) >= batch:
            run_here(waiting, note)
            waiting = []
    run_here(waiting, note)
    return note


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", nargs=2, type=int, default=(0, 100), metavar=("FIRST", "END"))
    parser.add_argument("--on", nargs="+", default=["host", *VIRTUAL], choices=["host", *VIRTUAL])
    parser.add_argument("--dtype", default="", choices=["", "int8", "int16", "uint8", "float32"])
    parser.add_argument("--style", default="", choices=["", "picture", "wide", "any"])
    parser.add_argument("--onnx", action="store_true", help="networks in ONNX, lowered and quantised")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    start = time.monotonic()

    def drawn(seed: int, note: Notes) -> Program:
        return from_onnx(seed, note) if options.onnx else random_program(seed, options.dtype, options.style)

    note = fuzz(range(*options.seeds), options.on, drawn)
    print(f"{options.seeds[1] - options.seeds[0]} Programs, {sum(note.ran.values())} runs in "
          f"{time.monotonic() - start:.0f} s: " + ", ".join(f"{p} {n}" for p, n in note.ran.items()))  # fmt: skip
    if note.decibels:
        low, middle = np.percentile(note.decibels, [5, 50])
        least = min(note.decibels)
        print(f"quantised beside float: {middle:.1f} dB in the middle, 5 % below {low:.1f}, least {least:.1f}")
    for words, count in note.refused.most_common():
        print(f"  refused {count:>5}  {words}")
    print(f"{len(note.defects)} defects")
    if options.json:
        print(json.dumps({"ran": note.ran, "refused": note.refused, "defects": note.defects}))
    return int(bool(note.defects))


if __name__ == "__main__":
    sys.exit(main())

"""Parsers of delivery under damaged input for as long as it is told: inputs, refusals, defects, memory.

The targets are those of ``tests/fuzz_targets.py``. Each runs in a process of its own. With atheris (pip install
atheris; Python 3.11 to 3.13) coverage leads the way; without it samples are damaged at random, the inputs that were
taken being damaged further.

    python bench/fuzz.py [--seconds 10] [--only delta,metadata] [--json table.json]
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import mmap
import os
import resource
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

KEPT = 500
"""Inputs that were taken and are damaged further."""


def at_random(name: str, seconds: float) -> dict[str, object]:
    """Damage samples for some seconds."""
    import numpy as np

    from fuzz_targets import MAKERS, damaged, outcome

    target = next(t for t in (maker() for maker in MAKERS if label(maker) == name))
    random, corpus = np.random.default_rng(time.time_ns()), list(target.samples)
    counts, defects = {"refused": 0, "taken": 0}, []
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        data = damaged(corpus[int(random.integers(0, len(corpus)))], random)
        try:
            found = outcome(target, data)
        except AssertionError as error:
            defects.append(str(error)[:400])
            continue
        counts[found] += 1
        if found == "taken" and len(corpus) < KEPT + len(target.samples):
            corpus.append(data)
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    return {"inputs": sum(counts.values()) + len(defects), **counts, "defects": defects, "grown_bytes": grown}


def by_coverage(name: str, seconds: float) -> dict[str, object]:
    """libFuzzer led by the coverage of limen's own modules; ends the process at a defect."""
    import atheris

    with atheris.instrument_imports(include=["limen.deliver", "limen.bundle"]):
        from fuzz_targets import MAKERS, outcome

    target = next(t for t in (maker() for maker in MAKERS if label(maker) == name))
    shared = mmap.mmap(-1, 24)  # refused, taken, KiB at most: libFuzzer ends its process without a word
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def one(data: bytes) -> None:
        refused, taken, _ = struct.unpack("<3q", shared[:])
        is_refused = outcome(target, data) == "refused"
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        shared[:] = struct.pack("<3q", refused + is_refused, taken + (not is_refused), most)

    with tempfile.TemporaryDirectory() as corpus:
        for i, sample in enumerate(target.samples):
            Path(corpus, str(i)).write_bytes(sample)
        limits = [f"-max_total_time={int(seconds)}", "-rss_limit_mb=1024", "-max_len=65536", "-verbosity=0"]
        child = os.fork()
        if child == 0:
            atheris.Setup([sys.argv[0], f"-artifact_prefix={corpus}/", *limits, corpus], one)
            atheris.Fuzz()
        _, status = os.waitpid(child, 0)
    refused, taken, most = struct.unpack("<3q", shared[:])
    defects = [] if status == 0 else [f"the fuzzer ended with status {os.waitstatus_to_exitcode(status)}"]
    grown = 1024 * (most - before)
    return {"inputs": refused + taken, "refused": refused, "taken": taken, "defects": defects, "grown_bytes": grown}


def label(maker: object) -> str:
    return getattr(maker, "__name__", "").strip("_")


def in_process(name: str, seconds: float, engine: str) -> dict[str, object]:
    """Run one target by itself; a process that ends in another way is a defect."""
    command = [sys.executable, __file__, "--one", name, "--seconds", str(seconds), "--engine", engine]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 300)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        tail = " ".join((done.stderr or done.stdout).splitlines()[-3:])
        return {"inputs": 0, "refused": 0, "taken": 0, "defects": [tail[:400]], "grown_bytes": 0}
    found: dict[str, object] = json.loads(lines[-1])
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--only", default="")
    parser.add_argument("--engine", choices=("atheris", "random"))
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    engine = options.engine or ("atheris" if importlib.util.find_spec("atheris") else "random")
    if options.one:
        print(json.dumps((by_coverage if engine == "atheris" else at_random)(options.one, options.seconds)))
        return 0
    from fuzz_targets import MAKERS

    names = [label(m) for m in MAKERS if not options.only or label(m) in options.only.split(",")]
    rows = [{"target": name, "engine": engine, **in_process(name, options.seconds, engine)} for name in names]
    print(f"{'target':<12}{'engine':>9}{'inputs':>10}{'refused':>10}{'taken':>9}{'defects':>9}{'MiB more':>10}")
    for row in rows:
        print(
            f"{row['target']:<12}{row['engine']:>9}{row['inputs']:>10}{row['refused']:>10}{row['taken']:>9}"
            f"{len(row['defects']):>9}{row['grown_bytes'] / 2**20:>10.1f}"  # type: ignore[arg-type, operator]
        )
        for defect in row["defects"][:3]:  # type: ignore[index]
            print(f"  {defect}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))
    return int(any(row["defects"] for row in rows))


if __name__ == "__main__":
    sys.exit(main())

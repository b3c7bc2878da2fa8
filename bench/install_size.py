"""What the device half costs: installed bytes by package, and processor seconds of an import and of --help.

    python bench/install_size.py [--json FILE]

The wheel is put into a fresh environment by pip. Bytecode, pip and setuptools are not counted; the engine is LiteRT
with what only it needs. Times are the least of ROUNDS processes, user and system.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENGINE = ("ai_edge_litert", "ml_dtypes", "google", "protobuf", "tqdm", "backports", "typing_extensions")
TOOLS = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "distutils-precedence")
ROUNDS = 9
LIMITS = {"with_engine_mb": 140.0, "without_engine_mb": 90.0, "import_cpu_s": 0.05, "help_cpu_s": 0.3}


def sizes(folder: Path) -> Counter[str]:
    """Bytes of each top-level name, bytecode left out."""
    found: Counter[str] = Counter()
    for base, _, names in os.walk(folder):
        for name in names:
            path = Path(base, name)
            if path.suffix != ".pyc" and not path.is_symlink():
                found[path.relative_to(folder).parts[0]] += path.stat().st_size
    return Counter({name: size for name, size in found.items() if not name.startswith(TOOLS)})


def cpu_seconds(*command: str) -> float:
    """The least processor time of a command."""
    times = []
    for _ in range(ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


def measure(folder: Path) -> tuple[Counter[str], dict[str, float]]:
    """Sizes, and figures under the names of LIMITS."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = str(folder / "bin/python")
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(ROOT)]
    subprocess.run(install, check=True)
    found = sizes(next((folder / "lib").glob("python*")) / "site-packages")
    whole = sum(found.values()) / 1e6
    engine = sum(size for name, size in found.items() if name.startswith(ENGINE)) / 1e6
    numpy = cpu_seconds(python, "-c", "import numpy")
    return found, {
        "with_engine_mb": whole,
        "without_engine_mb": whole - engine,
        "import_cpu_s": max(0.0, cpu_seconds(python, "-c", "import numpy, limen") - numpy),
        "help_cpu_s": cpu_seconds(str(folder / "bin/limen"), "--help"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        found, figures = measure(Path(name) / "venv")
    for package, size in found.most_common(8):
        print(f"{package:<24} {size / 1e6:8.1f} MB")
    for what, value in figures.items():
        print(f"{what:<24} {value:8.3f}  limit {LIMITS[what]:g}{'' if value <= LIMITS[what] else '  NOT KEPT'}")
    if options.json:
        options.json.write_text(json.dumps({"packages": dict(found), **figures}, indent=1))


if __name__ == "__main__":
    main()

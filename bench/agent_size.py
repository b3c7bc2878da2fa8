"""What an agent costs a device: installed bytes beside the engine, resident memory while idle and while serving.

    python bench/agent_size.py [--json] [--no-install]

Installed: the extra ``agent`` and limen itself, put into an empty folder by pip; NumPy, LiteRT and what they need are
the engine's and are counted apart. ``.pyc`` files are not counted. Resident: ``limen agent run`` after some looks for
updates, without a release and serving a small int8 network on two engines; and of it what no other process shares.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from limen.deliver.agent import enrol  # noqa: E402
from limen.deliver.agent.keys import FileKeys  # noqa: E402
from limen.deliver.agent.places import Folder  # noqa: E402
from limen.deliver.agent.settings import DEVICE_KEY, Settings  # noqa: E402
from limen.engines import record_golden  # noqa: E402
from small_bundles import classifier  # noqa: E402
from small_repository import new_repository  # noqa: E402

ENGINE = ("numpy", "ai-edge-litert")
"""What the engine itself needs, as pip installs it."""


def installed() -> dict[str, Any]:
    """Bytes of the agent's packages; those that the engine brings anyway are left out."""
    with tempfile.TemporaryDirectory() as scratch:
        engine, agent = Path(scratch) / "engine", Path(scratch) / "agent"
        _pip(engine, ENGINE)
        _pip(agent, ("msgspec>=0.19", *_requirements("agent")))
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-compile", "--target", agent, ROOT],
            check=True,
        )
        ours = {path.name: path for path in agent.iterdir()}
        sizes = {name: _size(path) for name, path in ours.items() if not (engine / name).exists()}
        return {
            "engine_bytes": _size(engine),
            "agent_bytes": sum(sizes.values()),
            "largest": dict(sorted(sizes.items(), key=lambda item: -item[1])[:6]),
        }


def _requirements(extra: str) -> list[str]:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found: list[str] = project["optional-dependencies"][extra]
    return found


def _pip(target: Path, packages: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-compile", "--target", str(target), *packages]
    subprocess.run(command, check=True)


def _size(path: Path) -> int:
    files = [path] if path.is_file() else [f for f in path.rglob("*") if f.is_file() and f.suffix != ".pyc"]
    return sum(file.stat().st_size for file in files)


def resident(kind: str | None) -> dict[str, int]:
    """Bytes of an agent that has looked for updates a few times; serving an artifact of that kind, or nothing."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        repository = new_repository(folder / "fleet")
        settings = Settings("dev-1", "rpi4", poll_seconds=1.0, trial_seconds=0.5)
        with enrol.make(folder / "device", settings, enrol.read_roots(Folder(repository.public))) as store:
            key = FileKeys(store.secret(DEVICE_KEY) or b"").public().hex()
            enrol.complete(store, enrol.st.load(store), None)
        repository.assign(seal_key=key)
        if kind is not None:
            bundle, _ = record_golden(classifier().bundle(kind), classifier().feeds(3))
            bundle.save(folder / "1.limen")
            repository.assign(seal_key=key, kws=repository.publish(folder / "1.limen", seal=True).counter)
        command = [sys.executable, "-m", "limen", "agent", "run", str(folder / "device")]
        command += ["--from", str(repository.public), "--socket", str(folder / "s")]
        agent = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            time.sleep(12.0 if kind is None else 20.0)
            return _memory(agent.pid)
        finally:
            agent.terminate()
            agent.wait()


def _memory(pid: int) -> dict[str, int]:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    kib = {name: int(size) for name, size in re.findall(r"^(\w+): +(\d+) kB", text, re.MULTILINE)}
    return {"rss": kib["Rss"] << 10, "private": (kib["Private_Clean"] + kib["Private_Dirty"]) << 10}


def main(install: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"idle": resident(None)}
    found |= {engine: resident(kind) for kind, engine in (("program", "reference"), ("tflite", "litert"))}
    return {"resident": found, "installed": installed() if install else None}


def table(found: dict[str, Any]) -> str:
    lines = [f"{'agent that':<28} {'resident':>10} {'private':>10}"]
    for name, value in found["resident"].items():
        what = "serves nothing yet" if name == "idle" else f"serves on {name}"
        lines.append(f"{what:<28} {value['rss'] / 1e6:>7.1f} MB {value['private'] / 1e6:>7.1f} MB")
    if found["installed"]:
        size = found["installed"]
        lines.append(f"\ninstalled beside the engine  {size['agent_bytes'] / 1e6:>7.1f} MB")
        lines += [f"  {name:<26} {bytes_ / 1e6:>7.1f} MB" for name, bytes_ in size["largest"].items()]
        lines.append(f"the engine, with NumPy       {size['engine_bytes'] / 1e6:>7.1f} MB")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--no-install", action="store_true", help="measure memory only")
    options = parser.parse_args()
    result = main(not options.no_install)
    print(json.dumps(result) if options.json else table(result))

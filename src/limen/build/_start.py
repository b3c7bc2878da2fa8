"""``__main__`` of a package made by ``limen package --as python``: unpacks itself once, then runs the model on files.

Nothing but the standard library until the packed distributions are on the path. They lie in ``site/`` of the archive;
machine code cannot be imported from an archive, so they are unpacked to a folder of the user's cache that is named by
their hash, whole or not at all.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

FACTS = "package.json"
USAGE = """usage: {name} FILE... [-o OUT.npz] [--engine NAME] [--threads N] [--exact] [--json]
       {name} verify

Runs the model {model} on pictures, recordings, .npz or .csv files, with its own pre- and post-processing."""


def main(archive: Path, words: list[str]) -> int:
    """Run the packed model; an exit code of limen."""
    with zipfile.ZipFile(archive) as packed:
        facts = json.loads(packed.read(FACTS))
        problem = unfit(facts)
        if problem:
            print(f"{archive.name}: {problem}", file=sys.stderr)
            return 8
        folder = unpack(packed, facts["digest"])
    sys.path.insert(0, str(folder / "site"))
    bundle = str(folder / facts["bundle"])
    if not words or words[0] in ("-h", "--help"):
        print(USAGE.format(name=archive.name, model=facts["name"]))
        return 0 if words else 2
    limen = importlib.import_module("limen.cli.__main__").main  # of the packed limen, which knows nothing of this file
    if words[0] == "verify":
        return int(limen(["verify", bundle, *words[1:]]))
    files, flags = split(words)
    codes = [limen(["run", bundle, "--input", file, *flags]) for file in files]
    return max(codes, default=2)


def split(words: list[str]) -> tuple[list[str], list[str]]:
    """Files, and the flags with their values for ``limen run``."""
    files: list[str] = []
    flags: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            files += rest
        elif word in ("-o", "--output", "--engine", "--threads", "--key"):
            flags += ["--output" if word == "-o" else word, next(rest, "")]
        elif word.startswith("-"):
            flags.append(word)
        else:
            files.append(word)
    return files, flags


def unfit(facts: dict[str, Any]) -> str:
    """Why this interpreter cannot run the package; empty: it can."""
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if facts["python"] != here:
        return f"is for Python {facts['python']}; this is {here}"
    if (facts["machine"], "linux") != (platform.machine(), sys.platform):
        return f"is for linux on {facts['machine']}; this is {sys.platform} on {platform.machine()}"
    return ""


def unpack(packed: zipfile.ZipFile, digest: str) -> Path:
    """The folder that holds the archive's content."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "limen" / "packages"
    folder = cache / digest
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = Path(tempfile.mkdtemp(dir=cache))
    try:
        packed.extractall(fresh)
        fresh.rename(folder)
    except OSError:
        if not folder.is_dir():  # else another process was first
            raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[0]).resolve(), sys.argv[1:]))

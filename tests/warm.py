"""``limen`` command lines in processes that need not import anything: a server imports once, and forks for each line.

A documentation page calls limen five times, and each call would spend two seconds on imports. What runs is the same
``main``, in a process of its own, in its own folder, with its own standard streams.
"""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

IMPORTS = ("limen.build", "limen.build.packaging", "limen.cli.__main__", "limen.engines", "sklearn.datasets")


class Warm:
    """The server; one for each test process.

    Args:
        imports: modules that are there before the first line runs.
    """

    def __init__(self, imports: tuple[str, ...] = IMPORTS) -> None:
        command = [sys.executable, __file__, *imports]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, words: list[str], folder: Path) -> tuple[int, str]:
        """Exit code, and what it printed on both streams, of ``limen ...`` or ``python FILE ...``."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        output = folder / ".warm-output"
        self._process.stdin.write(json.dumps({"words": words, "folder": str(folder), "output": str(output)}) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        printed = output.read_text(encoding="utf-8", errors="replace")
        output.unlink()
        return code, printed

    def close(self) -> None:
        self._process.communicate()


def serve(imports: list[str]) -> None:
    """One line in, one exit code out."""
    for name in imports:
        import_module(name)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os._exit(_child(json.loads(line)))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _child(asked: dict[str, Any]) -> int:
    os.chdir(asked["folder"])
    sink = os.open(asked["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(sink, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    program, *words = asked["words"]
    sys.argv = [program, *words] if program == "limen" else words
    try:
        if program == "limen":
            from limen.cli.__main__ import main

            return main()
        sys.path[0] = str(Path(words[0]).parent.resolve())
        runpy.run_path(words[0], run_name="__main__")
        return 0
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException as problem:
        print(repr(problem), file=sys.stderr)
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


if __name__ == "__main__":
    serve(sys.argv[1:])

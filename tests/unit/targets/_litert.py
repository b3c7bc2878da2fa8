"""LiteRT in a process of its own: files that could bring an interpreter down must not bring the tests down.

Run as a script it reads file names from standard input, one a line, and answers each with ``ok`` or ``refused WHY``.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

RESOLVERS = ("AUTO", "BUILTIN_REF")


@dataclass(frozen=True)
class Verdict:
    """What the runtime made of one file.

    Args:
        outcome: ``ok``, ``refused WHY``, or ``crash SIGNAL``.
    """

    file: Path
    outcome: str


def judge(files: Sequence[Path], resolver: str = "AUTO", timeout: float = 300.0) -> list[Verdict]:
    """Load every file, run it once on zeros; after a crash a new process takes the rest."""
    verdicts: list[Verdict] = []
    while len(verdicts) < len(files):
        rest = files[len(verdicts) :]
        done = subprocess.run(
            [sys.executable, __file__, resolver],
            input="".join(f"{file}\n" for file in rest),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        lines = done.stdout.splitlines()
        verdicts += [Verdict(file, line) for file, line in zip(rest, lines, strict=False)]
        if done.returncode:
            assert len(lines) < len(rest), done.stderr
            verdicts.append(Verdict(rest[len(lines)], f"crash {done.returncode}"))
    return verdicts


def _main() -> None:
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    resolver = OpResolverType[sys.argv[1]]
    for line in sys.stdin:
        try:
            interpreter = Interpreter(model_path=line.strip(), num_threads=1, experimental_op_resolver_type=resolver)
            interpreter.allocate_tensors()
            for detail in interpreter.get_input_details():
                interpreter.set_tensor(detail["index"], np.zeros(detail["shape"], detail["dtype"]))
            interpreter.invoke()
            print("ok", flush=True)
        except (RuntimeError, ValueError) as error:
            print("refused", " ".join(str(error).split()), flush=True)


if __name__ == "__main__":
    _main()

"""Is .tflite -> Program -> .tflite lossless? Each file and what limen writes for it, side by side on LiteRT.

    python bench/tflite_roundtrip.py [FILE.tflite ...] [--inputs 100]

Without files: all of ../shared (or LIMEN_SHARED) and those that pymicro-wakeword packages. The same inputs go through
both with the same settings, once with the default kernels (XNNPACK), where the outputs are compared, and once with the
reference kernels, where every computed tensor is; models with states see them as one sequence. Prints a table, then one
JSON line; exit code 1 if anything differs.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray

from limen.importers.tflite import read
from limen.program.text import to_text
from limen.targets.tflite import write

Array = NDArray[Any]
SEED = 20


@dataclass(frozen=True)
class Row:
    """One file.

    Args:
        inputs: compared per kind of kernel.
        states: number of states; with any, the inputs are one sequence.
        tensors: compared per input with the reference kernels.
        distinct: different sets of their values seen, to show that the inputs reach them.
        default, reference: largest absolute difference of any element; 0 means equal bits.
        same_bytes: writing again gives the same file.
        same_text: reading what was written gives the same Program.
    """

    file: str
    nodes: int
    states: int
    source_bytes: int
    written_bytes: int
    inputs: int
    tensors: int
    distinct: int
    default: float
    reference: float
    same_bytes: bool
    same_text: bool

    @property
    def lossless(self) -> bool:
        return self.default == self.reference == 0.0 and self.same_bytes and self.same_text


def compare(path: Path, inputs: int = 100) -> Row:
    """Both sides of one file."""
    source = path.read_bytes()
    program = read(path)
    written = write(program)
    again = read(written)
    default = reference = 0.0
    for pair in both(source, written, OpResolverType.AUTO, inputs):
        default = max(default, difference(*pair))
    names = [name for name, tensor in program.tensors.items() if tensor.data is None]
    distinct = set()
    for first, second in both(source, written, OpResolverType.BUILTIN_REF, inputs, names):
        reference = max(reference, difference(first, second))
        distinct.add(hash(b"".join(value.tobytes() for value in first)))
    return Row(
        file=path.name,
        nodes=len(program.nodes),
        states=len(program.states),
        source_bytes=len(source),
        written_bytes=len(written),
        inputs=inputs,
        tensors=len(names),
        distinct=len(distinct),
        default=default,
        reference=reference,
        same_bytes=write(program) == written == write(again),
        same_text=to_text(again) == to_text(program),
    )


def both(
    source: bytes, written: bytes, resolver: OpResolverType, count: int, names: list[str] | None = None
) -> Iterator[tuple[list[Array], list[Array]]]:
    """What the two files make of the same inputs."""
    return zip(values(source, resolver, count, names), values(written, resolver, count, names), strict=True)


def values(content: bytes, resolver: OpResolverType, count: int, names: list[str] | None) -> Iterator[list[Array]]:
    """The named tensors, or the outputs, for each of the seeded inputs; one interpreter, so that states go on."""
    interpreter = Interpreter(
        model_content=content,
        num_threads=1,
        experimental_op_resolver_type=resolver,
        experimental_preserve_all_tensors=names is not None,
    )
    interpreter.allocate_tensors()
    rng = np.random.default_rng(SEED)
    details = interpreter.get_output_details()
    if names is not None:
        by_name = {detail["name"]: detail for detail in interpreter.get_tensor_details()}
        details = [by_name[name] for name in names]
    for _ in range(count):
        for detail in interpreter.get_input_details():
            interpreter.set_tensor(detail["index"], draw(rng, tuple(detail["shape"]), detail["dtype"]))
        interpreter.invoke()
        yield [interpreter.get_tensor(detail["index"]) for detail in details]


def draw(rng: np.random.Generator, shape: tuple[int, ...], dtype: type[Any]) -> Array:
    """The whole range of an integer type, or numbers around zero."""
    kind = np.dtype(dtype)
    if kind.kind in "iu":
        info = np.iinfo(kind)
        return rng.integers(info.min, info.max, shape, kind, endpoint=True)
    return rng.normal(size=shape).astype(kind)


def difference(first: list[Array], second: list[Array]) -> float:
    """Largest absolute difference; infinite where shapes, types or NaNs differ."""
    worst = 0.0
    for a, b in zip(first, second, strict=True):
        if (a.shape, a.dtype) != (b.shape, b.dtype):
            return float("inf")
        if a.tobytes() != b.tobytes():
            gap = np.abs(a.astype(np.float64) - b.astype(np.float64))
            worst = max(worst, float(np.nan_to_num(gap, nan=np.inf).max(initial=0.0)), np.finfo(np.float64).tiny)
    return worst


def shared_files() -> list[Path]:
    """The .tflite files of the shared folder and of pymicro-wakeword."""
    folder = Path(os.environ.get("LIMEN_SHARED", Path(__file__).resolve().parents[2] / "shared"))
    found = sorted(folder.glob("**/*.tflite"))
    package = importlib.util.find_spec("pymicro_wakeword")
    if package is not None and package.origin is not None:
        found += sorted((Path(package.origin).parent / "models").glob("*.tflite"))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--inputs", type=int, default=100)
    arguments = parser.parse_args()
    rows = []
    print(f"{'file':36} nodes states  bytes in   written inputs tensors distinct default reference bytes text")
    for path in arguments.files or shared_files():
        row = compare(path, arguments.inputs)
        rows.append(row)
        same = ["same" if equal else "DIFF" for equal in (row.same_bytes, row.same_text)]
        print(
            f"{row.file:36} {row.nodes:5} {row.states:6} {row.source_bytes:9} {row.written_bytes:9} {row.inputs:6} "
            f"{row.tensors:7} {row.distinct:8} {row.default:7g} {row.reference:9g} {'  '.join(same)}"
        )
    print(json.dumps({"files": [asdict(row) for row in rows], "lossless": all(row.lossless for row in rows)}))
    return 0 if rows and all(row.lossless for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())

"""Operator x element type: how far portable C of target c lies from the interpreter.

Codes for integers (0 wanted), units in the last place for floats, on random and extreme inputs of drawn Programs. A
column that target c refuses says why.

    python bench/op_table_c.py [--cases 30] [--ops Conv2D,Add] [--kernels portable|auto] [--json table.json]
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from conformance._ops_c import Drawn, Joint, draw_operator, initial, split_refused, tolerant
from conformance._ops_harness import compare, families, feeds_of, reference
from limen import devices

_AT_ONCE = 60  # cases compiled together


@dataclass
class Row:
    """One operator and element type.

    Args:
        cases: Programs that ran.
        worst: largest difference, in codes or units in the last place.
        exceeded: runs beyond what the case allows.
        refused: why the others were not compiled; empty where none was.
    """

    op: str
    dtype: str
    cases: int = 0
    worst: float = 0.0
    exceeded: int = 0
    refused: str = ""


def measure(name: str, cases: int, kernels: str) -> list[Row]:
    """The rows of one operator."""
    device = devices.get("host")
    drawn, refused = split_refused(draw_operator(name, cases), device, kernels)
    rows: dict[str, Row] = {}
    for item, words in refused:
        rows.setdefault(item.column, Row(name, item.column)).refused = words
    for start in range(0, len(drawn), _AT_ONCE):
        _run(drawn[start : start + _AT_ONCE], kernels, rows)
    return [rows[column] for column in families()[name].dtypes if column in rows]


def _run(drawn: list[Drawn], kernels: str, rows: dict[str, Row]) -> None:
    joint, states = Joint(drawn, devices.get("host"), kernels), initial(drawn)
    sequences = {item.prefix: list(feeds_of(item.case, item.seed)) for item in drawn}
    for step in range(max(map(len, sequences.values()))):
        feeds = {prefix: sequence[step % len(sequence)] for prefix, sequence in sequences.items()}
        results = joint.run(feeds)
        for item in drawn:
            row = rows.setdefault(item.column, Row(item.case.program.nodes[0].op.name, item.column))
            wanted = reference(item.case.program, feeds[item.prefix], states[item.prefix])
            found = compare(tolerant(item.case), feeds[item.prefix], results[item.prefix], wanted)
            row.worst = max(row.worst, found.amount)
            row.exceeded += found.excess > 0
            row.cases += step == 0


def main() -> int:
    """Print the table; 1 if a run exceeds its tolerance."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=30)
    parser.add_argument("--ops", default="")
    parser.add_argument("--kernels", choices=("portable", "auto"), default="portable")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows: list[Row] = []
    print(f"{'operator':22}{'type':20}{'cases':>6}{'worst':>9}{'exceeded':>9}  refused")
    for name in arguments.ops.split(",") if arguments.ops else sorted(families()):
        for row in measure(name, arguments.cases, arguments.kernels):
            rows.append(row)
            worst = f"{row.worst:.2f}".rstrip("0").rstrip(".")
            print(f"{row.op:22}{row.dtype:20}{row.cases:6}{worst:>9}{row.exceeded:9}  {row.refused}", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=1))
    return int(any(row.exceeded for row in rows))


if __name__ == "__main__":
    sys.exit(main())

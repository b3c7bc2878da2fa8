"""How many of the onnx package's backend node cases a lowered Program passes, per operator.

    python bench/onnx_backend.py [NAME_PART]

Prints what fails with its reason, a table of operators, and one JSON line.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from conformance import _onnx_backend as backend


def main(part: str = "") -> int:
    warnings.simplefilter("ignore")
    passed: Counter[str] = Counter()
    total: Counter[str] = Counter()
    failures = {}
    for name, case in backend.cases().items():
        if part not in name:
            continue
        found = backend.outcome(case)
        types = {op for _, op in backend.operators(case.model)} or {"-"}
        total.update(types)
        if found is None:
            passed.update(types)
        else:
            failures[name] = found
            print(f"{name}: {found}")
    for op in sorted(total):
        print(f"{op:28} {passed[op]:4} of {total[op]:4}")
    count = sum(part in name for name in backend.cases())
    print(json.dumps({"cases": count, "passed": count - len(failures), "operators": len(total)}))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))

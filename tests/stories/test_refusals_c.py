"""What the compiler cannot do is refused by name, with a way out, and leaves nothing behind.

The cases are bench/refusals.py's; ``LIMEN_GOLDEN=write`` writes the table again.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

import limen
from limen.errors import BudgetError

REPOSITORY = Path(__file__).resolve().parents[2]
GOLDEN = REPOSITORY / "tests" / "golden" / "refusals.md"
CODES = {2, 3, 4, 5, 6}


def _bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_refusals", REPOSITORY / "bench" / "refusals.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_refusals"] = module
    spec.loader.exec_module(module)
    return module


BENCH = _bench()


def test_every_case_is_refused_in_the_words_of_the_table() -> None:
    rows = [(case, *BENCH.measured(case)) for case in BENCH.TABLE]
    assert len(rows) >= 30
    assert {code for _, code, _ in rows} <= CODES
    assert not [case.name for case, _, text in rows if "files were left behind" in text]
    made = BENCH.page(rows)
    if os.environ.get("LIMEN_GOLDEN") == "write":
        GOLDEN.write_text(made, encoding="utf-8")
    assert made == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("limit", ["ram", "flash"])
def test_the_figure_that_a_refusal_names_is_enough(limit: str, tmp_path: Path) -> None:
    model = tmp_path / "net.tflite"
    model.write_bytes(BENCH.convolution())
    with pytest.raises(BudgetError) as refused:
        limen.compile(model, "c", tmp_path / "small", device="cortex-m4", **{limit: 600})
    found = re.search(r"needs (\d+) bytes", refused.value.message)
    assert found is not None
    enough = int(found[1])
    made = limen.compile(model, "c", tmp_path / "out", device="cortex-m4", **{limit: enough})
    assert getattr(made, limit) == enough
    with pytest.raises(BudgetError):
        limen.compile(model, "c", tmp_path / "less", device="cortex-m4", **{limit: enough - 1})

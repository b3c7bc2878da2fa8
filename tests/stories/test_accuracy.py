"""int8 keeps the accuracy on the kernels that ship: 0.3 points over five folds of digits, 0.003 AUC on X-rays."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench" / "accuracy.py"


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_accuracy", BENCH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_accuracy"] = module
    spec.loader.exec_module(module)
    return module


def test_digits_lose_at_most_0_3_points_over_five_folds(bench: ModuleType) -> None:
    rows = bench.digits("int8")
    assert len(rows) == 15
    assert all(row.float32 > 0.97 for row in rows)
    assert all(drop <= 0.003 for drop in bench.mean_drops(rows).values()), bench.mean_drops(rows)


def test_chest_x_rays_lose_at_most_0_003_auc(bench: ModuleType, shared: Path) -> None:
    rows = bench.chest_x_rays("int8")
    assert len(rows) == 3
    assert all(row.float32 > 0.98 for row in rows)
    assert all(row.drop <= 0.003 for row in rows), rows

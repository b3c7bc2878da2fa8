"""What every test shares: the fixed hypothesis profile, the folder of real models and data, and the rule on skips.

With ``LIMEN_NO_SKIP=1`` (set by ``.ci/run``) a skip is a failure: a suite that skips what it cannot do looks green
and shows nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).resolve().parent.parent
NO_SKIP = os.environ.get("LIMEN_NO_SKIP") == "1"

# One thread for each native library: two test processes already share the cores.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

settings.register_profile("limen", derandomize=True, database=None, deadline=None)
settings.load_profile("limen")


def shared_folder() -> Path:
    """The folder of real models and data: ``LIMEN_SHARED``, or ``../shared`` beside the repository.

    Raises:
        pytest.skip.Exception: there is none.
    """
    folder = Path(os.environ.get("LIMEN_SHARED", REPOSITORY.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"{folder} is absent (set LIMEN_SHARED to the folder that holds models/ and data/)")
    return folder


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real models and data that are not part of the repository; skips with a reason where they are absent."""
    return shared_folder()


def _forbid_skip(report: Any) -> None:
    if NO_SKIP and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"skipped although LIMEN_NO_SKIP=1: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    report: Any = yield
    _forbid_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    report: Any = yield
    _forbid_skip(report)
    return report

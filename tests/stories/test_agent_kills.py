"""A few of the kills of ``bench/agent_kills.py``, which does them all."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).resolve().parents[2] / "bench" / "agent_kills.py"


def test_a_killed_agent_serves_a_verified_model_and_ends_with_the_new_one() -> None:
    command = [sys.executable, str(BENCH), "--states", "3", "--every", "16", "--random", "4", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["violations"] == 0, done.stdout + done.stderr
    assert found["states"]["kills"] >= 10
    assert found["disk"]["kills"] >= 12
    assert found["boot_loop"]["tries"] == 3
    assert found["full_disk"]["full_at"] >= 2
    assert {"before test", "after serve", "before fetch", "after commit"} <= found["states"]["kinds"].keys()

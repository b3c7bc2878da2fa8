"""The demo's updates of a device: what its log says is what happened."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import limen

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], list[str]]:
    folder, lines = tmp_path_factory.mktemp("delivery"), []
    (x, y), (x_test, y_test) = runpy.run_path(str(EXAMPLES / "digits" / "data.py"))["split"]()
    np.savez(folder / "train.npz", x=x, y=y)
    np.savez(folder / "test.npz", x=x_test, y=y_test)
    first = folder / "digits-int8.limen"
    limen.build(EXAMPLES / "digits" / "digits.keras", first, data=folder / "train.npz", recipe="int8")
    found = runpy.run_path(str(EXAMPLES / "delivery" / "fleet.py"))["delivery"](folder, first, lines.append)
    return found, lines


def test_the_delta_is_small_and_a_changed_byte_is_refused(story: Any) -> None:
    found, lines = story
    assert found["delta_share"] < 0.06 < found["full_share"]
    assert "sha256" in found["refused"]
    said = [line for line in lines if line.startswith("device")]
    order = ["1: committed", "2: not fetched", "refused; version 1.0", "delta from 1", "2: committed", "3: activated"]
    places = [next(i for i, line in enumerate(said) if word in line) for word in order]
    assert places == sorted(places)


def test_the_bad_release_leaves_by_itself_and_no_request_is_lost(story: Any) -> None:
    found, lines = story
    assert found["serves"] == "2.0"
    assert found["banned"].keys() == {"3"}
    assert found["lost"] == 0
    assert found["requests"] > 50
    assert any("3: rolled back" in line for line in lines)

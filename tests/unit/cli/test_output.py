"""What verbs print: strict JSON on one line, tables, progress."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from limen.cli import _output


@dataclass(frozen=True)
class Finding:
    name: str
    sizes: tuple[int, ...]


def test_everything_a_result_holds_has_a_json_form(capsys: pytest.CaptureFixture[str]) -> None:
    data = {
        "finding": Finding("a", (1, 2)),
        "scalar": np.float32(0.5),
        "array": np.arange(3),
        "path": Path("a/b"),
        "nan": float("nan"),
        "infinite": np.array([np.inf, 1.0]),
        "text": "阈",
    }
    _output.print_json(data)
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert json.loads(out) == {
        "finding": {"name": "a", "sizes": [1, 2]},
        "scalar": 0.5,
        "array": [0, 1, 2],
        "path": "a/b",
        "nan": None,
        "infinite": [None, 1.0],
        "text": "阈",
    }


@pytest.mark.parametrize("value", [b"bytes", object()])
def test_what_has_no_json_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="has no JSON form"):
        _output.plain({"x": value})


def test_numbers_stand_to_the_right_and_a_gap_is_a_dash() -> None:
    text = _output.table(("name", "n"), [("conv", 1), ("fully", None), ("add", 1234)])
    assert text.splitlines() == ["name      n", "conv      1", "fully     -", "add    1234"]


@pytest.mark.parametrize(
    ("count", "text"),
    [(None, "-"), (0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (3 << 20, "3 MiB"), (5 << 40, "5120 GiB")],
)
def test_sizes_read_in_binary_units(count: int | None, text: str) -> None:
    assert _output.size_text(count) == text


def test_progress_is_silent_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    show = _output.progress_bar()
    show("calibrate", 1, 2)
    assert capsys.readouterr() == ("", "")


def test_forced_progress_prints_tenths_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    show = _output.progress_bar(forced=True)
    for done in range(101):
        show("calibrate", done, 100)
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 11
    assert err.splitlines()[-1] == "calibrate 100/100"

"""The demo tells the truth: what it prints is what the bundles do."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

import limen
from limen.cli import demo as verb
from limen.cli.__main__ import main

REPOSITORY = Path(__file__).resolve().parents[2]
DEMO: dict[str, Any] = runpy.run_path(str(REPOSITORY / "examples" / "demo.py"))


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], list[str]]:
    folder, lines = tmp_path_factory.mktemp("digits"), []
    return folder, DEMO["digits"](folder, lines.append, ("float32", "int8"), 90), lines


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], list[str]]:
    folder, lines = tmp_path_factory.mktemp("words"), []
    return folder, DEMO["wake_word"](folder, lines.append), lines


def test_digits_stay_right_in_int8_on_every_engine(digits: Any) -> None:
    _, found, _ = digits
    rows = {(row["variant"], row["engine"]): row for row in found["variants"]}
    assert set(rows) == {(v, e) for v in ("float32", "int8") for e in ("litert", "ort", "reference", "native")}
    for engine in ("litert", "ort", "reference", "native"):
        wide, narrow = rows["float32", engine], rows["int8", engine]
        assert narrow["metric"] >= 0.95
        assert abs(narrow["metric"] - wide["metric"]) <= 0.02
        assert narrow["sqnr_db"] >= 30
        if engine != "native":  # whose code weighs more than this small network
            assert narrow["size_bytes"] < wide["size_bytes"] / 2
        assert narrow["latency_us"] > 0


def test_the_evaluation_says_what_the_report_says(digits: Any) -> None:
    _, found, _ = digits
    reported = {row["engine"]: row["metric"] for row in found["variants"] if row["variant"] == "int8"}
    assert {score["engine"]: score["value"] for score in found["evaluate"]} == reported
    assert {score["n"] for score in found["evaluate"]} == {90}


def test_the_digits_bundle_is_signed_verified_and_refused_once_changed(digits: Any) -> None:
    folder, found, _ = digits
    assert found["verify"]["signature"] == "valid"
    assert found["verify"]["key_pinned"]
    assert {r["engine"] for r in found["verify"]["golden"]["engines"]} == {"litert", "ort", "reference", "native"}
    data = bytearray((folder / "digits-int8.limen").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "changed.limen").write_bytes(data)
    assert main(["verify", str(folder / "changed.limen")]) == 7


def test_one_digit_is_named(digits: Any) -> None:
    _, found, lines = digits
    answer = found["answer"]
    assert answer["label"] == str(answer["truth"])
    assert answer["probability"] > 0.5
    assert any(line.startswith(f"one digit: {answer['label']}") for line in lines)


def test_the_wake_word_is_found_once_it_was_said_and_nothing_else_is(words: Any) -> None:
    _, found, lines = words
    spoken, *others = found["heard"]
    assert "okay nabu" in spoken["text"]
    assert spoken["highest"] > 0.9
    assert 0.9 < spoken["second"] < 2.5
    assert others
    assert all(other["second"] is None and other["highest"] < 0.8 for other in others)
    assert sum("found at" in line for line in lines) == 1


def test_a_stream_cut_elsewhere_gives_the_same_probabilities_on_every_engine(words: Any) -> None:
    folder, _, _ = words
    sound = runpy.run_path(str(REPOSITORY / "examples" / "wakeword" / "speech.py"))["speak"]("okay nabu")
    heard = {}
    for engine in ("litert", "ort", "reference", "native"):
        with limen.load(folder / "okay_nabu.limen", engine=engine) as session:
            heard[engine] = DEMO["listen"](session, sound, 0.85, 5)
            again = DEMO["listen"](session, sound, 0.85, 5, chunk=1234)
            assert again == heard[engine]
    assert all(h.highest > 0.9 and h.second is not None for h in heard.values())


def test_both_models_run_on_virtual_microcontrollers_to_the_bit(digits: Any, words: Any) -> None:
    folder, found, _ = digits
    source = Path(words[1]["source"])
    lines: list[str] = []
    rows = DEMO["microcontrollers"](folder, found["evaluate"][0]["value"], source, lines.append)
    assert {(row["model"], row["device"]) for row in rows} == {
        (model, device) for model in ("digits", "okay_nabu") for device in ("cortex-m4", "esp32-c3")
    }
    assert all(row["exact"]["max_lsb"] == 0 and row["instructions"] > 10_000 for row in rows)
    assert sum("0 LSB" in line for line in lines) == 4


def test_the_verb_runs_the_example_of_the_checkout() -> None:
    assert verb.script() == REPOSITORY / "examples" / "demo.py"

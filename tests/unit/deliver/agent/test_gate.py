"""The gate lets a sound release through and names what is wrong with the others, whatever they do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent_devices import new_device, plain_slot
from gain_models import gain_bundle
from limen.deliver.agent.gate import try_out
from limen.deliver.agent.verdict import GateLimits, Seen
from limen.deliver.formats import Limits
from limen.engines import record_golden
from small_bundles import classifier

PROMISED = Limits(latency_ms=10.0, memory_bytes=64 << 20)
QUICK = GateLimits(seconds=8.0)


def tried(path: Path, behaviour: str, golden_gain: float | None = None, limits: Limits = PROMISED) -> Seen:
    store, keys = new_device(path / "store")
    with store:
        slot = plain_slot(store, gain_bundle(2.0, behaviour, golden_gain), limits=limits)
        seconds = 2.0 if behaviour == "hang" else 20.0
        return try_out(store, slot, keys, GateLimits(seconds=seconds))


def test_a_sound_release_passes_and_is_measured(tmp_path: Path) -> None:
    seen = tried(tmp_path, "good")
    assert (seen.why, seen.engine, seen.samples) == ("", "native", 8)
    assert 0 < seen.p90_ms < 10
    assert 0 <= seen.grown < 64 << 20


@pytest.mark.parametrize(
    ("behaviour", "said", "final"),
    [
        ("crash", "SIGSEGV", False),
        ("exit", "exit code 3", False),
        ("hang", "hangs", False),
        ("nan", "golden vectors", True),
        ("slow", "too slow", False),
        ("big", "too big", False),
        ("greedy", "", False),
    ],
)
def test_what_misbehaves_is_named(tmp_path: Path, behaviour: str, said: str, final: bool) -> None:
    seen = tried(tmp_path, behaviour)
    assert said in seen.why
    assert seen.why
    assert seen.final == final


def test_wrong_results_are_final(tmp_path: Path) -> None:
    seen = tried(tmp_path, "good", golden_gain=2.5)
    assert "golden vectors" in seen.why
    assert seen.final


def test_golden_vectors_that_are_no_numbers_do_not_make_a_model_sound(tmp_path: Path) -> None:
    seen = tried(tmp_path, "all_nan", golden_gain=float("nan"))
    assert "NaN" in seen.why
    assert seen.final


def test_what_is_not_promised_is_not_asked(tmp_path: Path) -> None:
    assert tried(tmp_path, "slow", limits=Limits()).why == ""


def test_memory_that_is_not_promised_is_still_bounded(tmp_path: Path) -> None:
    store, keys = new_device(tmp_path / "store")
    with store:
        slot = plain_slot(store, gain_bundle(2.0, "big"))
        assert try_out(store, slot, keys, QUICK).why == ""
        assert try_out(store, slot, keys, GateLimits(seconds=8.0, memory=32 << 20)).why


def test_without_golden_vectors_for_an_engine_here_nothing_can_be_said(tmp_path: Path) -> None:
    store, keys = new_device(tmp_path / "store")
    with store:
        seen = try_out(store, plain_slot(store, classifier().bundle("program")), keys, QUICK)
        assert "golden vectors are of no engine" in seen.why


@pytest.mark.parametrize("kind", ["program", "tflite"])
def test_real_engines_pass_the_gate(tmp_path: Path, kind: str) -> None:
    bundle, _ = record_golden(classifier().bundle(kind), classifier().feeds(3))
    store, keys = new_device(tmp_path / "store")
    with store:
        seen = try_out(store, plain_slot(store, bundle, limits=Limits(1000.0, 256 << 20)), keys, GateLimits())
        assert (seen.why, seen.engine) == ("", {"program": "reference", "tflite": "litert"}[kind])


def test_a_payload_that_was_changed_on_the_disk_does_not_pass(tmp_path: Path) -> None:
    store, keys = new_device(tmp_path / "store")
    with store:
        slot = plain_slot(store, gain_bundle(2.0))
        with store.file(slot.blob).open("r+b") as file:
            file.seek(5000)
            byte = file.read(1)
            file.seek(5000)
            file.write(bytes([byte[0] ^ 1]))
        assert try_out(store, slot, keys, QUICK).final


def test_no_process_and_no_descriptor_is_left_behind(tmp_path: Path) -> None:
    before = set(os.listdir("/proc/self/fd"))
    tried(tmp_path, "hang")
    assert set(os.listdir("/proc/self/fd")) == before
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    commands = [Path(f"/proc/{child}/cmdline").read_bytes() for child in children if Path(f"/proc/{child}").exists()]
    assert not any(b"gate_child" in command for command in commands)

"""Profiles where nothing is virtual: WebAssembly, this machine, and processors that are not here."""

from __future__ import annotations

import platform
from dataclasses import replace

import pytest

from limen import devices, lab
from limen.devices import MACHINES
from limen.errors import DataError, NotMeasurable
from limen.lab._wasm import section_sizes
from unit.lab.small import made, recurrent, two_convolutions

HERE = MACHINES.get(platform.machine().lower())


def test_webassembly_is_exact_and_counted() -> None:
    generated = made(two_convolutions(), "wasm")
    profile = lab.profile(generated, lab.sample_inputs(generated.program, 2))
    assert profile.exact == {"inputs": 4, "max_lsb": 0}
    assert profile.instructions is not None
    assert profile.instructions > profile.macs / 8
    assert profile.latency_us is not None
    assert profile.flash["code"] is not None
    assert profile.flash["code"] > 200


def test_webassembly_keeps_states() -> None:
    generated = made(recurrent(), "browser")
    profile = lab.profile(generated, lab.sample_inputs(generated.program, 3))
    assert profile.exact == {"inputs": 5, "max_lsb": 0}


def test_the_sizes_of_a_module_are_its_sections() -> None:
    module = b"\0asm\1\0\0\0" + bytes([10, 3]) + b"abc" + bytes([11, 0x80, 1]) + bytes(128)
    assert section_sizes(module) == {10: 3, 11: 128}


@pytest.mark.parametrize("program", [two_convolutions(), recurrent()], ids=["two", "recurrent"])
def test_this_machine_is_exact_and_timed(program: object) -> None:
    generated = made(program, "host")  # type: ignore[arg-type]
    profile = lab.profile(generated, lab.sample_inputs(generated.program, 2))
    assert profile.exact == {"inputs": 4, "max_lsb": 0}
    assert profile.latency_us is not None
    assert 0 < profile.latency_us["p50"] <= profile.latency_us["p90"]
    assert profile.instructions is None


def test_kernels_that_this_processor_cannot_run_are_refused_by_name() -> None:
    generated = replace(made(two_convolutions(2), "host"), isa="avx512vnni")
    generated = replace(generated, device=replace(generated.device, isa=str(HERE)))
    from limen.host import read_host

    if "avx512_vnni" in read_host().features:
        generated = replace(generated, device=replace(generated.device, isa="no-such-processor"))
    with pytest.raises(NotMeasurable):
        lab.profile(generated, lab.sample_inputs(generated.program, 0))


def test_no_inputs_are_refused() -> None:
    with pytest.raises(DataError, match="at least one input"):
        lab.profile(made(two_convolutions(2)), [])


def test_the_names_of_machines_are_devices() -> None:
    assert set(MACHINES.values()) <= {device.isa for device in devices.load_all()}

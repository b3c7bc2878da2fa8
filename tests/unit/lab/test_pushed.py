"""Models that take their input row by row, on virtual devices: exact, counted, with their stack."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from limen import devices, lab
from limen.build import profile
from limen.errors import InternalError, NotMeasurable, UsageError
from unit.lab.small import made, two_convolutions

pytest.importorskip("ziglang", reason="ziglang is not installed")
pytest.importorskip("unicorn", reason="unicorn is not installed")


@pytest.mark.parametrize("device", ["cortex-m0plus", "cortex-m4", "cortex-m55", "esp32-c3"])
def test_pushed_rows_are_exact_and_counted(device: str) -> None:
    generated = made(two_convolutions(), device, stream="push")
    found = lab.profile(generated, lab.sample_inputs(generated.program, 2))
    assert found.exact == {"inputs": 4, "max_lsb": 0}
    assert generated.pushed_rows == 8
    assert found.instructions is not None
    assert found.instructions > found.macs / 4
    assert sum(layer.instructions or 0 for layer in found.layers) + (found.outside or 0) == found.instructions
    assert "32 bytes" in found.notes["rows"]
    stack, bound = found.ram["stack"], found.ram["stack_bound"]
    assert stack is not None
    assert bound is not None
    assert 0 < stack <= bound <= 1.25 * stack


def test_a_wake_word_model_needs_little_ram_when_its_rows_are_pushed(shared: Path) -> None:
    path = shared / "models" / "mlperf-tiny" / "kws_dscnn_int8.tflite"
    found = profile(path, device="cortex-m4", stream="push", inputs=1)
    assert found.exact == {"inputs": 3, "max_lsb": 0}
    assert sum(found.ram[part] or 0 for part in ("arena", "static", "stack_bound")) <= 6000


def test_a_model_that_is_not_done_after_its_rows_is_a_defect() -> None:
    generated = made(two_convolutions(), stream="push")
    short = replace(generated, pushed_rows=4)
    with pytest.raises(InternalError, match="after row 4 of 4"):
        lab.profile(short, lab.sample_inputs(generated.program, 1))


@pytest.mark.parametrize("device", ["wasm", "x86-mini-pc"])
def test_rows_are_pushed_on_microcontrollers_only(device: str) -> None:
    generated = replace(made(two_convolutions(), stream="push"), device=devices.get(device))
    with pytest.raises(NotMeasurable, match="microcontrollers only"):
        lab.profile(generated, lab.sample_inputs(generated.program, 1))


def test_a_real_device_gets_whole_inputs(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="whole inputs"):
        profile(tmp_path / "none.tflite", device="cortex-m4", on=f"serial:{tmp_path}/none", stream="push")


def test_a_helium_processor_runs_the_kernels_of_the_m33_and_says_so() -> None:
    found = lab.profile(made(two_convolutions(), "stm32n6"), lab.sample_inputs(two_convolutions(), 1))
    assert found.exact == {"inputs": 3, "max_lsb": 0}
    assert found.core == "cortex-m33"
    assert "Helium" in found.notes["core"]

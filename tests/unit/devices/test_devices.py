"""Boards: every file is valid and complete, inheritance works, and a slip in a file is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from limen import devices
from limen.errors import BadInput, UsageError

GENERIC = {"aarch64", "armv7", "wasm", "x86-64", "rv32imc", "rv32imac", "xtensa-lx7"}
CONTRACT = ("cortex-m0plus", "cortex-m4", "cortex-m33", "esp32-c3", "x86-64", "aarch64", "wasm", "host", "rpi4")


def is_generic(device: devices.Device) -> bool:
    return device.name in GENERIC or device.name.startswith("cortex-")


@pytest.mark.parametrize("device", devices.load_all(), ids=lambda device: device.name)
def test_a_board_says_what_it_is_and_where_its_figures_are_from(device: devices.Device) -> None:
    assert device.title
    assert device.targets
    assert device.notes
    assert device.isa in devices.names() or device.name == device.isa
    assert len(set(device.features)) == len(device.features)


@pytest.mark.parametrize("device", devices.load_all(), ids=lambda device: device.name)
def test_a_board_has_memory_and_a_generic_processor_has_none(device: devices.Device) -> None:
    if is_generic(device):
        assert (device.ram, device.flash, device.clock_hz) == (None, None, None)
    else:
        assert device.ram is not None
        assert device.ram > 0
    if "c" in device.targets and device.ram is not None and not device.engines:
        assert device.flash is not None
        assert device.flash > device.ram


@pytest.mark.parametrize("name", CONTRACT)
def test_the_names_of_the_contract_are_known(name: str) -> None:
    assert devices.get(name).name == name


def test_an_alias_is_the_same_board() -> None:
    assert devices.get("raspberry-pi-4") == devices.get("rpi4")


def test_a_board_adds_features_to_those_it_inherits() -> None:
    assert devices.get("arduino-nano-33-ble").features == ("thumb2", "dsp", "fpv4-sp")
    assert devices.get("arduino-nano-33-ble").ram == 256 * 1024


def test_an_unknown_board_is_named_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"device 'esp32c3' is not known.*esp32-c3"):
        devices.get("esp32c3")


def test_this_machine_has_memory_and_an_architecture() -> None:
    host = devices.get("host")
    assert host.name == "host"
    assert host.isa in {"x86-64", "aarch64", "armv7"}
    assert host.ram is not None


BASE = 'title = "T"\nisa = "t"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BASE + 'rma = "1 KiB"', "key 'rma' is not known.*ram"),
        (BASE + "ram = 1024", "ram is 1024, not text"),
        (BASE + 'ram = "1 KB"', "'1 KB' is not a size such as '512 KiB'"),
        (BASE + "clock_hz = true", "clock_hz is True, not a whole number"),
        (BASE + 'targets = ["c", 1]', "targets is .*, not a list of texts"),
        ('title = "T"', "isa is missing"),
        (BASE + 'inherits = "board"', "inherits itself through board -> board"),
        (BASE + 'inherits = "bord"', "inherits 'bord', which is not known.*board"),
        ("title = ", "board.toml"),
    ],
)
def test_a_slip_in_a_file_is_named(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "board.toml").write_text(text)
    with pytest.raises(BadInput, match=said):
        devices.get("board", tmp_path)


def test_two_boards_may_not_share_an_alias(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.toml").write_text(BASE + 'aliases = ["other"]')
    with pytest.raises(BadInput, match="alias 'other' is taken by one"):
        devices.get("one", tmp_path)

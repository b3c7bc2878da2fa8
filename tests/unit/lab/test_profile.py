"""Profiles on the virtual microcontrollers: exact, counted, attributed to layers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from limen import devices, lab
from limen.errors import InternalError, NotMeasurable, UsageError
from limen.targets.c import Generated
from unit.lab.small import made, recurrent, two_convolutions


def retold(generated: Generated, old: str, new: str) -> Generated:
    """The same with other C text."""
    files = {n: c.replace(old.encode(), new.encode()) for n, c in generated.files.items()}
    assert files != dict(generated.files)
    return replace(generated, files=files)


def in_first_layer(generated: Generated, statement: str) -> Generated:
    """With a statement before the call of the first layer."""
    call = f"    {generated.layers[0].symbol}("
    return retold(generated, call, f"    {statement}\n{call}")


@pytest.mark.parametrize("device", ["cortex-m0plus", "cortex-m4", "cortex-m7", "cortex-m33", "esp32-c3"])
def test_a_profile_is_exact_and_adds_up(device: str) -> None:
    generated = made(two_convolutions(), device)
    profile = lab.profile(generated, lab.sample_inputs(generated.program, 2))
    assert profile.exact == {"inputs": 4, "max_lsb": 0}
    assert profile.approximate is None
    assert profile.differs_first is None
    assert profile.instructions is not None
    assert profile.instructions > profile.macs / 4
    parts = [layer.instructions for layer in profile.layers]
    assert sum(filter(None, parts)) + (profile.outside or 0) == profile.instructions
    assert [layer.max_lsb for layer in profile.layers] == [0, 0]
    assert profile.macs == sum(layer.macs for layer in profile.layers) == 8 * 8 * 9 * (4 * 8 + 8 * 8)
    assert profile.ram["arena"] == generated.arena
    assert profile.ram["static"] == 0


def test_counting_is_deterministic() -> None:
    generated = made(two_convolutions())
    feeds = lab.sample_inputs(generated.program, 1)
    assert lab.profile(generated, feeds) == lab.profile(generated, feeds)


def test_a_stateful_model_runs_as_a_sequence() -> None:
    generated = made(recurrent())
    profile = lab.profile(generated, lab.sample_inputs(generated.program, 3))
    assert profile.exact == {"inputs": 5, "max_lsb": 0}


def test_a_wrong_layer_is_named() -> None:
    generated = made(two_convolutions())
    call = f"    {generated.layers[1].symbol}("
    spoiled = f"    *((uint8_t *)arena + {generated.layers[0].outputs[0].offset + 5}) ^= 1u;\n"
    wrong = retold(generated, call, spoiled + call)
    profile = lab.profile(wrong, lab.sample_inputs(generated.program, 1))
    assert profile.exact is not None
    assert profile.exact["max_lsb"] > 0
    assert profile.differs_first == "second"
    assert profile.layers[0].max_lsb == 0


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ('for (;;) { __asm volatile(""); }', "endless"),
        ("*(volatile int *)0x40 = 1;", "model_invoke"),
        ("*((volatile uint8_t *)arena - 1) = 1;", "below its arena"),
        ("*((volatile uint8_t *)arena + MODEL_ARENA_BYTES) = 1;", "model_invoke"),
    ],
)
def test_a_fault_is_an_error_with_its_place(statement: str, message: str) -> None:
    from limen.lab._build import build_image
    from limen.lab._machine import Machine

    generated = in_first_layer(made(two_convolutions()), statement)
    machine = Machine(build_image(generated), limit=10_000_000)
    try:
        with pytest.raises(InternalError, match=message):
            machine.invoke(lab.sample_inputs(generated.program, 1)[0])
    finally:
        machine.close()


def test_code_that_does_not_compile_is_our_defect() -> None:
    generated = retold(made(two_convolutions()), "#include", "#error broken\n#include")
    with pytest.raises(InternalError, match="broken"):
        lab.profile(generated, lab.sample_inputs(generated.program, 1))


def test_an_unknown_compiler_is_refused() -> None:
    generated = made(two_convolutions())
    with pytest.raises(UsageError, match="zig or gcc"):
        lab.profile(generated, lab.sample_inputs(generated.program, 1), compiler="tcc")


def test_a_device_without_a_virtual_twin_is_refused_by_name() -> None:
    generated = replace(made(two_convolutions()), device=devices.get("esp32-s3"))
    with pytest.raises(NotMeasurable, match="xtensa-lx7"):
        lab.profile(generated, lab.sample_inputs(generated.program, 1))

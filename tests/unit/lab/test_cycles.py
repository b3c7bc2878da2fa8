"""The Cortex-M4 estimate: the manual's table, block by block, and a range around it."""

from __future__ import annotations

import pytest

from limen import lab
from limen.lab._cycles import block_cost
from limen.lab._listing import Instruction
from unit.lab.small import made, two_convolutions


def block(*lines: str) -> list[Instruction]:
    """Instructions from text, four bytes apart."""
    return [Instruction(4 * i, 4, *_halves(line)) for i, line in enumerate(lines)]


def _halves(line: str) -> tuple[str, str]:
    name, _, operands = line.partition(" ")
    return name, operands


@pytest.mark.parametrize(
    ("lines", "cycles"),
    [
        (["adds r0, r0, r1"], (1, 1, 1)),
        (["smlad r0, r1, r2, r3", "mla r0, r1, r2, r3", "ssat r0, #8, r0, asr #6"], (3, 3, 3)),
        (["ldr r0, [r1]"], (1, 2, 2)),
        (["ldr r0, [r1]", "ldr r2, [r1, #4]", "ldrb r3, [r4, r5]"], (3, 4, 6)),
        (["ldr r0, [r1]", "ldr r2, [r0]"], (2, 4, 4)),
        (["str r0, [r1, #4]", "str r0, [r1, r2]"], (2, 3, 4)),
        (["ldm r0!, {r1, r2, r3, r4}"], (5, 5, 5)),
        (["push {r4, r5, r6, r7, lr}", "vpush {d8, d9}"], (11, 11, 11)),
        (["ldrd r0, r1, [r2]", "strd r0, r1, [r2]"], (6, 6, 6)),
        (["sdiv r0, r1, r2"], (2, 7, 12)),
        (["ite ls", "ldrbls r0, [r1]", "movhi r0, #3"], (2, 4, 4)),
        (["vadd.f32 s0, s1, s2", "vfma.f32 s0, s1, s2", "vdiv.f32 s0, s1, s2"], (18, 18, 18)),
    ],
)
def test_a_block_costs_what_the_table_says(lines: list[str], cycles: tuple[int, int, int]) -> None:
    assert block_cost(block(*lines)).cycles == cycles


@pytest.mark.parametrize(
    ("line", "refill"),
    [
        ("bne #0x10", "taken"),
        ("cbz r0, #0x10", "taken"),
        ("b #0x10", "always"),
        ("bl #0x10", "always"),
        ("bx lr", "always"),
        ("bxeq lr", "taken"),
        ("pop {r4, pc}", "always"),
        ("pop {r4, r5}", "never"),
        ("bfi r0, r1, #3, #4", "never"),
        ("bic r0, r0, #3", "never"),
        ("subs r0, #1", "never"),
    ],
)
def test_a_taken_branch_refills_the_pipeline(line: str, refill: str) -> None:
    assert block_cost(block(line)).refill == refill


def test_an_estimate_lies_in_its_range_and_adds_up() -> None:
    generated = made(two_convolutions(), "nrf52840")
    profile = lab.profile(generated, lab.sample_inputs(generated.program, 0))
    assert profile.cycles_estimate is not None
    low, middle, high = (profile.cycles_estimate[key] for key in ("low", "estimate", "high"))
    assert profile.instructions is not None
    assert profile.instructions * 0.9 < low <= middle <= high < 4 * profile.instructions
    assert 0 < sum(layer.cycles or 0 for layer in profile.layers) <= middle
    assert "estimated, not measured" in profile.text()


@pytest.mark.parametrize("device", ["cortex-m0plus", "cortex-m7", "esp32-c3"])
def test_a_core_without_a_table_has_no_estimate(device: str) -> None:
    generated = made(two_convolutions(2), device)
    profile = lab.profile(generated, lab.sample_inputs(generated.program, 0))
    assert profile.cycles_estimate is None
    assert all(layer.cycles is None for layer in profile.layers)

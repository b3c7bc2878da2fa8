"""The stack bound from machine code: never below what a run takes, at most a quarter above, none where unknown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from limen import lab
from limen.lab._build import Built, build_image
from limen.lab._machine import Machine
from limen.lab._stack import StackBound, stack_bound
from limen.targets.c import Generated
from unit.lab.small import made, recurrent, two_convolutions

DEVICES = ("cortex-m0plus", "cortex-m4", "rv32imc", "aarch64", "armv7")
LOOP = "for (int i = 0; i < 64; i++) { v[i] = 1; }"


def around(text: str, device: str) -> Built:
    """A program whose ``model_invoke`` is the text."""
    base = made(two_convolutions(2), device)
    source = (
        "#include <stdint.h>\n#include <string.h>\n"
        "void model_reset(void *arena);\nvoid model_invoke(void *arena);\n"
        "void model_reset(void *arena)\n{\n    (void)arena;\n}\n"
    )
    return build_image(replace(base, files={"model.c": (source + text).encode()}))


def measured(built: Built) -> int:
    machine = Machine(built)
    try:
        return machine.invoke(lab.sample_inputs(built.generated.program, 1)[0]).stack
    finally:
        machine.close()


def assert_close(built: Built) -> None:
    bound, used = stack_bound(built).bytes, measured(built)
    assert bound is not None
    assert used <= bound <= 1.25 * used


@pytest.mark.parametrize("device", [*DEVICES, "stm32u5"])
@pytest.mark.parametrize("program", [two_convolutions(), recurrent()], ids=["two", "recurrent"])
def test_the_bound_holds_for_generated_code(device: str, program: object) -> None:
    generated: Generated = made(program, device)  # type: ignore[arg-type]
    assert_close(build_image(generated))


FRAMES = {
    "small": "volatile uint8_t v[40]; for (int i = 0; i < 40; i++) { v[i] = 1; } *(uint8_t *)arena = v[7];",
    "large": "volatile uint8_t v[5000]; for (int i = 0; i < 5000; i++) { v[i] = 1; } *(uint8_t *)arena = v[7];",
    "aligned": f"_Alignas(32) volatile uint8_t v[64]; {LOOP} *(uint8_t *)arena = v[7];",
}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("frame", ["small", "large"])
def test_frames_of_every_size_are_followed(device: str, frame: str) -> None:
    assert_close(around(f"void model_invoke(void *arena)\n{{\n    {FRAMES[frame]}\n}}\n", device))


@pytest.mark.parametrize("device", DEVICES)
def test_an_aligned_frame_is_bounded_whatever_the_caller_left(device: str) -> None:
    built = around(f"void model_invoke(void *arena)\n{{\n    {FRAMES['aligned']}\n}}\n", device)
    bound = stack_bound(built).bytes
    assert bound is not None
    assert measured(built) <= bound <= measured(built) + 40


@pytest.mark.parametrize("device", DEVICES)
def test_calls_add_up_along_the_deepest_path(device: str) -> None:
    text = (
        "static __attribute__((noinline)) int leaf(volatile uint8_t *p)\n"
        "{\n    volatile uint8_t v[200]; for (int i = 0; i < 200; i++) { v[i] = p[0]; } return v[p[1] & 63];\n}\n"
        "static __attribute__((noinline)) int middle(volatile uint8_t *p)\n"
        "{\n    volatile uint8_t v[100]; for (int i = 0; i < 100; i++) { v[i] = p[0]; }\n"
        "    return leaf(p) + v[p[2] & 63] + leaf(p);\n}\n"
        "void model_invoke(void *arena)\n{\n    *(uint8_t *)arena = (uint8_t)(middle(arena) + leaf(arena));\n}\n"
    )
    built = around(text, device)
    assert measured(built) > 300
    assert_close(built)


UNKNOWN = {
    "calls itself": (
        "static __attribute__((noinline)) int down(volatile uint8_t *p)\n"
        "{\n    return *p ? 1 + down(p + 1) + down(p + 2) : 0;\n}\n"
        "void model_invoke(void *arena)\n{\n    *(uint8_t *)arena = (uint8_t)down(arena);\n}\n"
    ),
    "the code cannot tell": "void model_invoke(void *arena)\n{\n    (**(void (**)(int))arena)(1);\n}\n",
    "not known": (
        "void model_invoke(void *arena)\n{\n    uint8_t n = *(uint8_t *)arena;\n    volatile uint8_t v[n + 1];\n"
        "    for (int i = 0; i <= n; i++) { v[i] = 1; }\n    *(uint8_t *)arena = v[n];\n}\n"
    ),
}


@pytest.mark.parametrize("device", ["cortex-m0plus", "cortex-m4", "rv32imc"])
@pytest.mark.parametrize("why", UNKNOWN)
def test_what_cannot_be_bounded_has_no_bound_and_says_why(device: str, why: str) -> None:
    bound = stack_bound(around(UNKNOWN[why], device))
    assert bound.bytes is None
    assert why in bound.reason


def test_a_profile_carries_the_bound() -> None:
    generated = made(two_convolutions())
    profile = lab.profile(generated, lab.sample_inputs(generated.program, 0))
    assert profile.ram["stack_bound"] == stack_bound(build_image(generated)).bytes
    assert isinstance(stack_bound(build_image(generated)), StackBound)

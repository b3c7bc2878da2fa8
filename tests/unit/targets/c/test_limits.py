"""Target c keeps limits by streaming and by smaller code, and only where a limit asks for it."""

from __future__ import annotations

import pytest

from limen import devices
from limen.build import compiled
from limen.errors import BudgetError
from limen.optimize import decode, quantize_program
from limen.program import Program
from limen.targets import CompileOptions
from unit.optimize.nets import pictures, uneven_net


@pytest.fixture(scope="module")
def net() -> Program:
    return quantize_program(uneven_net(), decode("int8"), pictures(8)).program


@pytest.fixture
def schedules(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bool, str]]:
    """What was generated: (small, stream)."""
    seen: list[tuple[bool, str]] = []
    generate = compiled.generate

    def watched(*args: object, small: bool, stream: str, forms: object) -> object:
        seen.append((small, stream))
        return generate(*args, small=small, stream=stream, forms=forms)  # type: ignore[arg-type]

    monkeypatch.setattr(compiled, "generate", watched)
    return seen


def _options(ram: int | None = None, flash: int | None = None) -> CompileOptions:
    return CompileOptions(devices.get("cortex-m4"), ram, flash)


def test_without_limits_the_fastest_is_made_at_once(net: Program, schedules: list[tuple[bool, str]]) -> None:
    compiled.compile_c(net, _options())
    assert schedules == [(False, "off")]


def test_a_flash_limit_makes_the_code_smaller(net: Program, schedules: list[tuple[bool, str]]) -> None:
    fast = compiled.compile_c(net, _options())
    assert fast.flash is not None
    small = compiled.compile_c(net, _options(flash=fast.flash - 1))
    assert small.flash is not None
    assert small.flash < fast.flash
    assert schedules[1:] == [(False, "off"), (True, "off")]


def test_a_ram_limit_makes_layers_stream(net: Program, schedules: list[tuple[bool, str]]) -> None:
    whole = compiled.compile_c(net, _options())
    assert whole.ram is not None
    streamed = compiled.compile_c(net, _options(ram=whole.ram - 1))
    assert streamed.ram is not None
    assert streamed.ram < whole.ram
    assert schedules[1:] == [(False, "off"), (False, "auto")]


@pytest.mark.parametrize(("what", "limits"), [("RAM", {"ram": 100}), ("flash", {"flash": 100})])
def test_limits_that_nothing_keeps_are_refused_with_the_nearest(
    net: Program, what: str, limits: dict[str, int]
) -> None:
    wanted = rf"needs \d+ bytes of {what}( with packed weights)?, 100 are asked for \(the nearest of what was tried"
    with pytest.raises(BudgetError, match=wanted):
        compiled.compile_c(net, _options(**limits))

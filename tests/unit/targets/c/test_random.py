"""A few random Programs as C equal the interpreter; bench/fuzz_c.py runs thousands, on more devices, in more ways."""

from __future__ import annotations

import numpy as np
import pytest

from limen import devices
from limen.lab import sample_inputs
from limen.program import Program, initial_states, run
from limen.targets.c import Generated, generate
from random_programs import random_program

pytest.importorskip("ziglang", reason="ziglang is not installed")
from limen.lab.host import HostModel, build_all

INTEGERS = {seed: ("picture" if seed % 2 else "any") for seed in (16, 39, 202, 230, 359, 391, 600, 601, 602, 603)}
STREAMS = ("auto", "off")


def units() -> list[tuple[Program, Generated]]:
    """Portable kernels, every second one row by row."""
    found = []
    for place, (seed, style) in enumerate(INTEGERS.items()):
        program = random_program(seed, "int8", style)
        stream = STREAMS[place % 2]
        made = generate(program, devices.get("cortex-m4"), f"m{place}", "portable", stream=stream)  # type: ignore[arg-type]
        found.append((program, made))
    return found


def test_random_programs_equal_the_interpreter() -> None:
    pairs = units()
    wrong = []
    for (program, made), model in zip(pairs, build_all([made for _, made in pairs], ("-O1",)), strict=True):
        wrong += [f"{program.name}: {name}" for name in differing(program, model)]
        assert made.arena >= max(place.offset + place.nbytes for place in made.outputs)
    assert wrong == []


def differing(program: Program, model: HostModel) -> list[str]:
    """Outputs that differ for some input of a sequence; of Programs with floats inside, by more than one code."""
    states, found = initial_states(program), []
    slack = any(t.dtype == "float32" and t.data is None for t in program.tensors.values())
    for feed in sample_inputs(program, 2):
        expected = run(program, feed, states)
        for name, value in model.run(feed).items():
            if value.dtype.kind != "f" and np.abs(value.astype(np.int64) - expected[name]).max(initial=0) > slack:
                found.append(name)
    return found


def test_the_same_seed_makes_the_same_program() -> None:
    one, two = random_program(5), random_program(5)
    assert [node.op for node in one.nodes] == [node.op for node in two.nodes]
    assert all(np.array_equal(a.data, b.data) for a, b in zip(one.constants(), two.constants(), strict=True))

"""Two memories: what the fast one cannot hold lies in the slow one, with little traffic there, and the same results."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest

from limen import devices
from limen.build.compiled import compile_c
from limen.errors import BudgetError, UsageError
from limen.program import run
from limen.targets import CompileOptions
from limen.targets.c import TARGET, Generated, generate
from limen.targets.c._plan import ArenaPlan, Block, plan_arena
from limen.targets.c._regions import choose_slow, least_traffic
from limen.targets.c.packages import PACKAGES, PackageSource
from unit.targets.c.test_streaming import pictures, residual

pytest.importorskip("ziglang", reason="ziglang is not installed")
from limen.lab import host, profile

M4 = devices.get("cortex-m4")


@pytest.mark.parametrize("stream", ["off", "auto"])
def test_two_arenas_give_the_interpreters_codes_and_keep_the_limit(stream: str) -> None:
    program = residual(1)
    whole = generate(program, M4, "whole", "portable", stream=stream)  # type: ignore[arg-type]
    limits = [whole.arena // 4 * 3, whole.arena // 2]
    divided = [
        generate(program, M4, f"at{n}", "portable", stream=stream, fast=limit)  # type: ignore[arg-type]
        for n, limit in enumerate(limits)
    ]
    assert whole.slow == 0
    assert all(made.arena <= limit for made, limit in zip(divided, limits, strict=True) if stream == "off")
    assert all(made.slow for made in divided)
    for model in host.build_all(divided):
        for picture in pictures(program, 1):
            (expected,) = run(program, {"x": picture}).values()
            (found,) = model.run({"x": picture}).values()
            np.testing.assert_array_equal(found, expected)


def test_a_limit_that_the_arena_keeps_divides_nothing() -> None:
    program = residual(0)
    whole = generate(program, M4)
    assert generate(program, M4, fast=whole.arena).files == whole.files


def test_the_virtual_device_checks_each_arena_by_itself() -> None:
    program = residual(2)
    made = generate(program, M4, fast=generate(program, M4).arena // 2)
    found = profile(made, [{"x": picture} for picture in pictures(program, 2)])
    assert found.exact == {"inputs": 3, "max_lsb": 0}
    assert (found.ram["arena"], found.ram["slow"]) == (made.arena, made.slow)


@pytest.mark.parametrize("seed", range(6))
def test_the_choice_is_the_best_of_all_or_near_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 8, 9)
    blocks = [
        Block(f"b{i}", int(rng.integers(1, 40)) * 16, int(t), int(t + rng.integers(0, 4))) for i, t in enumerate(first)
    ]
    traffic = {b.name: b.size * int(rng.integers(1, 9)) for b in blocks}

    def plan(slow: frozenset[str]) -> ArenaPlan:
        made = plan_arena([b for b in blocks if b.name not in slow], [], 16)
        return ArenaPlan(made.offsets, made.size, made.bound, slow)

    limit = plan(frozenset()).size * 2 // 3
    found = choose_slow(plan, blocks, traffic, limit)
    choices = [frozenset(c) for n in range(len(blocks)) for c in combinations(traffic, n)]
    best = min(sum(traffic[b] for b in c) for c in choices if plan(c).size <= limit)
    assert found.size <= limit
    assert least_traffic(blocks, [], traffic, limit) <= best <= sum(traffic[b] for b in found.slow) <= 1.25 * best


def test_limits_of_both_memories_are_kept_or_named() -> None:
    program = residual(3)
    least = generate(program, M4, stream="auto").arena
    made = compile_c(program, CompileOptions(M4, ram=least, stream="auto", slow_ram=65536))
    assert made.ram is not None
    assert made.ram <= least
    assert 0 < made.slow_ram <= 65536
    with pytest.raises(BudgetError, match=r"needs \d+ bytes of slow RAM, 16 are asked for"):
        TARGET.compile(program, CompileOptions(M4, ram=least - 64, slow_ram=16))


def test_a_limit_without_a_second_memory_is_refused_where_no_limits_are_kept() -> None:
    from limen.build.compiled import fast_arena

    with pytest.raises(UsageError, match=r"--ram: cortex-m4 has no second memory for the rest \(give --slow-ram B"):
        fast_arena(M4, 1000, None)
    assert fast_arena(devices.get("esp32-s3-n8r8"), 1000, None) == 1000


def _packaged(made: Generated, kind: str) -> str:
    return "\n".join(content.decode() for content in PACKAGES.get(kind).make(PackageSource(made, "net")).values())


@pytest.mark.parametrize("kind", ["c", "arduino", "esp-idf", "zephyr", "micropython"])
def test_packages_supply_both_arenas(kind: str) -> None:
    made = generate(residual(1), devices.get("esp32-s3-n8r8"), fast=1024)
    text = _packaged(made, kind)
    prefix = "model_" if kind == "micropython" else ""
    assert f"model_invoke({prefix}arena, {prefix}slow);" in text
    assert f"{prefix}slow[MODEL_SLOW_BYTES];" in text or "MALLOC_CAP_SPIRAM" in text
    assert not re.search(r"\$\{?(arenas|slow_memory|input_at|output_at|take)", text)

"""Profiles on the virtual microcontrollers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from limen.lab._build import Built, build_image
from limen.lab._compare import Differences, Expectation
from limen.lab._cores import LIMITS
from limen.lab._counter import owner_of
from limen.lab._cycles import MODEL, layer_cycles
from limen.lab._decode import instruction_sizes
from limen.lab._machine import Machine, Run
from limen.lab._profile import LayerProfile, Profile
from limen.lab._stack import StackBound, stack_bound
from limen.program import Array, Program
from limen.targets.c import Generated


@dataclass(frozen=True, eq=False)
class Counts:
    """Instructions of one run.

    Args:
        total: of the whole run.
        layers: per layer, in order; the last element is what belongs to none.
        blocks: the counter's entries that they come from.
        stack: bytes.
    """

    total: int
    layers: tuple[int, ...]
    blocks: Array
    stack: int


def profile_virtual(
    generated: Generated, feeds: Sequence[Mapping[str, Array]], compiler: str = "zig", judge: Program | None = None
) -> Profile:
    """Run the generated code for every feed, count, and compare with the interpreter.

    Args:
        generated: for a device with a virtual processor.
        feeds: at least one; of a stateful model they are one sequence.
        compiler: ``zig`` or ``gcc``.
        judge: the Program that the outputs are compared with; None for the generated one's.

    Raises:
        NotMeasurable: no virtual device executes the device's instruction set.
        MissingExtra: ziglang, unicorn or the GNU tool chain is not installed.
        InternalError: the code does not compile, faults, or does not end.
    """
    built = build_image(generated, compiler)
    bound = stack_bound(built)
    runs, differences = measure(Machine(built), feeds, judge or generated.program)
    worst = max(runs, key=lambda counts: counts.total)
    exact, approximate = differences.summary(p.tensor for p in generated.outputs)
    cycles = layer_cycles(built, worst.blocks) if built.core.name == "cortex-m4" else None
    layers = _layers(built, worst, differences, cycles)
    return Profile(
        device=generated.device.name,
        core=built.core.name,
        compiler=built.compiler,
        kernels=generated.isa,
        instructions=worst.total,
        macs=sum(layer.macs for layer in generated.layers),
        flash={"code": built.code_bytes, "weights": built.weight_bytes},
        ram={
            "arena": generated.arena,
            **({"slow": generated.slow} if generated.slow else {}),
            "static": built.static_bytes,
            "stack": max(counts.stack for counts in runs),
            "stack_bound": bound.bytes,
        },
        exact=exact,
        approximate=approximate,
        layers=layers,
        outside=worst.layers[-1],
        cycles_estimate=None if cycles is None else _estimate(cycles),
        differs_first=next((layer.name for layer in layers if layer.max_lsb), None),
        notes=_notes(built, bound),
    )


def _notes(built: Built, bound: StackBound) -> dict[str, str]:
    """Decisions of the compiler, and what the figures leave out."""
    generated = built.generated
    notes = dict(generated.notes)
    if bound.reason:
        notes["no stack bound"] = bound.reason
    if generated.pushed_rows:
        size = generated.program.input_tensors()[0].nbytes // generated.pushed_rows
        notes["rows"] = f"{generated.pushed_rows} are pushed; the caller's buffer of {size} bytes is not in the figures"
    if generated.device.isa in LIMITS:
        notes["core"] = LIMITS[generated.device.isa]
    return notes


def measure(machine: Machine, feeds: Sequence[Mapping[str, Array]], judge: Program) -> tuple[list[Counts], Differences]:
    """Every feed once, from the initial states, beside the interpreter."""
    generated = machine.generated
    counter = BlockCounter(machine.built)
    expect = Expectation(generated, judge)
    differences, runs = Differences(), []
    try:
        machine.reset()
        for feed in feeds:
            if not generated.stateful:
                machine.forget()
            runs.append(counter.counts(machine.invoke(feed)))
            differences.add({**machine.layer_outputs(), **machine.outputs()}, expect.after(feed))
    finally:
        machine.close()
    return runs, differences


class BlockCounter:
    """Blocks -> instructions; each block is decoded once."""

    def __init__(self, built: Built) -> None:
        self._built = built
        self._code = built.image.code().address
        self._sizes: dict[tuple[int, int], int] = {}

    def counts(self, ran: Run) -> Counts:
        """Instructions of one run, and per layer."""
        blocks = ran.blocks.copy()
        lengths = np.array([self._length(int(block["offset"]), int(block["size"])) for block in blocks])
        executed = lengths * blocks["runs"].astype(np.int64)
        layers = np.zeros(len(self._built.generated.layers) + 1, np.int64)
        np.add.at(layers, blocks["layer"], executed)
        return Counts(int(executed.sum()), tuple(int(n) for n in layers), blocks, ran.stack)

    def _length(self, offset: int, size: int) -> int:
        found = self._sizes.get((offset, size))
        if found is None:
            code = self._built.image.read(self._code + offset, size)
            found = self._sizes[offset, size] = len(instruction_sizes(code, self._built.core.family))
        return found


def _estimate(cycles: Array) -> dict[str, int | str]:
    low, middle, high = (int(c) for c in cycles.sum(0))
    return {"low": low, "estimate": middle, "high": high, "model": MODEL}


def _layers(built: Built, counts: Counts, differences: Differences, cycles: Array | None) -> tuple[LayerProfile, ...]:
    generated = built.generated
    code, weights = [0] * (len(generated.layers) + 2), [0] * (len(generated.layers) + 2)
    for function in built.image.functions:
        code[owner_of(function.name, generated)] += function.size
    for symbol in built.image.symbols:
        if not symbol.function:
            weights[owner_of(symbol.name, generated)] += symbol.size
    found = []
    for index, layer in enumerate(generated.layers):
        names = [place.tensor for place in layer.outputs]
        lsb = [differences.lsb[n] for n in names if n in differences.lsb]
        absolute = [differences.absolute[n] for n in names if n in differences.absolute]
        found.append(
            LayerProfile(
                layer.name, layer.op, counts.layers[index], layer.macs, layer.kernel, code[index], weights[index],
                None if cycles is None else int(cycles[index, 1]), max(lsb, default=None), max(absolute, default=None),
            )
        )  # fmt: skip
    return tuple(found)

"""Virtual devices: a processor with flash, stack and arena that runs a linked image and counts what it executes.

The arena lies with its end at the end of mapped memory, flash cannot be written, and nothing else is there: a kernel
that leaves its bounds faults. The stack is painted before each run to see how deep it went.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from limen.errors import InternalError
from limen.lab._build import FLASH, RAM, Built
from limen.lab._cores import Family
from limen.lab._counter import Counter
from limen.lab._unicorn import (
    A64,
    A64_ACCESS,
    ARM,
    ARM_ACCESS,
    ARM_UNIT,
    EXECUTE,
    READ,
    RISCV,
    WRITE,
    Engine,
)
from limen.program import Array
from limen.targets.c import Place

PAGE = 4096
STACK, STACK_BYTES = 0x20400000, 256 * 1024
ARENA = 0x21000000
ROW = 0x24000000  # of the input, where its rows are pushed
SLOW = 0x28000000  # the second arena, where there is one
PAINT = 0xA5
LIMIT = 40_000_000_000  # bytes of code in one run


REGISTERS = {"thumb": ARM, "arm": ARM, "a64": A64, "riscv": RISCV}


@dataclass(frozen=True, eq=False)
class Run:
    """What one call did.

    Args:
        blocks: entries of the counter (offset, size, layer, runs, falls).
        stack: bytes of stack it used.
    """

    blocks: Array
    stack: int


class Machine:
    """One virtual device with a program in its flash.

    Args:
        built: the linked image.
        limit: bytes of code after which a run counts as endless.
    """

    def __init__(self, built: Built, limit: int = LIMIT) -> None:
        self.built, self.limit = built, limit
        self.generated = built.generated
        self._engine = Engine(*built.core.engine)
        self._registers = REGISTERS[built.core.family]
        _enable_floats(self._engine, built.core.family)
        self._load()
        self._row: Array | None = None
        self._stack = _memory(STACK_BYTES)
        self._engine.map(STACK, self._stack, READ | WRITE)
        self._map_arenas()
        stop = self._engine.stop_function()
        self.counter = Counter(built.image, self.generated, self._whole[self._starts[0] :], self._distance, stop)
        self._engine.hook_blocks(self.counter.hook, self.counter.fields)

    def reset(self) -> Run:
        """States to their initial values."""
        self.forget()
        return self._call("reset")

    def forget(self) -> None:
        """Overwrite the arenas: what an earlier run left must not matter."""
        self._whole[:] = PAINT

    def invoke(self, feeds: Mapping[str, Array]) -> Run:
        """One inference.

        Args:
            feeds: Program tensor -> array of its shape and dtype, for every input; its rows are pushed one after the
                other where the code takes them so.
        """
        if self.generated.pushed_rows:
            return self._push(feeds[self.generated.program.inputs[0].tensor])
        for place in self.generated.inputs:
            self._view(place)[...] = feeds[place.tensor]
        return self._call("invoke")

    def outputs(self) -> dict[str, Array]:
        """The outputs of the last run."""
        return {place.tensor: self._view(place).copy() for place in self.generated.outputs}

    def layer_outputs(self) -> dict[str, Array]:
        """Each layer's outputs, as they were when its function returned; only of layers that have run code."""
        places = [place for layer in self.generated.layers for place in layer.outputs]
        ran = set(self.counter.counted()["layer"].tolist())
        found = {}
        for place, copy in zip(places, self.counter.snapshots, strict=True):
            if copy.layer not in ran:
                continue
            data = self.counter.memory[copy.start : copy.start + copy.size]
            found[place.tensor] = data.copy().view(place.dtype).reshape(place.shape)
        return found

    def close(self) -> None:
        self._engine.close()

    def _load(self) -> None:
        image = self.built.image
        flash = [(a, d) for a, d in image.segments if a < RAM]
        top = max(a + len(d) for a, d in flash)
        self._flash = _memory(top + 4 - FLASH)  # room for the address that a run returns to
        for address, data in flash:
            self._flash[address - FLASH : address - FLASH + len(data)] = np.frombuffer(data, np.uint8)
        self._engine.map(FLASH, self._flash, READ | EXECUTE)
        self._sentinel = FLASH + len(self._flash) - 4
        if self.built.static_bytes:
            variables = _memory(max(s.address + s.size for s in image.sections if s.writable) - RAM)
            for address, data in image.segments:
                if address >= RAM:
                    variables[address - RAM : address - RAM + len(data)] = np.frombuffer(data, np.uint8)
            self._engine.map(RAM, variables, READ | WRITE)

    def _map_arenas(self) -> None:
        """Each arena ends where mapped memory ends; on this side they follow each other."""
        sizes = (self.generated.arena, *([self.generated.slow] if self.generated.slow else []))
        rooms = [max(PAGE, -(-size // PAGE) * PAGE) for size in sizes]
        self._whole = _memory(sum(rooms))
        self._starts, self._arguments, self._margins = [], [], []
        first = 0
        for base, size, room in zip((ARENA, SLOW), sizes, rooms, strict=False):
            start = first + room - size
            self._engine.map(base, self._whole[first : first + room], READ | WRITE)
            self._starts.append(start)
            self._arguments.append(base + room - size)
            self._margins.append(self._whole[first:start])
            first += room
        self.arena = self._whole[self._starts[0] : rooms[0]]

    def _distance(self, place: Place) -> int:
        """Of a tensor from the start of the first arena, on this side."""
        return place.offset + (self._starts[1] - self._starts[0] if place.slow else 0)

    def _call(self, what: str) -> Run:
        self._paint()
        self._execute(what)
        return self._ran()

    def _push(self, value: Array) -> Run:
        """Start a run and hand in the input's rows; each lies with its end at the end of mapped memory."""
        rows = np.ascontiguousarray(value).reshape(self.generated.pushed_rows, -1).view(np.uint8)
        size = rows.shape[1]
        if self._row is None:
            self._row = _memory(size)
            self._engine.map(ROW, self._row, READ)
        self._paint()
        self._execute("begin")
        for number, row in enumerate(rows, 1):
            self._row[len(self._row) - size :] = row
            self.counter.resume()
            done = self._execute("push", ROW + len(self._row) - size)
            if done != (number == len(rows)):
                self._settle("push", f"answers {done} after row {number} of {len(rows)}")
        return self._ran()

    def _execute(self, what: str, *more: int) -> int:
        """Call a function of the model, with arguments behind the arenas; its answer, if it has one."""
        thumb = 1 if self.built.core.family == "thumb" else 0
        engine, registers = self._engine, self._registers
        for number, value in enumerate((*self._arguments, *more)):
            engine.write(registers["argument"] + number, value)
        engine.write(registers["stack"], STACK + STACK_BYTES)
        engine.write(registers["link"], self._sentinel | thumb)
        name = f"{self.generated.name}_{what}"
        fault = engine.start(self.built.image.address(name) | thumb, self._sentinel)
        self._settle(what, self.counter.end() or fault)
        return engine.read(registers["argument"]) & 0xFFFFFFFF

    def _paint(self) -> None:
        """Before a run."""
        for memory in (self._stack, *self._margins):
            memory[:] = PAINT
        self.counter.begin(self.limit)

    def _ran(self) -> Run:
        touched = self._stack != PAINT
        return Run(self.counter.counted(), int(STACK_BYTES - np.argmax(touched)) if touched.any() else 0)

    def _settle(self, what: str, fault: str) -> None:
        """Raise InternalError for a fault of the generated code, with the place."""
        if not fault and any((margin != PAINT).any() for margin in self._margins):
            fault = "wrote below its arena"
        if fault:
            address = self._engine.read(self._registers["counter"])
            function = self.built.image.function_at(address & ~1)
            where = f"{function.name}+{(address & ~1) - function.address:#x}" if function else f"{address:#x}"
            raise InternalError(
                f"{self.generated.name}_{what} on {self.built.core.name} ({self.built.compiler}): {where}: {fault}",
                "this is a defect of limen: please report the model",
            )

    def _view(self, place: Place) -> Array:
        data = self._whole[self._starts[0] + self._distance(place) :][: place.nbytes]
        return data.view(place.dtype).reshape(place.shape)


def _enable_floats(engine: Engine, family: Family) -> None:
    """What a board's operating system has done before a program starts."""
    if family == "arm":
        engine.write(ARM_ACCESS, engine.read(ARM_ACCESS) | 0xF << 20)
        engine.write(ARM_UNIT, 1 << 30)
    elif family == "a64":
        engine.write(A64_ACCESS, engine.read(A64_ACCESS) | 3 << 20)


def _memory(size: int) -> Array:
    """Zeroed bytes, a whole number of pages, aligned to a page."""
    size = -(-size // PAGE) * PAGE
    raw = np.zeros(size + PAGE, np.uint8)
    start = -raw.ctypes.data % PAGE
    return raw[start : start + size]

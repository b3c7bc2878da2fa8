"""Profiles of WebAssembly: the module of target wasm, run by wasmtime.

``instructions`` are wasmtime's fuel: one for each WebAssembly instruction but ``nop``, ``drop``, ``block`` and
``loop``.
Time is measured by a second instance that does not count.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from limen.errors import InternalError, MissingExtra
from limen.lab._compare import compare_outputs
from limen.lab._native import host_profile, latency
from limen.lab._profile import Profile
from limen.program import Array, Program
from limen.targets.c import Generated
from limen.targets.wasm._target import wasm_module

FUEL = 1 << 60
_CODE, _DATA = 10, 11


class WasmModel:
    """One instance of a module.

    Args:
        module: the .wasm file.
        generated: what it was made from.
        count: whether to count instructions, which slows it down.
    """

    def __init__(self, module: bytes, generated: Generated, count: bool) -> None:
        wasmtime = _wasmtime()
        config = wasmtime.Config()
        config.consume_fuel = count
        self._trap = wasmtime.Trap
        self._store = wasmtime.Store(wasmtime.Engine(config))
        self._refuel(count)
        instance = wasmtime.Instance(self._store, wasmtime.Module(self._store.engine, module), [])
        exports = instance.exports(self._store)
        self._memory, self._run = exports["memory"], exports["invoke"]
        self._arena = exports["arena"](self._store)
        self.generated, self.count, self.instructions = generated, count, 0
        exports["reset"](self._store)

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """One inference; ``instructions`` is what the most expensive one took so far.

        Raises:
            InternalError: the code trapped.
        """
        for place in self.generated.inputs:
            data = np.ascontiguousarray(feeds[place.tensor]).tobytes()
            self._memory.write(self._store, data, self._arena + place.offset)
        self._refuel(self.count)
        try:
            self._run(self._store)
        except self._trap as trap:
            raise InternalError(f"{self.generated.name}: the WebAssembly traps: {str(trap)[:300]}") from trap
        if self.count:
            self.instructions = max(self.instructions, FUEL - self._store.get_fuel())
        return {place.tensor: self._output(place.offset, place) for place in self.generated.outputs}

    def _output(self, offset: int, place: Any) -> Array:
        start = self._arena + offset
        data = bytes(self._memory.read(self._store, start, start + place.nbytes))
        return np.frombuffer(data, place.dtype).reshape(place.shape)

    def _refuel(self, count: bool) -> None:
        if count:
            self._store.set_fuel(FUEL)


def profile_wasm(generated: Generated, feeds: Sequence[Mapping[str, Array]], judge: Program | None = None) -> Profile:
    """Run the module for every feed.

    Raises:
        MissingExtra: ziglang or wasmtime is not installed.
        InternalError: the code does not compile, or traps.
    """
    module = wasm_module(generated)
    counting = WasmModel(module, generated, count=True)
    exact, approximate = compare_outputs(generated, counting.run, feeds, judge)
    timed = WasmModel(module, generated, count=False)
    sizes = section_sizes(module)
    return host_profile(
        generated,
        exact,
        approximate,
        latency(lambda: _once(timed, feeds[0])),
        f"wasmtime {version('wasmtime')}",
        instructions=counting.instructions,
        flash={"code": sizes.get(_CODE, 0), "weights": sizes.get(_DATA, 0)},
        notes={**generated.notes, "instructions": "of WebAssembly, as wasmtime counts them; time is with its compiler"},
    )


def _once(model: WasmModel, feed: Mapping[str, Array]) -> None:
    model.run(feed)


def section_sizes(module: bytes) -> dict[int, int]:
    """Bytes of each section of a .wasm file by its number (WebAssembly Core Specification, 5.5.2)."""
    sizes: dict[int, int] = {}
    at = 8
    while at < len(module):
        number, (size, after) = module[at], _leb(module, at + 1)
        sizes[number] = sizes.get(number, 0) + size
        at = after + size
    return sizes


def _leb(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned LEB128 number, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128:
            return value, at


def _wasmtime() -> Any:
    if importlib.util.find_spec("wasmtime") is None:
        raise MissingExtra("wasmtime", "mcu")
    return importlib.import_module("wasmtime")

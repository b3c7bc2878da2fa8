"""What the compiler hands on: the files, where every tensor lies in the arena, and which function makes which layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from limen.devices import Device
from limen.program import DType, Program, Shape

ARENA_ALIGN = 16


@dataclass(frozen=True)
class Place:
    """One tensor in the arena.

    Args:
        tensor: its name in the Program.
        symbol: its C name, of the accessor ``MODEL_SYMBOL(arena)``.
        offset: bytes from the arena's start.
        shape: of the Program's tensor.
        dtype: of its elements, little endian.
        nbytes: its size.
        slow: whether it lies in the second arena.
    """

    tensor: str
    symbol: str
    offset: int
    shape: Shape
    dtype: DType
    nbytes: int
    slow: bool = False

    @property
    def arena(self) -> str:
        """C name of the arena that it lies in."""
        return "slow" if self.slow else "arena"


@dataclass(frozen=True)
class Layer:
    """One node of the Program and its functions: every function whose name starts with ``symbol`` belongs to it.

    Args:
        symbol: ``model_03_conv2d``; the function that runs the node, unless it streams or only moves names.
        op: the operator's name.
        name: the node's name, or that of its first output.
        macs: multiply-accumulates.
        outputs: where its outputs lie when its function has returned; empty where they never lie whole in the arena.
        kernel: where the code comes from: ``portable``, an instruction set's name, or ``none`` where no code is needed.
    """

    symbol: str
    op: str
    name: str
    macs: int
    outputs: tuple[Place, ...]
    kernel: str = "portable"


@dataclass(frozen=True, eq=False)
class Generated:
    """One compiled Program.

    The files define, for a prefix ``model``: ``MODEL_ARENA_BYTES``; ``void model_reset(void *arena)``, which sets the
    states (only needed before the first run, and only if ``stateful``); ``void model_invoke(void *arena)``, which reads
    the inputs and writes the outputs at their places in the arena. The memory of an input may be reused during the run.
    With a second arena there is ``MODEL_SLOW_BYTES``, and every function takes ``void *slow`` behind ``arena``.

    Args:
        name: prefix of the files and symbols.
        program: the Program whose integer meaning the code has, after the compiler's own passes.
        device: whom it is for.
        isa: the kernels in use.
        files: ``model.h``, ``model.c`` and, where there is assembler, ``model_kernels.S``.
        arena: bytes the caller supplies, aligned to ARENA_ALIGN.
        slow: bytes of the second arena, for slower memory; 0 where there is none.
        static_ram: bytes of .data and .bss; 0, as all the memory is the caller's.
        constants: bytes of ``static const`` data.
        inputs, outputs: in the order of the Program's ports; no inputs where their rows are pushed.
        states: places of the states, which lie in the arena too and must be kept between runs.
        layers: in execution order.
        pushed_rows: where above 0, the only input comes in so many rows: ``void model_begin(void *arena)``, then
            ``int32_t model_push(void *arena, const void *row)`` for each; there is no ``model_invoke``.
        notes: decisions worth telling (memory plan, lower bound, streaming).
    """

    name: str
    program: Program
    device: Device
    isa: str
    files: Mapping[str, bytes]
    arena: int
    constants: int
    inputs: tuple[Place, ...]
    outputs: tuple[Place, ...]
    states: tuple[Place, ...]
    layers: tuple[Layer, ...]
    slow: int = 0
    static_ram: int = 0
    pushed_rows: int = 0
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def memory(self) -> int:
        """Bytes of one memory that holds the arenas one after the other."""
        return self.slow_start + self.slow if self.slow else self.arena

    @property
    def slow_start(self) -> int:
        """Where the second arena begins in that memory."""
        return -(-self.arena // 64) * 64

    def offset(self, place: Place) -> int:
        """Of a tensor in that memory."""
        return place.offset + self.slow_start if place.slow else place.offset

    @property
    def arenas(self) -> str:
        """The arenas as C arguments of every function."""
        return "arena, slow" if self.slow else "arena"

    @property
    def stateful(self) -> bool:
        """Whether ``model_reset`` does anything."""
        return bool(self.states)

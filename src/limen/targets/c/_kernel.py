"""The contract between the operators' emitters and the compiler's core.

An emitter sees one node as a :class:`Site` and answers with a :class:`Kernel`: C functions, the constants they read,
the scratch bytes they need. The core places tensors and scratch in the arena, calls the functions in order, and
writes the files. Emitters are found by operator: first in ``kernels/<isa>/<op>.py`` of the device's instruction set,
then in ``ops/<op>.py``, the portable C that every instruction set falls back to; an emitter of an instruction set
answers None for a case that it leaves to portable C.

**Whole form** (``Kernel.reaches`` is None). ``static void SYMBOL(args)``, where args are, in order: for each input
that is not a constant, ``const T *xI`` (I the input's index among the node's inputs); for each output ``T *yJ``; and,
if ``Kernel.scratch`` > 0, ``void *scratch`` (aligned like tensors, to 4 bytes at least).

**Row form** (``Kernel.reaches`` has one Reach per non-constant input). ``static void SYMBOL_row(args)`` computes one
row of the single output of shape [N, H, W, ...]: a row is everything at one index of axis 1. Its args are: for each
such input ``const T *const *xI``, an array of ``Reach.taps`` row pointers; ``T *y0``, the row to write; and ``void
*scratch`` as above. A row above or below the input is a row filled with ``Reach.fill``, so a kernel never branches on
vertical padding. The core writes the loop over rows, or, when it streams, keeps only the rows that are still needed.
A row that is written never shares memory with a row that is read, unless ``elementwise`` is set: then ``y0`` may be
the very row ``xI[0]``, and each element of the output depends on the elements at the same position alone.

Pointwise kernels (taps 1, stride 1, padding 0) should take the row's width from :attr:`Site.rows`, not from the
shape: in whole-tensor mode the core asks for one long row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from limen.devices import Device
from limen.errors import UnsupportedOp
from limen.program import Array, Node, Op, Operands, Tensor

C_TYPES = {
    "int8": "int8_t",
    "uint8": "uint8_t",
    "int16": "int16_t",
    "uint16": "uint16_t",
    "int32": "int32_t",
    "uint32": "uint32_t",
    "int64": "int64_t",
    "float32": "float",
    "float64": "double",
    "bool": "uint8_t",
}


@dataclass(frozen=True)
class Reach:
    """Which rows of an input one output row reads: ``y * stride - before + i * dilation`` for i < taps.

    Args:
        taps: number of rows.
        stride, dilation: in rows.
        before: rows of padding above.
        fill: code of the padding, an element of the input's type.
    """

    taps: int = 1
    stride: int = 1
    before: int = 0
    dilation: int = 1
    fill: int | float = 0


@dataclass(frozen=True, eq=False)
class Constant:
    """A ``static const`` array.

    Args:
        symbol: unique in the file; build it with :meth:`Site.local`.
        data: any dtype of C_TYPES; it is written flat.
        align: bytes.
        comment: what it holds, one line.
        external: visible to the assembler file (not ``static``).
    """

    symbol: str
    data: Array
    align: int = 4
    comment: str = ""
    external: bool = False


@dataclass(frozen=True)
class Helper:
    """A static function that several kernels share; it is written once.

    Args:
        name: the function's.
        text: its definition in C, ``static inline`` with a comment above.
        needs: helpers that must stand above it.
    """

    name: str
    text: str
    needs: tuple[Helper, ...] = ()


@dataclass(frozen=True)
class Fold:
    """A reduction over rows that arrive one by one, such as a global average.

    ``static void SYMBOL_start(void *scratch)`` is called once, ``static void SYMBOL_add(const T *x0, void *scratch)``
    for each row of the input in order, ``static void SYMBOL_finish(T *y0, void *scratch)`` at the end.

    Args:
        text: C definitions of the three functions; they replace ``Kernel.text``.
        scratch: bytes that live from start to finish.
        helpers: shared functions they call.
    """

    text: str
    scratch: int
    helpers: tuple[Helper, ...] = ()


@dataclass(frozen=True)
class Passes:
    """A row kernel that makes a few output channels of all rows, then the next few: in whole-tensor mode its loop over
    the channels is around the core's loop over rows. The core then calls ``SYMBOL_line``, whose arguments are those of
    the row form with ``arguments`` in place of ``scratch``; there is no ``SYMBOL_row``.

    Args:
        begin: C lines that end inside the loop over channels, which the core closes.
        arguments: further arguments, with a comma ahead.
    """

    begin: tuple[str, ...]
    arguments: str


@dataclass(frozen=True, eq=False)
class Kernel:
    """The code of one node.

    Args:
        text: C definitions of the functions; the core writes the operator's comment above them.
        constants: arrays it reads.
        helpers: shared functions it calls.
        scratch: bytes of working memory during the call; kept for all the rows of one run if ``prepare`` is set.
        reaches: None for the whole form; else one per non-constant input.
        elementwise: row form only: the output row may be an input's row.
        aliases: whole form only: indices of inputs whose memory the output may take over exactly
            (the function may be called with ``y0 == xI``).
        assembly: functions of the assembler file (``.S``), GNU syntax, without file directives.
        routines: functions of the assembler file that several kernels share; each is written once.
        includes: headers beyond stdint.h and string.h, as ``"arm_neon.h"``.
        prepare: row form only: a function ``static void SYMBOL_begin(void *scratch)`` is to be called once before the
            first row.
        fold: a second form for streaming of a kernel that reduces all rows of its only input, or None.
        passes: row form only, and not where rows stream: channels by channels.
    """

    text: str
    constants: tuple[Constant, ...] = ()
    helpers: tuple[Helper, ...] = ()
    scratch: int = 0
    reaches: tuple[Reach, ...] | None = None
    elementwise: bool = False
    aliases: tuple[int, ...] = ()
    assembly: str = ""
    routines: tuple[Helper, ...] = ()
    includes: tuple[str, ...] = ()
    prepare: bool = False
    fold: Fold | None = None
    passes: Passes | None = None


@dataclass(frozen=True, eq=False)
class Site:
    """One node, as its emitter sees it.

    Args:
        symbol: prefix of everything it defines, ``model_03_conv2d``. node: the node. operands: the tensors around it;
        constants carry their data. isa: name of the instruction set's kernels in use, ``portable`` for none. device:
        the board, for its features. small: prefer flash over speed. rows: (number of rows, positions in a row) of the
        output in row form; a position holds the last axis. A pointwise
            node, and one whose output has no rows, gets (1, all positions) unless it streams.
        form: of the weights in flash, one of ``encodings.FORMS``; empty where they lie as the kernel reads them.
        streams: the rows are asked for one by one.
    """

    symbol: str
    node: Node
    operands: Operands
    isa: str = "portable"
    device: Device | None = None
    small: bool = False
    rows: tuple[int, int] = (1, 1)
    form: str = ""
    streams: bool = False

    @property
    def op(self) -> Op:
        return self.node.op

    def input(self, index: int) -> Tensor:
        """The input at an index, which must be there."""
        tensor = self.operands.inputs[index]
        assert tensor is not None
        return tensor

    def optional(self, index: int) -> Tensor | None:
        """The input at an index, None where it is absent."""
        return self.operands.inputs[index] if index < len(self.operands.inputs) else None

    def output(self, index: int = 0) -> Tensor:
        return self.operands.outputs[index]

    @property
    def live(self) -> tuple[int, ...]:
        """Indices of the inputs that are not constants: those that become arguments."""
        return tuple(i for i, t in enumerate(self.operands.inputs) if t is not None and t.data is None)

    @property
    def row_elements(self) -> int:
        """Elements of one output row."""
        shape = self.output().shape
        return self.rows[1] * (shape[-1] if shape else 1)

    def local(self, suffix: str) -> str:
        """A symbol of this node: ``model_03_conv2d_weights``."""
        return f"{self.symbol}_{suffix}"


Emitter = Callable[[Site], "Kernel | None"]
"""An emitter module names its function in ``EMIT``. Raises UnsupportedOp (see ``refuse``) for a case without a
kernel."""


def refuse(site: Site, case: str, way_out: str = "use target tflite or onnx") -> UnsupportedOp:
    """The error that says an operator, in this case, has no C kernel."""
    return UnsupportedOp(site.node.name or site.node.outputs[0], f"{site.op.name} {case}".strip(), "target c", way_out)


def c_type(tensor: Tensor) -> str:
    """The C type of a tensor's elements.

    Raises:
        KeyError: float16, which only ever is a constant.
    """
    return C_TYPES[tensor.dtype]


def row_bytes(tensor: Tensor) -> int:
    """Bytes of everything at one index of axis 1."""
    return int(np.prod(tensor.shape[2:], dtype=np.int64)) * np.dtype(tensor.dtype).itemsize

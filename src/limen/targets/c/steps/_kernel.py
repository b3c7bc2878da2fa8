"""The contract between the steps' emitters and the chain that calls them.

An emitter sees one step as a :class:`StepSite`: its settings and what flows into it, both known at compile time. It
answers with a :class:`StepKernel`: a C function, the constants it reads, the scratch bytes it needs. A module of this
package serves the step of its own name and has one of these attributes:

``EMIT``   an emitter; it answers with a Flow where the value stays as it is and only its shape is seen otherwise.
``POINT``  for steps that map each element alone: the C of one element, see ``_pointwise``. Neighbours are fused.
``VIEW``   for steps that only move elements; fused with the former.

**The function.** ``static void SYMBOL(args)``, or ``static int32_t SYMBOL(args)`` when the step can fail at run time (0
is success). Its args, in order: ``const T *x`` per input (``x0``, ``x1`` when there are several); what is only known at
run time of the input, ``int32_t count`` or ``int32_t height, int32_t width``; ``U *y`` per output (``y0``, ``y1``);
what is only known at run time of the output, ``int32_t *counted`` or ``int32_t *high, int32_t *wide``; ``real *view``
(``const`` for post steps); ``void *state``, zeros at the start of a stream; ``void *scratch``, aligned to 16 bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NoReturn

import numpy as np

from limen.errors import UnsupportedOp
from limen.steps import Step
from limen.targets.c._kernel import C_TYPES, Constant, Helper

Varies = Literal["", "count", "picture"]
Real = Literal["float", "double"]

VIEW_REALS = 6
"""A view is scale x and y, offset x and y, width and height of the source picture; all in ``real``."""


@dataclass(frozen=True)
class Port:
    """One array between two steps.

    Args:
        dtype: of its elements, a key of C_TYPES.
        shape: its extents, the largest ones where they vary.
        name: in a mapping; empty for a value that is one array.
        scale: above 0 where the elements are codes: real = (code - zero_point) * scale in float32.
        zero_point: of the codes.
    """

    dtype: str
    shape: tuple[int, ...]
    name: str = ""
    scale: float = 0.0
    zero_point: int = 0

    @property
    def size(self) -> int:
        """Elements."""
        return math.prod(self.shape)

    @property
    def row(self) -> int:
        """Elements at one index of the first axis."""
        return math.prod(self.shape[1:])

    @property
    def nbytes(self) -> int:
        return self.size * np.dtype(self.dtype).itemsize

    @property
    def ctype(self) -> str:
        return C_TYPES[self.dtype]


@dataclass(frozen=True)
class Flow:
    """The value between two steps.

    Args:
        ports: its arrays.
        varies: what is known at run time only: nothing, the ``count`` of rows along the first axis of every port, or
            height and width of a ``picture``. The ports' shapes are upper bounds of it.
    """

    ports: tuple[Port, ...]
    varies: Varies = ""

    def port(self, name: str) -> Port | None:
        """The port of that name."""
        return next((p for p in self.ports if p.name == name), None)

    def arguments(self, letter: str, mark: str = "") -> tuple[str, ...]:
        """Names of its pointers: ``x``, or ``x0``, ``x1``."""
        return (letter,) if len(self.ports) == 1 else tuple(f"{letter}{mark}{i}" for i in range(len(self.ports)))


def one(dtype: str, shape: tuple[int, ...], varies: Varies = "") -> Flow:
    """A value that is one array."""
    return Flow((Port(dtype, shape),), varies)


@dataclass(frozen=True, eq=False)
class StepKernel:
    """The code of one step.

    Args:
        text: C definitions; the function has :meth:`StepSite.head` as its first line.
        result: what flows out.
        constants: arrays it reads.
        helpers: shared functions it calls.
        scratch: bytes of working memory during the call.
        state: bytes that last from one call to the next.
        view: whether it writes (pre) or reads (post) the picture's view.
        fails: whether it can refuse its value at run time.
        in_place: whether ``y`` may be ``x`` (or ``y0`` be ``x0`` when all further outputs are elsewhere).
    """

    text: str
    result: Flow
    constants: tuple[Constant, ...] = ()
    helpers: tuple[Helper, ...] = ()
    scratch: int = 0
    state: int = 0
    view: bool = False
    fails: bool = False
    in_place: bool = False


@dataclass(frozen=True, eq=False)
class StepSite:
    """One step, as its emitter sees it.

    Args:
        symbol: name of its function, ``PREFIX_step_03_resize``.
        step: its settings.
        flow: what flows into it.
        real: type of the wide arithmetic: ``double`` where the device computes in it, else ``float``.
        labels: class names of the bundle.
        small: prefer flash over speed.
        views: whether the chain carries a view of the picture.
        fpu: whether the device computes in float; without, integers are preferred.
    """

    symbol: str
    step: Step
    flow: Flow
    real: Real = "float"
    labels: tuple[str, ...] = ()
    small: bool = False
    views: bool = False
    fpu: bool = True

    @property
    def port(self) -> Port:
        """The only array of the input."""
        if len(self.flow.ports) != 1:
            names = ", ".join(port.name for port in self.flow.ports)
            self.refuse(f"of {len(self.flow.ports)} tensors ({names})", "pick one before this step")
        return self.flow.ports[0]

    def local(self, suffix: str) -> str:
        """A symbol of this step."""
        return f"{self.symbol}_{suffix}"

    def refuse(self, case: str, hint: str) -> NoReturn:
        """There is no C for this case.

        Raises:
            UnsupportedOp: always; names the step, the case and the way out.
        """
        raise UnsupportedOp(f"step {self.step.name}", case, "target c", hint)

    def single(self, what: str, ranks: tuple[int, ...] = ()) -> Port:
        """The only array, not a picture of unknown size, of one of these ranks."""
        port = self.port
        if self.flow.varies == "picture":
            self.refuse("on a picture of unknown size", "put a resize or a crop before it")
        if ranks and len(port.shape) not in ranks:
            self.refuse(f"on the shape {list(port.shape)}", f"give {what}")
        if not port.size:
            self.refuse("on an empty value", f"give {what}")
        return port

    def read(self, port: Port, pointer: str, index: str) -> str:
        """The real value of an element, a C expression of type float (double for what float cannot hold)."""
        element = f"{pointer}[{index}]"
        if port.scale:
            return f"((float){bracketed(less(element, port.zero_point))} * {number(port.scale)})"
        return element if port.dtype in ("float32", "float64") else f"(float){element}"

    def head(self, kernel: StepKernel) -> str:
        """The function's first line."""
        return f"static {'int32_t' if kernel.fails else 'void'} {self.symbol}({', '.join(self._parameters(kernel))})"

    def _parameters(self, kernel: StepKernel) -> list[str]:
        inward, outward = self.flow, kernel.result
        found = [f"const {p.ctype} *{x}" for p, x in zip(inward.ports, inward.arguments("x"), strict=True)]
        found += {"": [], "count": ["int32_t count"], "picture": ["int32_t height", "int32_t width"]}[inward.varies]
        found += [f"{p.ctype} *{y}" for p, y in zip(outward.ports, outward.arguments("y"), strict=True)]
        found += {"": [], "count": ["int32_t *counted"], "picture": ["int32_t *high", "int32_t *wide"]}[outward.varies]
        if kernel.view:
            found.append(f"{'const ' if self.step.kind == 'post' else ''}{self.real} *view")
        return found + ["void *state"] * bool(kernel.state) + ["void *scratch"] * bool(kernel.scratch)

    def write(self, kernel: StepKernel, body: str, before: str = "") -> StepKernel:
        """The kernel with its text: definitions before, the head, the body between braces."""
        text = f"{before.strip()}\n\n" if before.strip() else ""
        return replace(kernel, text=f"{text}{self.head(kernel)}\n{{\n{body.strip(chr(10))}\n}}\n")


StepEmitter = Callable[[StepSite], "StepKernel | Flow"]


def number(value: float, real: Real = "float") -> str:
    """A literal of type float or double, the shortest that reads back to the bit; negative ones in brackets."""
    text = str(np.float32(value)) if real == "float" else repr(float(value))
    text = text if any(mark in text for mark in ".en") else f"{text}.0"
    text += "f" if real == "float" else ""
    return f"({text})" if text.startswith("-") else text


def times(variable: str, factor: int) -> str:
    """A product, without a factor of 1."""
    return variable if factor == 1 else f"{variable} * {factor}"


def less(variable: str, number: int) -> str:
    """A difference, without a zero and without two signs in a row."""
    return variable if number == 0 else f"{variable} {'-' if number > 0 else '+'} {abs(number)}"


def bracketed(text: str) -> str:
    """An expression as a factor."""
    return f"({text})" if " " in text else text


def fill(template: str, **holes: object) -> str:
    """A template with ``@name@`` replaced."""
    for name, value in holes.items():
        template = template.replace(f"@{name}@", str(value))
    return template


def indented(text: str, levels: int = 1) -> str:
    """Lines moved right by four spaces per level; empty lines stay empty."""
    return "".join(f"{'    ' * levels}{line}" if line.strip() else line for line in text.splitlines(keepends=True))


def looped(body: str, bounds: Sequence[tuple[str, str]]) -> str:
    """A body at column 0 inside loops over (variable, bound), indented for a function."""
    heads = [f"{'    ' * level}for (int32_t {v} = 0; {v} < {n}; {v}++) {{\n" for level, (v, n) in enumerate(bounds, 1)]
    ends = [f"{'    ' * level}}}\n" for level in range(len(bounds), 0, -1)]
    return "".join([*heads, indented(body, len(bounds) + 1), *ends])

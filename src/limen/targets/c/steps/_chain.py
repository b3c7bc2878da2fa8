"""A whole chain in C: its functions, one that calls them in order, and the memory they share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from limen.steps import Step
from limen.targets.c._kernel import Constant, Helper
from limen.targets.c._text import comment, constant_definition
from limen.targets.c.steps._border import Border
from limen.targets.c.steps._kernel import VIEW_REALS, Flow, Port, Real, StepKernel, Varies, one
from limen.targets.c.steps._layout import wrapped
from limen.targets.c.steps._stages import Builder, Settings, Stage

ALIGN = 16


@dataclass(frozen=True, eq=False)
class StepChain:
    """The C of a chain, one function ``int32_t SYMBOL(args)`` and what it calls.

    Its args, in order: the source's pointers (``x``, or ``x0``, ``x1``) and, where the source varies, ``int32_t count``
    or ``int32_t height, int32_t width``; the results' pointers (``y``, or ``y0``, ``y1``); ``real *view`` if ``view``;
    ``void *state`` if ``state``; ``void *memory`` if ``memory``. Both are aligned to 16 bytes; the state is set to
    zeros before the first call. It answers how many rows of the results are valid (of a ``pre`` chain: how many model
    inputs stand in ``y``, one after the other), or -N when step N cannot take what it was given.

    Args:
        symbol: name of the function.
        text: definitions of all functions, without constants and helpers.
        prototype: of the function, without a semicolon.
        source: what it takes.
        result: what it gives; the ports' shapes are the largest ones.
        constants, helpers: what the text needs above it, see :func:`definitions`.
        memory: bytes of working memory.
        state: bytes that last from one call to the next.
        view: whether it writes (pre) or reads (post) ``real view[6]``, which carries boxes back to the picture.
        real: type of the wide arithmetic.
        labels: names of the classes that the results count; empty where they have none.
        notes: one line per function, for people.
    """

    symbol: str
    text: str
    prototype: str
    source: Flow
    result: Flow
    constants: tuple[Constant, ...] = ()
    helpers: tuple[Helper, ...] = ()
    memory: int = 0
    state: int = 0
    view: bool = False
    real: Real = "float"
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def emit_chain(
    steps: Sequence[Step],
    prefix: str,
    input_shape: tuple[int, ...],
    input_dtype: str,
    *,
    border: Border | None = None,
    varies: Varies = "",
    real: Real = "float",
    labels: tuple[str, ...] = (),
    small: bool = False,
    view: bool = False,
    fpu: bool = True,
) -> StepChain:
    """A chain on one array: a ``pre`` chain, from the raw value to the model's input.

    Args:
        steps: in order.
        prefix: name of the function and prefix of all symbols.
        input_shape: of the raw value; its largest extents where they vary.
        input_dtype: of the raw value.
        border: the model's input; None leaves the last step's result as it is.
        varies: what is known at run time only: ``count``, the length of the first axis; ``picture``, height and width.
        real: ``double`` where the device computes in it.
        labels: class names by index.
        small: prefer flash over speed.
        view: whether it writes the picture's view, for a ``post`` chain that carries boxes back (its ``view`` is set).
        fpu: whether the device computes in float; without, integers are preferred.

    Raises:
        UnsupportedOp: a step or a case has no C; names the step and the way out.
    """
    settings = Settings(prefix, real, labels, small, view, fpu)
    builder = Builder(settings, one(input_dtype, input_shape, varies))
    return _built(builder, steps, border)


def emit_post(
    steps: Sequence[Step],
    prefix: str,
    outputs: Sequence[Border],
    *,
    real: Real = "float",
    labels: tuple[str, ...] = (),
    small: bool = False,
) -> StepChain:
    """A ``post`` chain on the model's output tensors, codes where they are quantised; see :func:`emit_chain`."""
    settings = Settings(prefix, real, labels, small)
    several = len(outputs) > 1
    ports = tuple(
        Port(b.port.dtype, b.shape, b.name if several or _is_picked(steps) else "", b.port.scale, b.zero_point)
        for b in outputs
    )
    builder = Builder(settings, Flow(ports))
    sources = tuple(
        Port(p.dtype, b.source_shape, p.name, p.scale, p.zero_point) for p, b in zip(ports, outputs, strict=True)
    )
    moved = [b.permutation for b in outputs]
    if any(axes is not None for axes in moved):
        builder.restore(outputs)
    else:
        builder.flow = Flow(sources)
    return _built(builder, steps, None, Flow(ports))


def _is_picked(steps: Sequence[Step]) -> bool:
    """Whether the first step names the tensors it takes."""
    return bool(steps) and steps[0].name == "box_decode"


def _built(builder: Builder, steps: Sequence[Step], border: Border | None, source: Flow | None = None) -> StepChain:
    source = source or builder.flow
    for place, step in enumerate(steps, 1):
        builder.add(place, step)
    if border is not None:
        builder.border(len(steps) + 1, border)
    builder.close()
    if not builder.stages or any(port.scale for port in builder.flow.ports):
        builder.copy(len(steps) + 1)
    return _assembled(builder, source)


def _assembled(builder: Builder, source: Flow) -> StepChain:
    settings, stages = builder.settings, builder.stages
    if builder.flow.varies == "picture":
        stages[-1].site.refuse("at the end of a chain on pictures of unknown size", "put a resize or a crop after it")
    places, memory = plan(stages)
    states, state = [], 0
    for stage in stages:
        states.append(state)
        state += -(-stage.kernel.state // ALIGN) * ALIGN
    view = settings.views or any(stage.kernel.view for stage in stages)
    parameters = _parameters(source, builder.flow, settings, view, state, memory)
    prototype = f"int32_t {settings.prefix}({', '.join(parameters)})"
    body = _view(settings, source) + _body(stages, places, states, source)
    texts = [f"/* {comment(_title(stage))} */\n{stage.kernel.text}" for stage in stages]
    return StepChain(
        symbol=settings.prefix,
        text=wrapped("\n".join([*texts, f"{prototype}\n{{\n{body}}}\n"])),
        prototype=prototype,
        source=source,
        result=builder.flow,
        constants=tuple(c for stage in stages for c in stage.kernel.constants),
        helpers=tuple(_ordered(h for stage in stages for h in stage.kernel.helpers)),
        memory=memory,
        state=state,
        view=view,
        real=settings.real,
        labels=_labels(stages, settings),
        notes=tuple(_title(stage) for stage in stages),
    )


def _title(stage: Stage) -> str:
    first, last = stage.steps[0], stage.steps[-1]
    return f"Step {first}{f' to {last}' if last != first else ''}: {stage.comment}"


def _labels(stages: Sequence[Stage], settings: Settings) -> tuple[str, ...]:
    own = [getattr(stage.site.step, "labels", ()) for stage in stages]
    return next((names for names in reversed(own) if names), settings.labels)


def _parameters(source: Flow, result: Flow, settings: Settings, view: bool, state: int, memory: int) -> list[str]:
    found = [f"const {p.ctype} *{x}" for p, x in zip(source.ports, source.arguments("x"), strict=True)]
    found += {"": [], "count": ["int32_t count"], "picture": ["int32_t height", "int32_t width"]}[source.varies]
    found += [f"{p.ctype} *{y}" for p, y in zip(result.ports, result.arguments("y"), strict=True)]
    found += [f"{settings.real} *view"] * view
    return found + ["void *state"] * bool(state) + ["void *memory"] * bool(memory)


@dataclass(frozen=True)
class Slots:
    """Where one stage's ports and scratch lie in the memory; None for the caller's pointers.

    Args:
        outputs: offset per port.
        scratch: offset.
    """

    outputs: tuple[int | None, ...]
    scratch: int = 0


def plan(stages: Sequence[Stage]) -> tuple[list[Slots], int]:
    """Values alternate between the low and the high end of the memory, scratch lies between them.

    What lives at one time is a value, the next one and the scratch of the step between, so the largest such sum is the
    least that any plan needs; this one reaches it. The last value is the caller's, and so is the last but one where the
    last step can work in place.
    """
    sizes = [0] + [sum(map(_room, stage.kernel.result.ports)) for stage in stages[:-1]] + [0]
    shared = len(stages) > 1 and stages[-1].kernel.in_place and _fits(stages[-2].kernel, stages[-1].kernel)
    if shared:
        sizes[-2] = 0
    rooms = [-(-stage.kernel.scratch // ALIGN) * ALIGN for stage in stages]
    total = max((sizes[i] + sizes[i + 1] + rooms[i] for i in range(len(stages))), default=0)
    slots: list[Slots] = []
    for i, stage in enumerate(stages):
        low_side = i % 2 == 0
        base = 0 if low_side else total - sizes[i + 1]
        scratch = sizes[i + 1] if low_side else sizes[i]
        offsets: list[int | None] = []
        for port in stage.kernel.result.ports:
            offsets.append(None if i == len(stages) - 1 or (shared and i == len(stages) - 2) else base)
            base += _room(port)
        slots.append(Slots(tuple(offsets), scratch))
    return slots, total


def _fits(value: StepKernel, result: StepKernel) -> bool:
    """Whether one array can stand where the result will be."""
    one_each = len(value.result.ports) == len(result.result.ports) == 1
    return one_each and value.result.ports[0].nbytes <= result.result.ports[0].nbytes


def _room(port: Port) -> int:
    return -(-port.nbytes // ALIGN) * ALIGN


def _body(stages: Sequence[Stage], slots: Sequence[Slots], states: Sequence[int], source: Flow) -> str:
    declared, calls, flow, names = [], [], source, source.arguments("x")
    extent = {"": "", "count": "count", "picture": "height, width"}[source.varies]
    for index, (stage, slot) in enumerate(zip(stages, slots, strict=True)):
        kernel, last = stage.kernel, index == len(stages) - 1
        outs = kernel.result.arguments("y") if last else kernel.result.arguments(f"v{index + 1}", "_")
        if not last:
            for port, name, offset in zip(kernel.result.ports, outs, slot.outputs, strict=True):
                declared.append(f"    {port.ctype} *const {name} = {_at(port.ctype, offset)};\n")
        outer = {"": "", "count": f"n{index + 1}", "picture": f"h{index + 1}, w{index + 1}"}[kernel.result.varies]
        declared += [f"    int32_t {v} = 0;\n" for v in outer.split(", ") if v]
        arguments = [*names, *filter(None, [extent]), *outs]
        arguments += [f"&{v}" for v in outer.split(", ") if v]
        arguments += ["view"] * kernel.view
        arguments += [f"(uint8_t *)state + {states[index]}"] * bool(kernel.state)
        arguments += [f"(uint8_t *)memory + {slot.scratch}"] * bool(kernel.scratch)
        call = f"{stage.site.symbol}({', '.join(arguments)})"
        failing = f"    if ({call} != 0) {{\n        return -{stage.steps[-1]};\n    }}\n"
        calls.append(failing if kernel.fails else f"    {call};\n")
        flow, names, extent = kernel.result, outs, outer
    answer = extent if flow.varies == "count" else str(_rows(stages[-1].kernel))
    return "".join(declared) + ("\n" if declared else "") + "".join(calls) + f"    return {answer};\n"


def _view(settings: Settings, source: Flow) -> str:
    """Statements that begin the view of a picture as it came."""
    if not settings.views:
        return ""
    shape = source.ports[0].shape
    height, width = map(str, shape[:2]) if len(shape) > 1 else ("0", "0")
    if source.varies == "picture":
        height, width = f"({settings.real})height", f"({settings.real})width"
    values = ("1", "1", "0", "0", width, height)
    return "".join(f"    view[{place}] = {value};\n" for place, value in enumerate(values)) + "\n"


def _rows(kernel: StepKernel) -> int:
    """Rows of a result of known size."""
    shape = kernel.result.ports[0].shape
    return shape[0] if shape else 1


def _at(ctype: str, offset: int | None) -> str:
    """A pointer into the memory; without an offset, the result's place."""
    if offset is None:
        return f"({ctype} *)(void *)y"
    return f"({ctype} *)(void *)((uint8_t *)memory + {offset})" if offset else f"({ctype} *)memory"


def _ordered(helpers: Iterable[Helper]) -> list[Helper]:
    """Each helper once, below those it needs."""
    found: dict[str, Helper] = {}

    def add(helper: Helper) -> None:
        if helper.name not in found:
            for needed in helper.needs:
                add(needed)
            found[helper.name] = helper

    for helper in helpers:
        add(helper)
    return list(found.values())


_EXACT = """\
/* Every operation is rounded by itself, as in the Python steps. GCC wants -ffp-contract=off or
 * -std=c11 for it. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif
"""


def definitions(*chains: StepChain) -> str:
    """The body of a C file: helpers once, then constants and functions of every chain. Wants stdint.h and string.h."""
    helpers = _ordered(h for chain in chains for h in chain.helpers)
    parts = [_EXACT, *(wrapped(f"{helper.text.rstrip()}\n") for helper in helpers)]
    for chain in chains:
        parts += [constant_definition(c) for c in chain.constants] + [chain.text]
    return "\n".join(parts)


def constant_bytes(chain: StepChain) -> int:
    """Bytes of the chain's tables."""
    return sum(int(np.asarray(c.data).nbytes) for c in chain.constants)


def view_bytes(real: Real) -> int:
    """Bytes of a view."""
    return VIEW_REALS * (8 if real == "double" else 4)

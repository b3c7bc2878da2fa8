"""Program -> C files: kernels chosen, memory planned, text written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from limen import __version__
from limen.devices import Device
from limen.errors import Unsupported
from limen.program import Node, Program, Tensor
from limen.targets.c._generated import ARENA_ALIGN, Generated, Layer, Place
from limen.targets.c._isa import PORTABLE, Isa, isa_of
from limen.targets.c._kernel import Constant, Helper, c_type
from limen.targets.c._memory import Layout, Stream, arrange
from limen.targets.c._order import order_nodes
from limen.targets.c._plan import ArenaPlan
from limen.targets.c._prepare import prepare
from limen.targets.c._stages import COPY, NONE, Stage, driver, make_stages, refusals, row_layout
from limen.targets.c._storage import Storage, assign_storage, state_block
from limen.targets.c._stream_text import ROW_UNIT, padding_rows, stream_functions, tables
from limen.targets.c._text import comment, constant_definition, identifier, unique_identifiers


@dataclass(frozen=True, eq=False)
class Unit:
    """Everything known before the text is written."""

    name: str
    program: Program
    device: Device
    isa: Isa
    storage: Storage
    layout: Layout

    @property
    def stages(self) -> tuple[Stage, ...]:
        return self.layout.stages

    @property
    def plan(self) -> ArenaPlan:
        return self.layout.plan

    def offset(self, tensor: str) -> int:
        """Of a computed tensor in the arena."""
        return self.plan.offsets[self.storage.root(tensor)]


def generate(
    program: Program,
    device: Device,
    name: str = "model",
    kernels: str = "auto",
    small: bool = False,
    stream: Stream = "off",
    forms: Mapping[str, str] | None = None,
) -> Generated:
    """Compile a Program to C.

    Args:
        program: checked.
        device: chooses the kernels.
        name: prefix of files and symbols.
        kernels: ``auto`` for the device's own, ``portable`` for plain C.
        small: prefer flash over speed.
        stream: ``auto``: layers run row by row where that makes the arena smaller; ``push``: and the caller hands in
            the rows of the input with ``NAME_begin`` and ``NAME_push``.
        forms: first output of a node -> form of its weights (``encodings.FORMS``); see ``encodings.choose``.

    Raises:
        UnsupportedOp: an operator or a case has no kernel.
        Unsupported: ``push`` for a model that cannot.
    """
    program = order_nodes(prepare(program.check()))
    isa = isa_of(device)
    if kernels == PORTABLE:
        isa = Isa(PORTABLE, isa.pointer, isa.alignment)
    storage = assign_storage(program)
    prefix = identifier(name)

    def make(keep_rows: frozenset[int]) -> tuple[Stage, ...]:
        return make_stages(program, storage, prefix, isa.name, device, small, forms or {}, keep_rows)

    layout = arrange(program, storage, make, prefix, max(isa.alignment, 4), stream)
    return _write(Unit(prefix, program, device, isa, storage, layout))


def blockers(program: Program, device: Device) -> tuple[tuple[Node, Unsupported], ...]:
    """Every node that keeps a Program from being compiled for a device; empty where nothing does."""
    return refusals(prepare(program.check()), device, isa_of(device).name)


def _write(unit: Unit) -> Generated:
    program = unit.program
    resident = [] if unit.layout.pushed else program.inputs
    inputs = _places(unit, [p.tensor for p in resident], [p.name for p in resident])
    outputs = _places(unit, [p.tensor for p in program.outputs], [p.name for p in program.outputs])
    states = tuple(
        Place(s.name, identifier(s.name), unit.plan.offsets[state_block(s.name)], s.shape, s.dtype, s.initial.nbytes)
        for s in program.states
    )
    constants = [c for s in unit.stages if s.kernel for c in s.kernel.constants] + _initial_values(unit)
    stream = unit.layout.stream
    constants += [*tables(stream), *padding_rows(stream)] if stream else []
    files = {f"{unit.name}.h": _header(unit, inputs, outputs), f"{unit.name}.c": _source(unit)}
    assembly = _assembly(unit)
    if assembly:
        files[f"{unit.name}_kernels.S"] = assembly
    return Generated(
        name=unit.name,
        program=program,
        device=unit.device,
        isa=unit.isa.name,
        files={name: text.encode() for name, text in files.items()},
        arena=-(-unit.plan.size // ARENA_ALIGN) * ARENA_ALIGN,
        constants=sum(c.data.nbytes for c in constants),
        inputs=inputs,
        outputs=outputs,
        states=states,
        layers=tuple(_layer(unit, stage) for stage in unit.stages),
        pushed_rows=stream.region.rows if stream and stream.pushed else 0,
        notes={"arena": f"{unit.plan.size} bytes; no plan of these buffers can be below {unit.plan.bound}"},
    )


def _assembly(unit: Unit) -> str:
    """The assembler file; empty where no kernel has any."""
    kernels = [s.kernel for s in unit.stages if s.kernel]
    routines = _ordered(r for kernel in kernels for r in kernel.routines)
    functions = [r.text for r in routines] + [k.assembly for k in kernels if k.assembly]
    if not functions:
        return ""
    head = f"/* {unit.name}_kernels.S: inner loops of {unit.name}.c for {unit.device.name}. */\n"
    syntax = "    .syntax unified\n    .thumb\n" if unit.isa.name.startswith("armv") else ""
    return head + syntax + "    .text\n\n" + "\n".join(text.strip("\n") + "\n" for text in functions)


def _places(unit: Unit, tensors: list[str], names: list[str]) -> tuple[Place, ...]:
    symbols = unique_identifiers(names)
    return tuple(_place(unit, unit.program.tensors[t], symbol) for t, symbol in zip(tensors, symbols, strict=True))


def _place(unit: Unit, tensor: Tensor, symbol: str) -> Place:
    return Place(tensor.name, symbol, unit.offset(tensor.name), tensor.shape, tensor.dtype, tensor.nbytes)


def _layer(unit: Unit, stage: Stage) -> Layer:
    site = stage.site
    region = unit.layout.streaming(stage.index)
    shown = [] if region is not None else site.operands.outputs
    outputs = tuple(_place(unit, t, identifier(t.name)) for t in shown)
    name = site.node.name or (site.node.outputs[0] if site.node.outputs else site.op.name)
    return Layer(site.symbol, site.op.name, name, site.op.cost(site.operands).macs, outputs, stage.origin)


def _initial_values(unit: Unit) -> list[Constant]:
    """One constant per state whose initial value is not zero, and per output that is a constant."""
    states = [
        Constant(f"{unit.name}_initial_{identifier(s.name)}", s.initial, comment=f"initial value of state {s.name}")
        for s in unit.program.states
        if s.initial.any()
    ]
    fixed = {p.tensor: unit.program.tensors[p.tensor].data for p in unit.program.outputs}
    return states + [Constant(_output_constant(unit, t), data) for t, data in fixed.items() if data is not None]


def _header(unit: Unit, inputs: Sequence[Place], outputs: Sequence[Place]) -> str:
    upper = unit.name.upper()
    size = -(-unit.plan.size // ARENA_ALIGN) * ARENA_ALIGN
    parts = [
        f"/* {unit.name}.h: {comment(unit.program.name)}, compiled by limen {__version__} for {unit.device.name}. */\n",
        f"#ifndef {upper}_H\n#define {upper}_H\n\n#include <stdint.h>\n\n",
        '#ifdef __cplusplus\nextern "C" {\n#endif\n\n',
        "/* Working memory: the caller supplies it, one per instance of the model. */\n",
        f"#define {upper}_ARENA_BYTES {size}\n#define {upper}_ARENA_ALIGN {ARENA_ALIGN}\n\n",
        "/* A code stands for the real value SCALE * (code - ZERO_POINT); pictures are laid out as N, H, W, C. */\n\n",
        *(_accessor(unit, place, "INPUT") for place in inputs),
        *(_accessor(unit, place, "OUTPUT") for place in outputs),
        "/* Sets the states to their initial values; call it before the first run. */\n" if unit.program.states else
        "/* Does nothing: the model has no states. */\n",
        f"void {unit.name}_reset(void *arena);\n\n",
        _entry(unit),
        "#ifdef __cplusplus\n}\n#endif\n\n#endif\n",
    ]  # fmt: skip
    return "".join(parts)


def _entry(unit: Unit) -> str:
    """Declarations of what runs the model."""
    stream = unit.layout.stream
    if stream is None or not stream.pushed:
        return (
            "/* Runs once: reads the inputs from the arena, writes the outputs there. It may overwrite the inputs. */\n"
            f"void {unit.name}_invoke(void *arena);\n\n"
        )
    source = unit.program.tensors[stream.region.source]
    rows, size = stream.region.rows, row_layout(source).nbytes
    return (
        "/* Starts one run. */\n"
        f"void {unit.name}_begin(void *arena);\n\n"
        f"/* Takes in one row of the input ({size} bytes, {source.dtype}); {rows} rows make a run. Returns 1 when the\n"
        " * outputs are there, which is after the last row, and 0 before. */\n"
        f"#define {unit.name.upper()}_INPUT_ROWS {rows}\n#define {unit.name.upper()}_INPUT_ROW_BYTES {size}\n"
        + "".join(f"{line}\n" for line in _meaning(f"{unit.name.upper()}_INPUT", source))
        + f"int32_t {unit.name}_push(void *arena, const void *row);\n\n"
    )


def _accessor(unit: Unit, place: Place, kind: str) -> str:
    """Macros of one input or output."""
    tensor = unit.program.tensors[place.tensor]
    macro = f"{unit.name}_{kind}_{place.symbol}".upper()
    shape = " x ".join(map(str, place.shape)) or "scalar"
    lines = [
        f"/* {kind.lower()} {comment(place.tensor)}: {place.dtype}, {shape} */",
        f"#define {macro}(arena) (({c_type(tensor)} *)(void *)((uint8_t *)(arena) + {place.offset}))",
        f"#define {macro}_SIZE {tensor.size}",
    ]
    return "\n".join([*lines, *_meaning(macro, tensor)]) + "\n\n"


def _meaning(macro: str, tensor: Tensor) -> list[str]:
    """What the codes of a port stand for."""
    if tensor.quant is None or tensor.quant.axis is not None:
        return []
    scale = f"{float(np.float32(tensor.scale)):.9g}f"
    return [f"#define {macro}_SCALE {scale}", f"#define {macro}_ZERO_POINT {tensor.zero_point}"]


def _source(unit: Unit) -> str:
    includes = sorted({i for s in unit.stages if s.kernel for i in s.kernel.includes})
    helpers = _ordered(h for s in unit.stages if s.kernel for h in _helpers(unit, s))
    parts = [
        f"/* {unit.name}.c: {comment(unit.program.name)}, compiled by limen {__version__} for {unit.device.name}. */\n",
        f'#include "{unit.name}.h"\n\n#include <string.h>\n',
        *(f"#include <{name}>\n" for name in includes),
        "\n/* Layers stay functions of their own, so that profilers and debuggers see them. */\n",
        "#define LIMEN_LAYER __attribute__((noinline))\n",
        "#define AT(offset) ((void *)((uint8_t *)arena + (offset)))\n\n",
        *(f"{helper.text.rstrip()}\n\n" for helper in helpers),
        *(_stage_text(unit, stage) for stage in unit.stages if stage.kernel is not None),
        stream_functions(unit.layout.stream) if unit.layout.stream else "",
        *(constant_definition(c) + "\n" for c in _initial_values(unit)),
        _reset(unit),
        _push(unit) if unit.layout.pushed else _invoke(unit),
    ]
    return "".join(parts)


def _helpers(unit: Unit, stage: Stage) -> tuple[Helper, ...]:
    kernel = stage.kernel
    assert kernel is not None
    folds = kernel.fold is not None and unit.layout.streaming(stage.index) is not None
    return kernel.fold.helpers if folds and kernel.fold is not None else kernel.helpers


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


def _stage_text(unit: Unit, stage: Stage) -> str:
    kernel, site = stage.kernel, stage.site
    assert kernel is not None
    macs = site.op.cost(site.operands).macs
    shapes = ", ".join(_shape(t) for t in site.operands.inputs if t is not None)
    results = ", ".join(_shape(t) for t in site.operands.outputs)
    name = _short(site.node.name or site.node.outputs[0])
    cost = f"; {macs} multiply-accumulates" if macs else ""
    head = f"/* Layer {stage.index}: {site.op.name} {comment(name)}\n * {shapes} -> {results}{cost} */\n"
    constants = "".join(constant_definition(c) + "\n" for c in kernel.constants)
    streams = unit.layout.streaming(stage.index) is not None
    text = (kernel.fold.text if streams and kernel.fold else kernel.text).strip("\n") + "\n\n"
    if streams:
        return head + constants + text
    if kernel.reaches is None:
        text = text.replace(f"static void {site.symbol}(", f"LIMEN_LAYER static void {site.symbol}(", 1)
    drive = driver(stage)
    return head + constants + text + (drive + "\n" if drive else "")


def _short(name: str) -> str:
    """The last part of a name: TensorFlow joins the names of everything it has fused."""
    return name.rsplit(";", 1)[-1] if len(name) > 60 else name


def _shape(tensor: Tensor) -> str:
    return f"{tensor.dtype}[{','.join(map(str, tensor.shape))}]"


def _reset(unit: Unit) -> str:
    lines = []
    for state in unit.program.states:
        at = f"AT({unit.plan.offsets[state_block(state.name)]})"
        if state.initial.any():
            source = f"{unit.name}_initial_{identifier(state.name)}"
            lines.append(f"    memcpy({at}, {source}, {state.initial.nbytes}u);\n")
        else:
            lines.append(f"    memset({at}, 0, {state.initial.nbytes}u);\n")
    return f"void {unit.name}_reset(void *arena)\n{{\n{_body(lines)}}}\n\n"


def _invoke(unit: Unit) -> str:
    lines = [_constant_output(unit, p.tensor) for p in unit.program.outputs]
    lines += [_call(unit, stage) for stage in unit.stages]
    return f"void {unit.name}_invoke(void *arena)\n{{\n{_body(lines)}}}\n"


def _push(unit: Unit) -> str:
    """``NAME_begin`` and ``NAME_push``: the streaming region row by row, and the rest after the last row."""
    text = unit.layout.stream
    assert text is not None
    region = text.region
    counter = f"made[{len(region.links)}]"
    size = row_layout(unit.program.tensors[region.source]).nbytes
    rest = "".join(_call(unit, stage) for stage in unit.stages)
    return (
        f"void {unit.name}_begin(void *arena)\n{{\n    {text.name}_start(arena);\n}}\n\n"
        f"int32_t {unit.name}_push(void *arena, const void *row)\n{{\n"
        f"    int32_t *const made = AT({text.at(text.counters)});\n"
        f"    memcpy(AT({text.table_name(region.source)}[{counter}] * {ROW_UNIT}), row, {size}u);\n"
        f"    {counter} += 1;\n    {text.name}_advance(arena);\n"
        f"    if ({counter} < {region.rows}) {{\n        return 0;\n    }}\n{rest}    return 1;\n}}\n"
    )


def _body(lines: Sequence[str]) -> str:
    return "".join(lines) or "    (void)arena;\n"


def _constant_output(unit: Unit, tensor: str) -> str:
    """An output that depends on nothing is copied from flash."""
    data = unit.program.tensors[tensor].data
    if data is None:
        return ""
    symbol = _output_constant(unit, tensor)
    return f"    memcpy(AT({unit.offset(tensor)}), {symbol}, {data.nbytes}u);\n"


def _output_constant(unit: Unit, tensor: str) -> str:
    return f"{unit.name}_constant_{identifier(tensor)}"


def _call(unit: Unit, stage: Stage) -> str:
    if stage.origin == NONE:
        return ""
    text = unit.layout.streaming(stage.index)
    if text is not None:
        return f"    {text.name}(arena);\n" if stage.index == text.region.first and not text.pushed else ""
    if stage.origin == COPY:
        return _copy(unit, stage)
    site = stage.site
    arguments = [f"AT({unit.offset(site.input(i).name)})" for i in site.live]
    arguments += [f"AT({unit.offset(t.name)})" for t in site.operands.outputs]
    if stage.scratch:
        arguments.append(f"AT({unit.plan.offsets[f'scratch:{stage.index}']})")
    return f"    {site.symbol}({', '.join(arguments)});\n"


def _copy(unit: Unit, stage: Stage) -> str:
    node = stage.site.node
    if node.op.effect == "read":
        state = node.op.state  # type: ignore[attr-defined]
        size = unit.program.state(state).initial.nbytes
        source, target = unit.plan.offsets[state_block(state)], unit.offset(node.outputs[0])
    else:
        tensor = stage.site.input(0)
        size, source = tensor.nbytes, unit.offset(tensor.name)
        state = node.op.state  # type: ignore[attr-defined]
        target = unit.plan.offsets[state_block(state)]
    if source == target or size == 0:
        return ""
    return f"    memcpy(AT({target}), AT({source}), {size}u);\n"

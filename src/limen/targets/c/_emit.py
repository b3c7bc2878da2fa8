"""Program -> C files: kernels chosen, memory planned, text written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from limen import __version__
from limen.devices import Device
from limen.errors import Unsupported
from limen.program import Node, Program, Tensor
from limen.targets.c._generated import ARENA_ALIGN, Generated, Layer, Place
from limen.targets.c._header import header
from limen.targets.c._isa import PORTABLE, Isa, isa_of
from limen.targets.c._kernel import Constant, Helper
from limen.targets.c._memory import Stream, arrange
from limen.targets.c._order import order_nodes
from limen.targets.c._prepare import prepare
from limen.targets.c._stages import COPY, NONE, Stage, driver, make_stages, refusals, row_layout
from limen.targets.c._storage import assign_storage, state_block
from limen.targets.c._stream_text import ROW_UNIT, padding_rows, stream_functions, tables
from limen.targets.c._text import comment, constant_definition, identifier, unique_identifiers
from limen.targets.c._unit import Unit


def generate(
    program: Program,
    device: Device,
    name: str = "model",
    kernels: str = "auto",
    small: bool = False,
    stream: Stream = "off",
    forms: Mapping[str, str] | None = None,
    fast: int | None = None,
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
        fast: bytes that the arena may have where a second, slower one holds the rest; None for one arena.

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

    layout = arrange(program, storage, make, prefix, max(isa.alignment, 4), stream, _whole(fast))
    return _write(Unit(prefix, program, device, isa, storage, layout))


def _whole(fast: int | None) -> int | None:
    """A limit of the arena's size, which is a multiple of its alignment."""
    return None if fast is None else max(fast, 0) // ARENA_ALIGN * ARENA_ALIGN


def blockers(program: Program, device: Device) -> tuple[tuple[Node, Unsupported], ...]:
    """Every node that keeps a Program from being compiled for a device; empty where nothing does."""
    return refusals(prepare(program.check()), device, isa_of(device).name)


def _write(unit: Unit) -> Generated:
    program = unit.program
    resident = [] if unit.layout.pushed else program.inputs
    inputs = _places(unit, [p.tensor for p in resident], [p.name for p in resident])
    outputs = _places(unit, [p.tensor for p in program.outputs], [p.name for p in program.outputs])
    states = tuple(
        Place(
            s.name,
            identifier(s.name),
            unit.plan.offsets[state_block(s.name)],
            s.shape,
            s.dtype,
            s.initial.nbytes,
            state_block(s.name) in unit.plan.slow,
        )
        for s in program.states
    )
    constants = [c for s in unit.stages if s.kernel for c in s.kernel.constants] + _initial_values(unit)
    stream = unit.layout.stream
    constants += [*tables(stream), *padding_rows(stream)] if stream else []
    files = {f"{unit.name}.h": header(unit, inputs, outputs), f"{unit.name}.c": _source(unit)}
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
        slow=-(-unit.plan.slow_size // ARENA_ALIGN) * ARENA_ALIGN,
        constants=sum(c.data.nbytes for c in constants),
        inputs=inputs,
        outputs=outputs,
        states=states,
        layers=tuple(_layer(unit, stage) for stage in unit.stages),
        pushed_rows=stream.region.rows if stream and stream.pushed else 0,
        notes=_notes(unit),
    )


def _notes(unit: Unit) -> dict[str, str]:
    notes = {"arena": f"{unit.plan.size} bytes; no plan of these buffers can be below {unit.plan.bound}"}
    return notes | ({"slow memory": unit.layout.note} if unit.layout.note else {})


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
    slow = unit.storage.root(tensor.name) in unit.plan.slow
    return Place(tensor.name, symbol, unit.offset(tensor.name), tensor.shape, tensor.dtype, tensor.nbytes, slow)


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


def _source(unit: Unit) -> str:
    includes = sorted({i for s in unit.stages if s.kernel for i in s.kernel.includes})
    helpers = _ordered(h for s in unit.stages if s.kernel for h in _helpers(unit, s))
    parts = [
        f"/* {unit.name}.c: {comment(unit.program.name)}, compiled by limen {__version__} for {unit.device.name}. */\n",
        f'#include "{unit.name}.h"\n\n#include <string.h>\n',
        *(f"#include <{name}>\n" for name in includes),
        "\n/* Layers stay functions of their own, so that profilers and debuggers see them. */\n",
        "#define LIMEN_LAYER __attribute__((noinline))\n",
        "#define AT(offset) ((void *)((uint8_t *)arena + (offset)))\n",
        "#define SLOW(offset) ((void *)((uint8_t *)slow + (offset)))\n\n" if unit.plan.slow else "\n",
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
        at = unit.plan.at(state_block(state.name))
        if state.initial.any():
            source = f"{unit.name}_initial_{identifier(state.name)}"
            lines.append(f"    memcpy({at}, {source}, {state.initial.nbytes}u);\n")
        else:
            lines.append(f"    memset({at}, 0, {state.initial.nbytes}u);\n")
    return f"void {unit.name}_reset({unit.plan.parameters})\n{{\n{_body(unit, lines)}}}\n\n"


def _invoke(unit: Unit) -> str:
    lines = [_constant_output(unit, p.tensor) for p in unit.program.outputs]
    lines += [_call(unit, stage) for stage in unit.stages]
    return f"void {unit.name}_invoke({unit.plan.parameters})\n{{\n{_body(unit, lines)}}}\n"


def _push(unit: Unit) -> str:
    """``NAME_begin`` and ``NAME_push``: the streaming region row by row, and the rest after the last row."""
    text = unit.layout.stream
    assert text is not None
    region = text.region
    counter = f"made[{len(region.links)}]"
    size = row_layout(unit.program.tensors[region.source]).nbytes
    rest = "".join(_call(unit, stage) for stage in unit.stages)
    return (
        f"void {unit.name}_begin({unit.plan.parameters})\n{{\n    {text.name}_start({unit.plan.arguments});\n}}\n\n"
        f"int32_t {unit.name}_push({unit.plan.parameters}, const void *row)\n{{\n"
        f"    int32_t *const made = {unit.plan.at(text.counters)};\n"
        f"    memcpy(AT({text.table_name(region.source)}[{counter}] * {ROW_UNIT}), row, {size}u);\n"
        f"    {counter} += 1;\n    {text.name}_advance({unit.plan.arguments});\n"
        f"    if ({counter} < {region.rows}) {{\n        return 0;\n    }}\n{rest}    return 1;\n}}\n"
    )


def _body(unit: Unit, lines: Sequence[str]) -> str:
    body = "".join(lines)
    return unit.plan.unused(body) + body


def _constant_output(unit: Unit, tensor: str) -> str:
    """An output that depends on nothing is copied from flash."""
    data = unit.program.tensors[tensor].data
    if data is None:
        return ""
    symbol = _output_constant(unit, tensor)
    return f"    memcpy({unit.at(tensor)}, {symbol}, {data.nbytes}u);\n"


def _output_constant(unit: Unit, tensor: str) -> str:
    return f"{unit.name}_constant_{identifier(tensor)}"


def _call(unit: Unit, stage: Stage) -> str:
    if stage.origin == NONE:
        return ""
    text = unit.layout.streaming(stage.index)
    if text is not None:
        return (
            f"    {text.name}({unit.plan.arguments});\n" if stage.index == text.region.first and not text.pushed else ""
        )
    if stage.origin == COPY:
        return _copy(unit, stage)
    site = stage.site
    arguments = [unit.at(t.name) for t in (*(site.input(i) for i in site.live), *site.operands.outputs)]
    if stage.scratch:
        arguments.append(unit.plan.at(f"scratch:{stage.index}"))
    return f"    {site.symbol}({', '.join(arguments)});\n"


def _copy(unit: Unit, stage: Stage) -> str:
    node = stage.site.node
    state = node.op.state  # type: ignore[attr-defined]
    if node.op.effect == "read":
        size = unit.program.state(state).initial.nbytes
        source, target = unit.plan.at(state_block(state)), unit.at(node.outputs[0])
    else:
        tensor = stage.site.input(0)
        size, source = tensor.nbytes, unit.at(tensor.name)
        target = unit.plan.at(state_block(state))
    if source == target or size == 0:
        return ""
    return f"    memcpy({target}, {source}, {size}u);\n"

"""One stage per node: its kernel, its symbol, and the C that drives a row kernel over a whole tensor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from limen.devices import Device
from limen.errors import Unsupported
from limen.program import Node, Operands, Program, Tensor
from limen.targets.c._emitters import select
from limen.targets.c._kernel import C_TYPES, Kernel, Reach, Site, c_type
from limen.targets.c._storage import Storage, assign_storage
from limen.targets.c._text import float_literal, identifier

COPY = "copy"
NONE = "none"
_POINTWISE = Reach()


@dataclass(frozen=True, eq=False)
class Stage:
    """A node on its way to C.

    Args:
        index: of the node.
        site: as its emitter sees it.
        kernel: None where the core copies bytes or does nothing.
        origin: whose kernel it is: an instruction set, ``portable``, ``copy`` or ``none``.
    """

    index: int
    site: Site
    kernel: Kernel | None
    origin: str

    @property
    def pad_offset(self) -> int:
        """Where the padding row starts in the scratch memory."""
        return _up16(self.kernel.scratch) if self.kernel is not None else 0

    @property
    def scratch(self) -> int:
        """Bytes of scratch with the padding row."""
        if self.kernel is None:
            return 0
        return self.pad_offset + self.pad_bytes if self.pad_bytes else self.kernel.scratch

    @property
    def pad_bytes(self) -> int:
        """Bytes of the padding row; 0 where no window leaves the input."""
        if self.kernel is None or self.kernel.reaches is None:
            return 0
        rows = [
            row_layout(self.site.input(i)).nbytes
            for i, reach in zip(self.site.live, self.kernel.reaches, strict=True)
            if leaves(reach, row_layout(self.site.input(i)).count, self.site.rows[0])
        ]
        return max(rows, default=0)


@dataclass(frozen=True)
class RowLayout:
    """How a tensor divides into rows: ``batch`` images of ``count`` rows of ``elements``."""

    batch: int
    count: int
    elements: int
    nbytes: int


def row_layout(tensor: Tensor, collapsed: bool = False) -> RowLayout:
    """Rows of a rank-4 tensor along axis 1; one row where the rank differs or the kernel asked for one."""
    item = np.dtype(tensor.dtype).itemsize
    if collapsed or len(tensor.shape) != 4:
        return RowLayout(1, 1, tensor.size, tensor.nbytes)
    elements = prod(tensor.shape[2:])
    return RowLayout(tensor.shape[0], tensor.shape[1], elements, elements * item)


def leaves(reach: Reach, rows: int, out_rows: int) -> bool:
    """Whether some window of the output rows reaches outside the input's rows."""
    last = (out_rows - 1) * reach.stride - reach.before + (reach.taps - 1) * reach.dilation
    return reach.before > 0 or last >= rows


def make_stages(
    program: Program,
    storage: Storage,
    name: str,
    isa: str,
    device: Device,
    small: bool,
    forms: Mapping[str, str],
    keep_rows: frozenset[int],
) -> tuple[Stage, ...]:
    """The stages of all nodes.

    Args:
        forms: first output of a node -> form of its weights.
        keep_rows: nodes that stream; their pointwise kernels keep single rows.

    Raises:
        UnsupportedOp: an operator or a case has no kernel.
    """
    digits = max(2, len(str(len(program.nodes) - 1)))
    stages = []
    for index, node in enumerate(program.nodes):
        symbol = f"{name}_{index:0{digits}d}_{identifier(_stem(node))}"
        site = Site(symbol, node, program.operands(node), isa, device, small)
        if node.outputs and node.outputs[0] in forms:
            site = replace(site, form=forms[node.outputs[0]], streams=index in keep_rows)
        _refuse_types(site)
        if index in storage.silent:
            stages.append(Stage(index, site, None, NONE))
        elif index in storage.copied:
            stages.append(Stage(index, site, None, COPY))
        else:
            stages.append(_stage(index, site, index in keep_rows))
    return tuple(stages)


def refusals(program: Program, device: Device, isa: str) -> tuple[tuple[Node, Unsupported], ...]:
    """Every node that has no kernel, with the error that says so."""
    storage = assign_storage(program)
    found = []
    for index, node in enumerate(program.nodes):
        site = Site("check", node, program.operands(node), isa, device)
        try:
            _refuse_types(site)
            if index not in storage.silent and index not in storage.copied:
                _stage(index, site, keep_rows=False)
        except Unsupported as error:
            found.append((node, error))
    return tuple(found)


def _refuse_types(site: Site) -> None:
    for tensor in (*site.operands.inputs, *site.operands.outputs):
        if tensor is not None and tensor.data is None and tensor.dtype not in C_TYPES:
            raise Unsupported(
                f"{tensor.name}: {tensor.dtype} has no type in C11",
                "convert the model with float16 constants only (--quantize float16), or use target tflite",
            )


def _stage(index: int, site: Site, keep_rows: bool) -> Stage:
    """Ask for a kernel with real rows first; a pointwise one is asked again for one long row."""
    output = site.operands.outputs[0]
    whole = (1, output.size // max(1, output.shape[-1] if output.shape else 1))
    rows = (output.shape[1], output.shape[2]) if len(output.shape) == 4 else whole
    kernel, origin = select(replace(site, rows=rows))
    if rows != whole and not keep_rows and is_pointwise(kernel) and not _padded(site, kernel, rows[0]):
        kernel, origin = select(replace(site, rows=whole))
        rows = whole
    return Stage(index, replace(site, rows=rows), kernel, origin)


def _padded(site: Site, kernel: Kernel, count: int) -> bool:
    """Whether some of the output's rows are made of padding."""
    reaches = zip(site.live, kernel.reaches or (), strict=True)
    return any(leaves(reach, row_layout(site.input(i)).count, count) for i, reach in reaches)


def is_pointwise(kernel: Kernel) -> bool:
    """Whether each output row depends on the same row of every input alone."""
    return kernel.reaches is not None and all((r.taps, r.stride, r.before) == (1, 1, 0) for r in kernel.reaches)


def _stem(node: Node) -> str:
    return type(node.op).__module__.rsplit(".", 1)[-1]


def parameters(stage: Stage, rows: bool = False) -> list[str]:
    """The C parameters of a stage's function, or of its row function."""
    site, kernel = stage.site, stage.kernel
    assert kernel is not None
    pointer = "const {} *const *x{}" if rows else "const {} *x{}"
    found = [pointer.format(c_type(site.input(i)), i) for i in site.live]
    found += [f"{c_type(t)} *y{i}" for i, t in enumerate(site.operands.outputs)]
    return found + (["void *scratch"] if (kernel.scratch if rows else stage.scratch) else [])


def collapsed(stage: Stage) -> bool:
    """Whether the stage's row kernel runs once over everything."""
    kernel = stage.kernel
    return kernel is not None and is_pointwise(kernel) and stage.site.rows[0] == 1


def driver(stage: Stage) -> str:
    """The function that runs a row kernel over whole tensors; empty for the whole form."""
    kernel, site = stage.kernel, stage.site
    if kernel is None or kernel.reaches is None:
        return ""
    head = f"LIMEN_LAYER static void {site.symbol}({', '.join(parameters(stage))})\n{{\n"
    call_scratch = ", scratch" if kernel.scratch else ""
    begin = f"    {site.symbol}_begin(scratch);\n" if kernel.prepare else ""
    names = ", ".join(f"rows{i}" for i in site.live)
    flat = collapsed(stage)
    if flat:
        before = "".join(f"    const {c_type(site.input(i))} *const rows{i}[1] = {{x{i}}};\n" for i in site.live)
        body = f"    {site.symbol}_row({names}, y0{call_scratch});\n"
    else:
        before, body = _pad(stage), _loop(stage, names, call_scratch)
    return f"{head}{before}{begin}{_in_passes(stage, body, call_scratch)}}}\n"


def _in_passes(stage: Stage, body: str, call_scratch: str) -> str:
    """The calls of a row function, inside the loop over channels where the kernel has one."""
    kernel = stage.kernel
    if kernel is None or kernel.passes is None:
        return body
    name, passes = stage.site.symbol, kernel.passes
    body = body.replace(f"{name}_row(", f"{name}_line(").replace(f"{call_scratch});", f"{passes.arguments});")
    begin = "".join(f"    {line}\n" for line in passes.begin)
    return begin + "".join(f"    {line}\n" for line in body.splitlines()) + "    }\n"


def _pad(stage: Stage) -> str:
    """Fills the padding row, once."""
    site, kernel = stage.site, stage.kernel
    assert kernel is not None
    assert kernel.reaches is not None
    if not stage.pad_bytes:
        return ""
    index, reach = next(
        (i, r)
        for i, r in zip(site.live, kernel.reaches, strict=True)
        if leaves(r, row_layout(site.input(i)).count, site.rows[0])
    )
    return fill_row(site.input(index), reach, f"(uint8_t *)scratch + {stage.pad_offset}", stage.pad_bytes)


def fill_row(tensor: Tensor, reach: Reach, where: str, nbytes: int) -> str:
    """Declares ``pad`` at a place and fills it with the padding code."""
    ctype = c_type(tensor)
    declare = f"    {ctype} *const pad = (void *)({where});\n"
    if np.dtype(tensor.dtype).itemsize == 1 or not reach.fill:
        return declare + f"    memset(pad, {int(reach.fill)}, {nbytes}u);\n"
    count = nbytes // np.dtype(tensor.dtype).itemsize
    fill = float_literal(float(reach.fill)) if tensor.dtype == "float32" else str(int(reach.fill))
    return declare + f"    for (int32_t i = 0; i < {count}; ++i) {{\n        pad[i] = {fill};\n    }}\n"


def _loop(stage: Stage, names: str, call_scratch: str) -> str:
    site, kernel = stage.site, stage.kernel
    assert kernel is not None
    assert kernel.reaches is not None
    output = row_layout(site.operands.outputs[0])
    batch = output.batch
    indent = "    " if batch == 1 else "        "
    lines = [f"for (int32_t y = 0; y < {output.count}; ++y) {{"]
    for i, reach in zip(site.live, kernel.reaches, strict=True):
        lines += [f"    {line}" for line in _window(stage, i, reach)]
    at = f"y0 + y * {output.elements}" if output.count > 1 else "y0"
    lines += [f"    {site.symbol}_row({names}, {at}{call_scratch});", "}"]
    if batch > 1:
        lines += [f"x{i} += {row_layout(site.input(i)).count * row_layout(site.input(i)).elements};" for i in site.live]
        lines += [f"y0 += {output.count * output.elements};"]
    body = "".join(f"{indent}{line}\n" for line in lines)
    return body if batch == 1 else f"    for (int32_t n = 0; n < {batch}; ++n) {{\n{body}    }}\n"


def _window(stage: Stage, index: int, reach: Reach) -> list[str]:
    """C lines that gather the row pointers of one input."""
    tensor = stage.site.input(index)
    layout = row_layout(tensor)
    lines = [f"const {c_type(tensor)} *rows{index}[{reach.taps}];"]
    row = "y" if reach.stride == 1 else f"y * {reach.stride}"
    first = f"{row} - {reach.before}" if reach.before else row
    step = "i" if reach.dilation == 1 else f"i * {reach.dilation}"
    if reach.taps == 1 and not leaves(reach, layout.count, stage.site.rows[0]):
        return [*lines, f"rows{index}[0] = x{index} + ({first}) * {layout.elements};"]
    inside = f"x{index} + r * {layout.elements}"
    value = f"(r >= 0 && r < {layout.count}) ? {inside} : pad"
    if not leaves(reach, layout.count, stage.site.rows[0]):
        value = inside
    return [
        *lines,
        f"for (int32_t i = 0; i < {reach.taps}; ++i) {{",
        f"    const int32_t r = {first} + {step};",
        f"    rows{index}[i] = {value};",
        "}",
    ]


def overlap_distance(stage: Stage, position: int) -> int:
    """How many bytes before an input the output may start, so that no row is overwritten before its last use.

    Args:
        position: of the input among the live ones.
    """
    kernel, site = stage.kernel, stage.site
    assert kernel is not None
    assert kernel.reaches is not None
    reach = kernel.reaches[position]
    source, result = row_layout(site.input(site.live[position])), row_layout(site.operands.outputs[0])
    total = source.count * source.nbytes
    worst = 0
    for n in range(result.batch):
        for y in range(result.count):
            written = (n * result.count + y + 1) * result.nbytes
            needed = n * total + max(0, y * reach.stride - reach.before) * source.nbytes
            worst = max(worst, written - needed)
    return worst


def operands_of(stage: Stage) -> Operands:
    return stage.site.operands


def _up16(size: int) -> int:
    return -(-size // 16) * 16

"""Conv2D and FullyConnected over weights that are decoded a few output channels at a time.

The weights of four channels are decoded once and used at every position, so the loop over channels is outermost; where
rows stream, each row decodes anew. The last four channels may repeat some of those before. As flash is what is short,
layers share their loops: windows are gathered into one run of elements, whose four sums a common function makes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from limen.ops.conv2d import Conv2D
from limen.ops.fully_connected import FullyConnected
from limen.program import Array
from limen.targets.c._kernel import Constant, Helper, Kernel, Passes, Site, c_type
from limen.targets.c.encodings._forms import FORMS, Encoded, encode
from limen.targets.c.encodings._sums import BLOCK, gather, sums
from limen.targets.c.ops._e_text import INDENT, function, row_arguments, whole_arguments
from limen.targets.c.ops._wconv import Geometry, Lines, geometry, indented, rows_read, several_rows
from limen.targets.c.ops._weighted import Weighted, finish, weighted
from limen.targets.c.ops._wfinish import Finish
from limen.targets.c.ops.fully_connected import finish_connected


def packed_kernel(site: Site) -> Kernel | None:
    """The kernel of a site in ``site.form``; None for what is never packed, and for weights that the form does not
    hold."""
    found = encoded(site, site.form)
    if found is None:
        return None
    return _connected(site, *found) if isinstance(site.op, FullyConnected) else _convolution(site, *found)


def encoded(site: Site, form: str) -> tuple[Weighted, Encoded] | None:
    """The numbers of a site and its weights in a form.

    Raises:
        UnsupportedOp: weights or bias are computed, or the layer is hybrid.
    """
    numbers = candidate(site)
    if numbers is None:
        return None
    packed = encode(form, site.symbol, _blocks(numbers))
    return None if packed is None else (numbers, packed)


def forms_for(site: Site) -> list[Encoded]:
    """The weights in every form that holds them in less flash."""
    found = [e for form in FORMS if (e := encoded(site, form)) is not None]
    return [packed for numbers, packed in found if packed.nbytes < numbers.weights.nbytes]


def candidate(site: Site) -> Weighted | None:
    """The numbers of a layer that can be packed: a dense convolution or a product with constant int8 weights."""
    op = site.op
    if not isinstance(op, (Conv2D, FullyConnected)):
        return None
    x, w = site.input(0), site.input(1)
    if w.data is None or w.dtype == "float32" or x.dtype == "float32":
        return None
    if isinstance(op, Conv2D) and x.shape[3] != w.shape[3]:
        return None
    one = w.quant is not None and len(w.quant.scale) == 1
    zero = w.zero_point if one and (isinstance(op, FullyConnected) or w.dtype == "uint8") else 0
    numbers = weighted(site, 0, zero)
    return numbers if numbers.weights.dtype == np.int8 else None


def _depth(numbers: Weighted) -> int:
    """Elements of a sum, in fours."""
    return -(-(numbers.weights.size // len(numbers.weights)) // 4) * 4


def _blocks(numbers: Weighted) -> list[Array]:
    """int8 [4 * elements / 4, 4] for each block: four elements of each channel, the channels in turn."""
    filters = len(numbers.weights)
    matrix = numbers.weights.reshape(filters, -1)
    matrix = np.pad(matrix, ((0, max(0, BLOCK - filters)), (0, _depth(numbers) - matrix.shape[1])))
    firsts = [min(o, max(0, filters - BLOCK)) for o in range(0, filters, BLOCK)]
    return [matrix[o : o + BLOCK].reshape(BLOCK, -1, 4).transpose(1, 0, 2).reshape(-1, 4) for o in firsts]


def _passes(site: Site, numbers: Weighted, packed: Encoded) -> Passes:
    filters, count = len(numbers.weights), BLOCK * _depth(numbers)
    last = max(0, filters - BLOCK)
    head = [f"for (int32_t o = 0; o < {filters}; o += {BLOCK}) {{"]
    if filters > BLOCK and filters % BLOCK:
        head = [
            f"for (int32_t next = 0; next < {filters}; next += {BLOCK}) {{",
            f"{INDENT}const int32_t o = next < {last} ? next : {last};",
        ]
    begin = ["int8_t *const w = scratch;", f"const uint8_t *code = {numbers.weight_symbol};"]
    return Passes((*begin, *head, INDENT + packed.call.replace("@N", str(count))), ", scratch, o")


def _constants(numbers: Weighted, packed: Encoded) -> tuple[Constant, ...]:
    _, bias = numbers.constants(numbers.weights, "")
    comment = f"weights as {packed.form}, {packed.gist}; [channels in fours][elements in fours][channel][element]"
    return (Constant(numbers.weight_symbol, packed.data, 1, comment), *packed.tables, bias)


def _kernel(site: Site, numbers: Weighted, packed: Encoded, made: Finish, text: str, patch: int) -> Kernel:
    """What convolutions and products have in common.

    Args:
        patch: bytes of the gathered window; 0 where the input is read as it lies.
    """
    common = sums(site, numbers.accumulator)
    helpers: tuple[Helper, ...] = (packed.helper, common.declared, *made.helpers)
    if patch and isinstance(site.op, Conv2D):
        helpers = (*helpers, gather(c_type(site.input(0))))
    return Kernel(
        f"{made.text}\n{text}" if made.text else text,
        (*_constants(numbers, packed), *made.constants),
        helpers,
        scratch=_patch_at(packed) + patch,
        routines=common.routines,
    )


def _patch_at(packed: Encoded) -> int:
    """Where the gathered window starts in the scratch memory, above the weights."""
    return -(-packed.room // 4) * 4


def _finished(site: Site, numbers: Weighted, made: Finish, source: str, result: str) -> Lines:
    """Four sums from the biases on, and their codes into ``result``, C text that a channel's index completes."""
    channels = min(BLOCK, len(numbers.weights))
    biases = [f"{numbers.bias_symbol}[o{f' + {j}' if j else ''}]" for j in range(channels)]
    biases += ["0"] * (BLOCK - channels)
    return [
        f"{numbers.accumulator} acc[{BLOCK}] = {{{', '.join(biases)}}};",
        f"{sums(site, numbers.accumulator).name}({source}, w, {_depth(numbers)}, acc);",
        f"for (int32_t j = 0; j < {channels}; ++j) {{",
        f"{INDENT}{result}o + j] = {made.of('acc[j]', 'o + j')};",
        "}",
    ]


def _convolution(site: Site, numbers: Weighted, packed: Encoded) -> Kernel:
    op, x, w = site.op, site.input(0), site.input(1)
    assert isinstance(op, Conv2D)
    g = geometry(site, (w.shape[1], w.shape[2]), op.stride, op.dilation, op.padding)
    reach = rows_read(w.shape[1], op.stride[0], op.dilation[0], op.padding, x.zero_point)
    direct = g.kernel == (1, 1) and not g.edges and g.rows == 1 and g.channels % 4 == 0
    made = finish(site, numbers, op.activation)
    passes = _passes(site, numbers, packed)
    apart = not site.streams and site.output().shape[0] == 1
    text = _line(site, numbers, packed, made, g, direct) + ("" if apart else "\n" + _row(site, passes))
    patch = 0 if direct else _depth(numbers) * np.dtype(x.dtype).itemsize
    kernel = _kernel(site, numbers, packed, made, text, patch)
    return replace(kernel, reaches=(reach,), passes=passes if apart else None)


def _line(site: Site, numbers: Weighted, packed: Encoded, made: Finish, g: Geometry, direct: bool) -> str:
    """Four channels of one row."""
    kind, first = c_type(site.input(0)), "x" if g.stride == 1 else f"x * {g.stride}"
    before = ["const int8_t *const w = scratch;"]
    if direct:
        gathered, source = [], f"x0[0] + {first} * {g.channels}"
    else:
        before.append(f"{kind} *const patch = (void *)((uint8_t *)scratch + {_patch_at(packed)});")
        start = f"{first} - {g.left}" if g.left else first
        shape = f"{g.kernel[0]}, {g.kernel[1]}, {g.dilation}, {g.width}, {g.channels}, {numbers.zero}"
        gathered, source = [f"{gather(kind).name}(x0, {start}, patch, {shape});"], "patch"
    lines = [*gathered, *_finished(site, numbers, made, source, f"y0[x * {g.filters} + ")]
    lines = several_rows(site, g, [f"for (int32_t x = 0; x < {g.out_width}; ++x) {{", *indented(lines), "}"])
    arguments = [*row_arguments(site), "void *scratch", "int32_t o"]
    comment = "/* One row of the output, channels from o on, whose weights lie at the start of the scratch memory. */\n"
    return comment + function(f"{site.symbol}_line", arguments, [*before, *lines])


def _row(site: Site, passes: Passes) -> str:
    """One row with its own decoding."""
    body = [*passes.begin, f"{INDENT}{site.symbol}_line(x0, y0{passes.arguments});", "}"]
    arguments = [*row_arguments(site), "void *scratch"]
    return "/* One row of the output. */\n" + function(f"{site.symbol}_row", arguments, body)


def _connected(site: Site, numbers: Weighted, packed: Encoded) -> Kernel:
    op, x = site.op, site.input(0)
    assert isinstance(op, FullyConnected)
    made = finish_connected(site, numbers, op)
    filters, depth = numbers.weights.shape
    rows, direct, item = x.size // depth, depth % 4 == 0, np.dtype(x.dtype).itemsize
    passes = _passes(site, numbers, packed)
    source = "x0" if rows == 1 else f"x0 + n * {depth}"
    copied = []
    if not direct:
        patch = f"{c_type(x)} *const patch = (void *)((uint8_t *)scratch + {_patch_at(packed)});"
        copied, source = [patch, f"memcpy(patch, {source}, {depth * item}u);"], "patch"
    result = "y0[" if rows == 1 else f"y0[n * {filters} + "
    inner = [*copied, *_finished(site, numbers, made, source, result)]
    if rows > 1:
        inner = [f"for (int32_t n = 0; n < {rows}; ++n) {{", *indented(inner), "}"]
    arguments = [*whole_arguments(site), "void *scratch"]
    text = function(site.symbol, arguments, [*passes.begin, *indented(inner), "}"])
    return _kernel(site, numbers, packed, made, text, 0 if direct else _depth(numbers) * item)

"""``NAME.h``: the arena's size, where inputs and outputs lie and what their codes mean, and the functions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from limen import __version__
from limen.program import Tensor
from limen.targets.c._generated import ARENA_ALIGN, Place
from limen.targets.c._kernel import c_type
from limen.targets.c._stages import row_layout
from limen.targets.c._text import comment
from limen.targets.c._unit import Unit


def header(unit: Unit, inputs: Sequence[Place], outputs: Sequence[Place]) -> str:
    """The text of ``NAME.h``."""
    upper = unit.name.upper()
    size = -(-unit.plan.size // ARENA_ALIGN) * ARENA_ALIGN
    parts = [
        f"/* {unit.name}.h: {comment(unit.program.name)}, compiled by limen {__version__} for {unit.device.name}. */\n",
        f"#ifndef {upper}_H\n#define {upper}_H\n\n#include <stdint.h>\n\n",
        '#ifdef __cplusplus\nextern "C" {\n#endif\n\n',
        "/* Working memory: the caller supplies it, one per instance of the model. */\n",
        f"#define {upper}_ARENA_BYTES {size}\n#define {upper}_ARENA_ALIGN {ARENA_ALIGN}\n\n",
        _slow_memory(unit),
        "/* A code stands for the real value SCALE * (code - ZERO_POINT); pictures are laid out as N, H, W, C. */\n\n",
        *(_accessor(unit, place, "INPUT") for place in inputs),
        *(_accessor(unit, place, "OUTPUT") for place in outputs),
        "/* Sets the states to their initial values; call it before the first run. */\n" if unit.program.states else
        "/* Does nothing: the model has no states. */\n",
        f"void {unit.name}_reset({unit.plan.parameters});\n\n",
        _entry(unit),
        "#ifdef __cplusplus\n}\n#endif\n\n#endif\n",
    ]  # fmt: skip
    return "".join(parts)


def _slow_memory(unit: Unit) -> str:
    """What the caller must know about a second arena."""
    if not unit.plan.slow:
        return ""
    size = -(-unit.plan.slow_size // ARENA_ALIGN) * ARENA_ALIGN
    return (
        "/* The same in a second, slower memory, with the same alignment: what the first arena has no room for. */\n"
        f"#define {unit.name.upper()}_SLOW_BYTES {size}\n\n"
    )


def _entry(unit: Unit) -> str:
    """Declarations of what runs the model."""
    stream = unit.layout.stream
    if stream is None or not stream.pushed:
        return (
            "/* Runs once: reads the inputs from the arena, writes the outputs there. It may overwrite the inputs. */\n"
            f"void {unit.name}_invoke({unit.plan.parameters});\n\n"
        )
    source = unit.program.tensors[stream.region.source]
    rows, size = stream.region.rows, row_layout(source).nbytes
    return (
        "/* Starts one run. */\n"
        f"void {unit.name}_begin({unit.plan.parameters});\n\n"
        f"/* Takes in one row of the input ({size} bytes, {source.dtype}); {rows} rows make a run. Returns 1 when the\n"
        " * outputs are there, which is after the last row, and 0 before. */\n"
        f"#define {unit.name.upper()}_INPUT_ROWS {rows}\n#define {unit.name.upper()}_INPUT_ROW_BYTES {size}\n"
        + "".join(f"{line}\n" for line in _meaning(f"{unit.name.upper()}_INPUT", source))
        + f"int32_t {unit.name}_push({unit.plan.parameters}, const void *row);\n\n"
    )


def _accessor(unit: Unit, place: Place, kind: str) -> str:
    """Macros of one input or output."""
    tensor = unit.program.tensors[place.tensor]
    macro = f"{unit.name}_{kind}_{place.symbol}".upper()
    shape = " x ".join(map(str, place.shape)) or "scalar"
    where = ", in slow memory" if place.slow else ""
    lines = [
        f"/* {kind.lower()} {comment(place.tensor)}: {place.dtype}, {shape}{where} */",
        f"#define {macro}({place.arena}) (({c_type(tensor)} *)(void *)((uint8_t *)({place.arena}) + {place.offset}))",
        f"#define {macro}_SIZE {tensor.size}",
    ]
    return "\n".join([*lines, *_meaning(macro, tensor)]) + "\n\n"


def _meaning(macro: str, tensor: Tensor) -> list[str]:
    """What the codes of a port stand for."""
    if tensor.quant is None or tensor.quant.axis is not None:
        return []
    scale = f"{float(np.float32(tensor.scale)):.9g}f"
    return [f"#define {macro}_SCALE {scale}", f"#define {macro}_ZERO_POINT {tensor.zero_point}"]

"""A model's code behind a stream of bytes: what a firmware or a program around ``serve.c`` is made of."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from limen.targets.c._generated import Generated, Place

HERE = Path(__file__).parent
VERSION = 1


def served_source(generated: Generated, board: str | None = None) -> bytes:
    """``serve.c`` for one model, with a board's stream behind it, or without one.

    Args:
        board: C text that defines the stream's functions and calls ``serve``; None where the firmware brings it.
    """
    name = generated.name
    head = (
        f"/* {name}, served to another computer. */\n"
        "#include <stdbool.h>\n#include <stdint.h>\n#include <string.h>\n"
        f'#include "{name}.h"\n'
        f"{_memory(generated)}"
        f"#define INPUT_PORTS {_ports(generated, generated.inputs)}\n"
        f"#define OUTPUT_PORTS {_ports(generated, generated.outputs)}\n"
        f"#define INPUT_BYTES {total(generated.inputs)}u\n"
        f"#define OUTPUT_BYTES {total(generated.outputs)}u\n"
        f"#define MODEL_TAG 0x{model_tag(generated):08x}u\n"
    )
    text = (HERE / "serve.c").read_text(encoding="ascii")
    if board is None:
        text = text.replace("static void serve(void)", "void serve(void);\nvoid serve(void)")
    return f"{head}{text}\n{board or ''}".encode()


def linux_source(generated: Generated) -> bytes:
    """A program that serves the model on its standard input and output."""
    text = (HERE / "serve_linux.c").read_text(encoding="ascii")
    return b"#define _POSIX_C_SOURCE 200809L\n" + served_source(generated, text)


def model_tag(generated: Generated) -> int:
    """A number that tells one model from another, whatever its code is called: the CRC-32 of operators and tensors."""
    program, tag = generated.program, 0
    for node in program.nodes:
        tag = zlib.crc32(node.op.name.encode(), tag)
        for name in (*filter(None, node.inputs), *node.outputs):
            tensor = program.tensors[name]
            tag = zlib.crc32(f"{tensor.dtype}{tensor.shape}".encode(), tag)
            if tensor.data is not None:
                tag = zlib.crc32(np.ascontiguousarray(tensor.data).tobytes(), tag)
    return tag


def total(places: Sequence[Place]) -> int:
    """Bytes of ports."""
    return sum(p.nbytes for p in places)


def _memory(generated: Generated) -> str:
    """Size of the memory and the calls; two arenas lie one after the other."""
    name = generated.name
    if not generated.slow:
        size = f"{name.upper()}_ARENA_BYTES"
        return f"#define ARENA_BYTES {size}\n#define RESET {name}_reset\n#define INVOKE {name}_invoke\n"
    both = f"arena, arena + {generated.slow_start}"
    return (
        f"#define ARENA_BYTES {generated.memory}\n"
        f"#define RESET(arena) {name}_reset({both})\n#define INVOKE(arena) {name}_invoke({both})\n"
    )


def _ports(generated: Generated, places: Sequence[Place]) -> str:
    return ", ".join(f"{{{generated.offset(p)}u, {p.nbytes}u}}" for p in places)

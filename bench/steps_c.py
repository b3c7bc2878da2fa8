"""Steps in C on a virtual Cortex-M4: difference from the numpy step, code, tables, memory, instructions.

Each row is a chain of its own, compiled by zig's clang (-Os unless --flags says otherwise) for a device with an FPU of
single precision, and run on random values. ``code`` counts everything that the chain links: shared functions, the
compiler's helpers and memcpy too. ``difference`` is absolute, the largest over the results.

    python bench/steps_c.py [--device stm32f4] [--flags=-Os] [--only log_mel] [--json table.json]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np

from limen import devices
from limen.errors import LimenError
from limen.lab._build import build_image
from limen.lab._machine import Machine
from limen.lab._virtual import BlockCounter
from limen.program import Array, Program
from limen.steps import Chain, Context
from limen.steps._geometry import View
from limen.steps.resize import Method
from limen.targets.c import Generated, Layer, Place
from limen.targets.c.steps import (
    Border,
    Port,
    StepChain,
    arithmetic_of,
    constant_bytes,
    definitions,
    emit_chain,
    emit_post,
)

IMAGE, SIDE = (120, 160, 3), "96x96"
VIEW = View((300, 200), (0.4, 0.4), (0.0, 20.0))
CODES = Border((1, 96, 96, 3), "int8", scale=1 / 255, zero_point=-128)
SPEECH = Border((1, 49, 10, 1), "int8", scale=0.58, zero_point=83)
LOGITS = Border((1, 12), "int8", "logits", scale=0.1, zero_point=3)
HEADS = (
    Border((1, 400, 4), "int8", "boxes", scale=0.05, zero_point=1),
    Border((1, 400, 3), "int8", "scores", scale=0.05, zero_point=10),
)
DECODE = "box_decode:size=160x160:strides=8:side=exp:score=sigmoid"

PRE: tuple[tuple[str, tuple[int, ...], str, Border | None], ...] = (
    *((f"resize:{SIDE}:method={method}", IMAGE, "uint8", None) for method in get_args(Method)),
    (f"letterbox:{SIDE}", IMAGE, "uint8", None),
    (f"crop:{SIDE}", IMAGE, "uint8", None),
    ("decode_image:grey", IMAGE, "uint8", None),
    ("layout:nchw", (96, 96, 3), "uint8", None),
    ("normalise:mean=127.5:std=127.5", (96, 96, 3), "uint8", None),
    ("normalise:std=255", (96, 96, 3), "uint8", CODES),
    (f"resize:{SIDE},normalise:std=255", IMAGE, "uint8", CODES),
    ("standardise:mean=1/2/3:std=4/5/6", (128, 3), "int16", None),
    ("decode_audio:dtype=float32", (16000,), "int16", None),
    ("audio_window:size=400:hop=160", (1600,), "int16", None),
    ("log_mel:high=8000", (16000,), "int16", None),
    ("log_mel:size=400:hop=160:fft=400:mels=40:high=8000", (16000,), "int16", None),
    ("mfcc:count=10", (49, 40), "float32", None),
    ("log_mel,mfcc:count=10,reshape:1x49x10x1", (16000,), "int16", SPEECH),
    ("micro_frontend", (480,), "int16", None),
    ("micro_frontend,audio_window:size=3", (1600,), "int16", Border((1, 3, 40), "int8", scale=0.1, zero_point=-128)),
)  # fmt: skip
POST: tuple[tuple[str, tuple[Border, ...]], ...] = (
    ("softmax", (LOGITS,)),
    ("top_k:k=3", (LOGITS,)),
    ("sigmoid", (LOGITS,)),
    ("threshold:at=0.5", (LOGITS,)),
    ("threshold:at=0.5:average=5", (LOGITS,)),
    (DECODE, HEADS),
    (f"{DECODE},nms:score=0.6", HEADS),
    (f"{DECODE},nms:score=0.6,box_restore", HEADS),
)


@dataclass(frozen=True)
class Row:
    """One chain.

    Args:
        chain: as it is written on the command line.
        difference: largest absolute difference from numpy over all results; codes in codes.
        code, tables, memory, state: bytes.
        instructions: of one call.
        stack: bytes.
    """

    chain: str
    difference: float
    code: int
    tables: int
    memory: int
    state: int
    instructions: int
    stack: int


def wrapped(chain: StepChain, device: devices.Device) -> Generated:
    """The chain as if it were a model: its values lie in the arena, in the order of its arguments."""
    places, arguments, end = {}, [], 0
    for role, ports in (("x", chain.source.ports), ("y", chain.result.ports)):
        found = []
        for index, port in enumerate(ports):
            found.append(place(role, index, port, end))
            arguments.append(f"({'const ' if role == 'x' else ''}{port.ctype} *)(void *)((uint8_t *)arena + {end})")
            end += -(-port.nbytes // 16) * 16
        places[role] = tuple(found)
    code, end = end, end + 16
    for size in (32 if chain.view else 0, chain.state, chain.memory):
        if size:
            arguments.append(f"(void *)((uint8_t *)arena + {end})")
            end += -(-size // 16) * 16
    text = (
        f"#include <stdint.h>\n#include <string.h>\n\n{chain.prototype};\nvoid steps_invoke(void *arena);\n"
        f"void steps_reset(void *arena);\n\n{definitions(chain)}\n"
        f"void steps_invoke(void *arena)\n{{\n"
        f"    *(int32_t *)(void *)((uint8_t *)arena + {code}) = {chain.symbol}({', '.join(arguments)});\n}}\n\n"
        f"void steps_reset(void *arena)\n{{\n    memset(arena, 0, {end}u);\n}}\n"
    )
    layer = Layer("steps_chain", "steps", "steps", 0, (Place("code", "code", code, (1,), "int32", 4),))
    files = {"steps.c": text.encode()}
    program = cast(Program, None)  # the virtual device never looks at it
    return Generated("steps", program, device, "portable", files, end, 0, places["x"], places["y"], (), (layer,))


def place(role: str, index: int, port: Port, offset: int) -> Place:
    return Place(f"{role}{index}", f"{role}{index}", offset, port.shape, cast(Any, port.dtype), port.nbytes)


def measure(spec: str, chain: StepChain, inputs: tuple[Array, ...], expected: Any, device: Any, flags: Any) -> Row:
    """Compile, run once, compare."""
    built = build_image(wrapped(chain, device), flags=flags)
    machine = Machine(built)
    machine.reset()
    if chain.view:
        at = machine.generated.layers[0].outputs[0].offset + 16
        numbers = [*VIEW.scale, *VIEW.offset, *VIEW.source]
        machine.arena[at : at + 24] = np.array(numbers, np.float32).view(np.uint8)
    ran = machine.invoke({f"x{n}": value for n, value in enumerate(inputs)})
    at = machine.generated.layers[0].outputs[0].offset
    count = int(machine.arena[at : at + 4].view(np.int32)[0])
    if count < 0:
        raise SystemExit(f"{spec}: the chain refuses its value: {count}")
    found = machine.outputs()
    machine.close()
    worst = 0.0
    named = expected if isinstance(expected, Mapping) else {"": expected}
    for number, port in enumerate(chain.result.ports):
        array = found[f"y{number}"]
        array = array[:count] if chain.result.varies else array
        wanted = named[port.name].reshape(array.shape).astype(np.float64)
        worst = max(worst, float(np.abs(array.astype(np.float64) - wanted).max(initial=0.0)))
    counts = BlockCounter(built).counts(ran)
    return Row(
        spec, worst, built.code_bytes, constant_bytes(chain), chain.memory, chain.state, counts.total, counts.stack
    )


def rows(device: Any, flags: tuple[str, ...], only: str) -> Iterator[Row]:
    """Every chain that contains a text."""
    generator = np.random.default_rng(0)
    real, fpu = arithmetic_of(device)

    def drawn(shape: tuple[int, ...], dtype: str) -> Array:
        if dtype == "float32":
            return generator.normal(0, 1, shape).astype(np.float32)
        limits = np.iinfo(dtype)
        return generator.integers(limits.min, limits.max, shape, np.dtype(dtype), True)

    for spec, shape, dtype, border in PRE:
        if only not in spec:
            continue
        steps, value = Chain.parse(spec), drawn(shape, dtype)
        expected = steps.run(value)
        if border is not None:
            expected = border.codes(expected)
        chain = emit_chain(steps.steps, "steps_chain", shape, dtype, border=border, real=real, fpu=fpu)
        yield measure(spec, chain, (value,), expected, device, flags)
    for spec, outputs in POST:
        if only not in spec:
            continue
        steps = Chain.parse(spec)
        values = tuple(drawn(b.shape, b.dtype) for b in outputs)
        given = {
            b.name: (v.astype(np.float32) - np.float32(b.zero_point)) * np.float32(b.scale)
            for b, v in zip(outputs, values, strict=True)
        }
        expected = steps.run(given, Context(facts={"view": VIEW}))
        yield measure(spec, emit_post(steps.steps, "steps_chain", outputs), values, expected, device, flags)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="stm32f4")
    parser.add_argument("--flags", default="-Os", help="compiler flags, appended")
    parser.add_argument("--only", default="", help="chains that contain this text")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    names = ("difference", "code", "tables", "memory", "state", "instructions", "stack")
    print(f"{'chain':<58}" + "".join(f"{name:>13}" for name in names), flush=True)
    table = []
    try:
        for row in rows(devices.get(options.device), (*options.flags.split(), "-g"), options.only):
            table.append(row)
            cells = [f"{row.difference:.1e}" if row.difference else "0", *(str(getattr(row, n)) for n in names[1:])]
            print(f"{row.chain[:57]:<58}" + "".join(f"{cell:>13}" for cell in cells), flush=True)
    except LimenError as problem:
        raise SystemExit(str(problem)) from None
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in table], indent=1) + "\n")


if __name__ == "__main__":
    main()

"""The C of target c, compiled for the browser by zig, and the module that loads it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from string import Template
from typing import TYPE_CHECKING, Any, Literal

from limen import devices
from limen.errors import UsageError
from limen.program import Program
from limen.registry import Registry
from limen.targets import CompileOptions, within_limits
from limen.targets._artifact import Artifact, Binding, bindings
from limen.targets._zig import WARNINGS, run_zig
from limen.targets.c import Generated, generate
from limen.targets.c.encodings import asked_forms

if TYPE_CHECKING:
    from limen.model import Model

FLAGS = (
    "-target", "wasm32-freestanding", "-mcpu=generic+simd128+bulk_memory+nontrapping_fptoint+sign_ext",
    "-O3", "-g0", "-s", "-Wl,--no-entry", "-Wl,--gc-sections", "-Wl,-z,stack-size=131072",
)  # fmt: skip

STRING_H = """\
#include <stddef.h>
void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memset(void *to, int value, size_t size);
"""

WRAPPER = """\
/* What the page calls: the model's memory and its two functions. */
#include "$name.h"

static _Alignas(${upper}_ARENA_ALIGN) uint8_t memory[${upper}_ARENA_BYTES];

__attribute__((export_name("arena"))) uint8_t *limen_arena(void);
__attribute__((export_name("reset"))) void limen_reset(void);
__attribute__((export_name("invoke"))) void limen_invoke(void);

uint8_t *limen_arena(void)
{
    return memory;
}

void limen_reset(void)
{
    ${name}_reset(memory);
}

void limen_invoke(void)
{
    ${name}_invoke(memory);
}
"""


def wasm_module(made: Generated, more: Mapping[str, bytes] | None = None) -> bytes:
    """The .wasm of generated code.

    Args:
        more: further files; those that end in .c are compiled too.

    Raises:
        MissingExtra: ziglang is not installed.
    """
    wrapper = Template(WRAPPER).substitute(name=made.name, upper=made.name.upper())
    files = {**made.files, "limen_wasm.c": wrapper.encode(), "include/string.h": STRING_H.encode(), **(more or {})}
    sources = [name for name in files if name.endswith(".c")]
    return run_zig([*WARNINGS, *FLAGS, "-isystem", "include", *sources], files, "model.wasm", made.name)


def es_module(made: Generated, inputs: tuple[Binding, ...], outputs: tuple[Binding, ...]) -> bytes:
    """The ES module that loads the .wasm and speaks the source model's names, shapes and real values."""
    ports = {
        "inputs": [_port(b, made.inputs[i].offset) for i, b in enumerate(inputs)],
        "outputs": [_port(b, made.outputs[i].offset) for i, b in enumerate(outputs)],
    }
    text = resources.files("limen.targets.wasm").joinpath("module.js").read_text(encoding="utf-8")
    return text.replace("/*PORTS*/ null", json.dumps(ports, indent=2)).encode()


def _port(binding: Binding, offset: int) -> dict[str, Any]:
    return {
        "name": binding.name,
        "offset": offset,
        "dtype": binding.dtype,
        "shape": list(binding.shape),
        "scale": binding.scale[0] if binding.scale else None,
        "zeroPoint": binding.zero_point[0] if binding.zero_point else 0,
        "permutation": list(binding.permutation) if binding.permutation else None,
    }


@dataclass(frozen=True)
class WasmTarget:
    """Program -> model.wasm and model.js."""

    name: str = "wasm"
    consumes: Literal["program", "model"] = "program"

    @property
    def emitters(self) -> Registry[Any] | None:
        return None

    @property
    def explained(self) -> Mapping[str, str]:
        return {}

    def compile(self, source: Program | Model, options: CompileOptions) -> Artifact:
        """The artifact of a Program.

        Raises:
            UsageError: the source is a Model.
            Unsupported: the form that is asked for packs nothing.
            UnsupportedOp: an operator, or the case at hand, has no C kernel.
            MissingExtra: ziglang is not installed.
            BudgetError: a limit of the options is not kept.
        """
        if not isinstance(source, Program):
            raise UsageError(f"target {self.name} compiles a Program", "lower the Model first")
        device = options.device if options.device and options.device.isa == "wasm" else devices.get("wasm")
        forms = asked_forms(source, device, options.pack)
        made = generate(source, device, options.name, small=options.small, forms=forms)
        inputs, outputs = bindings(made.program, made.program.inputs), bindings(made.program, made.program.outputs)
        data = wasm_module(made)
        files = {f"{options.name}.wasm": data, f"{options.name}.js": es_module(made, inputs, outputs)}
        return within_limits(
            Artifact(self.name, files, made.arena, sum(map(len, files.values())), inputs, outputs, made.notes), options
        )


TARGET = WasmTarget()

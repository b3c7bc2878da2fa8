"""The target object, and what a library says about itself.

A library holds one or more variants of the model, for more or less of the processor's instructions. It exports
``const char limen_library[]``, JSON: ``abi`` (1), ``machine`` (as in ``limen.devices``), and ``variants``, the fastest
first: ``name``, ``features`` it needs as Linux spells them in /proc/cpuinfo, bytes of ``arena``, and ``inputs`` and
``outputs``, tensor -> offset in the arena. A variant's functions are ``NAME_reset`` and ``NAME_invoke``, as target c
describes them, and for callers to whom an argument is dear ``NAME_bind(arena)`` and ``NAME_run()``, which invokes on
the arena bound last.

Raises MissingExtra where ziglang is not installed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from limen import devices
from limen.devices import Device
from limen.errors import UsageError
from limen.program import Program
from limen.registry import Registry
from limen.targets import CompileOptions, within_limits
from limen.targets._artifact import Artifact, bindings
from limen.targets._zig import run_zig, target_flags, zig_cc
from limen.targets.c import Generated, generate

if TYPE_CHECKING:
    from limen.model import Model

ABI = 1
_AVX2 = ("avx2", "fma")
_VNNI = (*_AVX2, "avx512f", "avx512bw", "avx512vl", "avx512_vnni")
_FEATURES: Mapping[str, tuple[str, ...]] = {"avx2": _AVX2, "avx512vnni": _VNNI, "neon": ("asimd",)}
"""What the kernels of an instruction set need of the processor."""
_CLANG = {"avx2": "avx2,fma", "avx512vnni": "avx2,fma,avx512f,avx512bw,avx512vl,avx512vnni"}
_OPTIMIZE = ("-std=c11", "-O2", "-fno-math-errno", "-fPIC", "-shared", "-Wl,-s", "-Wl,--build-id=none")

_BOUND = """
#include "{name}.h"
static void *{name}_arena;
void {name}_bind(void *arena) {{ {name}_arena = arena; }}
void {name}_run(void) {{ {name}_invoke({name}_arena); }}
"""


@dataclass(frozen=True)
class NativeTarget:
    """Program -> model.so."""

    name: str = "native"
    consumes: Literal["program", "model"] = "program"

    @property
    def emitters(self) -> Registry[Any] | None:
        return None

    @property
    def explained(self) -> Mapping[str, str]:
        return {}

    def compile(self, source: Program | Model, options: CompileOptions) -> Artifact:
        """The library for a device with Linux.

        Raises:
            UsageError: the source is a Model.
            UnsupportedOp: an operator, or the case at hand, has no C kernel.
            Unsupported: the device runs no Linux.
            BudgetError: a limit of the options is not kept.
        """
        if not isinstance(source, Program):
            raise UsageError(f"target {self.name} compiles a Program", "lower the Model first")
        device = options.device or devices.get("host")
        zig_cc()
        variants = _variants(source, device)
        library = _link(variants, device)
        made = variants[0]
        return within_limits(
            Artifact(
                target=self.name,
                files={f"{options.name}.so": library},
                ram=max(v.arena + v.static_ram for v in variants),
                flash=len(library),
                inputs=bindings(made.program, made.program.inputs),
                outputs=bindings(made.program, made.program.outputs),
                notes={**made.notes, "variants": ", ".join(v.isa for v in variants)},
            ),
            options,
        )


def _variants(program: Program, device: Device) -> list[Generated]:
    """For the device's own instructions; for x86-64 in general, for each that we have kernels for."""
    known = [device]
    if device.isa == "x86-64" and "avx2" not in device.features:
        known = [replace(device, features=(*device.features, *more)) for more in (_VNNI, _AVX2, ())]
    made = [generate(program, each, "model" if len(known) == 1 else f"model{n}") for n, each in enumerate(known)]
    return [unit for n, unit in enumerate(made) if unit.isa not in [m.isa for m in made[:n]]]


def _link(variants: list[Generated], device: Device) -> bytes:
    """All the variants in one library, each compiled for its own instructions."""
    files: dict[str, bytes] = {"library.c": _description(variants, device).encode()}
    sources = ["library.c"]
    for unit in variants:
        files |= unit.files
        for name in unit.files:
            if name.endswith(".c"):
                files[name] = _for_instructions(unit.isa, unit.files[name])
            if name.endswith((".c", ".S")):
                sources.append(name)
    # Python on Linux is linked with glibc; a library that brings a second C library into its process would be wrong.
    glibc = [flag.replace("-musl", "-gnu") for flag in target_flags(device)]
    return run_zig([*glibc, *_OPTIMIZE, *sources], files, "model.so", "target native")


def _for_instructions(isa: str, source: bytes) -> bytes:
    """A unit whose functions may use an instruction set, in a library whose other units may not."""
    features = _CLANG.get(isa)
    if features is None:
        return source
    head = (
        "#include <immintrin.h>\n"
        f'#pragma clang attribute push(__attribute__((target("{features}"))), apply_to = function)\n'
    )
    return head.encode() + source + b"#pragma clang attribute pop\n"


def _description(variants: list[Generated], device: Device) -> str:
    """The unit that exports ``limen_library``."""
    about = {
        "abi": ABI,
        "machine": device.isa,
        "variants": [
            {
                "name": unit.name,
                "features": _FEATURES.get(unit.isa, ()),
                "arena": unit.arena,
                "inputs": {p.tensor: p.offset for p in unit.inputs},
                "outputs": {p.tensor: p.offset for p in unit.outputs},
            }
            for unit in variants
        ],
    }
    text = json.dumps(about, separators=(",", ":"))
    literal = json.dumps(text)  # JSON's escapes of quotes and backslashes are C's; the text is ASCII
    head = f"extern const char limen_library[];\nconst char limen_library[] = {literal};\n"
    return head + "".join(_BOUND.format(name=unit.name) for unit in variants)


TARGET = NativeTarget()

"""Profiles of Arm boards with Linux: a static program under qemu-user, which says whether the code is exact.

An emulator's time says nothing about a board's, and it does not count instructions: both stay unknown.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from limen.errors import InternalError, NotMeasurable
from limen.lab._build import SUPPORT
from limen.lab._compare import compare_outputs
from limen.lab._native import host_profile
from limen.lab._profile import Profile
from limen.program import Array, Program
from limen.targets._zig import WARNINGS, run_zig, target_flags
from limen.targets.c import Generated, Place

EMULATORS = {
    "aarch64": ("qemu-aarch64", "qemu-aarch64-static"),
    "armv7": ("qemu-arm", "qemu-arm-static"),
    "x86-64": ("qemu-x86_64", "qemu-x86_64-static"),
}
TIMEOUT = 600.0


def profile_user(generated: Generated, feeds: Sequence[Mapping[str, Array]], judge: Program | None = None) -> Profile:
    """Run a static executable of the code for every feed.

    Raises:
        NotMeasurable: there is no emulator of the processor, or it does not run.
        MissingExtra: ziglang is not installed.
        InternalError: the code does not compile, or the program fails.
    """
    emulator = find_emulator(generated.device.isa, generated.device.name)
    data = _serve(emulator, program_file(generated), generated, feeds)
    found = iter([_split(generated, part) for part in data])
    exact, approximate = compare_outputs(generated, lambda _feed: next(found), feeds, judge)
    return host_profile(generated, exact, approximate, None, Path(emulator).name)


def find_emulator(isa: str, device: str) -> str:
    """The path of a user-mode emulator.

    Raises:
        NotMeasurable: there is none on this machine.
    """
    for name in EMULATORS.get(isa, ()):
        path = shutil.which(name)
        if path is not None:
            return path
    raise NotMeasurable(
        f"device {device}: this machine is no {isa}, and has no emulator of one",
        f"install qemu-user-static, or profile on an {isa} machine",
    )


def program_file(generated: Generated) -> bytes:
    """A static Linux executable that reads inputs and writes outputs."""
    source = (SUPPORT / "serve.c").read_text(encoding="ascii")
    files = {**generated.files, "serve.c": (source_head(generated) + source).encode()}
    sources = [f for f in files if f.endswith((".c", ".S"))]
    flags = (*target_flags(generated.device), *WARNINGS, "-O2", "-static")
    return run_zig([*flags, *sources], files, "serve", generated.name)


def source_head(generated: Generated) -> str:
    """What ``support/serve.c`` needs to know of a model."""
    name = generated.name
    return (
        f'#include "{name}.h"\n'
        f"#define ARENA_BYTES {name.upper()}_ARENA_BYTES\n"
        f"#define RESET {name}_reset\n"
        f"#define INVOKE {name}_invoke\n"
        f"#define INPUT_PORTS {_ports(generated.inputs)}\n"
        f"#define OUTPUT_PORTS {_ports(generated.outputs)}\n"
    )


def _ports(places: Sequence[Place]) -> str:
    return ", ".join(f"{{{p.offset}u, {p.nbytes}u}}" for p in places)


def _serve(emulator: str, program: bytes, generated: Generated, feeds: Sequence[Mapping[str, Array]]) -> list[bytes]:
    """Outputs of each run."""
    sent = b"".join(np.ascontiguousarray(feed[p.tensor]).tobytes() for feed in feeds for p in generated.inputs)
    with tempfile.TemporaryDirectory(prefix="limen-lab-") as folder:
        path = Path(folder, "serve")
        path.write_bytes(program)
        path.chmod(0o700)
        try:
            done = subprocess.run([emulator, str(path)], input=sent, capture_output=True, timeout=TIMEOUT, check=False)
        except subprocess.TimeoutExpired as late:
            raise InternalError(f"{generated.name}: did not end within {TIMEOUT:.0f} s in {emulator}") from late
    size = sum(p.nbytes for p in generated.outputs)
    if done.returncode or len(done.stdout) != size * len(feeds):
        words = done.stderr.decode(errors="replace").strip()[-300:]
        raise InternalError(f"{generated.name}: ended with code {done.returncode} in {emulator}: {words}")
    return [done.stdout[i * size : (i + 1) * size] for i in range(len(feeds))]


def _split(generated: Generated, data: bytes) -> dict[str, Array]:
    found, at = {}, 0
    for place in generated.outputs:
        part = np.frombuffer(data[at : at + place.nbytes], place.dtype)
        found[place.tensor] = part.reshape(place.shape)
        at += place.nbytes
    return found

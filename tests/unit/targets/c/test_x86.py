"""The kernels of x86-64 give the interpreter's codes, to the bit."""

from __future__ import annotations

import ctypes
import dataclasses
import tempfile
from pathlib import Path

import numpy as np
import pytest

from limen import devices
from limen.devices import Device
from limen.host import read_host
from limen.lab.host import HostModel, build
from limen.program import run
from limen.targets._zig import WARNINGS, run_zig
from limen.targets.c import Generated, generate
from unit.targets.c.x86_cases import (
    CONNECTED,
    CONVOLUTIONS,
    DEPTHWISE,
    float_program_of,
    inputs_of,
    joined,
    program_of,
    sums,
)

pytestmark = pytest.mark.skipif(
    not {"avx2", "fma"} <= set(read_host().features), reason="this processor has no AVX2 with FMA"
)
GROUPS = {
    **{
        name: {key: program_of(layer) for key, layer in layers.items()}
        for name, layers in (("convolutions", CONVOLUTIONS), ("connected", CONNECTED), ("depthwise", DEPTHWISE))
    },
    "sums": sums(),
}
FLOATS = {
    name: float_program_of(layer)
    for layers in (CONVOLUTIONS, CONNECTED, DEPTHWISE)
    for name, layer in layers.items()
    if layer.op != "DepthwiseConv2D" or layer.x[3] >= 16
}
AVX2 = ("avx2", "fma")
VNNI = (*AVX2, "avx512f", "avx512bw", "avx512vl", "avx512_vnni")
EMULATION = Path(__file__).with_name("avx512") / "immintrin.h"


def device(*features: str) -> Device:
    board = devices.get("x86-64")
    return dataclasses.replace(board, features=(*board.features, *features))


def generated(group: str, features: tuple[str, ...]) -> Generated:
    """All layers of a group in one unit, which has one kernel of the instruction set for each."""
    return generate(joined(GROUPS[group]), device(*features))


def emulated(unit: Generated) -> HostModel:
    """The model with its AVX-512 emulated."""
    files = {**unit.files, "avx512/immintrin.h": EMULATION.read_bytes()}
    flags = [*WARNINGS, "-Wno-sign-conversion", "-mavx2", "-mfma", "-O1", "-Iavx512", "-fPIC", "-shared"]
    library = run_zig([*flags, "model.c"], files, "model.so", "emulated AVX-512")
    with tempfile.NamedTemporaryFile(suffix=".so") as file:
        file.write(library)
        file.flush()
        return HostModel(ctypes.CDLL(file.name), unit)


def differing(model: HostModel) -> dict[str, int]:
    """Output -> elements that differ from the interpreter, over all inputs."""
    program = model.generated.program
    found: dict[str, int] = {}
    for feeds in inputs_of(program, 8):
        wanted, seen = run(program, feeds), model.run(feeds)
        for name, value in wanted.items():
            if not np.array_equal(value, seen[name]):
                found[name] = found.get(name, 0) + int(np.sum(value != seen[name]))
    return found


@pytest.mark.parametrize("group", GROUPS)
def test_layers_with_avx2_equal_the_interpreter(group: str) -> None:
    unit = generated(group, AVX2)
    assert {layer.kernel for layer in unit.layers} == {"avx2"}
    assert differing(build(unit)) == {}


@pytest.mark.parametrize("group", GROUPS)
def test_layers_with_emulated_vnni_equal_the_interpreter(group: str) -> None:
    unit = generated(group, VNNI)
    assert {layer.kernel for layer in unit.layers} == {"avx512vnni"}
    assert differing(emulated(unit)) == {}


def test_both_ways_of_requantising_are_among_the_layers() -> None:
    """Most layers are proved for the multiply-add, with one offset and with two; some need integers."""
    text = "".join(generated(group, AVX2).files["model.c"].decode() for group in GROUPS)
    for helper in ("limen_scale_256", "limen_scale_signed_256", "limen_rescale_256", "limen_round_256"):
        assert f"{helper}(__m256i" in text
    assert "limen_add_256(x0" in text
    assert "limen_add_shares(sum" in text


@pytest.mark.parametrize("features", [AVX2, VNNI], ids=["avx2", "emulated avx512"])
def test_float_layers_are_close_to_the_interpreter(features: tuple[str, ...]) -> None:
    unit = generate(joined(FLOATS), device(*features))
    assert {layer.kernel for layer in unit.layers} == {"avx2" if features is AVX2 else "avx512vnni"}
    model = build(unit) if features is AVX2 else emulated(unit)
    for feeds in inputs_of(unit.program, 2):
        wanted, seen = run(unit.program, feeds), model.run(feeds)
        for name, value in wanted.items():
            np.testing.assert_allclose(seen[name], value, rtol=1e-4, atol=1e-5 * np.abs(value).max(), err_msg=name)

"""The kernels of x86-64 give the interpreter's codes, to the bit."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import pytest

from limen import devices
from limen.devices import Device
from limen.host import read_host
from limen.lab.host import HostModel, build_all
from limen.program import run
from limen.targets.c import generate
from unit.targets.c.x86_cases import CONNECTED, CONVOLUTIONS, DEPTHWISE, Layer, inputs_of, program_of

needs_avx2 = pytest.mark.skipif(
    not {"avx2", "fma"} <= set(read_host().features), reason="this processor has no AVX2 with FMA"
)


def device(*features: str) -> Device:
    board = devices.get("x86-64")
    return dataclasses.replace(board, features=(*board.features, *features))


AVX2 = ("avx2", "fma")


def compiled(layers: Mapping[str, Layer]) -> dict[str, HostModel]:
    """All the layers in one library, each with the kernels of AVX2."""
    units = [generate(program_of(layer), device(*AVX2), f"m{i}") for i, layer in enumerate(layers.values())]
    assert {unit.layers[0].kernel for unit in units} == {"avx2"}
    return dict(zip(layers, build_all(units), strict=True))


def differing(model: HostModel) -> dict[int, int]:
    """Input index -> elements that differ from the interpreter."""
    program = model.generated.program
    found = {}
    for index, feeds in enumerate(inputs_of(program)):
        wanted, seen = run(program, feeds)["y"], model.run(feeds)["y"]
        if not np.array_equal(wanted, seen):
            found[index] = int(np.sum(wanted != seen))
    return found


@needs_avx2
@pytest.mark.parametrize("group", [CONVOLUTIONS, CONNECTED, DEPTHWISE], ids=["convolutions", "connected", "depthwise"])
def test_layers_equal_the_interpreter(group: Mapping[str, Layer]) -> None:
    models = compiled(group)
    assert {name: differing(model) for name, model in models.items()} == {name: {} for name in group}

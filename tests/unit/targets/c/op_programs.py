"""Small Programs by hand for the portable kernels, and the comparison with the interpreter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from limen import devices
from limen.lab.host import build_all
from limen.program import OPS, Array, Node, Port, Program, Quant, Tensor, run
from limen.targets.c import generate


@dataclass(frozen=True, eq=False)
class Call:
    """One operator of a chain.

    Args:
        op: its name.
        inputs: names of tensors.
        outputs: names and quantisation of what it makes.
        attributes: of the operator.
    """

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[tuple[str, Quant | None], ...]
    attributes: dict[str, Any]


def call(op: str, inputs: str, outputs: str = "y", quant: Quant | None = None, **attributes: Any) -> Call:
    """A Call whose names are separated by spaces."""
    return Call(op, tuple(inputs.split()), tuple((name, quant) for name in outputs.split()), attributes)


def program(tensors: Sequence[Tensor], *calls: Call, last: bool = False) -> Program:
    """A chain; tensors without data are inputs, everything computed is an output, or only what the last call makes."""
    table = {t.name: t for t in tensors}
    nodes = []
    for step in calls:
        op = OPS.get(step.op)(**step.attributes)
        types = op.infer([table[n] for n in step.inputs])
        for (name, quant), kind in zip(step.outputs, types, strict=True):
            table[name] = Tensor(name, kind.shape, kind.dtype, quant)
        nodes.append(Node(op, step.inputs, tuple(n for n, _ in step.outputs)))
    feeds = tuple(Port(t.name, t.name) for t in tensors if t.data is None)
    made = tuple(Port(name, name) for step in (calls[-1:] if last else calls) for name, _ in step.outputs)
    return Program("chain", table, tuple(nodes), feeds, made).check()


def random_feeds(chain: Program, seed: int = 0) -> dict[str, Array]:
    """Any code; floats and wide integers of some size."""
    rng = np.random.default_rng(seed)
    found = {}
    for tensor in chain.input_tensors():
        if tensor.dtype.startswith("float"):
            found[tensor.name] = (rng.standard_normal(tensor.shape) * 4).astype(tensor.dtype)
        elif tensor.dtype == "bool":
            found[tensor.name] = np.asarray(rng.random(tensor.shape) < 0.5)
        else:
            info = np.iinfo(tensor.dtype)
            low, high = max(int(info.min), -(2**31)), min(int(info.max), 2**31 - 1)
            found[tensor.name] = rng.integers(low, high, tensor.shape, endpoint=True).astype(tensor.dtype)
    return found


def results(chains: Sequence[Program], feeds: Sequence[dict[str, Array]]) -> list[dict[str, Array]]:
    """What the generated code makes of one set of feeds per chain; all are compiled together."""
    device = devices.get("x86-64")
    units = [generate(chain, device, f"m{i}", kernels="portable") for i, chain in enumerate(chains)]
    return [model.run(given) for model, given in zip(build_all(units, ("-O1",)), feeds, strict=True)]


def differences(chains: dict[str, Program]) -> list[str]:
    """Chains and outputs that differ from the interpreter in any bit of an integer, or a float's value."""
    feeds = [random_feeds(chain) for chain in chains.values()]
    found = []
    for (name, chain), given, got in zip(chains.items(), feeds, results(list(chains.values()), feeds), strict=True):
        for output, wanted in run(chain, given).items():
            if not np.array_equal(got[output], wanted, equal_nan=wanted.dtype.kind == "f"):
                found.append(f"{name}: {output}")
    return found

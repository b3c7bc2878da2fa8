"""What a profile says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from limen.lab._text import profile_text


@dataclass(frozen=True)
class LayerProfile:
    """One layer.

    Args:
        name: of the node.
        op: operator.
        instructions: in the inference that took the most; None where they cannot be counted.
        macs: multiply-accumulates.
        kernel: where the code comes from.
        code, weights: bytes of flash.
        cycles: an estimate; None where there is no model of the processor.
        max_lsb, max_abs: largest difference of its outputs from the interpreter; None where they never lie whole in
            memory, or where no code makes them.
    """

    name: str
    op: str
    instructions: int | None
    macs: int
    kernel: str = ""
    code: int | None = None
    weights: int | None = None
    cycles: int | None = None
    max_lsb: int | None = None
    max_abs: float | None = None


@dataclass(frozen=True)
class Profile:
    """One model on one device.

    Args:
        device: its name.
        core: what executed it: a virtual processor or this machine.
        compiler: name and version.
        kernels: instruction set of the kernels.
        instructions: of one inference, the one that took the most; None where they cannot be counted.
        macs: multiply-accumulates of one inference.
        flash: ``code`` and ``weights`` in bytes; code holds the compiler's helpers, weights every constant.
        ram: ``arena``, ``static``, ``stack`` (measured) and ``stack_bound`` (from the machine code) in bytes.
        exact: ``inputs`` and ``max_lsb`` of the integer outputs against the interpreter; None where all are floats.
        approximate: ``inputs`` and ``max_abs`` of the float outputs; ``float`` in JSON.
        layers: in execution order.
        outside: instructions that belong to no layer: the calls themselves, copies of states.
        cycles_estimate: ``estimate``, ``low``, ``high`` and the ``model`` they come from; never a measurement.
        latency_us: ``p50`` and ``p90`` where the code runs on this machine; elsewhere None.
        differs_first: the first layer whose output is not the interpreter's; None if all agree.
        notes: decisions of the compiler and limits of the measurement.
        model, recipe: the file and what was applied before compiling, where a file was profiled.
    """

    device: str
    core: str
    compiler: str
    kernels: str
    instructions: int | None
    macs: int
    flash: Mapping[str, int | None]
    ram: Mapping[str, int | None]
    exact: Mapping[str, Any] | None
    approximate: Mapping[str, Any] | None
    layers: tuple[LayerProfile, ...]
    outside: int | None = None
    cycles_estimate: Mapping[str, Any] | None = None
    latency_us: Mapping[str, float] | None = None
    differs_first: str | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    model: str = ""
    recipe: str = ""

    def to_json(self) -> dict[str, Any]:
        """The object of the command line's contract."""
        names = {"approximate": "float"}
        values = {names.get(k, k): v for k, v in vars(self).items() if k != "layers"}
        return {**values, "layers": [dict(vars(layer)) for layer in self.layers]}

    def text(self) -> str:
        """For a person: one line per layer, then the totals."""
        return profile_text(self)

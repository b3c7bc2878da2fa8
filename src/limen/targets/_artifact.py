"""What a target makes: files, the figures that decide whether they fit, and how their tensors stand to the model's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from limen.program import DType, Port, Program, Quant, Shape


@dataclass(frozen=True)
class Binding:
    """One port of the source model bound to one tensor of an artifact.

    Args:
        name: the source model's name of it.
        tensor: the artifact's name of it.
        shape: the artifact's shape.
        dtype: the artifact's element type.
        scale: real value of one code step, one per channel or one; empty where the tensor is not quantised.
        zero_point: the code of real 0, as many as ``scale``.
        permutation: ``tensor = numpy.transpose(source, permutation)``; None for identity.
        source_dtype: the source model's element type.
    """

    name: str
    tensor: str
    shape: Shape
    dtype: DType
    scale: tuple[float, ...] = ()
    zero_point: tuple[int, ...] = ()
    permutation: tuple[int, ...] | None = None
    source_dtype: DType = "float32"


@dataclass(frozen=True)
class Artifact:
    """The files of one target, with their figures.

    Args:
        target: its name.
        files: file name -> content; the first is the one to hand to an engine.
        ram: bytes that the plan needs at run time; None where no plan exists.
        flash: bytes of code and constants.
        inputs, outputs: the ports in the source model's order.
        notes: how the figures were made, and what was decided; free text pairs.
        slow_ram: target c: bytes of a second, slower memory that the plan needs beside ``ram``.
        packed: target c, where weights are packed: ``layers`` (layer, form, bytes before and after), and ``flash``,
            ``ram`` and ``instructions`` before and after.
    """

    target: str
    files: Mapping[str, bytes]
    ram: int | None
    flash: int
    inputs: tuple[Binding, ...]
    outputs: tuple[Binding, ...]
    notes: Mapping[str, str] = field(default_factory=dict)
    packed: Mapping[str, Any] = field(default_factory=dict)
    slow_ram: int = 0


def bindings(program: Program, ports: tuple[Port, ...]) -> tuple[Binding, ...]:
    """The ports of a Program whose tensors keep their names in the artifact."""
    return tuple(_binding(program, port) for port in ports)


def _binding(program: Program, port: Port) -> Binding:
    tensor = program.tensors[port.tensor]
    quant = tensor.quant or Quant((), ())
    return Binding(
        port.name,
        port.tensor,
        tensor.shape,
        tensor.dtype,
        quant.scale,
        quant.zero_point,
        port.permutation,
        port.dtype,
    )

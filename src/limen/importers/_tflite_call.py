"""One operator of a .tflite file as its converter sees it, and the questions converters ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from limen.errors import ModelError, UnsupportedOp
from limen.importers._tflite_file import RawOperator, RawTensor
from limen.importers._tflite_schema import ACTIVATIONS
from limen.program import OPS, Array, Op, Tensor

WHERE = "importer tflite"
_MAX_LIST = 4096


@dataclass(frozen=True)
class Call:
    """An operator whose inputs have been converted.

    Args:
        raw: the operator as the file has it.
        name: of the node: that of its first output.
        table: its options table.
        inputs: names of the tensors, empty where absent; absent ones at the end are left out.
        outputs: as the file declares them.
        tensors: all tensors so far.
        fold: tensor name -> its value, worked out from constants, or None where that is not possible.
    """

    raw: RawOperator
    name: str
    table: str
    inputs: tuple[str, ...]
    outputs: tuple[RawTensor, ...]
    tensors: dict[str, Tensor]
    fold: Callable[[str], Array | None]

    def tensor(self, index: int) -> Tensor:
        """An input that must be there."""
        name = self.inputs[index] if index < len(self.inputs) else ""
        if not name:
            raise ModelError(f"{self.name}: {self.raw.builtin} lacks input {index}")
        return self.tensors[name]

    def option(self, name: str) -> Any:
        return self.raw.option(self.table, name)

    def value(self, index: int) -> Array:
        """An input that the Program keeps as an attribute.

        Raises:
            UnsupportedOp: it depends on the model's inputs.
        """
        tensor = self.tensor(index)
        value = self.fold(tensor.name)
        if value is None:
            raise self.refuse(f"{tensor.name} is computed while the model runs", "export the model with static shapes")
        return value

    def integers(self, index: int) -> tuple[int, ...]:
        """A short list of integers, or one, that the Program keeps as an attribute."""
        value = self.value(index)
        if value.dtype.kind not in "iu" or value.size > _MAX_LIST:
            raise ModelError(f"{self.name}: input {index} holds {value.size} elements of {value.dtype.name}")
        return tuple(int(v) for v in value.ravel())

    def integer(self, index: int) -> int:
        values = self.integers(index)
        if len(values) != 1:
            raise ModelError(f"{self.name}: input {index} holds {len(values)} numbers, expected one")
        return values[0]

    def pairs(self, index: int) -> tuple[tuple[int, int], ...]:
        """A list of pairs: paddings or crops."""
        values = self.integers(index)
        if len(values) % 2:
            raise ModelError(f"{self.name}: input {index} holds {len(values)} numbers, expected pairs")
        return tuple(zip(values[::2], values[1::2], strict=True))

    def axis(self, value: int, rank: int) -> int:
        """An axis counted from the front.

        Raises:
            ModelError: there is no such axis.
        """
        if not -rank <= value < max(rank, 1):
            raise ModelError(f"{self.name}: axis {value} of a tensor with {rank} dimensions")
        return value % max(rank, 1)

    def axes(self, index: int, rank: int) -> tuple[int, ...]:
        """Distinct axes in ascending order."""
        return tuple(sorted({self.axis(v, rank) for v in self.integers(index)}))

    def activation(self) -> str:
        """The fused activation.

        Raises:
            UnsupportedOp: it is one that no kernel fuses.
        """
        code = int(self.option("fused_activation_function"))
        if not 0 <= code < len(ACTIVATIONS) or ACTIVATIONS[code].isupper():
            name = ACTIVATIONS[code] if 0 <= code < len(ACTIVATIONS) else str(code)
            raise self.refuse(f"fused activation {name}")
        return ACTIVATIONS[code]

    def refuse(self, why: str = "", hint: str | None = None) -> UnsupportedOp:
        """The error for what limen cannot take."""
        op = f"{self.raw.builtin} ({why})" if why else self.raw.builtin
        return UnsupportedOp(self.name, op, WHERE, hint)


@dataclass(frozen=True)
class Made:
    """A node in the making."""

    op: Op
    inputs: tuple[str, ...]


def make(call: Call, op: str, *inputs: int, **attributes: Any) -> Made:
    """A node of the named operator; ``inputs`` choose among the call's, all of them by default."""
    chosen = tuple(call.tensor(i).name for i in inputs) if inputs else call.inputs
    return Made(OPS.get(op, ModelError)(**attributes), chosen)

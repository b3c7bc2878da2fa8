"""What the optimiser decides, as data: tensor -> element type, scale, zero point, and where each came from.

Decisions stand beside the float Model. A Program, a QDQ Model and a .tflite are emissions of them; none is their
carrier. Keys are tensor names of the lowered float Program, which keep the Model's value names wherever both have
the value.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from limen.errors import DataError
from limen.program import Array, DType, Quant

SCHEMA = 1
Origin = Literal["range", "same", "fixed", "weights", "float", "kept"]


@dataclass(frozen=True, slots=True)
class Decision:
    """How one tensor is stored.

    Args:
        dtype: element type of the stored codes; float32 keeps the tensor in float.
        quant: scales and zero points; None for float types.
        origin: ``range`` measured on calibration data, ``same`` shared with a group, ``fixed`` by the operator,
            ``weights`` from the constant's own values, ``float`` left in float, ``kept`` from the version before.
        low: smallest real value seen or implied.
        high: largest.
        reason: why it is left in float, or what the group is.
    """

    dtype: DType
    quant: Quant | None = None
    origin: Origin = "range"
    low: float = 0.0
    high: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """Real values that a weighted node gets instead of its own.

    Args:
        name: the weights' tensor; its Decision holds their scales.
        weights: float32, of the weights' shape; rounding to nearest gives the codes decided.
        bias: float32 [channels]; None for none.
        source: the weights that it had.
        source_bias: the bias that it had.
        rescaled: other layers were changed with it, so that none may be left out.
    """

    name: str
    weights: Array
    bias: Array | None
    source: Array
    source_bias: Array | None
    rescaled: bool = False

    def digest(self) -> str:
        """sha256 of the values, in hex."""
        whole = hashlib.sha256(np.ascontiguousarray(self.weights).tobytes())
        whole.update(b"" if self.bias is None else np.ascontiguousarray(self.bias).tobytes())
        return whole.hexdigest()


@dataclass(frozen=True, eq=False)
class Decisions:
    """The record of one quantisation.

    Args:
        recipe: its name, see ``limen.optimize.recipes``.
        tensors: tensor name -> Decision.
        samples: how many calibration runs the ranges come from.
        islands: first output of each node left in float -> the reason.
        shifts: output of a weighted node -> what is added to its bias, per channel.
        layers: output of a weighted node -> its weights and bias after the passes that change them; the record keeps
            their digests.
        log: what each guarded pass did to the error at the outputs, and whether it was kept.
    """

    recipe: str
    tensors: Mapping[str, Decision]
    samples: int = 0
    islands: Mapping[str, str] = field(default_factory=dict)
    shifts: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    layers: Mapping[str, Layer] = field(default_factory=dict)
    log: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "tensors", MappingProxyType(dict(self.tensors)))
        object.__setattr__(self, "islands", MappingProxyType(dict(self.islands)))
        object.__setattr__(self, "shifts", MappingProxyType(dict(self.shifts)))
        object.__setattr__(self, "layers", MappingProxyType(dict(self.layers)))

    def to_json(self) -> dict[str, Any]:
        """JSON values; the same decisions give the same values in the same order."""
        return {
            "schema": SCHEMA,
            "recipe": self.recipe,
            "samples": self.samples,
            "islands": dict(sorted(self.islands.items())),
            "shifts": {name: list(values) for name, values in sorted(self.shifts.items())},
            "layers": {name: layer.digest() for name, layer in sorted(self.layers.items())},
            "log": list(self.log),
            "tensors": {name: _entry(self.tensors[name]) for name in sorted(self.tensors)},
        }

    def to_bytes(self) -> bytes:
        return json.dumps(self.to_json(), sort_keys=True, separators=(",", ":")).encode()

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Decisions:
        """Read back; the values of ``layers`` are not in the record.

        Raises:
            DataError: another schema, or a field is missing or of the wrong kind.
        """
        if value.get("schema") != SCHEMA:
            raise DataError(f"decisions: schema {value.get('schema')!r} is not known", f"this limen reads {SCHEMA}")
        try:
            tensors = {str(name): _decision(entry) for name, entry in value["tensors"].items()}
            shifts = {str(name): tuple(float(v) for v in values) for name, values in value["shifts"].items()}
            log = tuple(str(line) for line in value.get("log", ()))
            return Decisions(str(value["recipe"]), tensors, int(value["samples"]), value["islands"], shifts, log=log)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(f"decisions: cannot be read: {error!r}") from error


def _entry(decision: Decision) -> dict[str, Any]:
    quant = decision.quant
    return {
        "dtype": decision.dtype,
        "origin": decision.origin,
        "low": decision.low,
        "high": decision.high,
        "reason": decision.reason,
        "quant": None if quant is None else [list(quant.scale), list(quant.zero_point), quant.axis],
    }


def _decision(entry: Mapping[str, Any]) -> Decision:
    quant = entry["quant"]
    read = None if quant is None else Quant(tuple(quant[0]), tuple(quant[1]), quant[2])
    return Decision(
        entry["dtype"], read, entry["origin"], float(entry["low"]), float(entry["high"]), str(entry["reason"])
    )

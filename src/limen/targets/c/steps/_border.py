"""Where the steps meet the model: codes of a tensor and real values of the source model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limen.targets.c.steps._kernel import Port

BELOW_HALF = float(np.nextafter(np.float32(0.5), np.float32(0)))
"""Added before truncation it rounds float32 half away from zero, and never up what is below a half."""

NARROW = ("int8", "uint8", "int16", "uint16")
_FLOAT32_MAX = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Border:
    """One input or output of the model, as the source model has it and as the compiled tensor is.

    ``tensor = numpy.transpose(source, permutation)``; real = scale * (code - zero_point).

    Args:
        shape, dtype: of the tensor.
        name: of the source model's port.
        source_dtype: of the source model's port.
        scale: of the codes; 0 where the tensor is not quantised.
        zero_point: of the codes.
        permutation: None where the axes are those of the source.
    """

    shape: tuple[int, ...]
    dtype: str
    name: str = ""
    source_dtype: str = "float32"
    scale: float = 0.0
    zero_point: int = 0
    permutation: tuple[int, ...] | None = None

    @property
    def axes(self) -> tuple[int, ...]:
        return self.permutation or tuple(range(len(self.shape)))

    @property
    def inverse(self) -> tuple[int, ...]:
        """The permutation from the tensor's axes back to the source's."""
        return tuple(int(axis) for axis in np.argsort(self.axes)) if self.shape else ()

    @property
    def source_shape(self) -> tuple[int, ...]:
        return tuple(self.shape[axis] for axis in self.inverse)

    @property
    def port(self) -> Port:
        """The tensor as it is, codes where it is quantised."""
        real = self.scale if self.source_dtype.startswith("float") else 0.0
        return Port(self.dtype, self.shape, self.name, real, self.zero_point)

    def limits(self) -> tuple[np.float32, np.float32]:
        """Real values of the smallest and the largest code, in float32."""
        bounds = np.iinfo(self.dtype)
        low, high = ((code - self.zero_point) * self.scale for code in (int(bounds.min), int(bounds.max)))
        return tuple(np.float32(min(max(v, -_FLOAT32_MAX), _FLOAT32_MAX)) for v in (low, high))  # type: ignore[return-value]

    def codes(self, value: NDArray[Any]) -> NDArray[Any]:
        """x / scale in float32, rounded half away from zero, plus zero point, saturated."""
        low, high = self.limits()
        bounded = np.minimum(np.maximum(value.astype(np.float32), low), high) / np.float32(self.scale)
        rounded = np.trunc(bounded + np.copysign(np.float32(BELOW_HALF), bounded))
        return (rounded + np.float32(self.zero_point)).astype(self.dtype)

"""Made-up inputs that reach all of a model's arithmetic: seeded random codes, then the two extremes."""

from __future__ import annotations

import numpy as np

from limen.program import Array, Program, Tensor

EXTREMES = 2


def sample_inputs(program: Program, count: int = 8, seed: int = 0) -> list[dict[str, Array]]:
    """Feeds for the interpreter and for virtual devices.

    Args:
        program: checked.
        count: number of random feeds; two more follow, everything lowest and everything highest.
        seed: of the random numbers.

    Returns:
        tensor name -> array, per feed. Codes of up to 16 bits take all their values; wider integers, which are indices
        or counts, are 0 or 1; floats are in [-1, 1].
    """
    generator = np.random.default_rng(seed)
    tensors = program.input_tensors()
    feeds = [{t.name: _random(t, generator) for t in tensors} for _ in range(count)]
    return [*feeds, *({t.name: np.full(t.shape, _range(t)[i], t.dtype) for t in tensors} for i in range(EXTREMES))]


def _random(tensor: Tensor, generator: np.random.Generator) -> Array:
    low, high = _range(tensor)
    if np.dtype(tensor.dtype).kind == "f":
        return generator.uniform(low, high, tensor.shape).astype(tensor.dtype)
    return generator.integers(int(low), int(high) + 1, tensor.shape).astype(tensor.dtype)


def _range(tensor: Tensor) -> tuple[float, float]:
    """Lowest and highest value of an element."""
    dtype = np.dtype(tensor.dtype)
    if dtype.kind == "f":
        return -1.0, 1.0
    if dtype.kind == "b" or dtype.itemsize > 2:
        return 0, 1
    return float(np.iinfo(dtype).min), float(np.iinfo(dtype).max)

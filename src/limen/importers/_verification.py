"""The record of a comparison between an imported Model and its source, run on the same inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from limen.errors import VerificationError
from limen.model import Model, dtype_of, evaluate, shape_of
from limen.model.graph import Array

TOLERANCE = 1e-4
SAMPLES = 3
_NOISE = 32
AGREEMENT = 0.75  # the nearest of two equal scores is a matter of rounding


@dataclass(frozen=True)
class Verification:
    """What was compared.

    Args:
        against: the other side, with its version (``keras 3.15.1``); None where there was none.
        inputs: how many inputs both sides got.
        max_abs: largest absolute difference over all outputs of real numbers.
        scale: largest absolute value of the other side's outputs.
        agreement: share of equal elements in outputs of whole numbers, such as labels; 1 where there are none.
        reason: why there was no comparison.
    """

    against: str | None
    inputs: int = 0
    max_abs: float = 0.0
    scale: float = 0.0
    agreement: float = 1.0
    reason: str = ""

    def __str__(self) -> str:
        if self.against is None:
            return f"not verified: {self.reason}"
        what = f"largest difference {self.max_abs:.2g} from {self.against}"
        return f"{what} on {self.inputs} inputs, of values up to {self.scale:.3g}" + (
            f"; labels agree on {self.agreement:.1%}" if self.agreement < 1 else ""
        )

    def on(self, model: Model) -> Model:
        """The Model with this record in its metadata: ``verified`` in words, ``verified_max_abs`` as a number."""
        record = {"verified": str(self)}
        if self.against is not None:
            record["verified_max_abs"] = repr(self.max_abs)
        return replace(model, metadata={**model.metadata, **record})


def verify(
    model: Model,
    against: str,
    run: Callable[[Mapping[str, Array]], Sequence[Array | None]],
    feeds: Sequence[Mapping[str, Array]],
    tolerance: float = TOLERANCE,
) -> Verification:
    """Run both sides and compare every output.

    Args:
        model: the imported Model.
        against: names the other side.
        run: the other side: input name -> array, gives the outputs in the Model's order; None where it has none.
        feeds: the inputs, by the Model's names.
        tolerance: largest difference allowed, relative to the largest value (or 1). Where rounding the inputs to 22
            bits already moves the outputs further, the network magnifies rounding, and 32 times that is allowed.

    Raises:
        VerificationError: an output differs by more, or in shape, or fewer than ``AGREEMENT`` of the labels agree.
    """
    names = [str(v.name) for v in model.ir.graph.outputs]
    worst, scale, equal, labels = 0.0, 0.0, 0, 0
    for feed in feeds:
        found, wanted = evaluate(model, feed), run(feed)
        for name, expected in zip(names, wanted, strict=False):
            if expected is None:
                continue
            if found[name].shape != np.shape(expected):
                raise VerificationError(
                    f"{model.name}: output {name} has shape {list(found[name].shape)}, "
                    f"{against} gives {list(np.shape(expected))}"
                )
            if found[name].dtype.kind in "iub":
                equal, labels = equal + int((found[name] == expected).sum()), labels + found[name].size
                continue
            a, b = found[name].astype(np.float64), np.asarray(expected).astype(np.float64)
            worst = max(worst, float(np.abs(a - b).max(initial=0.0)))
            scale = max(scale, float(np.abs(b).max(initial=0.0)))
    if not worst <= tolerance * max(1.0, scale) and not worst <= _NOISE * max(_unrest(model, f) for f in feeds):
        raise VerificationError(f"{model.name}: differs from {against} by {worst:.3g}, values reach {scale:.3g}")
    agreement = equal / labels if labels else 1.0
    if agreement < AGREEMENT:
        raise VerificationError(f"{model.name}: labels agree with {against} on {agreement:.1%} of {labels} only")
    return Verification(against, len(feeds), worst, scale, agreement)


def _unrest(model: Model, feed: Mapping[str, Array]) -> float:
    """How far the outputs move when every real input moves by 2^-22 of itself, up or down."""
    generator = np.random.default_rng(1)
    moved = {
        name: (x * (1 + generator.choice([-1, 1], x.shape) * 2.0**-22)).astype(x.dtype) if x.dtype.kind == "f" else x
        for name, x in feed.items()
    }
    before, after = evaluate(model, feed), evaluate(model, moved)
    real = [name for name, array in before.items() if array.dtype.kind == "f"]
    return max((float(np.abs(before[n] - after[n]).max(initial=0.0)) for n in real), default=0.0)


def feeds_for(model: Model, count: int = SAMPLES) -> list[dict[str, Array]]:
    """Seeded inputs: floats from a normal distribution, integers 0 or 1, of the Model's static shapes."""
    generator = np.random.default_rng(0)
    return [
        {str(v.name): _random(shape_of(v), dtype_of(v), generator) for v in model.ir.graph.inputs} for _ in range(count)
    ]


def _random(shape: tuple[int, ...] | None, dtype: np.dtype[np.generic] | None, generator: np.random.Generator) -> Array:
    assert shape is not None
    if dtype is None or dtype.kind == "f":
        return generator.normal(size=shape).astype(dtype or np.float32)
    return generator.integers(0, 2, shape).astype(dtype)

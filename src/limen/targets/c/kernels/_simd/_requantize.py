"""From accumulators to codes: which constants a layer needs, and the C function that applies them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limen.ops._fixed_point import Multiplier, rescale, round_away
from limen.ops._weighted import requantization, unpack, weight_scales
from limen.program import Activation
from limen.targets.c._kernel import Constant, Helper, Site
from limen.targets.c.kernels._simd._dense import Nest
from limen.targets.c.kernels._simd._fit import Fit, Span, fit
from limen.targets.c.kernels._simd._vectors import Vectors

Int64 = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Weights:
    """A layer's integers, one row of weights per output channel.

    Args:
        values: int64 [O, K].
        bias: int64 [O].
        activation: fused.
        rounds_once: fully connected layers round in double precision, once.
    """

    values: Int64
    bias: Int64
    activation: Activation
    rounds_once: bool = False


@dataclass(frozen=True, eq=False)
class Requantized:
    """What the layer's code uses.

    Args:
        site, vectors: whose.
        initial: int64 [O], where accumulators start.
        constants: arrays, in accumulators' order.
        called: helpers that ``text`` calls.
        text: the function ``SYMBOL_codes(acc, at)``, ``at`` being the accumulator's first lane in the arrays.
        low, high: codes, for the stores.
    """

    site: Site
    vectors: Vectors
    initial: Int64
    constants: tuple[Constant, ...]
    called: tuple[Helper, ...]
    text: str
    low: int
    high: int

    def helpers(self, parts: Sequence[Nest]) -> tuple[Helper, ...]:
        """All that the stores of these channels need."""
        stores = [self._store_vector] if parts[0].vectors else []
        stores += [self.vectors.helper("store_lanes")] if not parts[-1].vectors else []
        return (*stores, *self.called)

    @property
    def bounds(self) -> str:
        """The last arguments of a store; where integers always do, it adds the zero point too."""
        zero = f"{self.site.output().zero_point}, " if self.vectors.by_integers else ""
        return f"{zero}{self.low}, {self.high}"

    @property
    def _store_vector(self) -> Helper:
        return self.vectors.helper("store_vector")

    def store(self, nest: Nest, accumulators: Sequence[str], offset: int) -> list[str]:
        """C lines that requantise one position's accumulators and store them at ``to + offset``."""
        vectors, bounds = self.vectors, self.bounds
        done = [f"{self.site.symbol}_codes({a}, lane + {j * vectors.lanes})" for j, a in enumerate(accumulators)]
        if nest.vectors:
            size = vectors.group
            return [
                f"{self._store_vector.name}(to + {offset + v * vectors.span}, "
                f"{', '.join(done[v * size : (v + 1) * size])}, {bounds});"
                for v in range(nest.vectors)
            ]
        store = vectors.helper("store_lanes").name
        lines = []
        for j, code in enumerate(done):
            count = min(vectors.lanes, nest.channels - j * vectors.lanes)
            lines.append(f"{store}(to + {offset + j * vectors.lanes}, {code}, {count}, {bounds});")
        return lines


def requantize(site: Site, vectors: Vectors, weights: Weights, order: Int64) -> Requantized:
    """Choose between one multiply-add and integers, per accumulator.

    Args:
        order: output channel of every lane of every accumulator, flat; -1 where there is none.
    """
    x = site.input(0)
    bounds = requantization(site.operands, weights.activation)
    low, high = bounds.low, bounds.high
    if vectors.by_integers:
        return _exactly(site, vectors, weights, order, (low, high))
    found = fit(_span(site, weights, low, high), vectors.arithmetic)
    exact, by_integers = _by_accumulator(~found.proven, order.reshape(-1, vectors.lanes))
    shift = np.where(by_integers, 0, found.shift)
    total = weights.values.sum(axis=1)
    initial = weights.bias - (x.zero_point + vectors.offset(x.zero_point)) * total - shift
    constants, calls, helpers = _fitted(site, vectors, found, order)
    if exact.any():
        more, call, helper = _by_integers(site, vectors, weights, order)
        flags = np.asarray(exact, np.uint8)
        constants += (Constant(site.local("exact"), flags, comment="1: by integers"), *more)
        helpers += (helper,)
        test = f"    if ({site.symbol}_exact[at / {vectors.lanes}]) {{\n        return {call};\n    }}\n"
        calls = f"{test}    return {calls};\n"
    else:
        calls = f"    return {calls};\n"
    return Requantized(site, vectors, _wrapped(initial), constants, helpers, _codes(site, vectors, calls), low, high)


def _by_accumulator(unproven: NDArray[np.bool_], groups: Int64) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Accumulators that go by integers, as one of their channels must; and their channels.

    A channel that two blocks compute, as the last ones overlap, goes the same way in both: it has one initial value.
    """
    by_integers = unproven
    while True:
        exact = np.asarray(np.where(groups >= 0, by_integers[groups], False).any(axis=1))
        members = groups[exact]
        spread = by_integers.copy()
        spread[members[members >= 0]] = True
        if (spread == by_integers).all():
            return exact, by_integers
        by_integers = spread


def _exactly(site: Site, vectors: Vectors, weights: Weights, order: Int64, bounds: tuple[int, int]) -> Requantized:
    """By integers, or in double precision, for all channels."""
    zero_point = site.input(0).zero_point
    initial = weights.bias - (zero_point + vectors.offset(zero_point)) * weights.values.sum(axis=1)
    constants, call, helper = _by_integers(site, vectors, weights, order)
    text = _codes(site, vectors, f"    return {call};\n")
    return Requantized(site, vectors, _wrapped(initial), constants, (helper,), text, *bounds)


def _wrapped(initial: Int64) -> Int64:
    return (initial + 2**31) % 2**32 - 2**31


def _codes(site: Site, vectors: Vectors, body: str) -> str:
    kind = vectors.accumulator
    return f"static inline {kind} {site.symbol}_codes({kind} acc, int32_t at)\n{{\n{body}}}\n\n"


def _span(site: Site, weights: Weights, low: int, high: int) -> Span:
    x, _, _, output = unpack(site.operands)
    zero_point = output.zero_point
    least, most = -128 - x.zero_point, 127 - x.zero_point
    products = weights.values * least, weights.values * most
    scale = np.broadcast_to(_factor(site), weights.bias.shape)
    factor = requantization(site.operands, weights.activation).factor

    def codes(acc: Int64) -> Int64:
        if weights.rounds_once:
            values = round_away(acc.astype(np.float64) * scale).astype(np.int64)
        else:
            values = rescale(acc, factor)
        return np.clip(values + zero_point, low, high)

    return Span(
        weights.bias + np.minimum(*products).sum(axis=1),
        weights.bias + np.maximum(*products).sum(axis=1),
        scale,
        zero_point,
        low,
        high,
        codes,
    )


def _factor(site: Site) -> NDArray[np.float64]:
    x, _, _, output = unpack(site.operands)
    return np.asarray(x.scale * weight_scales(site.operands).astype(np.float64) / output.scale)


def _ordered(values: NDArray[np.generic], order: Int64, count: int) -> NDArray[np.generic]:
    """One value per channel -> one per lane; 0 in lanes without a channel."""
    per_channel = np.broadcast_to(values, count)
    return np.where(order >= 0, per_channel[np.maximum(order, 0)], 0).astype(values.dtype)


def _fitted(
    site: Site, vectors: Vectors, found: Fit, order: Int64
) -> tuple[tuple[Constant, ...], str, tuple[Helper, ...]]:
    count = len(found.slope)
    names = ("offset",) if len(found.offsets) == 1 else ("below", "offset")
    constants = [Constant(site.local("slope"), _ordered(found.slope, order, count), 64)]
    constants += [
        Constant(site.local(name), _ordered(values, order, count), 64)
        for name, values in zip(names, found.offsets, strict=True)
    ]
    helper = vectors.helper("scale" if len(names) == 1 else "scale_signed")
    arguments = ", ".join(f"{site.symbol}_{name} + at" for name in ("slope", *reversed(names)))
    return tuple(constants), f"{helper.name}(acc, {arguments})", (helper,)


def _by_integers(
    site: Site, vectors: Vectors, weights: Weights, order: Int64
) -> tuple[tuple[Constant, ...], str, Helper]:
    count = len(weights.bias)
    zero = "" if vectors.by_integers else f", {site.output().zero_point}"
    if weights.rounds_once:
        factor = Constant(site.local("factor"), _ordered(_factor(site), order, count), 64)
        helper = vectors.helper("round")
        return (factor,), f"{helper.name}(acc, {site.symbol}_factor + at{zero})", helper
    by: Multiplier = requantization(site.operands, weights.activation).factor
    constants = (
        Constant(site.local("multiplier"), _ordered(by.mantissa.astype(np.int32), order, count), 64),
        Constant(site.local("shift"), _ordered(by.shift.astype(np.int32), order, count), 64),
    )
    helper = vectors.helper(_rescaling(site, weights, by) if vectors.by_integers else "rescale")
    call = f"{helper.name}(acc, {site.symbol}_multiplier + at, {site.symbol}_shift + at{zero})"
    return constants, call, helper


def _rescaling(site: Site, weights: Weights, by: Multiplier) -> str:
    """The cheapest helper that is exact: without left shifts, and without codes below the zero point or shifts of 0."""
    low = requantization(site.operands, weights.activation).low
    if (by.shift > 0).any():
        return "rescale"
    if low >= site.output().zero_point:
        return "rescale_above"
    return "rescale_down" if (by.shift < 0).all() else "rescale"

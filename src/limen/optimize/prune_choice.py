"""Which groups to remove for a share of the multiply-accumulates: greedily, by the error at the Model's outputs.

Groups that lie in the same axes are interchangeable: of each such class the cheapest by second-order score are offered,
in steps that leave a multiple of ``lanes`` (processors compute channels in vectors), and all that are left, where no
layer behind them reads anything else: a residual branch that goes as a whole. Every offer is tried: its columns are set
to zero, the other weights make up for them, and the outputs are compared with the Model's own. The least error for the
multiplications saved is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from limen.errors import UsageError
from limen.model import Model
from limen.model.graph import Array
from limen.optimize.observe import Feeds, session
from limen.optimize.prune_repair import with_weights
from limen.optimize.prune_scores import Errors, Mask, Structure

STEPS = 12
LEAST = 0.125
JUDGED = 48
OFFERS = 12
TOGETHER = 1024
"""Pairs up to which groups are chosen one after the other, each with those before in mind."""


@dataclass(frozen=True)
class Offer:
    """Groups of one class that may go together.

    Args:
        groups: which.
        saved: multiply-accumulates.
        score: second-order error.
    """

    groups: tuple[int, ...]
    saved: float
    score: float


def choose(model: Model, found: Structure, share: float, feeds: Feeds, lanes: int = 1) -> list[int]:
    """Groups to remove so that at least ``share`` of the multiply-accumulates goes.

    Args:
        model: that ``found`` describes.
        found: observed.
        share: 0 to 1.
        feeds: unlabelled samples.
        lanes: what is left of interchangeable channels is a multiple of this.

    Raises:
        UsageError: the share is out of reach; says how much can go.
    """
    judge = _Judge(model, found, feeds[:: -(-len(feeds) // JUDGED)])
    errors = Errors(found.readers, "obs")
    gone: list[int] = []
    whole = left = found.macs()
    error = 0.0
    while left > whole * (1.0 - share):
        offers = list(_offers(found, errors, gone, lanes, share, left))
        if not offers:
            most = f"{1 - left / whole:.0%} can go"
            raise UsageError(f"pruning {share:.0%} of the multiplications is out of reach", most)
        offers = sorted(offers, key=lambda o: o.score / o.saved)[:OFFERS]
        tried = [(judge.error([*gone, *o.groups]), o) for o in offers]
        need = left - whole * (1.0 - share)
        error, best = min(tried, key=lambda t: (max(t[0] - error, 1e-9) / min(t[1].saved, need), t[1].groups))
        gone += best.groups
        left = found.macs(gone)
    return sorted(gone)


def by_magnitude(found: Structure, share: float, lanes: int = 1) -> list[int]:
    """As ``choose``, by the weights alone: the usual baseline.

    Raises:
        UsageError: the share is out of reach.
    """
    errors = Errors(found.readers, "magnitude")
    gone: list[int] = []
    whole = left = found.macs()
    while left > whole * (1.0 - share):
        offers = list(_offers(found, errors, gone, lanes, share, left))
        if not offers:
            raise UsageError(f"pruning {share:.0%} of the multiplications is out of reach")
        gone += min(offers, key=lambda o: o.score / o.saved).groups
        left = found.macs(gone)
    return sorted(gone)


def _offers(
    found: Structure, errors: Errors, gone: list[int], lanes: int, share: float, left: float
) -> Iterator[Offer]:
    removed = found.mask(gone)
    for members, unit in found.classes:
        here = [g for g in members if not removed[g]]
        counts = [c for c in (_next(len(here), len(members), unit, lanes, share),) if c]
        if here and len(here) not in counts and errors.alone(here, removed):
            counts.append(len(here))
        if not counts:
            continue
        ranked = _ranked(errors, removed, here, counts[0])
        for count in counts:
            groups = ranked[:count] if count <= len(ranked) else here
            saved = left - found.macs([*gone, *groups])
            if saved > 0:
                yield Offer(tuple(groups), saved, errors.of(removed, groups))


def _ranked(errors: Errors, removed: Mask, here: list[int], count: int) -> list[int]:
    """Groups, those first that go best together with the ones before: of two that make up for each other, one stays."""
    single = {g: errors.of(removed, [g]) for g in here}
    ranked = sorted(here, key=lambda g: (single[g], g))
    if count == len(here) or count * len(here) > TOGETHER:
        return ranked
    chosen: list[int] = []
    while len(chosen) < count:
        rest = [g for g in ranked if g not in chosen]
        chosen.append(min(rest, key=lambda g: (errors.of(removed, [*chosen, g]), g)))
    return chosen


def _next(now: int, whole: int, unit: int, lanes: int, share: float) -> int:
    """How many groups of a class go in one step so that a multiple of the lanes is left; 0 for none."""
    step = max(1, lanes // unit)
    wanted = max(1, round(whole * share / STEPS))
    left = (now - wanted) // step * step
    return now - left if left >= max(1, LEAST * whole) else 0


class _Judge:
    """Error at the outputs over their variance, before anything is removed for good."""

    def __init__(self, model: Model, found: Structure, feeds: Feeds) -> None:
        self.model, self.found, self.feeds = model, found, feeds
        self.wanted = self._run(model)

    def _run(self, model: Model) -> list[Array]:
        running = session(model)
        rows = (running.run(None, dict(feed)) for feed in self.feeds)
        return [np.stack(column).astype(np.float64) for column in zip(*rows, strict=True)]

    def error(self, groups: list[int]) -> float:
        """With these groups gone and made up for."""
        gone: Mask = self.found.mask(groups)
        model = self.model
        for r in self.found.readers:
            if gone[r.columns].any():
                model = with_weights(model, r.layer.name, *r.without(gone))
        shares = []
        for a, b in zip(self.wanted, self._run(model), strict=True):
            shares.append(float(np.square(a - b).sum() / max(np.square(a - a.mean(0)).sum(), 1e-30)))
        return float(np.mean(shares))

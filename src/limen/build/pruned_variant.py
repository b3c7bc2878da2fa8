"""A source with channels and attention heads removed, on which the rest of a recipe works."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from limen.build.samples import Spec
from limen.build.source import Source
from limen.data import Dataset
from limen.errors import Unsupported, UsageError
from limen.optimize import Recipe
from limen.optimize.judge import HELD_OUT_EVERY, error_db
from limen.program import Array

if TYPE_CHECKING:
    from limen.model import Model

STUDIED = 128


def pruned_source(source: Source, recipe: Recipe, data: Dataset | None, limit: int) -> tuple[Source, tuple[str, ...]]:
    """The source without the channels that its outputs miss least, and what was done.

    Args:
        source: float.
        recipe: with ``pruned`` and ``lanes``.
        data: unlabelled samples; two of three serve to choose and repair, the third to tell what is lost.
        limit: use at most so many of them, and at most STUDIED.

    Raises:
        UsageError: there are no samples, or so much cannot go.
        Unsupported: the source is no ONNX graph.
    """
    from limen.model import dtype_of, shape_of

    if source.model is None:
        raise Unsupported(f"recipe {recipe.name}: {source.path.name} has no ONNX form", "prune the model it came from")
    if data is None:
        raise UsageError(f"recipe {recipe.name} needs calibration data", "give --data X.npz")
    inputs = source.model.ir.graph.inputs
    specs = tuple(Spec(str(v.name), shape_of(v) or (), str(dtype_of(v))) for v in inputs)
    feeds = list(data.head(min(limit, STUDIED)).feeds(specs))
    typed = tuple({s.name: np.asarray(feed[s.name], s.dtype) for s in specs} for feed in feeds)
    return _pruned(_Work(source, typed, recipe.pruned, recipe.lanes))


class _Work:
    """What a pruned source depends on; equal where that is."""

    def __init__(self, source: Source, feeds: tuple[dict[str, Array], ...], percent: int, lanes: int) -> None:
        self.source, self.feeds, self.percent, self.lanes = source, feeds, percent, lanes
        shapes = repr([(v.name, str(v.shape)) for v in source.require_model().ir.graph.inputs])
        data = tuple(v.tobytes() for feed in feeds for v in feed.values())
        self.key = (source.sha256, shapes, hash(data), percent, lanes)

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Work) and self.key == other.key


@lru_cache(maxsize=2)
def _pruned(work: _Work) -> tuple[Source, tuple[str, ...]]:
    from limen.lower import lower
    from limen.model.passes.simplify import simplify
    from limen.optimize.prune_channels import prune_channels

    source = work.source
    model = simplify(source.require_model())
    held = work.feeds[HELD_OUT_EVERY - 1 :: HELD_OUT_EVERY] or work.feeds
    used = [f for i, f in enumerate(work.feeds) if i % HELD_OUT_EVERY != HELD_OUT_EVERY - 1] or list(work.feeds)
    done = prune_channels(model, work.percent / 100.0, used, work.lanes)
    log = (_told(model, done.model, held, done.macs),)
    changed = simplify(done.model)
    try:
        return replace(source, model=changed, program=lower(changed), blocker=None), log
    except Unsupported as blocker:
        return replace(source, model=changed, program=None, blocker=blocker), log


def _told(before: Model, after: Model, feeds: tuple[dict[str, Array], ...], macs: tuple[int, int]) -> str:
    """What went, and the error on samples held out."""
    from limen.optimize.observe import session

    rows = []
    for model in (before, after):
        running = session(model)
        columns = zip(*(running.run(None, feed) for feed in feeds), strict=True)
        rows.append([np.stack([np.asarray(v, np.float64) for v in column]) for column in columns])
    loss = error_db(rows[0], rows[1])
    return f"pruned from {macs[0]} to {macs[1]} multiply-accumulates: {loss:.2f} dB held out ({len(feeds)} samples)"

"""A source whose float Model a recipe changes first: channels removed, zeros, palettes, lower rank."""

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
from limen.optimize.recipes import Change
from limen.program import Array

if TYPE_CHECKING:
    from limen.model import Model

STUDIED = 128


def changed_source(source: Source, recipe: Recipe, data: Dataset | None, limit: int) -> tuple[Source, tuple[str, ...]]:
    """The source after the changes of a recipe, and what they cost.

    Args:
        source: float.
        recipe: with changes.
        data: unlabelled samples; two of three serve to choose and repair, the third to tell what is lost.
        limit: use at most so many of them, and at most STUDIED.

    Raises:
        UsageError: there are no samples, or so much cannot go.
        Unsupported: the source is no ONNX graph.
    """
    from limen.model import dtype_of, shape_of

    if source.model is None:
        raise Unsupported(f"recipe {recipe.name}: {source.path.name} has no ONNX form", "change the model it came from")
    if data is None:
        raise UsageError(f"recipe {recipe.name} needs calibration data", "give --data X.npz")
    inputs = source.model.ir.graph.inputs
    specs = tuple(Spec(str(v.name), shape_of(v) or (), str(dtype_of(v))) for v in inputs)
    feeds = list(data.head(min(limit, STUDIED)).feeds(specs))
    typed = tuple({s.name: np.asarray(feed[s.name], s.dtype) for s in specs} for feed in feeds)
    return _changed(_Work(source, typed, recipe.changes))


class _Work:
    """What a changed source depends on; equal where that is."""

    def __init__(self, source: Source, feeds: tuple[dict[str, Array], ...], changes: tuple[Change, ...]) -> None:
        self.source, self.feeds, self.changes = source, feeds, changes
        shapes = repr([(v.name, str(v.shape)) for v in source.require_model().ir.graph.inputs])
        data = tuple(v.tobytes() for feed in feeds for v in feed.values())
        self.key = (source.sha256, shapes, hash(data), changes)

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Work) and self.key == other.key


@lru_cache(maxsize=4)
def _changed(work: _Work) -> tuple[Source, tuple[str, ...]]:
    from limen.lower import lower
    from limen.model.passes.simplify import simplify

    source, log = work.source, tuple[str, ...]()
    if len(work.changes) > 1:
        source, log = _changed(_Work(source, work.feeds, work.changes[:-1]))
    model = simplify(source.require_model())
    held = work.feeds[HELD_OUT_EVERY - 1 :: HELD_OUT_EVERY] or work.feeds
    used = [f for i, f in enumerate(work.feeds) if i % HELD_OUT_EVERY != HELD_OUT_EVERY - 1] or list(work.feeds)
    done, said = _applied(work.changes[-1], model, used)
    log = (*log, f"{work.changes[-1].word}: {said}; {_lost(model, done, held):.2f} dB held out ({len(held)} samples)")
    changed = simplify(done)
    try:
        return replace(source, model=changed, program=lower(changed), blocker=None), log
    except Unsupported as blocker:
        return replace(source, model=changed, program=None, blocker=blocker), log


def _applied(change: Change, model: Model, feeds: list[dict[str, Array]]) -> tuple[Model, str]:
    """The Model after one change, and what that did."""
    from limen.optimize.compress import low_rank, palettes, sparse, sparse_2_of_4
    from limen.optimize.linears import linears
    from limen.optimize.prune_channels import prune_channels

    if change.kind == "pruned":
        smaller = prune_channels(model, change.amount / 100.0, feeds, change.lanes)
        return smaller.model, f"from {smaller.macs[0]} to {smaller.macs[1]} multiply-accumulates"
    if change.kind == "rank":
        done = low_rank(model, change.amount / 100.0, feeds)
    elif change.kind == "palette":
        done = palettes(model, change.amount, feeds)
    elif change.kind == "sparse":
        done = sparse(model, change.amount / 100.0, feeds)
    else:
        done = sparse_2_of_4(model, feeds)
    before, after = (sum(int(np.count_nonzero(x.weights)) for x in linears(m)) for m in (model, done))
    return done, f"{before} weights that are not 0 became {after}"


def _lost(before: Model, after: Model, feeds: tuple[dict[str, Array], ...]) -> float:
    """Error in dB on samples held out."""
    from limen.optimize.observe import session

    rows = []
    for model in (before, after):
        running = session(model)
        columns = zip(*(running.run(None, feed) for feed in feeds), strict=True)
        rows.append([np.stack([np.asarray(v, np.float64) for v in column]) for column in columns])
    return error_db(rows[0], rows[1])

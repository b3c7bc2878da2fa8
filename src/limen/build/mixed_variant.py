"""A source under a recipe that changes its Model instead of its Program: integer islands for ONNX Runtime."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from limen.build.samples import Spec
from limen.build.source import Source
from limen.data import Dataset
from limen.errors import Unsupported
from limen.optimize import Decisions, Recipe
from limen.program import Array

if TYPE_CHECKING:
    from limen.model import Model
    from limen.optimize.mixed import Study

STUDIED = 48


def mixed_source(source: Source, recipe: Recipe, data: Dataset, limit: int) -> tuple[Source, Decisions]:
    """The source with its Model's large multiplications in integers, and what was decided.

    Args:
        source: with a Model.
        recipe: of kind ``mixed``.
        data: calibration samples.
        limit: use at most so many of them, and at most STUDIED.

    Raises:
        Unsupported: the source has no Model, or no layer pays.
    """
    from limen.lower import lower
    from limen.model import dtype_of, shape_of

    if source.model is None:
        raise Unsupported(f"recipe {recipe.name}: {source.path.name} has no ONNX form", "use a static recipe")
    inputs = source.model.ir.graph.inputs
    specs = tuple(Spec(str(v.name), shape_of(v) or (), str(dtype_of(v))) for v in inputs)
    feeds = list(data.head(min(limit, STUDIED)).feeds(specs))
    typed = [{s.name: np.asarray(feed[s.name], s.dtype) for s in specs} for feed in feeds]
    found = _study(_Key(source, _digest(typed)), _Feeds(typed))
    model = found.emit(recipe.splits)
    decisions = Decisions(recipe.name, {}, len(typed), log=found.log)
    try:
        return replace(source, model=model, program=lower(model), blocker=None), decisions
    except Unsupported as blocker:
        return replace(source, model=model, program=None, blocker=blocker), decisions


class _Key:
    """What a study depends on, by digest."""

    def __init__(self, source: Source, digest: str) -> None:
        assert source.model is not None
        self.model: Model = source.model
        self.value = (source.sha256, repr([(v.name, str(v.shape)) for v in self.model.ir.graph.inputs]), digest)

    def __hash__(self) -> int:
        return hash(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.value == other.value


class _Feeds(list[dict[str, Array]]):
    """Feeds that are told apart by the key that goes with them."""

    def __hash__(self) -> int:  # type: ignore[override]
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Feeds)


@lru_cache(maxsize=1)
def _study(key: _Key, feeds: _Feeds) -> Study:
    from limen.optimize.mixed import study

    return study(key.model, feeds)


def _digest(feeds: list[dict[str, Array]]) -> str:
    whole = hashlib.sha256()
    for feed in feeds:
        for name in sorted(feed):
            whole.update(name.encode() + np.ascontiguousarray(feed[name]).tobytes())
    return whole.hexdigest()

"""Apply a recipe to a float Program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from limen.errors import UsageError
from limen.measure.taps import tapping_runner
from limen.optimize.decide import decide, separate_constants
from limen.optimize.decisions import Decisions
from limen.optimize.emit_program import emit_program
from limen.optimize.hybrid import real_weights
from limen.optimize.improve import improve
from limen.optimize.inherit import as_much_as_it_costs_little
from limen.optimize.judge import Feeds, edges, spread
from limen.optimize.parent import NOBODY, Parent
from limen.optimize.pooling import free_pools
from limen.optimize.precision import kept_in_float
from limen.optimize.ranges import Runner, Statistics, measure
from limen.optimize.recipes import Recipe
from limen.optimize.weights_only import to_dynamic, to_float16
from limen.program import Array, Program

RESCALED_SAMPLES = 16


@dataclass(frozen=True, eq=False)
class Quantized:
    """A Program after a recipe, and what was decided."""

    program: Program
    decisions: Decisions


def quantize_program(
    program: Program,
    recipe: Recipe,
    samples: Iterable[Mapping[str, Array]] | None = None,
    runner: Runner | None = None,
    keep_float: frozenset[str] = frozenset(),
    parent: Parent | None = None,
) -> Quantized:
    """Quantise.

    Args:
        program: float32, checked.
        recipe: what to do.
        samples: calibration feeds, tensor name -> float32 array of the tensor's shape; only for static recipes.
        runner: executes ``program`` and taps its tensors; LiteRT or the reference interpreter by default.
        keep_float: names of nodes to leave in float.
        parent: the version before, whose scales a static recipe keeps where that costs little.

    Raises:
        UsageError: a static recipe without samples.
        DataError: the samples or the parent are unusable.
    """
    if recipe.kind == "float32":
        return Quantized(program, Decisions(recipe.name, {}))
    if recipe.kind == "float16":
        return Quantized(to_float16(program), Decisions(recipe.name, {}))
    if recipe.kind == "dynamic":
        return Quantized(*to_dynamic(program))
    if samples is None:
        raise UsageError(f"recipe {recipe.name} needs calibration data", "give --data X.npz")
    return _static(real_weights(program), recipe, list(samples), runner, keep_float, parent)


def _static(
    program: Program,
    recipe: Recipe,
    feeds: Feeds,
    runner: Runner | None,
    keep_float: frozenset[str],
    parent: Parent | None,
) -> Quantized:
    read = frozenset(node.inputs[0] for node in program.nodes if node.op.quant_rule.kind == "weighted")
    means_of = read if recipe.correct_bias else frozenset()
    log: tuple[str, ...] = ()

    def measured(source: Program, run: Runner, some: Feeds) -> Statistics:
        return measure(source, some, run, recipe.ranges, recipe.percentile, means_of, edges(source))

    separated = separate_constants(program)
    statistics = measured(separated, runner or tapping_runner(program), feeds)
    separated = free_pools(separated, statistics.ranges)
    wish = _Wish(separated, statistics, recipe, keep_float)
    if parent is not None:
        kept, log = as_much_as_it_costs_little(
            separated, parent, lambda some: replace(wish, parent=some).decisions(), feeds
        )
        wish = replace(wish, parent=kept)
    decisions = wish.decisions()
    if recipe.min_sqnr:
        more, said = kept_in_float(separated, decisions, wish.decisions, feeds, recipe.min_sqnr)
        wish, log = replace(wish, keep_float=keep_float | more), log + said
        decisions = wish.decisions()
    if recipe.guarded:

        def again(scaled: Program) -> Decisions:
            seen = measured(scaled, tapping_runner(scaled), spread(feeds, RESCALED_SAMPLES))
            return replace(wish, program=scaled, statistics=seen).decisions()

        separated, decisions = improve(separated, decisions, again, recipe, feeds, statistics.reach)
    decisions = replace(decisions, log=log + decisions.log)
    return Quantized(emit_program(separated, decisions), decisions)


@dataclass(frozen=True, eq=False)
class _Wish:
    """All that Decisions follow from."""

    program: Program
    statistics: Statistics
    recipe: Recipe
    keep_float: frozenset[str]
    parent: Parent = NOBODY

    def decisions(self, more: frozenset[str] = frozenset()) -> Decisions:
        """With more nodes in float."""
        floats = self.keep_float | more
        return decide(self.program, self.statistics, self.recipe.scheme, self.recipe.name, floats, self.parent)

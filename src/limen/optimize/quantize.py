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
from limen.optimize.judge import Feeds, edges, spread
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
) -> Quantized:
    """Quantise.

    Args:
        program: float32, checked.
        recipe: what to do.
        samples: calibration feeds, tensor name -> float32 array of the tensor's shape; only for static recipes.
        runner: executes ``program`` and taps its tensors; LiteRT or the reference interpreter by default.
        keep_float: names of nodes to leave in float.

    Raises:
        UsageError: a static recipe without samples.
        DataError: the samples are unusable.
    """
    if recipe.kind == "float32":
        return Quantized(program, Decisions(recipe.name, {}))
    if recipe.kind == "float16":
        return Quantized(to_float16(program), Decisions(recipe.name, {}))
    if recipe.kind == "dynamic":
        return Quantized(*to_dynamic(program))
    if samples is None:
        raise UsageError(f"recipe {recipe.name} needs calibration data", "give --data X.npz")
    return _static(real_weights(program), recipe, list(samples), runner, keep_float)


def _static(
    program: Program,
    recipe: Recipe,
    feeds: Feeds,
    runner: Runner | None,
    keep_float: frozenset[str],
) -> Quantized:
    read = frozenset(node.inputs[0] for node in program.nodes if node.op.quant_rule.kind == "weighted")
    means_of = read if recipe.correct_bias else frozenset()

    def decided(source: Program, run: Runner, some: Feeds = feeds) -> tuple[Statistics, Decisions]:
        statistics = measure(source, some, run, recipe.ranges, recipe.percentile, means_of, edges(source))
        return statistics, decide(source, statistics, recipe.scheme, recipe.name, keep_float)

    separated = separate_constants(program)
    statistics, decisions = decided(separated, runner or tapping_runner(program))
    pooled = free_pools(separated, statistics.ranges)
    if pooled is not separated:
        separated = pooled
        decisions = decide(separated, statistics, recipe.scheme, recipe.name, keep_float)
    kept: tuple[str, ...] = ()
    if recipe.min_sqnr:

        def decided_with(more: frozenset[str]) -> Decisions:
            return decide(separated, statistics, recipe.scheme, recipe.name, keep_float | more)

        more, kept = kept_in_float(separated, decisions, decided_with, feeds, recipe.min_sqnr)
        keep_float, decisions = keep_float | more, decided_with(more)
    if recipe.guarded:
        separated, decisions = improve(
            separated,
            decisions,
            lambda scaled: decided(scaled, tapping_runner(scaled), spread(feeds, RESCALED_SAMPLES))[1],
            recipe,
            feeds,
            statistics.reach,
        )
    decisions = replace(decisions, log=kept + decisions.log)
    return Quantized(emit_program(separated, decisions), decisions)

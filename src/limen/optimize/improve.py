"""Guarded passes behind the first Decisions: each is kept only if the error at the outputs falls on held-out samples
and on those it was made with.

Equalisation first (it changes what is to be rounded), then rounding or bias correction layer by layer. Small Programs
try every strength of equalisation with every way of rounding; others settle the strength first. Those above LARGE_MACS
try one strength and no second-order rounding, unless the recipe says ``full``. The log says what was tried, in dB of
signal to noise at the outputs (before a final softmax or sigmoid), and what was kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from limen.optimize.channels import WEIGHTED
from limen.optimize.decisions import Decisions, Layer
from limen.optimize.emit_program import emit_program
from limen.optimize.equalize import equalize
from limen.optimize.judge import Feeds, before_squashing, error_db, real_outputs, split, spread
from limen.optimize.recipes import Recipe
from limen.optimize.sequential import Effort, refine
from limen.program import Array, Node, Program

POWERS = (0.5, 1.0)
SMALL_MACS = 30_000_000
LARGE_MACS = 150_000_000
LARGE_WORK = 2_000_000_000
HELD_OUT = 8
MARGIN_DB = 0.1
Decide = Callable[[Program], Decisions]


@dataclass(frozen=True, eq=False)
class Candidate:
    """A float Program (its weights rescaled or not), Decisions for it, and their scores, the held-out one first."""

    label: str
    program: Program
    decisions: Decisions
    scores: tuple[float, ...]

    def told(self) -> str:
        """The scores in words."""
        return f"{self.label}: {self.scores[0]:.2f} dB held out, {self.scores[1]:.2f} dB seen"

    def gain(self, start: Candidate) -> float:
        """dB over ``start`` on the set of samples where it is least: luck with one set keeps no pass."""
        return min(a - b if a != b else 0.0 for a, b in zip(self.scores, start.scores, strict=True))


def improve(
    program: Program,
    first: Decisions,
    decide_for: Decide,
    recipe: Recipe,
    feeds: Feeds,
    reach: Mapping[str, NDArray[np.float64]],
    effort: Effort | None = None,
) -> tuple[Program, Decisions]:
    """The float Program with the weights to quantise, and the best Decisions found.

    Args:
        program: float, its constants separated.
        first: Decisions for it.
        decide_for: makes Decisions for the same Program with other weights.
        recipe: which passes to try.
        feeds: calibration samples, all of them.
        reach: tensor name -> largest absolute value of each channel.
        effort: bounds of the sequential passes.
    """
    macs = program.cost().macs
    small = macs <= (LARGE_MACS if recipe.full else SMALL_MACS)
    large = macs > LARGE_MACS and not recipe.full
    judged = HELD_OUT // 2 if large else HELD_OUT
    used, held = split(feeds, judged)
    judge = _Judge((held, spread(used, judged)), before_squashing(program))
    bounds = effort or (Effort(macs=LARGE_WORK) if large else Effort())
    tried = [judge.candidate("start", program, first)]
    for power in (POWERS[:1] if large else POWERS) if recipe.equalize else ():
        scaled = equalize(program, reach, power)
        if scaled is not program:
            tried.append(judge.candidate(f"equalisation {power:g}", scaled, decide_for(scaled)))
    ways = [(True, "second-order rounding")] if recipe.second_order and not large else []
    ways += [(False, "sequential bias correction")] if recipe.sequential_bias else []
    for base in list(tried) if small else [_best(tried)]:
        for second_order, label in ways if not program.states else ():
            better = refine(base.program, base.decisions, used, bounds, second_order)
            tried.append(judge.candidate(f"{base.label}, {label}", base.program, better))
    best = _best(tried)
    log = tuple(f"{c.told()}, {'kept' if c is best else 'rolled back'}" for c in tried)
    return best.program, _recorded(program, best.program, replace(best.decisions, log=log))


def _recorded(before: Program, after: Program, decisions: Decisions) -> Decisions:
    """With a Layer for every weighted node whose weights differ between the two forms of the Program."""
    layers, shifts = {}, dict(decisions.shifts)
    for node in after.nodes:
        output = node.outputs[0] if node.outputs else ""
        if node.op.name not in WEIGHTED:
            continue
        (weights, bias), (source, source_bias) = (parameters(p, node) for p in (after, before))
        if output in decisions.layers:
            layer = decisions.layers[output]
            assert source is not None
            layers[output] = replace(layer, source=source, source_bias=source_bias, rescaled=weights is not source)
        elif weights is not None and source is not None and weights is not source:
            shift = np.asarray(shifts.pop(output, 0.0), np.float32)
            corrected = bias + shift if bias is not None else shift if shift.ndim else None
            layers[output] = Layer(node.inputs[1], weights, corrected, source, source_bias, True)
    return replace(decisions, layers=layers, shifts=shifts)


def parameters(program: Program, node: Node) -> tuple[Array | None, Array | None]:
    """Constant weights and bias of a weighted node; None where there is none."""
    names = (*node.inputs[1:3], "")[:2]
    weights, bias = (program.tensors[n].data if n else None for n in names)
    return weights, bias


def _best(tried: list[Candidate]) -> Candidate:
    """The highest gain over the first; a later pass must win by MARGIN_DB."""
    best = tried[0]
    for candidate in tried[1:]:
        if candidate.gain(tried[0]) > best.gain(tried[0]) + MARGIN_DB:
            best = candidate
    return best


class _Judge:
    """Scores on several sets of samples, the held-out one first."""

    def __init__(self, sets: tuple[Feeds, ...], real: Program) -> None:
        self.sets = sets
        self.wanted = [real_outputs(real, feeds) for feeds in sets]

    def candidate(self, label: str, program: Program, decisions: Decisions) -> Candidate:
        quantised = emit_program(before_squashing(program), decisions)
        got = [real_outputs(quantised, feeds) for feeds in self.sets]
        return Candidate(label, program, decisions, tuple(map(error_db, self.wanted, got)))

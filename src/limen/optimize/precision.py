"""Mixed precision: int8 with the few nodes in float that a given fidelity needs.

Errors are measured one tensor at a time and added up (a large Program: estimated from its parts; one of very many
nodes: its parts themselves); what to leave in float is a knapsack over them; then the whole is measured, and where it
misses, more is left in float.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from limen.optimize.decisions import Decisions
from limen.optimize.emit_program import emit_program
from limen.optimize.groups import node_key
from limen.optimize.judge import Feeds, Outputs, before_squashing, real_outputs, spread
from limen.optimize.knapsack import islands, noise
from limen.optimize.sensitivity import Item, costs_of, estimated_items, items, parts
from limen.program import Program

SAMPLES = 4
HELD, HELD_OF_LARGE = 16, 4
LARGE_MACS = 200_000_000
MANY_NODES = 300
ROUNDS, FOLDS = 8, 2
MARGIN_DB = 2.0
"""Kept above the limit: other samples, and other kernels, differ by so much."""
MOST_IN_FLOAT = 0.25
"""Of the multiply-accumulates; where a final softmax's own output needs more, what it reads is what keeps the limit."""
Decide = Callable[[frozenset[str]], Decisions]


def kept_in_float(
    program: Program, first: Decisions, decide_with: Decide, feeds: Feeds, min_sqnr: float
) -> tuple[frozenset[str], tuple[str, ...]]:
    """Keys of the nodes to leave in float so that every output keeps ``min_sqnr`` dB, and a log.

    Args:
        program: float, its constants separated.
        first: Decisions without any.
        decide_with: makes Decisions with some nodes in float.
        feeds: calibration samples.
        min_sqnr: signal to noise in dB of each output, before a final softmax or sigmoid, and behind it where that
            leaves MOST_IN_FLOAT at most in float; on the worst fold of the samples.
    """
    logits = before_squashing(program)
    squashed = [p.tensor for p in program.outputs] != [p.tensor for p in logits.outputs]
    search = _Search(program, first, decide_with, feeds, 10.0 ** (-(min_sqnr + MARGIN_DB) / 10.0))
    chosen, log = search.islands([program, logits] if squashed else [program])
    if squashed and search.share(chosen) > MOST_IN_FLOAT:
        log = (*log, "so much in float is not worth it: what the last softmax or sigmoid reads keeps the limit alone")
        chosen, more = search.islands([logits])
        log += more
    return chosen, log


@dataclass(frozen=True, eq=False)
class _Search:
    program: Program
    first: Decisions
    decide_with: Decide
    feeds: Feeds
    limit: float

    @cached_property
    def large(self) -> bool:
        return self.program.cost().macs > LARGE_MACS

    @cached_property
    def savings(self) -> list[Item]:
        few = spread(self.feeds, SAMPLES)
        if len(self.program.nodes) > MANY_NODES:
            return parts(self.program, self.decide_with, few)
        if self.large:
            return estimated_items(self.program, self.first, self.decide_with, few[:2])
        return items(self.program, self.first, few)

    def share(self, nodes: frozenset[str]) -> float:
        """Of the multiply-accumulates."""
        macs = {node_key(n): n.op.cost(self.program.operands(n)).macs for n in self.program.nodes}
        return sum(macs[name] for name in nodes) / max(sum(macs.values()), 1)

    def islands(self, forms: list[Program]) -> tuple[frozenset[str], tuple[str, ...]]:
        """Nodes to leave in float so that all the forms' outputs keep the limit."""
        held = spread(self.feeds, HELD_OF_LARGE if self.large else HELD)
        wanted = [real_outputs(form, held) for form in forms]

        def measured(decisions: Decisions) -> float:
            got = [real_outputs(emit_program(form, decisions), held) for form in forms]
            return max(_worst(a, b) for a, b in zip(wanted, got, strict=True))

        worst = measured(self.first)
        log = [f"all in int8: {_db(worst):.1f} dB at the worst output"]
        if worst <= self.limit:
            return frozenset(), tuple(log)
        costs, aim, chosen = costs_of(self.program), self.limit, frozenset[str]()
        for _ in range(ROUNDS):
            chosen = islands(self.savings, costs, aim)
            worst = measured(self.decide_with(chosen))
            told = _db(float(noise(self.savings, chosen).max(initial=0.0)))
            log.append(f"{len(chosen)} nodes in float: {_db(worst):.1f} dB, predicted {told:.1f} dB")
            if worst <= self.limit:
                break
            aim *= min(0.8, self.limit / worst)
        return chosen, tuple(log)


def _worst(wanted: Outputs, got: Outputs) -> float:
    """Largest noise of any output on any fold, over its signal on all of them: what other samples may well show."""
    worst = 0.0
    for a, b in zip(wanted, got, strict=True):
        signal = float(np.square(a, dtype=np.float64).mean())
        noise = np.square(a.astype(np.float64) - b.astype(np.float64))
        most = max(float(noise[i::FOLDS].mean()) for i in range(min(FOLDS, len(noise))))
        worst = max(worst, most / signal if signal > 0 else float(most > 0))
    return worst


def _db(share: float) -> float:
    return -10.0 * math.log10(share) if share > 0 else math.inf

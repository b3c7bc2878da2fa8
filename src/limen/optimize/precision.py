"""Mixed precision: int8 with the few nodes in float that a given fidelity needs.

Errors are measured one tensor at a time and added up (a large Program: estimated from its parts; one of very many
nodes: its parts themselves); what to leave in float is a knapsack over them; then the whole is measured, and where it
misses, more is left in float.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from limen.optimize.decisions import Decisions
from limen.optimize.emit_program import emit_program
from limen.optimize.judge import Feeds, Outputs, before_squashing, real_outputs, spread
from limen.optimize.knapsack import islands, noise
from limen.optimize.sensitivity import costs_of, estimated_items, items, parts
from limen.program import Program

SAMPLES = 4
HELD, HELD_OF_LARGE = 16, 4
LARGE_MACS = 200_000_000
MANY_NODES = 300
ROUNDS, FOLDS = 8, 2
MARGIN_DB = 2.0
"""Kept above the limit: other samples, and other kernels, differ by so much."""
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
        min_sqnr: signal to noise in dB of each output, as it is and before a final softmax or sigmoid, on the worst
            fold of the samples.
    """
    large = program.cost().macs > LARGE_MACS
    held = spread(feeds, HELD_OF_LARGE if large else HELD)
    forms = [program, before_squashing(program)]
    if [p.tensor for p in forms[0].outputs] == [p.tensor for p in forms[1].outputs]:
        forms.pop()
    wanted = [real_outputs(form, held) for form in forms]

    def measured(decisions: Decisions) -> float:
        got = [real_outputs(emit_program(form, decisions), held) for form in forms]
        return max(_worst(a, b) for a, b in zip(wanted, got, strict=True))

    limit = 10.0 ** (-(min_sqnr + MARGIN_DB) / 10.0)
    worst = measured(first)
    log = [f"all in int8: {_db(worst):.1f} dB at the worst output"]
    if worst <= limit:
        return frozenset(), tuple(log)
    few = spread(feeds, SAMPLES)
    if len(program.nodes) > MANY_NODES:
        savings = parts(program, decide_with, few)
    elif large:
        savings = estimated_items(program, first, decide_with, few[:2])
    else:
        savings = items(program, first, few)
    costs = costs_of(program)
    aim, chosen = limit, frozenset[str]()
    for _ in range(ROUNDS):
        chosen = islands(savings, costs, aim)
        worst = measured(decide_with(chosen))
        told = _db(float(noise(savings, chosen).max(initial=0.0)))
        log.append(f"{len(chosen)} nodes in float: {_db(worst):.1f} dB, predicted {told:.1f} dB")
        if worst <= limit:
            break
        aim *= min(0.8, limit / worst)
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

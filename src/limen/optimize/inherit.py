"""How much of the version before is kept: all scales that fit, those of the weights, or none.

What is kept must not cost more than LOSS_DB of signal to noise at the outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from limen.errors import DataError
from limen.optimize.decisions import Decisions
from limen.optimize.emit_program import emit_program
from limen.optimize.judge import Feeds, before_squashing, error_db, real_outputs, spread
from limen.optimize.parent import NOBODY, Parent
from limen.program import Program

LOSS_DB = 0.5
JUDGED = 16
Decide = Callable[[Parent], Decisions]


def as_much_as_it_costs_little(
    program: Program, parent: Parent, decide: Decide, feeds: Feeds
) -> tuple[Parent, tuple[str, ...]]:
    """What of the parent is kept, and a line for the log.

    Args:
        program: float, the one that ``decide`` decides.
        parent: what devices have.
        decide: Decisions that keep what they can of a parent.
        feeds: calibration samples.

    Raises:
        DataError: no tensor of the parent fits the Program.
    """
    alike = sum(name in parent.tensors for name in program.tensors)
    if not alike:
        raise DataError(
            f"{parent.name}: none of its tensors is in {program.name}: there are no scales to keep",
            "give a version of the same model",
        )
    real, judged = before_squashing(program), spread(feeds, JUDGED)
    wanted = real_outputs(real, judged)

    def score(decisions: Decisions) -> float:
        return error_db(wanted, real_outputs(emit_program(real, decisions), judged))

    own = score(decide(NOBODY))
    for what, some in (("all", parent), ("weights", replace(parent, activations=False))):
        decisions = decide(some)
        found = score(decisions)
        if found >= own - LOSS_DB or found == own:
            return some, (_told(parent, what, decisions, found, own),)
    return NOBODY, (f"scales of {parent.name}: none kept, more than {LOSS_DB:g} dB worse than own ({own:.2f} dB)",)


def _told(parent: Parent, what: str, decisions: Decisions, found: float, own: float) -> str:
    same = sum(parent.quant(n, d.dtype) == d.quant for n, d in decisions.tensors.items() if d.quant is not None)
    total = sum(d.quant is not None for d in decisions.tensors.values())
    return f"scales of {parent.name}, {what}: {same} of {total} tensors keep theirs, {found:.2f} dB; own {own:.2f} dB"

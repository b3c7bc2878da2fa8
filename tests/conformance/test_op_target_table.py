"""Every target that emits operator by operator takes each operator, or says what it does instead."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from limen.program import OPS
from limen.targets import TARGETS, Target
from limen.targets.table import HOLE, holes, lines, strangers, support

EMITTING = [target for target in TARGETS.values() if target.emitters is not None]


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda target: str(target.name))
def test_the_target_has_no_hole_that_nobody_explained(target: Target) -> None:
    print("\n".join(lines([target])))
    assert holes(target) == []


@pytest.mark.parametrize("target", EMITTING, ids=lambda target: str(target.name))
def test_the_target_emits_no_operator_that_does_not_exist(target: Target) -> None:
    assert strangers(target) == []
    assert set(support(target)) == set(OPS.names())


def test_a_hole_is_seen_and_an_explanation_fills_it() -> None:
    silent: Any = SimpleNamespace(name="silent", emitters=_Nothing(), explained={})
    assert set(holes(silent)) == set(OPS.names())
    assert HOLE in lines([silent])[1]
    silent.explained = dict.fromkeys(OPS.names(), "computed on the host")
    assert holes(silent) == []
    assert lines([silent])[-1] == "note 1: computed on the host"


class _Nothing:
    """A registry without entries."""

    def names(self) -> tuple[str, ...]:
        return ()

    def __contains__(self, name: object) -> bool:
        return False

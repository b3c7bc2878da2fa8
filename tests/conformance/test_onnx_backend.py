"""Every backend node case of the onnx package whose operators limen lowers, on the reference interpreter.

What fails is listed, with its reason, in onnx_backend_failures.txt. That list may only get shorter: a listed case that
passes fails here, as does a case that fails without being listed.
"""

from __future__ import annotations

import pytest

from conformance import _onnx_backend as backend

LISTED = 38
REQUIRED = 0.95


@pytest.mark.parametrize("name", sorted(backend.cases()))
@pytest.mark.filterwarnings("ignore")
def test_a_case_of_the_onnx_package(name: str) -> None:
    found = backend.outcome(backend.cases()[name])
    if name in backend.known_failures():
        assert found is not None, f"{name} passes: take it off {backend.FAILURES.name}"
    else:
        assert found is None, found


def test_enough_cases_pass_and_the_list_only_shrinks() -> None:
    total, listed = len(backend.cases()), backend.known_failures()
    print(f"\nonnx backend node cases: {total}, pass {total - len(listed)}, listed {len(listed)}")
    assert total > 900
    assert len(listed) <= LISTED
    assert (total - len(listed)) / total >= REQUIRED


def test_every_listed_failure_is_a_case_and_has_a_reason() -> None:
    listed = backend.known_failures()
    assert set(listed) <= set(backend.cases())
    assert all(len(reason) > 10 for reason in listed.values())

"""Every operator in portable C, for every element type, equals the interpreter.

Integers to the bit, floats within the tolerance that the case states (see _ops_harness). All the cases of an operator
are compiled as one Program, so that the compiler is called once. LIMEN_C_CASES sets how many Programs per operator and
type are drawn; ``bench/op_table_c.py`` prints them as a table.
"""

from __future__ import annotations

import os

import pytest

from conformance._ops_c import Joint, draw_operator, initial, split_refused, tolerant
from conformance._ops_harness import compare, families, feeds_of, reference
from limen import devices

CASES = int(os.environ.get("LIMEN_C_CASES", "3"))
HOST = devices.get("x86-64")
REFUSED = ("float input and int8 weights", "has no type in C11")
FAMILIES = families()


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_an_operator_in_c_equals_the_interpreter(name: str) -> None:
    drawn, refused = split_refused(draw_operator(name, CASES), HOST, "portable")
    for item, words in refused:
        assert any(reason in words for reason in REFUSED), (item.column, item.case.program.nodes[0].op, words)
    assert drawn
    joint, states = Joint(drawn, HOST), initial(drawn)
    sequences = {item.prefix: list(feeds_of(item.case, item.seed)) for item in drawn}
    for step in range(max(map(len, sequences.values()))):
        feeds = {prefix: sequence[step % len(sequence)] for prefix, sequence in sequences.items()}
        results = joint.run(feeds)
        for item in drawn:
            wanted = reference(item.case.program, feeds[item.prefix], states[item.prefix])
            difference = compare(tolerant(item.case), feeds[item.prefix], results[item.prefix], wanted)
            details = (item.column, difference, item.case.program.nodes[0].op, item.case.program.tensors.values())
            assert difference.excess == 0, details

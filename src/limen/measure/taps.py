"""Executing a float Program with all its tensors visible: on LiteRT, which is fast, or on the reference interpreter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from limen.errors import Unsupported
from limen.program import Array, Program, initial_states, run

Tap = Callable[[str, Array], None]
Runner = Callable[[Mapping[str, Array], Tap], None]


def tapping_runner(program: Program) -> Runner:
    """The fastest way to see every tensor of a Program here.

    Feeds are tensor name -> array. A stateful Program keeps its states from call to call.
    """
    try:
        return litert_runner(program)
    except (ImportError, Unsupported):
        return interpreter_runner(program)


def interpreter_runner(program: Program) -> Runner:
    """The reference interpreter; slow on large convolutions, runs every Program."""
    states = initial_states(program)

    def runner(feeds: Mapping[str, Array], tap: Tap) -> None:
        for name, value in feeds.items():
            tap(name, value)
        run(program, feeds, states, tap)

    return runner


def litert_runner(program: Program) -> Runner:
    """LiteRT with all tensors preserved, its own float kernels, no delegate.

    Raises:
        ImportError: LiteRT is not installed.
        Unsupported: the Program has no .tflite form, or LiteRT refuses it.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    from limen.targets.tflite import write

    resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    try:
        interpreter = Interpreter(
            model_content=write(program),
            experimental_op_resolver_type=resolver,
            experimental_preserve_all_tensors=True,
            num_threads=1,
        )
        interpreter.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        raise Unsupported(f"{program.name}: LiteRT refuses the float program: {error}") from error
    index = _tensor_index(interpreter, program)
    inputs = {detail["name"]: detail["index"] for detail in interpreter.get_input_details()}

    def runner(feeds: Mapping[str, Array], tap: Tap) -> None:
        for name, value in feeds.items():
            interpreter.set_tensor(inputs[name], np.ascontiguousarray(value))
            tap(name, value)
        interpreter.invoke()
        for name, place in index.items():
            tap(name, interpreter.get_tensor(place))

    return runner


def _tensor_index(interpreter: Any, program: Program) -> dict[str, int]:
    """Computed float tensor -> LiteRT's index.

    Raises:
        Unsupported: a tensor was renamed or removed on the way.
    """
    known = {detail["name"]: int(detail["index"]) for detail in interpreter.get_tensor_details()}
    wanted = [n for node in program.nodes for n in node.outputs if program.tensors[n].dtype == "float32"]
    missing = [name for name in wanted if name not in known]
    if missing:
        raise Unsupported(f"{missing[0]}: LiteRT does not show this tensor")
    return {name: known[name] for name in wanted}

"""Single-operator Programs against LiteRT: what a case is, how it runs, how far the two sides differ.

The judge is LiteRT's BUILTIN_REF resolver. Integers must agree to the bit. Floats may differ by what the case states:
``ulps`` units in the last place of each wanted value, plus, for sums of n products, n rounding errors of the sum of
magnitudes (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.1), because BLAS and numpy add in
another order than the kernel.
"""

from __future__ import annotations

import importlib
import pkgutil
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from limen.errors import LimenError
from limen.program import OPS, Array, DType, Node, Op, Port, Program, Quant, State, Tensor, run
from limen.targets.tflite import write

EPSILON = float(np.finfo(np.float32).eps)
Feeds = dict[str, Array]
SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -1.5, 2.0, -3.0])
RESOLVERS = {
    "reference": OpResolverType.BUILTIN_REF,
    "optimised": OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    "xnnpack": OpResolverType.BUILTIN,
}


@dataclass(frozen=True)
class Case:
    """One Program of one operator.

    Args:
        program: checked.
        low: smallest float input (integers use their whole range).
        high: largest float input.
        ulps: allowed difference of a float output, in units in the last place of the wanted value.
        terms: number of products in one sum; 0 where nothing is summed.
        absolute: allowed difference of a float output regardless of its size.
        integers: range of int32 and int64 inputs, inclusive.
        nonzero: inputs that may not hold 0 (divisors).
        code_range: of 8- and 16-bit inputs, inclusive; None for all codes.
        special: floats also hold nan, infinities, both zeros and halves.
    """

    program: Program
    low: float = -8.0
    high: float = 8.0
    ulps: float = 0.0
    terms: int = 0
    absolute: float = 0.0
    integers: tuple[int, int] = (-1000, 1000)
    nonzero: tuple[str, ...] = ()
    codes: int = 0
    code_range: tuple[int, int] | None = None
    special: bool = False


@dataclass(frozen=True)
class Family:
    """The cases of one operator.

    Args:
        op: its name.
        dtypes: the columns of the table that LiteRT's reference kernels take (``hybrid`` is one).
        make: draws a case of a column; may raise ProgramError for a draw that the operator refuses.
        judges: column -> resolver, where it is not ``reference``: for operators that BUILTIN_REF does not register
            (``optimised`` for all columns under the key ``*``), or whose reference kernel is defective.
    """

    op: str
    dtypes: tuple[str, ...]
    make: Callable[[Draw, str], Case]
    judges: Mapping[str, str] = field(default_factory=dict)

    def judge(self, dtype: str) -> str:
        return self.judges.get(dtype, self.judges.get("*", "reference"))


class Draw:
    """Random shapes, scales and values from one seed; small, and biased towards the edges."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def integer(self, low: int, high: int) -> int:
        """Inclusive."""
        return int(self.rng.integers(low, high + 1))

    def chance(self, probability: float = 0.5) -> bool:
        return bool(self.rng.random() < probability)

    def choice(self, options: Any) -> Any:
        return options[self.integer(0, len(options) - 1)]

    def shape(self, low_rank: int = 1, high_rank: int = 4, extent: int = 6) -> tuple[int, ...]:
        return tuple(self.integer(1, extent) for _ in range(self.integer(low_rank, high_rank)))

    def scale(self, low: float = 1e-3, high: float = 0.3) -> float:
        """Log-uniform float32."""
        return float(np.float32(np.exp(self.rng.uniform(np.log(low), np.log(high)))))

    def quant(self, dtype: str, low: float = 1e-3, high: float = 0.3) -> Quant | None:
        """Per-tensor; int16 is symmetric, floats and plain integers have none."""
        if dtype not in ("int8", "uint8", "int16"):
            return None
        if dtype == "int16":
            return Quant.per_tensor(self.scale(low / 64, high / 64), 0)
        info = np.iinfo(dtype)
        zero = self.choice((0, int(info.min), int(info.max), self.integer(int(info.min), int(info.max))))
        return Quant.per_tensor(self.scale(low, high), min(max(zero, int(info.min)), int(info.max)))

    def values(self, shape: tuple[int, ...], dtype: str, low: float = -2.0, high: float = 2.0) -> Array:
        """A constant: whole range of small integers, [low, high] for the rest."""
        if dtype in ("float32", "float16"):
            return self.rng.uniform(low, high, shape).astype(dtype)
        if dtype == "bool":
            return self.rng.random(shape) < 0.5
        if dtype in ("int32", "int64"):
            return self.rng.integers(int(low), int(high) + 1, shape).astype(dtype)
        info = np.iinfo(dtype)
        return self.rng.integers(int(info.min), int(info.max) + 1, shape).astype(dtype)


def tensor(name: str, shape: tuple[int, ...], dtype: str, quant: Quant | None = None) -> Tensor:
    return Tensor(name, shape, dtype, quant)  # type: ignore[arg-type]


def single(
    op: Op, inputs: tuple[Tensor | None, ...], *outputs: Quant | None, states: tuple[State, ...] = ()
) -> Program:
    """The checked Program of one node; inputs without data become the Program's.

    Args:
        outputs: quantisation of each output; the last one given serves the rest.
    """
    types = op.infer(inputs)
    quants = [outputs[min(i, len(outputs) - 1)] if outputs else None for i in range(len(types))]
    made = [Tensor(f"y{i}", t.shape, t.dtype, q) for i, (t, q) in enumerate(zip(types, quants, strict=True))]
    present = [t for t in inputs if t is not None]
    node = Node(op, tuple(t.name if t else "" for t in inputs), tuple(t.name for t in made), "node")
    feeds = tuple(Port(t.name, t.name) for t in present if t.data is None)
    ports = tuple(Port(t.name, t.name) for t in made)
    return Program(op.name, {t.name: t for t in (*present, *made)}, (node,), feeds, ports, states).check()


def op(name: str, **attributes: Any) -> Op:
    return OPS[name](**attributes)


def families() -> dict[str, Family]:
    """All families of the modules in ``_cases``, by operator."""
    package = importlib.import_module("conformance._cases")
    found: dict[str, Family] = {}
    for info in pkgutil.iter_modules(package.__path__):
        for family in importlib.import_module(f"conformance._cases.{info.name}").FAMILIES:
            assert family.op not in found, f"{family.op} has two families"
            found[family.op] = family
    return found


def draw_case(family: Family, dtype: str, seed: int) -> Case:
    """The first draw from the seed that the operator takes."""
    start = zlib.crc32(f"{family.op} {dtype} {seed}".encode())
    for attempt in range(50):
        try:
            return family.make(Draw(start + attempt), dtype)
        except LimenError as error:
            refusal = error
    raise AssertionError(f"{family.op} {dtype}: 50 draws were refused, the last: {refusal}")


def feeds_of(case: Case, seed: int) -> Iterator[Feeds]:
    """Random inputs, then every input at its smallest, its largest, and a mix of both."""
    rng = np.random.default_rng(seed)
    for kind in ("random", "low", "high", "edges", *(("special",) if case.special else ())):
        yield {t.name: _feed(case, t, kind, rng) for t in case.program.input_tensors()}


def _feed(case: Case, tensor: Tensor, kind: str, rng: np.random.Generator) -> Array:
    low, high = _range(case, tensor.dtype)
    if kind == "special" and tensor.dtype.startswith("float"):
        return rng.choice(SPECIAL, tensor.shape).astype(tensor.dtype)
    if kind in ("random", "special"):
        values = rng.uniform(low, high, tensor.shape)
    elif kind == "edges":
        values = np.where(rng.random(tensor.shape) < 0.5, low, high)
    else:
        values = np.full(tensor.shape, low if kind == "low" else high)
    if tensor.dtype == "bool":
        return values >= 0.5
    values = values if tensor.dtype.startswith("float") else np.rint(values)
    if tensor.name in case.nonzero:
        values = np.where(values == 0, 1, values)
    return values.astype(tensor.dtype)


def _range(case: Case, dtype: DType) -> tuple[float, float]:
    if dtype == "bool":
        return 0.0, 1.0
    if dtype in ("int8", "uint8", "int16", "uint16"):
        if case.code_range is not None:
            return float(case.code_range[0]), float(case.code_range[1])
        return float(np.iinfo(dtype).min), float(np.iinfo(dtype).max)
    if dtype in ("int32", "int64", "uint32"):
        return float(case.integers[0]), float(case.integers[1])
    return case.low, case.high


class LiteRT:
    """One interpreter of a Program's bytes."""

    def __init__(self, program: Program, resolver: str = "reference") -> None:
        self.program = program
        self._interpreter = Interpreter(
            model_content=write(program), experimental_op_resolver_type=RESOLVERS[resolver], num_threads=1
        )
        self._interpreter.allocate_tensors()
        self._inputs = [d["index"] for d in self._interpreter.get_input_details()]
        self._outputs = [d["index"] for d in self._interpreter.get_output_details()]

    def run(self, feeds: Mapping[str, Array]) -> list[Array]:
        for index, port in zip(self._inputs, self.program.inputs, strict=True):
            self._interpreter.set_tensor(index, feeds[port.tensor])
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._outputs]


@dataclass(frozen=True)
class Difference:
    """How far an output is from the wanted one.

    Args:
        amount: largest difference: codes for integers, units in the last place (of the largest magnitude involved in
            each element) for floats.
        excess: by how much the allowed difference is exceeded; 0 where it is kept.
    """

    amount: float
    excess: float


def compare(case: Case, feeds: Feeds, got: list[Array], wanted: list[Array]) -> Difference:
    """The largest difference over the outputs."""
    amount = excess = 0.0
    for g, w in zip(got, wanted, strict=True):
        assert (g.shape, g.dtype) == (w.shape, w.dtype), f"{g.dtype}{g.shape} for {w.dtype}{w.shape}"
        found = _compare_float(case, feeds, g, w) if g.dtype.kind == "f" else _compare_integer(case, g, w)
        amount, excess = max(amount, found.amount), max(excess, found.excess)
    return Difference(amount, excess)


def _compare_integer(case: Case, got: Array, wanted: Array) -> Difference:
    if got.dtype == bool:
        amount = float(np.count_nonzero(got != wanted) > 0)
    else:
        amount = (
            float(max((abs(int(a) - int(b)) for a, b in zip(got.flat, wanted.flat, strict=True)), default=0))
            if (got.dtype.itemsize == 8)
            else float(np.abs(got.astype(np.int64) - wanted.astype(np.int64)).max(initial=0))
        )
    return Difference(amount, max(amount - case.codes, 0.0))


def _compare_float(case: Case, feeds: Feeds, got: Array, wanted: Array) -> Difference:
    same = (got == wanted) | (np.isnan(got) & np.isnan(wanted))
    if same.all():
        return Difference(0.0, 0.0)
    with np.errstate(invalid="ignore"):
        error = np.where(same, 0.0, np.abs(got.astype(np.float64) - wanted.astype(np.float64)))
    error[~np.isfinite(error)] = np.inf
    size = np.abs(wanted.astype(np.float64))
    if case.terms:
        size = np.maximum(size, magnitudes(case, feeds))
    unit = np.maximum(size, float(np.finfo(np.float32).tiny)) * EPSILON
    unit = np.maximum(unit, case.absolute / max(case.ulps, 1.0))
    allowed = unit * (case.ulps + case.terms) + case.absolute
    return Difference(float((error / unit).max()), float(np.maximum(error - allowed, 0).max()))


def magnitudes(case: Case, feeds: Feeds) -> Array:
    """The output for absolute values of everything and no activation: the scale of the rounding errors of a sum."""
    program = case.program
    node = program.nodes[0]
    attributes = {"activation": "none"} if hasattr(node.op, "activation") else {}
    tensors = {name: _absolute(t) for name, t in program.tensors.items()}
    positive = replace(program, nodes=(replace(node, op=replace(node.op, **attributes)),), tensors=tensors)
    result = run(positive, {name: np.abs(v) if v.dtype.kind == "f" else v for name, v in feeds.items()})
    return np.abs(next(iter(result.values())).astype(np.float64))


def _absolute(tensor: Tensor) -> Tensor:
    if tensor.data is None or tensor.dtype not in ("float32", "int8"):
        return tensor
    values = np.minimum(np.abs(tensor.data.astype(np.float32)), 127 if tensor.dtype == "int8" else np.inf)
    return replace(tensor, data=values.astype(tensor.dtype))


def reference(program: Program, feeds: Feeds, states: dict[str, Array] | None = None) -> list[Array]:
    results = run(program, feeds, states)
    return [results[port.tensor] for port in program.outputs]

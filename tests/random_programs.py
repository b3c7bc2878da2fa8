"""Random Programs of many operators from one seed: what no hand has thought of joining.

A Program grows node by node on sample values, so that the scales fit what really flows: neither does everything
saturate nor is everything one code, except in some draws where that is wanted. ``tests/unit/targets/c/test_random.py``
runs a few; ``bench/fuzz_c.py`` runs thousands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from limen.errors import LimenError
from limen.program import OPS, Array, Node, Op, Operands, Port, Program, Quant, State, Tensor

CHANNELS = (1, 2, 3, 4, 4, 5, 7, 8, 8, 9, 12, 15, 16, 16, 17, 24, 32, 33)
ACTIVATIONS = ("none", "none", "relu", "relu", "relu6", "relu_n1_to_1")
WEIGHT = {"int8": "int8", "int16": "int8", "uint8": "uint8", "float32": "float32"}
WIDE = (8, 20, 32, 40, 48, 63, 64, 64, 65, 96, 100, 128)
LARGEST, HARDEST = 6000, 150_000
"""Elements of a tensor, multiply-accumulates of a node."""


class Refused(Exception):
    """This draw does not fit what is there."""


@dataclass
class Maker:
    """A Program as it grows.

    Args:
        rng: of every choice.
        dtype: of the activations.
        tensors: by name.
        nodes: in order.
        values: tensor -> its value for the sample input.
        live: computed tensors and inputs, of which new nodes take theirs.
        wide: many channels, and tensors of up to eight times the size.
    """

    rng: np.random.Generator
    dtype: str
    tensors: dict[str, Tensor] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    values: dict[str, Array] = field(default_factory=dict)
    live: list[str] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    wide: bool = False

    def width(self) -> int:
        """A number of channels."""
        return int(self.choice(WIDE if self.wide else CHANNELS))

    def whole(self, low: int, high: int) -> int:
        """Inclusive."""
        return int(self.rng.integers(low, high + 1))

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def choice(self, options: Any) -> Any:
        return options[self.whole(0, len(options) - 1)]

    def quant(self, dtype: str | None = None, scale: float = 0.0) -> Quant | None:
        """A scale between 0.002 and 0.2 (a 64th for int16), any zero point."""
        kind = dtype or self.dtype
        if kind not in ("int8", "uint8", "int16"):
            return None
        scale = scale or float(np.exp(self.rng.uniform(np.log(0.002), np.log(0.2)))) / (64 if kind == "int16" else 1)
        if kind == "int16":
            return Quant.per_tensor(scale, 0)
        low, high = int(np.iinfo(kind).min), int(np.iinfo(kind).max)
        return Quant.per_tensor(scale, self.choice((low, high, (low + high + 1) // 2, self.whole(low, high))))

    def input(self, shape: tuple[int, ...], dtype: str | None = None) -> str:
        kind = dtype or self.dtype
        name = f"x{len(self.values)}"
        self.tensors[name] = Tensor(name, shape, kind, self.quant(kind))  # type: ignore[arg-type]
        self.values[name] = random_values(self.rng, shape, kind)
        self.live.append(name)
        return name

    def constant(self, value: Array, quant: Quant | None = None) -> str:
        name = f"k{len(self.tensors)}"
        self.tensors[name] = Tensor.constant(name, value, quant)
        return name

    def pick(self, fits: Callable[[Tensor], bool] = lambda _: True) -> Tensor:
        """A live tensor, the newest ones first choice.

        Raises:
            Refused: none fits.
        """
        found = [n for n in self.live if self.tensors[n].dtype == self.dtype and fits(self.tensors[n])]
        if not found:
            raise Refused
        recent = found[-2:] if self.chance(0.7) else found
        return self.tensors[self.choice(recent)]

    def picture(self) -> Tensor:
        return self.pick(lambda t: len(t.shape) == 4 and min(t.shape) > 0)

    def add(self, name: str, inputs: tuple[str, ...], quant: Quant | None = None, **attributes: Any) -> list[str]:
        """A node; its outputs have the scale given, or one that the operator's rule and the values ask for.

        Raises:
            Refused: the operator does not take it, or it is too large.
        """
        op = OPS[name](**attributes)
        operands = tuple(self.tensors[n] if n else None for n in inputs)
        try:
            types = op.infer(operands)
            if any(0 in t.shape or np.prod(t.shape) > LARGEST * (8 if self.wide else 1) for t in types):
                raise Refused
            plain = [Tensor(f"t{len(self.tensors)}_{i}", t.shape, t.dtype) for i, t in enumerate(types)]
            if op.cost(Operands(operands, tuple(plain))).macs > HARDEST * (16 if self.wide else 1):
                raise Refused
            quants = [quant] if quant else self.scales(op, operands, plain[0].dtype)
            made, results = self.evaluate(op, operands, plain, quants)
        except LimenError as error:
            raise Refused from error
        self.nodes.append(Node(op, inputs, tuple(t.name for t in made), f"{name.lower()}_{len(self.nodes)}"))
        for tensor, value in zip(made, results, strict=True):
            self.tensors[tensor.name], self.values[tensor.name] = tensor, value
            self.live.append(tensor.name)
        return [t.name for t in made]

    def scales(self, op: Op, operands: tuple[Tensor | None, ...], dtype: str) -> list[Quant | None]:
        """Candidates for the output's quantisation, coarse to fine for a free rule."""
        if dtype not in ("int8", "uint8", "int16"):
            return [None]
        first = next((t for t in operands if t is not None and t.dtype == dtype and t.quant is not None), None)
        rule = op.quant_rule
        if rule.kind == "fixed":
            scale, zero = rule.fixed[dtype]  # type: ignore[index]
            return [Quant.per_tensor(scale, zero)]
        if rule.kind in ("same", "none") and first is not None:
            return [first.quant]
        start = self.quant(dtype)
        assert start is not None
        if self.chance(0.06):
            return [start]
        factors = (1, 4, 0.25, 16, 1 / 16, 64, 1 / 64, 512, 1 / 512, 4096)
        return [Quant.per_tensor(start.scale[0] * f, start.zero_point[0]) for f in factors]

    def evaluate(
        self, op: Op, operands: tuple[Tensor | None, ...], plain: list[Tensor], quants: list[Quant | None]
    ) -> tuple[list[Tensor], list[Array]]:
        """Outputs and their values for the first scale that neither clips nor flattens them, else the last legal."""
        inputs = [t.data if t is not None and t.data is not None else self.values[t.name] if t else None
                  for t in operands]  # fmt: skip
        found: tuple[list[Tensor], list[Array]] | None = None
        refusal: LimenError | None = None
        for quant in quants:
            tensors = [Tensor(t.name, t.shape, t.dtype, quant if t.dtype in _CODES else None) for t in plain]
            around = Operands(operands, tuple(tensors))
            try:
                op.check(around)
                found = tensors, [np.asarray(v) for v in op.reference(inputs, around)]
            except LimenError as error:
                refusal = error
                continue
            if quant is None or varied(found[1][0]):
                return found
        if found is None:
            assert refusal is not None
            raise refusal
        return found

    def program(self, name: str) -> Program:
        """Everything that nobody reads is an output; sometimes more is."""
        read = {n for node in self.nodes for n in node.inputs}
        made = {n for node in self.nodes for n in node.outputs}
        outputs = [n for n in self.live if n in made and (n not in read or self.chance(0.05))]
        inputs = [n for n in self.live if n not in made]
        if self.chance(0.02) and inputs:
            outputs.append(inputs[0])
        outputs = outputs or self.live[-1:]
        order = [outputs[i] for i in self.rng.permutation(len(outputs))] if self.chance(0.2) else outputs
        return Program(
            name,
            self.tensors,
            tuple(self.nodes),
            tuple(Port(f"in_{n}", n, None, self.tensors[n].dtype) for n in inputs),
            tuple(Port(f"out_{n}", n, None, self.tensors[n].dtype) for n in order),
            tuple(self.states),
        ).check()


_CODES = ("int8", "uint8", "int16")


def varied(value: Array) -> bool:
    """Whether few elements lie at the ends of the range, and not all on the same few codes."""
    info = np.iinfo(value.dtype)
    clipped = np.mean((value == info.min) | (value == info.max))
    return bool(clipped < 0.6 and (value.size < 4 or value.std() > 0.003 * (info.max - info.min)))


def random_values(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    """All codes; floats around 0; other integers and truths small."""
    if dtype == "float32":
        return rng.normal(0, 1.5, shape).astype(np.float32)
    if dtype in _CODES:
        info = np.iinfo(dtype)
        return rng.integers(info.min, int(info.max) + 1, shape).astype(dtype)
    return rng.integers(0, 2, shape).astype(dtype)


def random_program(seed: int, dtype: str = "", style: str = "") -> Program:
    """A checked Program.

    Args:
        seed: the same seed, the same Program.
        dtype: of the activations: ``int8``, ``int16``, ``uint8``, ``float32``; drawn where empty.
        style: ``picture`` for convolutions that can run row by row, ``wide`` for the same with many channels, ``any``
            for all operators; drawn where empty, ``wide`` never.
    """
    from random_nodes import ANY, PICTURE, state_ring

    rng = np.random.default_rng(seed)
    maker = Maker(rng, dtype or str(rng.choice(["int8", "int16", "uint8", "float32"], p=[0.7, 0.12, 0.06, 0.12])))
    style = style or maker.choice(("picture", "any", "any"))
    maker.wide = style == "wide"
    table = ANY if style == "any" else PICTURE
    maker.input(_shape(maker, style))
    if maker.chance(0.25):
        maker.input(maker.tensors[maker.live[0]].shape if maker.chance(0.5) else _shape(maker, style))
    if maker.chance(0.15):
        _try(maker, state_ring)
    weights = np.array([w for w, _ in table], float)
    wanted = maker.whole(1, 12)
    for _ in range(60):
        if len(maker.nodes) >= wanted:
            break
        _, draw = table[int(rng.choice(len(table), p=weights / weights.sum()))]
        _try(maker, draw)
    return maker.program(f"random_{seed}")


def _try(maker: Maker, draw: Callable[[Maker], object]) -> None:
    """Let a draw add its nodes, or leave everything as it was."""
    kept = list(maker.nodes), dict(maker.tensors), dict(maker.values), list(maker.live)
    try:
        draw(maker)
    except Refused:
        maker.nodes, maker.tensors, maker.values, maker.live = kept


def _shape(maker: Maker, style: str) -> tuple[int, ...]:
    if style != "any" or maker.chance(0.6):
        batch = 1 if style != "any" or maker.chance(0.8) else 2
        height, width = (1, maker.whole(3, 60)) if maker.chance(0.1) else (maker.whole(1, 22), maker.whole(1, 18))
        return batch, height, width, maker.width()
    return tuple(maker.whole(1, 12) for _ in range(maker.whole(1, 4)))

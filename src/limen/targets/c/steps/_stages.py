"""The stages of a chain: which function does which steps, and what flows between them."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from limen.errors import UnsupportedOp
from limen.steps import Context, Step, Value
from limen.targets.c._kernel import C_TYPES
from limen.targets.c.steps import _moves, _pointwise
from limen.targets.c.steps._border import BELOW_HALF, NARROW, Border
from limen.targets.c.steps._kernel import Flow, Real, StepKernel, StepSite, less, number
from limen.targets.c.steps._pointwise import Fusion, Point

_PACKAGE = "limen.targets.c.steps"


@dataclass(frozen=True, eq=False)
class Stage:
    """One function of a chain.

    Args:
        site: its first step and what flows in.
        kernel: its code.
        steps: places in the chain of the steps it does, from 1; the last is one more for the model's border.
        comment: what it does, for people.
    """

    site: StepSite
    kernel: StepKernel
    steps: tuple[int, ...]
    comment: str


@dataclass(frozen=True)
class ModelInput(Step):
    """The end of every ``pre`` chain: the value with the axes and the codes of the model's input."""

    name = "quantise"
    kind = "pre"

    def run(self, value: Value, context: Context) -> Value:
        return value


@dataclass(frozen=True)
class ModelOutput(Step):
    """The begin of every ``post`` chain: the model's outputs with the axes of the source model."""

    name = "dequantise"
    kind = "post"

    def run(self, value: Value, context: Context) -> Value:
        return value


@functools.cache
def module_of(name: str) -> ModuleType | None:
    """The module that serves a step; None where there is no C for it."""
    full = f"{_PACKAGE}.{name}"
    return None if name.startswith("_") or importlib.util.find_spec(full) is None else importlib.import_module(full)


@dataclass(frozen=True)
class Settings:
    """What all stages of a chain share.

    Args:
        prefix: of all symbols.
        real: type of the wide arithmetic.
        labels: class names.
        small: prefer flash over speed.
        views: whether the chain carries a view of the picture.
        fpu: whether the device computes in float.
    """

    prefix: str
    real: Real = "float"
    labels: tuple[str, ...] = ()
    small: bool = False
    views: bool = False
    fpu: bool = True

    def site(self, place: int, step: Step, flow: Flow, name: str = "") -> StepSite:
        symbol = f"{self.prefix}_step_{place:02d}_{name or step.name}"
        return StepSite(symbol, step, flow, self.real, self.labels, self.small, self.views, self.fpu)


class Builder:
    """Takes the steps one by one and closes a loop where the next step does not fit into it."""

    def __init__(self, settings: Settings, flow: Flow) -> None:
        self.settings = settings
        self.flow = flow
        self.stages: list[Stage] = []
        self._fusion: Fusion | None = None
        self._first: StepSite | None = None
        self._places: list[int] = []
        self._names: list[str] = []

    def add(self, place: int, step: Step) -> None:
        """One step.

        Raises:
            UnsupportedOp: there is no C for it, or not for this case.
        """
        module = module_of(step.name)
        if module is None:
            hint = "run it in Python, or leave it out and hand over what it makes"
            raise UnsupportedOp(f"step {place}", step.name, "target c", hint)
        if hasattr(module, "EMIT"):
            self.close()
            site = self.settings.site(place, step, self.flow)
            made: StepKernel | Flow = module.EMIT(site)
            if isinstance(made, Flow):
                self.flow = made
            else:
                self._keep(Stage(site, made, (place,), step.describe()))
            return
        self._fuse(place, step, step.name, step.describe(), module)

    def border(self, place: int, border: Border) -> None:
        """The model's input: axes and codes of the tensor."""
        step = ModelInput()
        if self._fusion is None:
            self._open(place, step, "quantise")
        site = self._site(place, step, "quantise")
        assert self._fusion is not None
        moved = _to_model(site, self._fusion, border)
        if moved is None:
            self.close()
            self._open(place, step, "quantise")
            assert self._fusion is not None
            moved = _to_model(site, self._fusion, border)
            assert moved is not None
        self._fusion = _coded(site, moved, border)
        self._note(place, f"to the model's input, {border.dtype} {list(border.shape)}")

    def restore(self, outputs: Sequence[Border]) -> None:
        """The model's outputs: the axes of the source model, codes as they are."""
        site = self.settings.site(0, ModelOutput(), self.flow, "outputs")
        self._keep(Stage(site, _moves.restored(site, outputs), (0,), "the model's outputs with the axes of the source"))

    def copy(self, place: int) -> None:
        """The value as it is, in real numbers."""
        site = self.settings.site(place, ModelOutput(), self.flow, "values")
        self._keep(Stage(site, _moves.copied(site), (place,), "real values"))

    def close(self) -> None:
        """End the loop in the making."""
        if self._fusion is None:
            return
        assert self._first is not None
        moves = self._fusion.points or not _is_nothing(self._fusion)
        if moves:
            kernel = _pointwise.write(self._first, self._fusion)
            self._keep(Stage(self._first, kernel, tuple(self._places), "; ".join(self._names)))
        else:
            self.flow = self._fusion.result()
        self._fusion, self._places, self._names = None, [], []

    def _keep(self, stage: Stage) -> None:
        self.stages.append(stage)
        self.flow = stage.kernel.result

    def _site(self, place: int, step: Step, name: str) -> StepSite:
        assert self._first is not None
        return self.settings.site(place, step, self._first.flow, name)

    def _note(self, place: int, text: str) -> None:
        self._places.append(place)
        self._names.append(text)

    def _open(self, place: int, step: Step, name: str) -> None:
        site = self.settings.site(place, step, self.flow, name)
        site.single("one array of known size")
        self._fusion, self._first = _pointwise.begin(self.flow), site

    def _fuse(self, place: int, step: Step, name: str, comment: str, module: Any) -> None:
        if self._fusion is None:
            self._open(place, step, name)
        found = self._extended(place, step, name, module)
        if found is None:
            self.close()
            self._open(place, step, name)
            found = self._extended(place, step, name, module)
            assert found is not None
        self._fusion = found
        self._note(place, comment)

    def _extended(self, place: int, step: Step, name: str, module: Any) -> Fusion | None:
        assert self._fusion is not None
        extend = module.POINT if hasattr(module, "POINT") else module.VIEW
        found: Fusion | None = extend(self._site(place, step, name), self._fusion)
        return found


def _is_nothing(fusion: Fusion) -> bool:
    """Whether the loop would copy the value as it is."""
    port = fusion.source.ports[0]
    own = np.empty(fusion.view.shape, np.int8).strides
    same = fusion.view.strides == own and not _pointwise.offset(fusion.view, fusion.base)
    return same and not port.scale and not fusion.conditions and (not fusion.varies or fusion.row == _row(fusion))


def _row(fusion: Fusion) -> int:
    return math.prod(fusion.view.shape[1:])


def _to_model(site: StepSite, fusion: Fusion, border: Border) -> Fusion | None:
    """The loop with the axes of the model's input, as many inputs as the value holds along the first axis."""
    own, wanted = fusion.view.shape, border.source_shape
    if own == wanted or (wanted and wanted[0] == 1 and own == wanted[1:]):
        count = (-1, *wanted) if fusion.varies and len(own) == len(wanted) and wanted[0] == 1 else (1, *wanted)
    elif wanted and len(own) == len(wanted) and own[1:] == wanted[1:]:
        if not fusion.varies and own[0] % wanted[0]:
            site.refuse(f"of {own[0]} samples in batches of {wanted[0]}", "give whole batches")
        count = (-1, *wanted) if fusion.varies else (own[0] // wanted[0], *wanted)
    elif len(own) == len(wanted) + 1 and own[1:] == wanted:
        count = (-1, *wanted) if fusion.varies else (own[0], *wanted)
    else:
        fits = fusion.varies and wanted and wanted[0] == 1 and own[1:] == wanted[2:]
        if not fits:
            site.refuse(f"from the shape {list(own)}", f"the model's input is {list(wanted)}")
        count = (1, *wanted)
    found = fusion.reshaped(site, count)
    axes = (0, *(axis + 1 for axis in border.axes))
    return None if found is None else found.moved(lambda view: view.transpose(axes))


def _coded(site: StepSite, fusion: Fusion, border: Border) -> Fusion:
    """The loop with the model's codes at its end: x / scale rounded half away from zero, plus zero point, saturated."""
    seen = fusion.dtype
    if seen == border.dtype:
        return fusion
    if not border.scale:
        return _cast(site, fusion, border)
    if border.dtype not in NARROW or not border.source_dtype.startswith("float"):
        site.refuse(f"to codes of {border.dtype} for {border.source_dtype}", "use a model with int8 inputs")
    low, high = (float(v) for v in border.limits())
    ctype = C_TYPES[border.dtype]
    half = number(BELOW_HALF)
    whole = f"(int32_t)(@y@_ + (@y@_ < 0.0f ? -{half} : {half}))"
    lines = (
        "float @y@_ = (float)@x@;\n"
        f"@y@_ = @y@_ > {number(low)} ? @y@_ : {number(low)}; /* nan too */\n"
        f"@y@_ = @y@_ < {number(high)} ? @y@_ : {number(high)};\n"
        f"@y@_ = @y@_ / {number(border.scale)};\n"
        f"const {ctype} @y@ = ({ctype})({less(whole, -border.zero_point)});\n"
    )
    return fusion.then(Point(border.dtype, lines, border.codes))


def _cast(site: StepSite, fusion: Fusion, border: Border) -> Fusion:
    seen, target = np.dtype(fusion.dtype), np.dtype(border.dtype)
    if target.kind != "f" and not np.can_cast(seen, target):
        site.refuse(f"from {seen} to {target}", f"give {target}")
    ctype = C_TYPES[border.dtype]
    return fusion.then(Point(border.dtype, f"const {ctype} @y@ = ({ctype})@x@;\n", lambda v: v.astype(border.dtype)))

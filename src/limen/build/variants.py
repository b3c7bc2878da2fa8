"""Artifacts of one source under one recipe: which engines they serve and how they are made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from limen.build.samples import program_feeds
from limen.build.source import Source
from limen.data import Dataset
from limen.devices import Device
from limen.errors import Unsupported, UsageError
from limen.optimize import Decisions, Recipe, integer_mac_share, quantize_program
from limen.optimize.parent import Parent
from limen.program import Program, binary
from limen.targets import TARGETS, Artifact, CompileOptions, bindings
from limen.targets._memory import plan, state_bytes

if TYPE_CHECKING:
    from limen.model import Model

KINDS = {"litert": "tflite", "ort": "onnx", "native": "native", "reference": "program"}
PREFERENCE = ("litert", "ort", "native", "reference")


@dataclass(frozen=True, eq=False)
class Prepared:
    """A source after a recipe.

    Args:
        source: where it comes from.
        recipe: what was applied.
        program: quantised (or float) Program; None where the source has no Program form.
        decisions: what was decided.
    """

    source: Source
    recipe: Recipe
    program: Program | None
    decisions: Decisions

    def require_program(self) -> Program:
        """The Program.

        Raises:
            Unsupported: the source has none.
        """
        return self.program if self.program is not None else self.source.require_program()

    @property
    def integer_mac_share(self) -> float:
        return integer_mac_share(self.program) if self.program is not None else 0.0


def is_quantised(program: Program) -> bool:
    """Whether some computed tensor is stored as integer codes."""
    return any(t.quant is not None and t.data is None for t in program.tensors.values())


def prepare_variant(
    source: Source, recipe: Recipe, data: Dataset | None, limit: int, parent: Parent | None = None
) -> Prepared:
    """Apply a recipe.

    Args:
        source: imported.
        recipe: a source that is quantised already takes only float32, which leaves it as it is.
        data: calibration samples for static recipes.
        limit: use at most so many samples.
        parent: the version before, whose scales a static recipe keeps where that costs little.

    Raises:
        UsageError: a static recipe without data, another with a parent, or a recipe for a quantised source.
        Unsupported: a recipe other than float32 for a model without Program form.
    """
    if parent is not None and recipe.kind != "static":
        raise UsageError(f"{parent.name}: recipe {recipe.name} keeps no scales", "use int8 or int16x8")
    if recipe.changes:
        from limen.build.changed_variant import changed_source

        smaller, log = changed_source(source, recipe, data, limit)
        prepared = prepare_variant(smaller, recipe.unchanged, data, limit, parent)
        decisions = replace(prepared.decisions, recipe=recipe.name, log=(*log, *prepared.decisions.log))
        return replace(prepared, recipe=recipe, decisions=decisions)
    if recipe.kind == "mixed" and data is not None:
        from limen.build.mixed_variant import mixed_source

        changed, decisions = mixed_source(source, recipe, data, limit)
        return Prepared(changed, recipe, changed.program, decisions)
    if source.program is None:
        if recipe.kind != "float32":
            assert source.blocker is not None
            raise source.blocker
        return Prepared(source, recipe, None, Decisions(recipe.name, {}))
    program = source.program
    if is_quantised(program):
        if recipe.kind != "float32":
            raise UsageError(f"{source.path.name}: is quantised already", "leave out --quantize and --recipe")
        return Prepared(source, recipe, program, Decisions(recipe.name, {}))
    if recipe.needs_data and data is None:
        raise UsageError(f"recipe {recipe.name} needs calibration data", "give --data X.npz")
    samples = None if data is None else program_feeds(program, data.head(limit))
    done = quantize_program(program, recipe, samples, parent=parent)
    return Prepared(source, recipe, done.program, done.decisions)


def make_artifact(prepared: Prepared, kind: str, options: CompileOptions) -> Artifact:
    """The artifact of one kind.

    Raises:
        Unsupported: an operator has no form there; names the node and the way out.
        BudgetError: a limit of the options is not kept.
    """
    if kind == "program":
        return program_artifact(prepared)
    if kind == "onnx":
        model = _source_model(prepared, options.device)
        artifact = TARGETS.get("onnx").compile(model or _raised_model(prepared), options)
        return artifact if model is not None else _rebound(artifact, prepared.require_program())
    if prepared.recipe.kind == "mixed":
        raise Unsupported(f"recipe {prepared.recipe.name}: target {kind} has no such integer form", "use engine ort")
    if prepared.program is None:
        assert prepared.source.blocker is not None
        blocker = prepared.source.blocker
        raise Unsupported(f"target {kind}: {blocker.message}", blocker.hint)
    if kind == "c" and options.device is not None:
        from limen.build.compiled import compile_c

        return compile_c(prepared.program, options)
    return TARGETS.get(kind).compile(prepared.program, options)


def _rebound(artifact: Artifact, program: Program) -> Artifact:
    """A raised Model's ports carry the Program's scales, zero points and permutations under the ports' names."""
    inputs, outputs = (
        tuple(replace(b, tensor=b.name) for b in bindings(program, ports))
        for ports in (program.inputs, program.outputs)
    )
    return replace(artifact, inputs=inputs, outputs=outputs)


def onnx_model(prepared: Prepared, device: Device | None = None) -> Model:
    """The Model to write for target onnx."""
    return _source_model(prepared, device) or _raised_model(prepared)


def _raised_model(prepared: Prepared) -> Model:
    """The Program as a Model."""
    from limen.lower.raising import raise_program

    return raise_program(prepared.require_program())


def _source_model(prepared: Prepared, device: Device | None) -> Model | None:
    """The source's Model under the recipe: QDQ where it is static; None where only the Program can be raised."""
    from limen.optimize.emit_float16 import emit_float16
    from limen.optimize.emit_qdq import emit_qdq

    if prepared.source.model is None:
        return None
    if prepared.recipe.kind == "static":
        dot = device is not None and any("vnni" in f or "dot" in f or "asimddp" in f for f in device.features)
        try:
            return emit_qdq(prepared.source.model, prepared.decisions, unsigned_weights=not dot)
        except Unsupported:
            return None
    if prepared.recipe.kind == "float16":
        return emit_float16(prepared.source.model)
    return prepared.source.model


def program_artifact(prepared: Prepared) -> Artifact:
    """The Program's binary form, for the reference engine.

    Raises:
        Unsupported: the source has no Program form.
    """
    if prepared.program is None:
        assert prepared.source.blocker is not None
        raise prepared.source.blocker
    program = prepared.program
    data = binary.to_bytes(program)
    ram = plan(program).size + state_bytes(program)
    ports = bindings(program, program.inputs), bindings(program, program.outputs)
    return Artifact("program", {"model.program": data}, ram, len(data), *ports)


def wanted_engines(device: Device, asked: Iterable[str] | None) -> tuple[str, ...]:
    """Engines to make artifacts for, preferred first; the reference engine always, as the judge.

    Raises:
        UsageError: an engine asked for has no artifact kind.
    """
    names = tuple(asked) if asked else tuple(e for e in (device.engines or PREFERENCE) if e in KINDS)
    unknown = [n for n in names if n not in KINDS]
    if unknown:
        raise UsageError(f"engine {unknown[0]!r} is not known", "known: " + ", ".join(KINDS))
    return tuple(dict.fromkeys((*names, "reference")))

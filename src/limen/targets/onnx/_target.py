"""The target object: check, serialise deterministically, and describe the ports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from limen.errors import UsageError
from limen.program import Program
from limen.registry import Registry
from limen.targets import CompileOptions, within_limits
from limen.targets._artifact import Artifact, Binding

if TYPE_CHECKING:
    import onnx_ir as ir

    from limen.model import Model


@dataclass(frozen=True)
class OnnxTarget:
    """Model -> model.onnx. Every ONNX operator passes; what the engine refuses shows when it is opened at build."""

    name: str = "onnx"
    consumes: Literal["program", "model"] = "model"

    @property
    def emitters(self) -> Registry[Any] | None:
        return None

    @property
    def explained(self) -> Mapping[str, str]:
        return {}

    def compile(self, source: Program | Model, options: CompileOptions) -> Artifact:
        """The artifact of a Model: one file; the RAM figure is the engine's own and not known here.

        Raises:
            UsageError: the source is a Program.
            ModelError: the graph breaks a rule of ONNX.
            BudgetError: a limit of the options is not kept.
        """
        from limen.model import check, to_bytes

        if isinstance(source, Program):
            raise UsageError(f"target {self.name} compiles a Model", "raise the Program first")
        data = to_bytes(check(source.with_ir(_named(source.ir))))
        graph = source.ir.graph
        states = {p.input for p in source.states}, {p.output for p in source.states}
        return within_limits(
            Artifact(
                target=self.name,
                files={f"{options.name}.onnx": data},
                ram=None,
                flash=len(data),
                inputs=tuple(_binding(v) for v in graph.inputs if v.name not in states[0]),
                outputs=tuple(_binding(v) for v in graph.outputs if v.name not in states[1]),
                notes={"ram": "planned by ONNX Runtime when the file is opened"},
            ),
            options,
        )


def _named(model: ir.Model) -> ir.Model:
    """A copy whose nodes have names of their own, which ONNX Runtime insists on; nodes go by their first output."""
    copy = model.clone()
    seen: set[str] = set()
    for node in copy.graph.all_nodes():
        name = node.name or (str(node.outputs[0].name) if node.outputs else node.op_type)
        count, unique = 0, name
        while unique in seen:
            count += 1
            unique = f"{name}.{count}"
        seen.add(unique)
        node.name = unique
    return copy


def _binding(value: ir.Value) -> Binding:
    from limen.model import dtype_of, shape_of

    dtype = dtype_of(value)
    name: Any = "float32" if dtype is None else dtype.name
    return Binding(str(value.name), str(value.name), shape_of(value) or (), name, source_dtype=name)


TARGET = OnnxTarget()

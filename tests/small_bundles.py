"""Bundles of a few kilobytes, built by hand, for the tests of bundles and engines.

``classifier``: source input ``image`` float32 [1,3,4,4] (NCHW), outputs ``scores`` float32 [1,5]; int8 inside as a
Program and a .tflite (NHWC), float as .onnx. ``counter``: a state that adds up its float input [1,2], starting at
(5, -1), in all three forms. ``pair``: two float inputs [2,3] and a scalar, one output, batch 2.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from limen.bundle import ArtifactEntry, Binding, Blobs, Bundle, Manifest, Port, StateEntry, assemble, pack_arrays
from limen.bundle.manifest import SCHEMA
from limen.program import OPS, Node, Program, Quant, State, Tensor, binary
from limen.program import Port as ProgramPort
from limen.steps import Chain
from limen.targets import TARGETS, CompileOptions
from limen.targets.tflite import write

Array = np.ndarray[Any, Any]
NCHW_TO_NHWC = (0, 2, 3, 1)
LABELS = ("ant", "bee", "cat", "dog", "eel")


@dataclass(frozen=True, eq=False)
class Case:
    """One model in every form: artifact kind -> (bytes, entry without blob), and what it computes in float."""

    name: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    artifacts: Mapping[str, tuple[bytes, ArtifactEntry]]
    initial: Mapping[str, Array]
    step: Callable[..., tuple[dict[str, Array], dict[str, Array]]]

    def artifact(self, kind: str) -> tuple[bytes, ArtifactEntry]:
        """The bytes and the entry of one kind; machine code is compiled when it is asked for.

        Raises:
            KeyError: there is no such artifact.
        """
        if kind != "native":
            return self.artifacts[kind]
        data, entry = self.artifacts["program"]
        return machine_code(data), msgspec.structs.replace(entry, kind=kind, file="model.so", engines=(kind,))

    def bundle(self, *kinds: str, pre: Chain | None = None, post: Chain | None = None) -> Bundle:
        """An unsigned bundle of these kinds, or of all, without golden vectors."""
        blobs = Blobs()
        entries = []
        for kind in kinds or tuple(self.artifacts):
            data, entry = self.artifact(kind)
            states = tuple(
                StateEntry(s.input, s.output, blobs.add(pack_arrays({s.input: self.initial[s.initial]})))
                for s in entry.states
            )
            entries.append(msgspec.structs.replace(entry, blob=blobs.add(data), states=states))
        manifest = Manifest(
            schema=SCHEMA,
            name=self.name,
            device="host",
            recipe="static_wi8_ai8",
            inputs=self.inputs,
            outputs=self.outputs,
            artifacts=tuple(entries),
            golden=(),
            blobs=(),
            pre=blobs.add(pre.to_bytes()) if pre else "",
            post=blobs.add(post.to_bytes()) if post else "",
            labels=blobs.add("\n".join(LABELS).encode()),
            stateful=bool(self.initial),
        )
        return assemble(manifest, blobs)

    def feeds(self, samples: int, seed: int = 0) -> dict[str, Array]:
        """Random samples in the source model's layout."""
        random = np.random.default_rng(seed)
        return {
            p.name: random.uniform(-1, 1, (samples * p.shape[0], *p.shape[1:]) if p.shape else ()).astype(np.float32)
            for p in self.inputs
        }

    def expected(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """The float results of consecutive runs from the initial states, by plain numpy."""
        batch = self.inputs[0].shape[0]
        runs = len(feeds[self.inputs[0].name]) // batch
        states, parts = dict(self.initial), []
        for run in range(runs):
            rows = slice(run * batch, (run + 1) * batch)
            outputs, states = self.step({n: v[rows] if v.ndim else v for n, v in feeds.items()}, states)
            parts.append(outputs)
        return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


@functools.cache
def machine_code(data: bytes) -> bytes:
    """The shared library of a Program in binary form."""
    return TARGETS.get("native").compile(binary.from_bytes(data), CompileOptions()).files["model.so"]


def op(name: str, **attributes: Any) -> Any:
    return OPS.get(name)(**attributes)


def onnx_bytes(nodes: list[onnx.NodeProto], inputs: Any, outputs: Any, constants: Mapping[str, Array]) -> bytes:
    """A model whose inputs and outputs are (name, shape) of float32."""
    values = [[helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in side] for side in (inputs, outputs)]
    initializers = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "small", values[0], values[1], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def entry(kind: str, inputs: tuple[Binding, ...], outputs: tuple[Binding, ...], **more: Any) -> ArtifactEntry:
    """An entry whose blob is still to come."""
    engines = {"tflite": ("litert",), "onnx": ("ort",), "program": ("reference",)}[kind]
    return ArtifactEntry(kind, f"model.{kind}", "0" * 64, engines, inputs, outputs, **more)


def bindings_of(program: Program, ports: tuple[ProgramPort, ...]) -> tuple[Binding, ...]:
    found = []
    for port in ports:
        tensor = program.tensors[port.tensor]
        quant = tensor.quant or Quant((), ())
        found.append(
            Binding(
                port.name,
                port.tensor,
                tensor.shape,
                tensor.dtype,
                port.dtype,
                quant.scale,
                quant.zero_point,
                port.permutation,
            )
        )
    return tuple(found)


def program_artifacts(program: Program, **more: Any) -> dict[str, tuple[bytes, ArtifactEntry]]:
    """A Program as itself and as a .tflite."""
    sides = bindings_of(program, program.inputs), bindings_of(program, program.outputs)
    return {
        "tflite": (write(program), entry("tflite", *sides, **more)),
        "program": (binary.to_bytes(program), entry("program", *sides, **more)),
    }


@functools.cache
def classifier() -> Case:
    random = np.random.default_rng(7)
    weights = random.integers(-127, 128, (5, 4, 4, 3)).astype(np.int8)
    scales = np.linspace(0.002, 0.004, 5).astype(np.float32)
    bias = random.integers(-400, 400, 5).astype(np.int32)
    x = Quant.per_tensor(2 / 255, 0)
    y = Quant.per_tensor(0.05, 3)
    program = Program(
        "classifier",
        {
            t.name: t
            for t in (
                Tensor("image_nhwc", (1, 4, 4, 3), "int8", x),
                Tensor.constant("w", weights, Quant.per_channel(scales, 0)),
                Tensor.constant("b", bias, Quant.per_channel(scales * np.float32(x.scale[0]), 0)),
                Tensor("conv", (1, 1, 1, 5), "int8", y),
                Tensor.constant("shape", np.array([1, 5], np.int32)),
                Tensor("scores_q", (1, 5), "int8", y),
            )
        },
        (
            Node(op("Conv2D"), ("image_nhwc", "w", "b"), ("conv",)),
            Node(op("Reshape", shape=(1, 5)), ("conv",), ("scores_q",)),
        ),
        (ProgramPort("image", "image_nhwc", NCHW_TO_NHWC),),
        (ProgramPort("scores", "scores_q"),),
    ).check()
    real = (weights * scales[:, None, None, None]).astype(np.float32)
    offset = (bias * scales * np.float32(x.scale[0])).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["image", "w", "b"], ["conv"]),
        helper.make_node("Flatten", ["conv"], ["scores"], axis=1),
    ]
    model = onnx_bytes(
        nodes, [("image", (1, 3, 4, 4))], [("scores", (1, 5))], {"w": real.transpose(0, 3, 1, 2).copy(), "b": offset}
    )
    plain = entry(
        "onnx",
        (Binding("image", "image", (1, 3, 4, 4), "float32", "float32"),),
        (Binding("scores", "scores", (1, 5), "float32", "float32"),),
    )

    def step(feeds: Mapping[str, Array], states: Mapping[str, Array]) -> Any:
        scores = np.einsum("nchw,ohwc->no", feeds["image"], real) + offset
        return {"scores": scores.astype(np.float32)}, states

    return Case(
        "classifier",
        (Port("image", (1, 3, 4, 4), "float32"),),
        (Port("scores", (1, 5), "float32"),),
        {**program_artifacts(program), "onnx": (model, plain)},
        {},
        step,
    )


@functools.cache
def counter() -> Case:
    start = np.array([[5.0, -1.0]], np.float32)
    program = Program(
        "counter",
        {n: Tensor(n, (1, 2), "float32") for n in ("x", "old", "new")},
        (
            Node(op("ReadVariable", state="total"), (), ("old",)),
            Node(op("Add"), ("x", "old"), ("new",)),
            Node(op("AssignVariable", state="total"), ("new",), ()),
        ),
        (ProgramPort("x", "x"),),
        (ProgramPort("total", "new"),),
        (State("total", start),),
    ).check()
    nodes = [
        helper.make_node("Add", ["x", "before"], ["total"]),
        helper.make_node("Identity", ["total"], ["after"]),
    ]
    shape = (1, 2)
    model = onnx_bytes(nodes, [("x", shape), ("before", shape)], [("total", shape), ("after", shape)], {})
    threaded = entry(
        "onnx",
        (Binding("x", "x", shape, "float32", "float32"),),
        (Binding("total", "total", shape, "float32", "float32"),),
        states=(StateEntry("before", "after", "total"),),
        stateful=True,
    )

    def step(feeds: Mapping[str, Array], states: Mapping[str, Array]) -> Any:
        total = (feeds["x"] + states["total"]).astype(np.float32)
        return {"total": total}, {"total": total}

    return Case(
        "counter",
        (Port("x", shape, "float32"),),
        (Port("total", shape, "float32"),),
        {**program_artifacts(program, stateful=True), "onnx": (model, threaded)},
        {"total": start},
        step,
    )


@functools.cache
def pair() -> Case:
    tensors = {n: Tensor(n, (2, 3), "float32") for n in ("a", "b", "sum", "scaled")}
    tensors["gain"] = Tensor("gain", (), "float32")
    program = Program(
        "pair",
        tensors,
        (
            Node(op("Sub"), ("a", "b"), ("sum",)),
            Node(op("Mul"), ("sum", "gain"), ("scaled",)),
        ),
        (ProgramPort("a", "a"), ProgramPort("b", "b"), ProgramPort("gain", "gain")),
        (ProgramPort("y", "scaled"),),
    ).check()
    nodes = [helper.make_node("Sub", ["a", "b"], ["sum"]), helper.make_node("Mul", ["sum", "gain"], ["y"])]
    model = onnx_bytes(nodes, [("a", (2, 3)), ("b", (2, 3)), ("gain", ())], [("y", (2, 3))], {})
    inputs = (Port("a", (2, 3), "float32"), Port("b", (2, 3), "float32"), Port("gain", (), "float32"))
    outputs = (Port("y", (2, 3), "float32"),)
    sides = [tuple(Binding(p.name, p.name, p.shape, "float32", "float32") for p in side) for side in (inputs, outputs)]

    def step(feeds: Mapping[str, Array], states: Mapping[str, Array]) -> Any:
        return {"y": (feeds["a"] - feeds["b"]) * feeds["gain"]}, states

    return Case(
        "pair",
        inputs,
        outputs,
        {**program_artifacts(program), "onnx": (model, entry("onnx", *sides))},
        {},
        step,
    )


CASES: tuple[Callable[[], Case], ...] = (classifier, counter, pair)
